/* Depthwise convolution (one input channel per output channel): pixel by pixel in vectors of
 * channels, P pixels of one block at a time. Bound by loads, one per multiply-add. */
#ifndef DN_KERNEL_CONV_DEPTHWISE_H
#define DN_KERNEL_CONV_DEPTHWISE_H

#include "kernel/lanes/conv_tile.h"

static INLINE void depthwise_tile(struct strip *s, int P, int B, int oy, int ox)
{
    const struct dn_conv *v = s->job->conv;
    const struct dn_view *in = &s->job->in;
    ptrdiff_t dk = (ptrdiff_t)v->dilation * DN_BLOCK;
    const float *w = s->w[0];
    const int V = B * BLOCK_VECS;
    vec acc[TILE_PIXELS * BLOCK_VECS];
    load_tile(s, acc, P, B, oy, ox);
    for (int ky = 0; ky < v->kh; ky++, w += v->kw * DN_BLOCK) {
        int y = oy * v->stride_y - v->pad_y + ky * v->dilation;
        if (y < 0 || y >= in->h)
            continue;
        const float *x = dn_view_at(in, s->block, y, ox * v->stride_x - v->pad_x);
        for (int kx = 0; kx < v->kw; kx++, x += dk)
#pragma GCC unroll 16
            for (int i = 0; i < V; i++) {
                vec f = vec_load(w + kx * DN_BLOCK + i * LANES);
#pragma GCC unroll 16
                for (int p = 0; p < P; p++)
                    acc[p * V + i] = vec_fma(vec_load(x + p / 3 * 3 * s->dx + p % 3 * s->dx + i * LANES),
                                             f, acc[p * V + i]);
            }
    }
    store_tile(s, acc, P, B, oy, ox);
}

TILES(depthwise_tile, 1, depthwise_one)

static void depthwise(const struct dn_conv_job *job, int block0, int block1, struct dn_rect rect)
{
    const struct dn_conv *v = job->conv;
    struct strip s = {.job = job, .blocks = 1, .first = true, .last = true};
    s.dx = (ptrdiff_t)v->stride_x * DN_BLOCK;
    for (s.block = block0; s.block < block1; s.block++) {
        s.w[0] = job->packed + dn_conv_packed_floats(v, job->block0, s.block);
        for (int y = rect.y0; y < rect.y1; y++)
            for (int x = rect.x0, pixels; x < rect.x1; x += pixels) {
                pixels = dn_ceil_div(rect.x1 - x, dn_ceil_div(rect.x1 - x, TILE_PIXELS));
                depthwise_one[pixels](&s, y, x);
            }
    }
}

#endif
