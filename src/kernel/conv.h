/* Convolution inside src/kernel: what conv.c asks of an instruction set, and the order of packed
 * filters that all of them share.
 *
 * An output block (16 channels) reads the input channels [c0, c1) of the groups its channels belong
 * to; where it belongs to several, filters are zero for the channels of the others. Its packed form
 * is
 *
 *     [input-channel block][kh][kw][channel in the block][16 output channels]
 *
 * which is the order in which every kernel accumulates. Depthwise layers (one input channel per
 * output channel) are packed [kh][kw][16] and multiply channel by channel. */
#ifndef DN_KERNEL_CONV_H
#define DN_KERNEL_CONV_H

#include "base/size.h"
#include "kernel/kernel.h"
#include "kernel/rows.h"

enum { DN_CONV_INPUT_BLOCK = 128, DN_CONV_VECTORS = 3 * DN_BLOCK };

struct dn_conv_kernels {
    /* Computes output blocks [block0, block1) of rows [rect.y0, rect.y1), columns likewise.
     * Activations across channels are left to the caller. */
    void (*piece)(const struct dn_conv_job *job, const struct dn_row_kernels *rows, int block0, int block1,
                  struct dn_rect rect);
    /* Packs one output block. */
    void (*pack)(const struct dn_conv *conv, int block, const float *raw, float *packed);
    /* Best GFLOP/s of one thread in about `seconds`. */
    double (*peak)(double seconds);
};

/* Filters of an output block in the order of a weights file: `lanes` of them, 1 to 16, `fan_in` floats apart. */
struct dn_raw_filters {
    const float *first;
    size_t fan_in;
    int lanes;
};

static inline struct dn_raw_filters dn_raw_filters(const struct dn_conv *v, int block, const float *first)
{
    size_t fan_in = (size_t)(v->c / v->groups) * (size_t)v->kh * (size_t)v->kw;
    return (struct dn_raw_filters){first, fan_in, dn_min(DN_BLOCK, v->n - block * DN_BLOCK)};
}

static inline bool dn_conv_depthwise(const struct dn_conv *v)
{
    return v->groups > 1 && v->groups == v->c && v->n == v->c && v->in_layout == DN_BLOCKED;
}

/* The input channels that output block `block` reads, as a half-open range. */
static inline void dn_conv_inputs(const struct dn_conv *v, int block, int *c0, int *c1)
{
    int in = v->c / v->groups, out = v->n / v->groups;
    int last = dn_min((block + 1) * DN_BLOCK, v->n) - 1;
    *c0 = block * DN_BLOCK / out * in;
    *c1 = (last / out + 1) * in;
}

/* How many of `channels` input channels are summed before the next taps. */
static inline int dn_conv_input_block(int channels)
{
    return channels >= 2 * DN_CONV_INPUT_BLOCK ? DN_CONV_INPUT_BLOCK : channels;
}

/* Activations that are applied to sums in registers; dn_row_kernels have the others. */
static inline bool dn_conv_fuses(enum dn_activation a)
{
    return a == DN_LINEAR || a == DN_LEAKY || a == DN_RELU;
}

static inline bool dn_across_channels(enum dn_activation a)
{
    return a >= DN_NORMALIZE_CHANNELS;
}

/* Whether outputs are activated after they have been stored, while they are in the nearest cache. */
static inline bool dn_conv_activates(const struct dn_conv *v)
{
    return !dn_conv_fuses(v->activation) && !dn_across_channels(v->activation);
}

#endif
