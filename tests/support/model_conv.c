/* The model's layers with filters: [convolutional], [deconvolutional], [connected], [local],
 * [batchnorm]. Format sections 3.2 to 3.4, 3.15, 3.16, 3.19; order of the weights: 4.2. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/model_layer.h"

/* Batch normalisation or bias of n channels. */
struct vectors {
    const float *biases, *scales, *means, *variances; /* NULL: not in the file */
    bool normalize, alexeyab;
};

static void take_normalization(struct layer *l, struct vectors *v, size_t n)
{
    v->alexeyab = l->m->alexeyab;
    v->normalize = key_int(l, "batch_normalize", 0) || key_int(l, "cbn", 0);
    if (!v->normalize || key_int(l, "dontloadscales", 0))
        return;
    v->scales = take(l, n, SCALES, 0);
    v->means = take(l, n, MEANS, 0);
    v->variances = take(l, n, VARIANCES, 0);
}

static double factor(const struct vectors *v, int f)
{
    double variance = v->variances ? (double)v->variances[f] : 0;
    double scale = v->scales ? (double)v->scales[f] : 1;
    return !v->normalize ? 1 : v->alexeyab ? scale / sqrt(variance + 1e-5) : scale / (sqrt(variance) + 1e-6);
}

/* Puts a sum of terms, whose absolute values have the sum `size`. */
static void put_sum(struct layer *l, const struct vectors *v, const int at[3], double sum, double size)
{
    int f = at[0];
    double mean = v->means ? (double)v->means[f] : 0, bias = v->biases ? (double)v->biases[f] : 0;
    put(l, f, at[1], at[2], (sum - mean) * factor(v, f) + bias,
        (size + fabs(mean)) * fabs(factor(v, f)) + fabs(bias));
}

/* ---- convolutional -------------------------------------------------------------------------- */

struct filters {
    const float *w;
    int n, c, size;  /* filters, channels of one, width of one */
    bool flipped;    /* in the file as [c][ky][kx][n] */
    bool xnor;
    double *mean;    /* [n] xnor: the mean magnitude of each filter */
};

static double weight_at(const struct filters *f, int n, int c, int ky, int kx)
{
    size_t k = ((size_t)c * (size_t)f->size + (size_t)ky) * (size_t)f->size + (size_t)kx;
    size_t fan_in = (size_t)f->c * (size_t)f->size * (size_t)f->size;
    return (double)(f->flipped ? f->w[k * (size_t)f->n + (size_t)n] : f->w[(size_t)n * fan_in + k]);
}

static void find_means(struct filters *f)
{
    f->mean = calloc((size_t)f->n, sizeof *f->mean);
    for (int n = 0; n < f->n; n++)
        for (int c = 0; c < f->c; c++)
            for (int k = 0; k < f->size * f->size; k++)
                f->mean[n] += fabs(weight_at(f, n, c, k / f->size, k % f->size)) / (f->c * f->size * f->size);
}

struct window {
    int stride_y, stride_x, dilation, pad;
};

static void convolve_at(struct layer *l, const struct filters *f, const struct vectors *v,
                        const struct window *g, const int at[3])
{
    int groups = l->in->c / f->c, first = at[0] / (f->n / groups) * f->c;
    double sum = 0, size = 0, border = f->xnor && l->m->alexeyab ? -1 : 0;
    for (int c = 0; c < f->c; c++)
        for (int ky = 0; ky < f->size; ky++)
            for (int kx = 0; kx < f->size; kx++) {
                int y = at[1] * g->stride_y + (ky - g->pad) * g->dilation;
                int x = at[2] * g->stride_x + (kx - g->pad) * g->dilation;
                double w = weight_at(f, at[0], c, ky, kx), p = value_at(l->in, first + c, y, x, border);
                if (f->xnor) {
                    w = w > 0 ? f->mean[at[0]] : -f->mean[at[0]];
                    p = !is_inside(l->in, y, x) ? border : p > 0 ? 1 : -1;
                }
                sum += w * p;
                size += fabs(w * p);
            }
    put_sum(l, v, at, sum, size);
}

