/* Winograd convolution with AVX2. */
#include "kernel/x86/avx2_lanes.h"

#define PANEL_TILES 6
#define PANEL_SHORT 0
#define PANEL_BLOCKS 1
#define TABLE dn_winograd_avx2
#include "kernel/lanes/winograd_table.h"
