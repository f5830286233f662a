/* Row kernels with NEON. */
#include "kernel/arm/neon_lanes.h"

#define TABLE dn_rows_neon
#include "kernel/lanes/rows_table.h"