void blur(struct layer *l, int mode, int stride)
{
    static const double taps[2][3] = {{.25, .5, .25}, {.5, .5, 0}};
    struct model_map sharp = *l->out;
    int size = mode == 1 ? 3 : 2, pad = mode == 1;
    *l->out = (struct model_map){0};
    shape(l, sharp.c, (sharp.h + 2 * pad - size) / stride + 1, (sharp.w + 2 * pad - size) / stride + 1);
    for (int c = 0; c < l->out->c; c++)
        for (int y = 0; y < l->out->h; y++)
            for (int x = 0; x < l->out->w; x++) {
                double sum = 0, most = 0;
                for (int k = 0; k < size * size; k++) {
                    int iy = y * stride - pad + k / size, ix = x * stride - pad + k % size;
                    double w = taps[mode - 1][k / size] * taps[mode - 1][k % size];
                    if (is_inside(&sharp, iy, ix)) {
                        const double *p = model_at(&sharp, c, iy, ix);
                        sum += w * *p;
                        most += w * sharp.size[p - sharp.v];
                    }
                }
                put(l, c, y, x, sum, most);
            }
    free(sharp.v);
    free(sharp.size);
}

static void convolutional(struct layer *l)
{
    int stride = key_int(l, "stride", 1), mode = key_int(l, "antialiasing", 0);
    struct window g = {key_int(l, "stride_y", stride), key_int(l, "stride_x", stride), key_int(l, "dilation", 1),
                       key_int(l, "padding", 0)};
    struct filters f = {.n = key_int(l, "filters", 1), .size = key_int(l, "size", 1),
                        .flipped = key_int(l, "flipped", 0), .xnor = key_int(l, "xnor", 0)};
    struct vectors v = {0};
    f.c = l->in->c / (f.xnor && l->m->alexeyab ? 1 : key_int(l, "groups", 1));
    if (key_int(l, "pad", 0))
        g.pad = f.size / 2;
    if (mode)
        g.stride_y = g.stride_x = 1;
    size_t next = l->m->next, fan_in = (size_t)f.c * (size_t)f.size * (size_t)f.size;
    if (key_text(l, "share_index"))
        l->m->next = l->m->first[key_layer(l, "share_index")];
    v.biases = take(l, (size_t)f.n, BIASES, 0);
    take_normalization(l, &v, (size_t)f.n);
    f.w = take(l, (size_t)f.n * fan_in, FILTERS, fan_in);
    if (key_text(l, "share_index"))
        l->m->next = next;
    if (f.xnor)
        find_means(&f);
    shape(l, f.n, (l->in->h + 2 * g.pad - f.size) / g.stride_y + 1, (l->in->w + 2 * g.pad - f.size) / g.stride_x + 1);
    for (int n = 0; n < f.n; n++)
        for (int y = 0; y < l->out->h; y++)
            for (int x = 0; x < l->out->w; x++)
                convolve_at(l, &f, &v, &g, (const int[]){n, y, x});
    free(f.mean);
    if (!f.xnor || !key_int(l, "bin_output", 0))
        activate(l, "logistic");
    if (mode)
        blur(l, mode, stride);
}

/* ---- the others ----------------------------------------------------------------------------- */

static void deconvolutional(struct layer *l)
{
    int n = key_int(l, "filters", 1), size = key_int(l, "size", 1), stride = key_int(l, "stride", 1);
    int pad = key_int(l, "pad", 0) ? size / 2 : key_int(l, "padding", 0);
    struct vectors v = {.biases = take(l, (size_t)n, BIASES, 0)};
    take_normalization(l, &v, (size_t)n);
    size_t taps = (size_t)(size * size);
    const float *w = take(l, (size_t)l->in->c * (size_t)n * taps, FILTERS, (size_t)l->in->c * taps);
    shape(l, n, (l->in->h - 1) * stride + size - 2 * pad, (l->in->w - 1) * stride + size - 2 * pad);
    for (int c = 0; c < l->in->c; c++)
        for (int f = 0; f < n; f++)
            for (int i = 0; i < l->in->h; i++)
                for (int j = 0; j < l->in->w; j++)
                    for (int k = 0; k < size * size; k++) {
                        int y = i * stride + k / size - pad, x = j * stride + k % size - pad;
                        double term = (double)w[((size_t)c * (size_t)n + (size_t)f) * taps + (size_t)k] *
                                      *model_at(l->in, c, i, j);
                        if (is_inside(l->out, y, x)) {
                            double *to = model_at(l->out, f, y, x);
                            *to += term;
                            l->out->size[to - l->out->v] += fabs(term);
                        }
                    }
    for (int f = 0; f < n; f++)
        for (int y = 0; y < l->out->h; y++)
            for (int x = 0; x < l->out->w; x++) {
                const double *sum = model_at(l->out, f, y, x);
                put_sum(l, &v, (const int[]){f, y, x}, *sum, l->out->size[sum - l->out->v]);
            }
    activate(l, "logistic");
}

