/* Depthwise convolution (one input channel per output channel): channel by channel in vectors. A
 * tile is DEPTHWISE_PIXELS pixels of one vector of channels; loads bound it, one per multiply-add. */
#include "kernel/lanes/conv_store.h"

enum { DEPTHWISE_PIXELS = 8 };

static INLINE void depthwise_tile(const struct dn_conv_job *job, int block, const float *w, int P,
                                  int oy, int ox)
{
    const struct dn_conv *v = job->conv;
    const struct dn_view *in = &job->in;
    ptrdiff_t dx = (ptrdiff_t)v->stride_x * DN_BLOCK, dk = (ptrdiff_t)v->dilation * DN_BLOCK;
    for (int lane = 0; lane < DN_BLOCK; lane += LANES) {
        vec acc[DEPTHWISE_PIXELS];
        for (int p = 0; p < P; p++)
            acc[p] = vec_splat(0);
        for (int ky = 0; ky < v->kh; ky++) {
            int y = oy * v->stride_y - v->pad_y + ky * v->dilation;
            if (y < 0 || y >= in->h)
                continue;
            const float *x = dn_view_at(in, block, y, ox * v->stride_x - v->pad_x) + lane;
            for (int kx = 0; kx < v->kw; kx++, x += dk) {
                vec f = vec_load(w + (ky * v->kw + kx) * DN_BLOCK + lane);
#pragma GCC unroll 16
                for (int p = 0; p < P; p++)
                    acc[p] = vec_fma(vec_load(x + p * dx), f, acc[p]);
            }
        }
        float *out = dn_view_at(&job->out, block, oy, ox) + lane;
        const float *vectors = job->vectors + (ptrdiff_t)block * DN_CONV_VECTORS + lane;
#pragma GCC unroll 16
        for (int p = 0; p < P; p++)
            vec_store(out + p * DN_BLOCK, finish(acc[p], vectors, v->activation));
    }
}

static void depthwise(const struct dn_conv_job *job, int block0, int block1, struct dn_rect rect)
{
    for (int b = block0; b < block1; b++) {
        const float *w = job->packed + dn_conv_packed_floats(job->conv, job->block0, b);
        for (int y = rect.y0; y < rect.y1; y++) {
            int x = rect.x0;
            for (; x + DEPTHWISE_PIXELS <= rect.x1; x += DEPTHWISE_PIXELS)
                depthwise_tile(job, b, w, DEPTHWISE_PIXELS, y, x);
            for (; x < rect.x1; x++)
                depthwise_tile(job, b, w, 1, y, x);
        }
    }
}
