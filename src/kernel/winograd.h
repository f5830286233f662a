/* Winograd convolution inside src/kernel: 4x4 outputs at a time, of stride 1 or 2, on groups of tiles
 * in a bounded workspace.
 *
 * A tile is 4x4 outputs of the layer's own grid, which begins at row 0, column 0 of the whole output
 * map. At stride 1, from the 6x6 inputs d of a tile and a 3x3 filter g it is
 *
 *     Y = At [ sum over channels of (G g Gt) * (Bt d B) ] A          * : element by element
 *
 * with 36 multiplications per channel instead of 144. The matrices follow from interpolation at 0,
 * 2/3, -2/3, 3/2, -3/2 and infinity (Toom-Cook). No other points were found that lose less precision: with
 * the usual 0, 1, -1, 2, -2 the errors of products become 2.2 times as large in an output, and 4.4 times in
 * the worst one of a tile; with 0, 3/4, -3/4, 3/2, -3/2 1.08 and 1.23 times. Since 2/3 and 3/2 are each other's
 * reciprocal, rows can be scaled so that all coefficients are short, and none is rounded; what that
 * multiplies an output with is divided out as it is stored, -18.28125 or -12.1875 in each direction:
 *
 *          8.125  27/8 -27/8   1    1    0         1    0    0          -9/4   0  97/16  0   -9/4   0
 *     At =   0    3/2   3/2    1   -1    0        9/4  3/2   1            0  -9/4 -27/8  1    3/2   0
 *            0     1    -1    3/2  3/2   0    G = 9/4 -3/2   1      Bt:   0  -9/4  27/8  1   -3/2   0
 *            0     1     1   27/8 -27/8 8.125      1   3/2  9/4           0   3/2   1  -27/8 -9/4   0
 *                                                  1  -3/2  9/4           0  -3/2   1   27/8 -9/4   0
 *                                                  0    0    1            0  -9/4   0  97/16  0   -9/4
 *
 * At stride 2 the 9x9 inputs of a tile are four maps of half the size: rows 0, 2 ... 8 meet the filter's
 * rows 0 and 2, rows 1, 3, 5, 7 its row 1, and columns likewise; each pair is a correlation of stride 1.
 * In a direction with two taps the points are 1/2, -1/2, 3/2, -3/2 and infinity. One tap needs but four
 * numbers: with V the first four columns of At, At (g Vinv d) = g d, so its filter is the tap itself, its
 * inputs are Vinv d, and it shares points and At with the two taps; so scaled, Vinv is what Bt begins with.
 * What outputs are multiplied with is 6, -4, 8, -16:
 *
 *         -3    3    1   -1    0          1   1/2          -9/8 -9/4  1/2   1   0
 *     At = 1    1   -1   -1    0          1  -1/2           9/8 -9/4 -1/2   1   0
 *         -1    1    3   -3    0      G = 1   3/2      Bt: -3/8 -1/4  3/2   1   0
 *          1    1   -9   -9  -16          1  -3/2           3/8 -1/4 -3/2   1   0
 *                                         0    1            9/16  0  -5/2   0   1
 *
 * So products of up to four planes are summed at a point: (5 + 4)² = 81 multiplications per channel
 * instead of 144, with 36 transformed numbers per filter, as at stride 1, and one transform of 25 sums
 * back. With these points that loses less precision than at stride 1.
 *
 * Sums run over dn_winograd_chunk() channels of each plane, one fused multiply-add each, starting from
 * 0; the chunks are added up, and the sums of all channels are transformed back. So the bits of an output
 * depend on its tile alone. Filters are packed [output block][channel][3][3][16], or raw, and transformed at run
 * time, two output blocks and one block of channels at a time. */
#ifndef DN_KERNEL_WINOGRAD_H
#define DN_KERNEL_WINOGRAD_H

#include "kernel/conv.h"
#include "kernel/lanes/inline.h"

