/* Row kernels, first version: plain loops without vectors, so that everything links. To be replaced
 * by the vectorised family (rows.h). */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "kernel/parallel.h"
#include "kernel/table.h"

struct dn_row_kernels {
    int unused;
};
const struct dn_row_kernels dn_rows_scalar = {0}, dn_rows_avx2 = {0}, dn_rows_avx512 = {0}, dn_rows_neon = {0};

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

float dn_activate_one(enum dn_activation a, float x)
{
    double d = (double)x;
    switch (a) {
    case DN_LOGISTIC: return (float)logistic(d);
    case DN_LOGGY: return (float)(2 * logistic(d) - 1);
    case DN_RELU: return x > 0 ? x : 0;
    case DN_RELU6: return x > 6 ? 6 : x > 0 ? x : 0;
    case DN_ELU: return x >= 0 ? x : (float)(exp(d) - 1);
    case DN_SELU: return x >= 0 ? 1.0507f * x : (float)(1.0507 * 1.6732 * (exp(d) - 1));
    case DN_RELIE: return x > 0 ? x : .01f * x;
    case DN_RAMP: return (x > 0 ? x : 0) + .1f * x;
    case DN_LEAKY:
    case DN_REVLEAKY: return x > 0 ? x : .1f * x;
    case DN_TANH: return (float)tanh(d);
    case DN_PLSE: return x < -4 ? .01f * (x + 4) : x > 4 ? .01f * (x - 4) + 1 : .125f * x + .5f;
    case DN_STAIR: {
        float n = floorf(x);
        return fmodf(n, 2) == 0 ? floorf(x / 2) : (x - n) + floorf(x / 2);
    }
    case DN_HARDTAN: return x < -1 ? -1 : x > 1 ? 1 : x;
    case DN_LHTAN: return x < 0 ? .001f * x : x > 1 ? .001f * (x - 1) + 1 : x;
    case DN_GELU: return (float)(.5 * d * (1 + tanh(.797885 * d + .035677 * d * d * d)));
    case DN_SWISH: return (float)(d * logistic(d));
    case DN_MISH: return (float)(d * tanh(d > 20 ? d : d < -20 ? exp(d) : log(exp(d) + 1)));
    case DN_HARD_MISH: return x > 0 ? x : x > -2 ? x * x / 2 + x : 0;
    default: return x;
    }
}

void dn_activate_array(const struct dn_kernels *k, enum dn_activation a, float *x, size_t n)
{
    (void)k;
    for (size_t i = 0; i < n; i++)
        x[i] = dn_activate_one(a, x[i]);
}

static void normalize(enum dn_activation a, const struct dn_view *v, int y, int x)
{
    float top = -INFINITY, sum = 1e-4f;
    for (int c = 0; c < v->c; c++)
        top = fmaxf(top, *dn_view_element(v, c, y, x));
    for (int pass = 0; pass < 2; pass++)
        for (int c = 0; c < v->c; c++) {
            float *e = dn_view_element(v, c, y, x), value = fmaxf(*e, 0);
            if (a != DN_NORMALIZE_CHANNELS)
                value = expf(a == DN_NORMALIZE_CHANNELS_SOFTMAX ? *e : *e - top);
            if (pass)
                *e = value / sum;
            else
                sum += value;
        }
}

void dn_activate(const struct dn_kernels *k, enum dn_activation a, const struct dn_view *v,
                 struct dn_rect r, int threads)
{
    (void)threads;
    bool blocked = v->layout == DN_BLOCKED;
    for (int y = r.y0; y < r.y1; y++) {
        for (int x = r.x0; x < r.x1 && a >= DN_NORMALIZE_CHANNELS; x++)
            normalize(a, v, y, x);
        for (int b = 0; b < (blocked ? dn_blocks(v->c) : v->c) && a < DN_NORMALIZE_CHANNELS; b++)
            dn_activate_array(k, a, dn_view_at(v, b, y, r.x0), (size_t)(r.x1 - r.x0) * (blocked ? DN_BLOCK : 1));
    }
}

