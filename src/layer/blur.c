/* See blur.h. Sixteen channels of a block at a time; taps outside the map contribute nothing. */
#include "layer/blur.h"

#include <math.h>

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

void dn_blur_run(const struct dn_blur *blur, const struct dn_view *in, const struct dn_view *out,
                 int threads)
{
#pragma omp parallel for num_threads(threads) if (threads > 1)
    for (int y = 0; y < out->h; y++)
        for (int b = blur->block0; b < blur->block1; b++)
            for (int x = 0; x < out->w; x++)
                blur_pixel(blur, in, b, y, x, dn_view_at(out, b, y, x));
}
