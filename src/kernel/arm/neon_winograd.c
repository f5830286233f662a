/* Winograd convolution with NEON. */
#include "kernel/arm/neon_lanes.h"

#define PANEL_TILES 5
#define PANEL_SHORT 0
#define PANEL_BLOCKS 1
#define TABLE dn_winograd_neon
#include "kernel/lanes/winograd_table.h"