enum {
    DN_WINOGRAD_TILE = DN_CONV_TILE, /* rows and columns of outputs */
    DN_WINOGRAD_STRIDES = 2,  /* most rows and columns from an output's inputs to the next one's */
    DN_WINOGRAD_PATCH = 9,    /* most rows and columns of inputs of a tile */
    DN_WINOGRAD_SIDE = 6,     /* most rows and columns of points, and those of a transformed filter */
    DN_WINOGRAD_FILTERS = DN_WINOGRAD_SIDE * DN_WINOGRAD_SIDE,
    DN_WINOGRAD_PLANES = 4,   /* most planes of inputs whose products are summed at a point */
    DN_WINOGRAD_INPUTS = DN_CONV_CHANNELS,  /* most input channels whose filters are transformed together */
    DN_WINOGRAD_BLOCKS = 2,   /* output blocks that are multiplied together */
    DN_WINOGRAD_STRIP = 26,   /* most tiles that are multiplied together */
    DN_WINOGRAD_NEAR = DN_BLOCK * 9 * DN_BLOCK, /* floats of the raw filters of an output block that are packed together */

    /* Floats from a plane of filters to the next one: an odd number of cache lines, so that the 36 of
     * a filter do not all fall into one set of the cache. */
    DN_WINOGRAD_FILTER_PLANE = (DN_WINOGRAD_INPUTS + 1) * DN_BLOCK
};

/* Rows and columns of a tile's inputs, which stay as many when they are transformed, and of its points.
 * The inputs i, i + side ... below patch meet at point i of a direction; there they are multiplied with
 * number i of the filter, the second ones with its last number. */
struct dn_winograd_form {
    int patch, side;
};

static INLINE struct dn_winograd_form dn_winograd_form(int stride)
{
    return stride == 1 ? (struct dn_winograd_form){6, 6} : (struct dn_winograd_form){9, 5};
}

static inline int dn_winograd_points(struct dn_winograd_form f)
{
    return f.side * f.side;
}

/* The tiles of a rectangle, in lines: rows of it, or columns where they are counted downwards.
 *
 * The point at infinity counts for the last of four outputs alone (At), so a tile whose last row or column
 * of outputs the rectangle cuts off needs no products there. Tiles are numbered so that those that need
 * some point follow each other: first the cut ends of lines, then the lines without them, the cut line
 * last, then its own cut end. Of 5x5 tiles, for an example, which 19x19 outputs are:
 *
 *      4  5  6  7  0
 *      8  9 10 11  1        the last column's points: 4 to 23
 *     12 13 14 15  2        the last row's: 0 to 19
 *     16 17 18 19  3        the one in both: 4 to 19
 *     20 21 22 23 24 */
struct dn_winograd_order {
    int ty, tx; /* the first tile of the rectangle */
    bool down;
    int lines;
    int line; /* tiles of each, without its end where that is cut */
    int ends; /* cut ends that come first */
    bool cut_ends, cut_line;
};

/* Consecutive tiles of the job's rectangle, and a block of input channels. */
struct dn_winograd {
    const struct dn_conv_job *job;
    struct dn_winograd_form form;
    const struct dn_row_kernels *rows;
    struct dn_winograd_order order;
    int first, tiles;
    int c0, c1;
    float *inputs; /* [patch][patch][tiles][INPUTS] transformed, planes dn_winograd_plane() apart */
};

/* Filters of a block of input channels that are to be transformed: packed, or raw and then packed near a few at a time. */
struct dn_winograd_filters {
    const struct dn_winograd_kernels *kernels;
    const struct dn_winograd_transforms *transforms;
    int channels, blocks;
    int done; /* channels of all blocks, one block after the other */
    const float *packed[DN_WINOGRAD_BLOCKS]; /* of each output block, or NULL: raw */
    struct dn_raw_filters raw[DN_WINOGRAD_BLOCKS];
    float *near;        /* [NEAR] */
    float *transformed; /* [BLOCKS][FILTERS][INPUTS + 1][16] */
};

/* What is done beside a strip's multiplications: each panel of products transforms some of the filters that are multiplied
 * next, so that the stores, which miss the nearest cache, need not be waited for, and asks for some of those that come
 * even later. */
struct dn_winograd_ahead {
    struct dn_winograd_filters next;
    const char *later[DN_WINOGRAD_BLOCKS]; /* packed filters to prefetch */
    int later_blocks;
    int share, later_share; /* channels, and cache lines of each block, per point; 0 when there is nothing */
};

/* A part of its tiles, counted from its first one, and one or two output blocks. */
struct dn_winograd_strip {
    const struct dn_winograd *group;
    int tile, tiles;
    int block, blocks;
    const float *filters; /* transformed */
    float *products;      /* [side][side][tiles][BLOCKS][16] sums over the channels so far */
    struct dn_winograd_ahead ahead;
};

