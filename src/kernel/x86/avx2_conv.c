/* Convolution with AVX2 and FMA. */
#include "kernel/x86/avx2_lanes.h"

#define TILE_PIXELS 6
#define TILE_BLOCKS 1
#define TABLE dn_conv_avx2
#include "kernel/lanes/conv_table.h"
