/* Compute kernels: what they compute, on which memory, in which order.
 *
 * Everything here works on a rectangle of rows and columns of the output map, so that one kernel
 * serves whole maps, bands of rows and tiles. The value of an output element depends on the layer
 * alone: never on the rectangle, the slice of output channels, the thread count or the workspace,
 * and not on the instruction set either: every variant accumulates in the same order with fused
 * multiply-adds, and the scalar one is the specification (tests compare with memcmp).
 *
 * No function here allocates or fails. Views must satisfy the shapes that the convolution or pool
 * implies; callers are the layers, which have checked them. All functions are safe to call from
 * several threads on disjoint outputs; `threads` is the number of OpenMP threads one call may use. */
#ifndef DN_KERNEL_KERNEL_H
#define DN_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/view.h"

/* Activation functions, formulas as in the common Darknet dialects. The three NORMALIZE kinds work
 * across the channels of a pixel, all others on single elements. */
enum dn_activation {
    DN_LINEAR,
    DN_LOGISTIC,
    DN_LOGGY,
    DN_RELU,
    DN_RELU6,
    DN_ELU,
    DN_SELU,
    DN_RELIE,
    DN_RAMP,
    DN_LEAKY,
    DN_REVLEAKY,
    DN_TANH,
    DN_PLSE,
    DN_STAIR,
    DN_HARDTAN,
    DN_LHTAN,
    DN_GELU,
    DN_SWISH,
    DN_MISH,
    DN_HARD_MISH,
    DN_NORMALIZE_CHANNELS,
    DN_NORMALIZE_CHANNELS_SOFTMAX,
    DN_NORMALIZE_CHANNELS_SOFTMAX_MAXVAL,
    DN_ACTIVATIONS /* how many there are */
};

/* The kernels of one instruction set. Opaque outside src/kernel; obtained from dn_kernels(). */
struct dn_kernels;

/* The kernels named "scalar", "avx2", "avx512" or "neon"; with NULL the best this machine runs.
 * NULL when the name is unknown or the machine cannot run it. */
const struct dn_kernels *dn_kernels(const char *name);
const char *dn_kernels_name(const struct dn_kernels *k);

/* Names that dn_kernels() accepts on this machine, best first; returns how many. */
enum { DN_KERNEL_SETS = 4 };
int dn_kernels_available(const char *names[DN_KERNEL_SETS]);

/* Measured fused multiply-add peak of one thread with this instruction set, in GFLOP/s (2 per
 * multiply-add), the best of a few repetitions of about `seconds` in total. */
double dn_fma_peak(const struct dn_kernels *k, double seconds);

/* ---- convolution -------------------------------------------------------------------------- */

/* out[n][oy][ox] = act((sum - mean[n]) * scale[n] + bias[n]),
 * sum over c of n's group, ky, kx of W[n][c][ky][kx] * in[c][oy*stride_y - pad_y + ky*dilation]
 *                                                         [ox*stride_x - pad_x + kx*dilation].
 * The sum runs over blocks of input channels (128 of them where there are 256 or more, else all at
 * once; src/kernel/conv.c), in a block over ky, kx and then the channels, one fused multiply-add
 * each, starting from 0. Taps outside the map contribute nothing. Where an output block (16 channels)
 * reads several groups, channels of the others take part with weight 0 (src/kernel/conv.h). */
struct dn_conv {
    int c, n, groups;         /* channels in and out, both divisible by groups */
    int kh, kw;               /* filter size */
    int stride_y, stride_x;   /* >= 1 */
    int dilation;             /* >= 1 */
    int pad_y, pad_x;         /* rows above and columns to the left, dilation included */
    enum dn_layout in_layout; /* DN_PLANAR: the network's input; few channels, groups == 1 */
    enum dn_activation activation;
    bool exact; /* direct convolution only: one plain sum */
    int h, w;   /* rows and columns of the whole output map */
};

/* Plain 3x3 layers of stride 1 or 2 with enough channels and outputs use Winograd unless they are exact:
 * their sums are transformed, see src/kernel/winograd.h, and come in tiles of DN_CONV_TILE rows and
 * columns, from row 0, column 0 of the output map on. Follows from the layer's shape alone. */
bool dn_conv_is_winograd(const struct dn_conv *conv);
enum { DN_CONV_TILE = 4 };

/* What dn_conv_run computes it with, in a word: winograd, planar, depthwise, direct. */
const char *dn_conv_name(const struct dn_conv *conv);

/* Filters are packed in slices of whole output blocks: floats for blocks [block0, block1). The
 * packed form of a range is the concatenation of the packed forms of its parts. */
size_t dn_conv_packed_floats(const struct dn_conv *conv, int block0, int block1);

/* Packs filters. `raw` holds the filters of output channels [block0*16, min(n, block1*16)) in file
 * order [n][c/groups][kh][kw]; `packed` gets dn_conv_packed_floats() floats, 64-byte aligned. */
void dn_conv_pack(const struct dn_kernels *k, const struct dn_conv *conv, int block0, int block1,
                  const float *raw, float *packed, int threads);

/* Bytes of workspace that dn_conv_run wants for a rectangle of this size; often 0. With more thrift
 * it wants less and transforms more often; the bits are the same. With thrift 0 filters are transformed beside the
 * multiplication with those before them. With thrift 0 and 1 and few tiles, inputs are transformed once for all slices of
 * filters; with thrift 2, too, where threads take output blocks, which are computed one at a time then. */
enum { DN_THRIFT_LEVELS = 5 };
size_t dn_conv_workspace(const struct dn_conv *conv, struct dn_rect rect, int threads, int thrift);

