/* Winograd convolution inside src/kernel: F(4x4, 3x3) on groups of tiles in a bounded workspace.
 *
 * A tile is 4x4 outputs of the layer's own grid, which begins at row 0, column 0 of the whole output
 * map. From the 6x6 inputs d of a tile and a 3x3 filter g it is
 *
 *     Y = At [ sum over channels of (G g Gt) * (Bt d B) ] A          * : element by element
 *
 * with 36 multiplications per channel instead of 144. The matrices follow from interpolation at 0,
 * 3/4, -3/4, 3/2, -3/2 and infinity (Toom-Cook), which lose about half as much precision as the
 * usual 0, 1, -1, 2, -2: with a = 3/4, b = 3/2
 *
 *          1  1  1   1  1  0        1                                   a²b²    0   -a²-b²  0    1  0
 *     At = 0  a -a   b -b  0        1   a  a²  rows divided by the        0  -ab²   -b²     a    1  0
 *          0  a² a²  b² b² 0    G = 1  -a  a²  product of distances   Bt: 0   ab²   -b²    -a    1  0
 *          0  a³-a³  b³-b³ 1        1   b  b²  to the other points,       0  -a²b   -a²     b    1  0
 *                                   1  -b  b²  a²b², -243/128 and         0   a²b   -a²    -b    1  0
 *                                   0   0  1   243/32                     0   a²b²   0  -a²-b²   0  1
 *
 * Sums run over dn_winograd_chunk() channels, one fused multiply-add each, starting from 0; the
 * chunks are added up, and the sums of all channels are transformed back. With few channels one long
 * sum would lose more than the transforms. So the bits of an output depend on its tile alone. Filters
 * are packed [output block][channel][3][3][16] and transformed at run time, two output blocks and one
 * block of channels at a time. */
#ifndef DN_KERNEL_WINOGRAD_H
#define DN_KERNEL_WINOGRAD_H

#include "kernel/conv.h"

enum {
    DN_WINOGRAD_TILE = DN_CONV_TILE, /* rows and columns of outputs */
    DN_WINOGRAD_PATCH = 6,    /* rows and columns of inputs of a tile */
    DN_WINOGRAD_POINTS = 36,
    DN_WINOGRAD_INPUTS = 64,  /* most input channels whose filters are transformed together */
    DN_WINOGRAD_BLOCKS = 2,   /* output blocks that are multiplied together */
    DN_WINOGRAD_STRIP = 26,   /* most tiles that are multiplied together */

    /* Floats from a point to the next one: an odd number of cache lines, so that the 36 of a tile or
     * a filter do not all fall into one set of the cache. */
    DN_WINOGRAD_FILTER_POINT = (DN_WINOGRAD_INPUTS + 1) * DN_BLOCK
};

/* Consecutive tiles of the job's rectangle, along its lines, and a block of input channels. */
struct dn_winograd {
    const struct dn_conv_job *job;
    const struct dn_row_kernels *rows;
    int ty, tx; /* the first tile of the rectangle */
    int line;   /* tiles in a row of it, or in a column of it where tiles are counted downwards */
    bool down;
    int first, tiles;
    int c0, c1;
    float *inputs; /* [POINTS][tiles][INPUTS] transformed, points dn_winograd_point() apart */
};

/* A part of its tiles, counted from its first one, and one or two output blocks. */
struct dn_winograd_strip {
    const struct dn_winograd *group;
    int tile, tiles;
    int block, blocks;
    const float *filters; /* [BLOCKS][POINTS][INPUTS + 1][16] transformed */
    float *products;      /* [tiles][BLOCKS][POINTS][16] sums over the channels so far */
    const char *next[DN_WINOGRAD_BLOCKS]; /* packed filters that come next, to prefetch */
    int next_share;       /* bytes of each per point; 0 when there is nothing to prefetch */
};

/* So short that the error stays below 1.5 times that of a plain sum of all products; long sums of
 * many channels may be longer, since the plain sum loses more with them, too. */
static inline int dn_winograd_chunk(int channels)
{
    return channels < 64 ? 8 : channels < 128 ? 16 : channels < 256 ? 32 : DN_WINOGRAD_INPUTS;
}

static inline ptrdiff_t dn_winograd_point(int tiles)
{
    return (ptrdiff_t)tiles * DN_WINOGRAD_INPUTS + DN_BLOCK;
}

/* The first output of a tile. */
static inline void dn_winograd_at(const struct dn_winograd *g, int tile, int *y, int *x)
{
    int line = (g->first + tile) / g->line, place = (g->first + tile) % g->line;
    *y = (g->ty + (g->down ? place : line)) * DN_WINOGRAD_TILE;
    *x = (g->tx + (g->down ? line : place)) * DN_WINOGRAD_TILE;
}

struct dn_winograd_kernels {
    /* Transforms the inputs of one tile. */
    void (*inputs)(const struct dn_winograd *g, int tile);
    /* Transforms the packed filters of one output block: [channels][9][16] to [POINTS][INPUTS + 1][16]. */
    void (*filters)(const float *packed, int channels, float *transformed);
    /* Makes the products of a strip: those of the first channels are stored, others added. */
    void (*multiply)(const struct dn_winograd_strip *s);
    /* Transforms the products back to the outputs inside the job's rectangle. */
    void (*outputs)(const struct dn_winograd_strip *s);
};

size_t dn_winograd_workspace(const struct dn_conv *conv, struct dn_rect rect, int threads, int thrift);

/* As dn_conv_run, without activations across channels. */
void dn_winograd_run(const struct dn_kernels *k, const struct dn_conv_job *job);

#endif
