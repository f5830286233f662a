/* Convolution with NEON. */
#include "kernel/arm/neon_lanes.h"

#define TILE_PIXELS 5
#define TILE_BLOCKS 1
#define TABLE dn_conv_neon
#include "kernel/lanes/conv_table.h"
