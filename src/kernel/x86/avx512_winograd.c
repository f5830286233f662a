/* Winograd convolution with AVX-512. */
#include "kernel/x86/avx512_lanes.h"

#define PANEL_TILES 13
#define PANEL_SHORT 7
#define PANEL_BLOCKS 2
#define TABLE dn_winograd_avx512
#include "kernel/lanes/winograd_table.h"
