/* Convolution with AVX-512. */
#include "kernel/x86/avx512_lanes.h"

#define TILE_PIXELS 14
#define TILE_BLOCKS 2
#define TABLE dn_conv_avx512
#include "kernel/lanes/conv_table.h"
