/* Convolution as kernel.h specifies it, one output pixel at a time. All faster kernels give these
 * bits, which is why taps are multiplied with fmaf even where the machine has no instruction for
 * it. */
#include <math.h>

#include "kernel/conv.h"
#include "kernel/peak.h"
#include "kernel/table.h"

/* Adds the taps of input channels [c0, c1) of one pixel to acc; returns the filters behind them. */
static const float *taps(const struct dn_conv_job *job, int oy, int ox, int c0, int c1,
                         const float *w, float *acc)
{
    const struct dn_conv *v = job->conv;
    const struct dn_view *in = &job->in;
    for (int ky = 0; ky < v->kh; ky++) {
        for (int kx = 0; kx < v->kw; kx++, w += (c1 - c0) * DN_BLOCK) {
            int y = oy * v->stride_y - v->pad_y + ky * v->dilation;
            int x = ox * v->stride_x - v->pad_x + kx * v->dilation;
            bool outside = x < 0 || x >= in->w;
            if (y < 0 || y >= in->h || (outside && in->layout == DN_PLANAR))
                continue;
            for (int c = c0; c < c1; c++) {
                float value = outside ? 0 : *dn_view_element(in, c, y, x);
                for (int i = 0; i < DN_BLOCK; i++)
                    acc[i] = fmaf(value, w[(c - c0) * DN_BLOCK + i], acc[i]);
            }
        }
    }
    return w;
}

static void depthwise(const struct dn_conv_job *job, int block, int oy, int ox, const float *w,
                      float *acc)
{
    const struct dn_conv *v = job->conv;
    const struct dn_view *in = &job->in;
    for (int ky = 0; ky < v->kh; ky++) {
        for (int kx = 0; kx < v->kw; kx++, w += DN_BLOCK) {
            int y = oy * v->stride_y - v->pad_y + ky * v->dilation;
            int x = ox * v->stride_x - v->pad_x + kx * v->dilation;
            if (y < 0 || y >= in->h)
                continue;
            for (int i = 0; i < DN_BLOCK; i++)
                acc[i] =
                    fmaf(x < 0 || x >= in->w ? 0 : dn_view_at(in, block, y, x)[i], w[i], acc[i]);
        }
    }
}

static void pixel(const struct dn_conv_job *job, int block, int oy, int ox)
{
    const struct dn_conv *v = job->conv;
    const float *w = job->filters + dn_conv_packed_floats(v, job->block0, block);
    const float *mean = job->vectors + (size_t)block * DN_CONV_VECTORS;
    const float *scale = mean + DN_BLOCK, *bias = scale + DN_BLOCK;
    float acc[DN_BLOCK] = {0};
    float *out = dn_view_at(&job->out, block, oy, ox);
    int c0, c1;
    dn_conv_inputs(v, block, &c0, &c1);
    int step = dn_conv_input_block(c1 - c0);
    if (dn_conv_depthwise(v))
        depthwise(job, block, oy, ox, w, acc);
    else
        for (int c = c0; c < c1; c += step)
            w = taps(job, oy, ox, c, dn_min(c + step, c1), w, acc);
    for (int i = 0; i < DN_BLOCK; i++) {
        float x = (acc[i] - mean[i]) * scale[i] + bias[i];
        if (v->activation == DN_LEAKY)
            x = x > 0 ? x : 0.1f * x;
        else if (v->activation == DN_RELU)
            x = x > 0 ? x : 0;
        out[i] = x;
    }
}

static void piece(const struct dn_conv_job *job, const struct dn_row_kernels *rows, int block0, int block1,
                  struct dn_rect rect)
{
    for (int b = block0; b < block1; b++)
        for (int y = rect.y0; y < rect.y1; y++)
            for (int x = rect.x0; x < rect.x1; x++) {
                pixel(job, b, y, x);
                if (dn_conv_activates(job->conv))
                    rows->activate(job->conv->activation, dn_view_at(&job->out, b, y, x), DN_BLOCK);
            }
}

/* One value of the packed form: of output channel n, input channel c; zero where they do not meet.
 */
static float filter(const struct dn_conv *v, const float *raw, int lane, int block, int c, int tap)
{
    int n = block * DN_BLOCK + lane, in = v->c / v->groups, taps = v->kh * v->kw;
    if (n >= v->n || c / in != n / (v->n / v->groups))
        return 0;
    return raw[((size_t)lane * (size_t)in + (size_t)(c % in)) * (size_t)taps + (size_t)tap];
}

static void pack(const struct dn_conv *v, int block, const float *raw, float *packed)
{
    int c0, c1, taps = v->kh * v->kw;
    dn_conv_inputs(v, block, &c0, &c1);
    if (dn_conv_depthwise(v)) {
        for (int tap = 0; tap < taps; tap++)
            for (int i = 0; i < DN_BLOCK; i++)
                *packed++ = filter(v, raw, i, block, block * DN_BLOCK + i, tap);
        return;
    }
    int step = dn_conv_input_block(c1 - c0);
    for (int b = c0; b < c1; b += step)
        for (int tap = 0; tap < taps; tap++)
            for (int c = b; c < dn_min(b + step, c1); c++)
                for (int i = 0; i < DN_BLOCK; i++)
                    *packed++ = filter(v, raw, i, block, c, tap);
}

enum { ROUNDS = 1 << 14, CHAINS = 8 };

static void peak_work(void)
{
    static const volatile float factor = 0.5f;
    float acc[CHAINS] = {0}, f = factor;
    for (int i = 0; i < ROUNDS; i++)
        for (int j = 0; j < CHAINS; j++)
            acc[j] = fmaf(acc[j], f, f);
    volatile float keep = 0;
    for (int j = 0; j < CHAINS; j++)
        keep = keep + acc[j];
}

static double peak(double seconds)
{
    return dn_peak_of(peak_work, 2.0 * ROUNDS * CHAINS, seconds);
}

const struct dn_conv_kernels dn_conv_scalar = {piece, pack, peak};