/* What tells the cost of a Winograd rectangle: how many tiles share a transform of filters, whether
 * all slices of filters share one of the inputs, whether threads take output blocks, how many of those are computed
 * together, whether not even output blocks share transformed inputs, and whether filters are transformed beside
 * multiplications. Where threads take output blocks, a job of all of them may have a reader: every filter is read by one
 * thread, once. */
struct dn_conv_sharing {
    int tiles;
    bool inputs, blocks, again;
    int each; /* 1 or 2 */
    bool ahead;
};
struct dn_conv_sharing dn_conv_sharing(const struct dn_conv *conv, struct dn_rect rect, int threads,
                                       int thrift);

/* What a thread reads of a layer's filters at a time. */
struct dn_filter_part {
    int blocks;   /* of outputs, those that are computed together: dn_conv_sharing() */
    int channels; /* of inputs: a multiple of DN_CONV_CHANNELS, or all */
};
enum { DN_CONV_CHANNELS = 64 };

/* Where a job gets filters that are not in memory. `read` writes those of input channels [c0, c1) of output blocks [block0,
 * block1), as in the file, [16 * blocks (or fewer)][c1 - c0][kh][kw], to `raw`; c0 is a multiple of part.channels. It is
 * called by all threads of the job. */
struct dn_filter_reader {
    void (*read)(void *context, int block0, int block1, int c0, int c1, float *raw);
    void *context;
    int block0;     /* from this block on; those before it are packed in job->filters */
    struct dn_filter_part part;
    float *buffers; /* [threads][dn_filter_part_floats(part)] */
};

size_t dn_filter_part_floats(struct dn_filter_part part);

struct dn_conv_job {
    const struct dn_conv *conv;
    struct dn_view in, out; /* pixels of blocked ones 64-byte aligned */
    struct dn_rect rect;  /* of the output */
    int block0, block1;   /* output blocks to compute */
    const float *filters; /* of exactly these blocks, packed unless `raw` */
    const float *vectors; /* [dn_blocks(n)][3][16]: mean, scale, bias of every channel; 64-byte
                             aligned; channels above n are zero */
    void *workspace;      /* dn_conv_workspace() bytes, 64-byte aligned, or NULL when 0 */
    int threads;
    int thrift;           /* as given to dn_conv_workspace() */
    bool again;           /* the last job in this workspace had other blocks of the same rectangle */
    bool raw;             /* filters are in the order of the file, with Winograd only: arranged as they are transformed */
    const struct dn_filter_reader *reader; /* NULL: all filters are there */
};

/* `in` must hold, for every output row of the rectangle, all input rows of its receptive field
 * (clipped to the map; with Winograd those of the whole tiles that it touches), and in.pad zero columns
 * as far as the field reaches beyond the sides. A planar input needs no pad: its columns are clipped. Channels above n in the last output block
 * become act(0). Does not touch the pad columns of `out`. Activations across channels are applied by
 * the job that holds the last output block; the others must have run on the rectangle before. */
void dn_conv_run(const struct dn_kernels *k, const struct dn_conv_job *job);

/* ---- everything else ----------------------------------------------------------------------- */

/* In place over a rectangle of a view. Works on both layouts. */
void dn_activate(const struct dn_kernels *k, enum dn_activation a, const struct dn_view *v,
                 struct dn_rect rect, int threads);

/* One element by the scalar specification (not the NORMALIZE kinds). */
float dn_activate_one(enum dn_activation a, float x);

/* n contiguous floats in place, elementwise kinds only. */
void dn_activate_array(const struct dn_kernels *k, enum dn_activation a, float *x, size_t n);

/* x[i] = e^x[i] for n contiguous floats, evaluated in double precision and rounded. */
void dn_exp_array(const struct dn_kernels *k, float *x, size_t n);

struct dn_pool {
    int size_y, size_x, stride_y, stride_x;
    int offset_y, offset_x; /* the window of output row 0 starts at row -offset_y */
    bool average;           /* false: maximum, -3.4028235e38 when the window is all outside;
                               true: mean of the elements inside the map */
};

/* Windows are clipped to the map; pad columns are never read. Blocked in and out, same channels. */
void dn_pool_run(const struct dn_kernels *k, const struct dn_pool *pool, const struct dn_view *in,
                 const struct dn_view *out, struct dn_rect rect, int threads);

/* out = a * alpha + b * beta over a rectangle, all blocked, channels of `out`. `out` may be `a`. */
void dn_add(const struct dn_kernels *k, const struct dn_view *a, float alpha,
            const struct dn_view *b, float beta, const struct dn_view *out, struct dn_rect rect,
            int threads);

/* out = a * b elementwise over a rectangle (blocked). */
void dn_multiply(const struct dn_kernels *k, const struct dn_view *a, const struct dn_view *b,
                 const struct dn_view *out, struct dn_rect rect, int threads);

/* out[c][y][x] = in[c][y][x] * scale[c] (blocked); scale holds dn_blocks(c)*16 floats. */
void dn_scale_channels(const struct dn_kernels *k, const struct dn_view *in, const float *scale,
                       const struct dn_view *out, struct dn_rect rect, int threads);

/* Copies a rectangle between views of any two layouts, channel for channel; c is out's. */
void dn_copy(const struct dn_view *in, const struct dn_view *out, struct dn_rect rect, int threads);

/* Zeroes the pad columns of all row slots of a blocked view. */
void dn_view_zero_pad(const struct dn_view *v);

#endif