static void connected(struct layer *l)
{
    size_t n = (size_t)key_int(l, "output", 1), inputs = model_values(l->in);
    struct vectors v = {.biases = take(l, n, BIASES, 0)};
    const float *w = take(l, n * inputs, FILTERS, inputs);
    take_normalization(l, &v, n);
    shape(l, (int)n, 1, 1);
    for (size_t o = 0; o < n; o++) {
        double sum = 0, size = 0;
        for (size_t i = 0; i < inputs; i++) {
            sum += (double)w[o * inputs + i] * l->in->v[i];
            size += fabs((double)w[o * inputs + i] * l->in->v[i]);
        }
        put_sum(l, &v, (const int[]){(int)o, 0, 0}, sum, size);
    }
    activate(l, "logistic");
}

static void local_at(struct layer *l, const float *biases, const float *w, const int at[3])
{
    int size = key_int(l, "size", 1), stride = key_int(l, "stride", 1), pad = key_int(l, "pad", 0);
    size_t locations = (size_t)(l->out->h * l->out->w), p = (size_t)(at[1] * l->out->w + at[2]);
    double bias = (double)biases[(size_t)at[0] * locations + p], sum = bias, most = fabs(bias);
    w += (p * (size_t)l->out->c + (size_t)at[0]) * (size_t)(l->in->c * size * size);
    for (int c = 0; c < l->in->c; c++)
        for (int k = 0; k < size * size; k++) {
            double term = (double)*w++ * value_at(l->in, c, at[1] * stride - pad + k / size,
                                                  at[2] * stride - pad + k % size, 0);
            sum += term;
            most += fabs(term);
        }
    put(l, at[0], at[1], at[2], sum, most);
}

static void local(struct layer *l)
{
    int n = key_int(l, "filters", 1), size = key_int(l, "size", 1), stride = key_int(l, "stride", 1);
    int reach = key_int(l, "pad", 0) ? 1 : size;
    shape(l, n, (l->in->h - reach) / stride + 1, (l->in->w - reach) / stride + 1);
    size_t fan_in = (size_t)(l->in->c * size * size);
    const float *biases = take(l, model_values(l->out), BIASES, 0);
    const float *w = take(l, model_values(l->out) * fan_in, FILTERS, fan_in);
    for (int f = 0; f < n; f++)
        for (int y = 0; y < l->out->h; y++)
            for (int x = 0; x < l->out->w; x++)
                local_at(l, biases, w, (const int[]){f, y, x});
    activate(l, "logistic");
}

static void batchnorm(struct layer *l)
{
    size_t n = (size_t)l->in->c;
    struct vectors v = {.normalize = true, .alexeyab = l->m->alexeyab};
    if (v.alexeyab)
        v.biases = take(l, n, BIASES, 0);
    v.scales = take(l, n, SCALES, 0);
    v.means = take(l, n, MEANS, 0);
    v.variances = take(l, n, VARIANCES, 0);
    same_shape(l, l->in);
    for (int c = 0; c < l->in->c; c++)
        for (int y = 0; y < l->in->h; y++)
            for (int x = 0; x < l->in->w; x++)
                put_sum(l, &v, (const int[]){c, y, x}, *model_at(l->in, c, y, x), fabs(*model_at(l->in, c, y, x)));
}

formula *model_convolutions(const char *name)
{
    return !strcmp(name, "convolutional")     ? convolutional
           : !strcmp(name, "deconvolutional") ? deconvolutional
           : !strcmp(name, "connected")       ? connected
           : !strcmp(name, "local")           ? local
           : !strcmp(name, "batchnorm")       ? batchnorm
                                              : NULL;
}
