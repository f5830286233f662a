/* The table of row kernels of an instruction set; TABLE names it. */
#include "kernel/lanes/rows_activation.h"
#include "kernel/lanes/rows_arithmetic.h"
#include "kernel/lanes/rows_pool.h"
#include "kernel/table.h"

const struct dn_row_kernels TABLE = {activate, exponentials, pool, add, multiply, scale};
