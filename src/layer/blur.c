/* See blur.h. Sixteen channels of a block at a time; taps outside the map contribute nothing. */
#include "layer/blur.h"

#include <math.h>

#include "kernel/parallel.h"

static const float binomial[3] = {.25f, .5f, .25f};
static const float mean[2] = {.5f, .5f};

int dn_blur_size(int mode, int stride, int extent)
{
    int taps = mode == 1 ? extent - 1 : extent - 2;
    return taps < 0 ? 0 : taps / stride + 1;
}

static void blur_pixel(const struct dn_blur *blur, const struct dn_view *in, int b, int y, int x,
                       float *out)
{
    const float *taps = blur->mode == 1 ? binomial : mean;
    int size = blur->mode == 1 ? 3 : 2, offset = blur->mode == 1 ? 1 : 0;
    float sum[DN_BLOCK] = {0};
    for (int ky = 0; ky < size; ky++)
        for (int kx = 0; kx < size; kx++) {
            int iy = y * blur->stride - offset + ky, ix = x * blur->stride - offset + kx;
            if (iy < 0 || iy >= in->h || ix < 0 || ix >= in->w)
                continue;
            const float *p = dn_view_at(in, b, iy, ix);
            for (int i = 0; i < DN_BLOCK; i++)
                sum[i] += taps[ky] * taps[kx] * p[i];
        }
    for (int i = 0; i < DN_BLOCK; i++)
        out[i] = sum[i];
}

struct job {
    const struct dn_blur *blur;
    const struct dn_view *in, *out;
};

static void blur_row(void *context, int y, int thread)
{
    (void)thread;
    const struct job *j = context;
    for (int b = j->blur->block0; b < j->blur->block1; b++)
        for (int x = 0; x < j->out->w; x++)
            blur_pixel(j->blur, j->in, b, y, x, dn_view_at(j->out, b, y, x));
}

void dn_blur_run(const struct dn_blur *blur, const struct dn_view *in, const struct dn_view *out,
                 int threads)
{
    struct job job = {blur, in, out};
    dn_parallel(out->h, threads, blur_row, &job);
}