void dn_pool_run(const struct dn_kernels *k, const struct dn_pool *pool, const struct dn_view *in,
                 const struct dn_view *out, struct dn_rect r, int threads)
{
    (void)k, (void)threads;
    for (int y = r.y0; y < r.y1; y++)
        for (int b = 0; b < dn_blocks(out->c); b++)
            for (int x = r.x0; x < r.x1; x++) {
                int top = y * pool->stride_y - pool->offset_y, left = x * pool->stride_x - pool->offset_x;
                int y0 = dn_max(top, 0), y1 = dn_min(top + pool->size_y, in->h);
                int x0 = dn_max(left, 0), x1 = dn_min(left + pool->size_x, in->w);
                float acc[DN_BLOCK], *to = dn_view_at(out, b, y, x);
                for (int i = 0; i < DN_BLOCK; i++)
                    acc[i] = pool->average ? 0 : -3.4028235e38f;
                for (int v = y0; v < y1; v++)
                    for (int u = x0; u < x1; u++) {
                        const float *s = dn_view_at(in, b, v, u);
                        for (int i = 0; i < DN_BLOCK; i++)
                            acc[i] = pool->average ? acc[i] + s[i] : s[i] > acc[i] ? s[i] : acc[i];
                    }
                for (int i = 0; i < DN_BLOCK; i++)
                    to[i] = pool->average ? acc[i] / (float)((y1 - y0) * (x1 - x0)) : acc[i];
            }
}

void dn_add(const struct dn_kernels *k, const struct dn_view *a, float alpha, const struct dn_view *b,
            float beta, const struct dn_view *out, struct dn_rect r, int threads)
{
    (void)k, (void)threads;
    for (int y = r.y0; y < r.y1; y++)
        for (int c = 0; c < dn_blocks(out->c); c++) {
            const float *p = dn_view_at(a, c, y, r.x0), *q = dn_view_at(b, c, y, r.x0);
            float *to = dn_view_at(out, c, y, r.x0);
            for (int i = 0; i < (r.x1 - r.x0) * DN_BLOCK; i++)
                to[i] = p[i] * alpha + q[i] * beta;
        }
}

void dn_multiply(const struct dn_kernels *k, const struct dn_view *a, const struct dn_view *b,
                 const struct dn_view *out, struct dn_rect r, int threads)
{
    (void)k, (void)threads;
    for (int y = r.y0; y < r.y1; y++)
        for (int c = 0; c < dn_blocks(out->c); c++) {
            const float *p = dn_view_at(a, c, y, r.x0), *q = dn_view_at(b, c, y, r.x0);
            float *to = dn_view_at(out, c, y, r.x0);
            for (int i = 0; i < (r.x1 - r.x0) * DN_BLOCK; i++)
                to[i] = p[i] * q[i];
        }
}

void dn_scale_channels(const struct dn_kernels *k, const struct dn_view *in, const float *scale,
                       const struct dn_view *out, struct dn_rect r, int threads)
{
    (void)k, (void)threads;
    for (int y = r.y0; y < r.y1; y++)
        for (int c = 0; c < dn_blocks(out->c); c++) {
            const float *p = dn_view_at(in, c, y, r.x0);
            float *to = dn_view_at(out, c, y, r.x0);
            for (int i = 0; i < (r.x1 - r.x0) * DN_BLOCK; i++)
                to[i] = p[i] * scale[c * DN_BLOCK + i % DN_BLOCK];
        }
}

void dn_copy(const struct dn_view *in, const struct dn_view *out, struct dn_rect r, int threads)
{
    (void)threads;
    for (int y = r.y0; y < r.y1; y++)
        for (int c = 0; c < out->c; c++)
            for (int x = r.x0; x < r.x1; x++)
                *dn_view_element(out, c, y, x) = *dn_view_element(in, c, y, x);
}

void dn_view_zero_pad(const struct dn_view *v)
{
    for (int y = 0; y < v->rows; y++)
        for (int b = 0; b < dn_blocks(v->c); b++) {
            float *row = v->data + y * v->row + b * v->block;
            memset(row - (ptrdiff_t)v->pad * DN_BLOCK, 0, (size_t)v->pad * DN_BLOCK * sizeof *row);
            memset(row + (ptrdiff_t)v->w * DN_BLOCK, 0, (size_t)v->pad * DN_BLOCK * sizeof *row);
        }
}
