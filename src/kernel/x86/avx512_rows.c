/* Row kernels with AVX-512. */
#include "kernel/x86/avx512_lanes.h"

#define TABLE dn_rows_avx512
#include "kernel/lanes/rows_table.h"
