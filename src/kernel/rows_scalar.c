/* Row kernels in plain C. */
#include "kernel/lanes/scalar_lanes.h"

#define TABLE dn_rows_scalar
#include "kernel/lanes/rows_table.h"
