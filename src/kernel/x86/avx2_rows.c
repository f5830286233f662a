/* Row kernels with AVX2. */
#include "kernel/x86/avx2_lanes.h"

#define TABLE dn_rows_avx2
#include "kernel/lanes/rows_table.h"