/* So short that the error stays below 1.5 times that of a plain sum of all products: with few channels one
 * long sum would lose more than the transforms (tests/kernel/test_winograd asks that of the mean and of the
 * largest error). Long sums of many channels may be longer, since the plain sum loses more with them, too. */
static inline int dn_winograd_chunk(const struct dn_conv *v)
{
    if (v->c < 64)
        return 8;
    return v->c < 128 ? 16 : v->c < 256 ? 32 : DN_WINOGRAD_INPUTS;
}

/* Floats from a plane of inputs to the next one: as with those of filters. */
static inline ptrdiff_t dn_winograd_plane(int tiles)
{
    return (ptrdiff_t)tiles * DN_WINOGRAD_INPUTS + DN_BLOCK;
}

static inline struct dn_winograd_order dn_winograd_order(struct dn_rect outputs, struct dn_rect tiles, bool down)
{
    struct dn_winograd_order o = {.ty = tiles.y0, .tx = tiles.x0, .down = down};
    bool rows = outputs.y1 % DN_WINOGRAD_TILE != 0, columns = outputs.x1 % DN_WINOGRAD_TILE != 0;
    o.lines = down ? tiles.x1 - tiles.x0 : tiles.y1 - tiles.y0;
    o.line = down ? tiles.y1 - tiles.y0 : tiles.x1 - tiles.x0;
    o.cut_line = down ? columns : rows;
    o.cut_ends = (down ? rows : columns) && o.line > 1;
    o.line -= o.cut_ends;
    o.ends = o.cut_ends ? o.lines - o.cut_line : 0;
    return o;
}

/* The first output of a tile. */
static inline void dn_winograd_at(const struct dn_winograd *g, int tile, int *y, int *x)
{
    const struct dn_winograd_order *o = &g->order;
    int number = g->first + tile - o->ends;
    int line = number < 0 ? number + o->ends : dn_min(number / o->line, o->lines - 1);
    int place = number < 0 ? o->line : number - line * o->line;
    *y = (o->ty + (o->down ? place : line)) * DN_WINOGRAD_TILE;
    *x = (o->tx + (o->down ? line : place)) * DN_WINOGRAD_TILE;
}

/* Those of tiles [*from, *to) that need products at point (i, j), as [*from, *to). */
static inline void dn_winograd_need(const struct dn_winograd *g, int i, int j, int *from, int *to)
{
    const struct dn_winograd_order *o = &g->order;
    const int last = g->form.side - 1, lines = o->ends - g->first;
    if (o->cut_ends && (o->down ? i : j) == last) {
        *from = dn_max(*from, lines);
        *to = dn_min(*to, lines + o->lines * o->line);
    }
    if (o->cut_line && (o->down ? j : i) == last)
        *to = dn_min(*to, lines + (o->lines - 1) * o->line);
}

/* Of one stride. */
struct dn_winograd_transforms {
    /* Transforms the inputs of one tile. */
    void (*inputs)(const struct dn_winograd *g, int tile);
    /* Transforms packed filters of one output block: [channels][9][16] to [FILTERS][INPUTS + 1][16]. near: they are in the
     * nearest cache. */
    void (*filters)(const float *packed, int channels, float *transformed, bool near);
    /* Transforms the products back to the outputs inside the job's rectangle. */
    void (*outputs)(const struct dn_winograd_strip *s);
};

struct dn_winograd_kernels {
    /* Makes the products of a strip: those of the first channels are stored, others added. */
    void (*multiply)(struct dn_winograd_strip *s);
    /* Packs at most DN_BLOCK channels of raw filters. */
    void (*pack)(const struct dn_raw_filters *raw, int channels, float *packed);
    struct dn_winograd_transforms transforms[DN_WINOGRAD_STRIDES];
};

size_t dn_winograd_workspace(const struct dn_conv *conv, struct dn_rect rect, int threads, int thrift);

/* Transforms n channels more, or as many as are left. */
void dn_winograd_transform(struct dn_winograd_filters *f, int n);

/* As dn_conv_run, without activations across channels. */
void dn_winograd_run(const struct dn_kernels *k, const struct dn_conv_job *job);

#endif
