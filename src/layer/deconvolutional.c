/* [deconvolutional]: every input pixel spreads a filter over the output.
 *
 * out[f][i*stride + ky - pad][j*stride + kx - pad] += W[c][f][ky][kx] * in[c][i][j], then batch
 * normalisation or bias and the activation. Computed from the side of the output, so that any
 * rectangle can be made. No released model has one (stock cannot load their weights), so plain
 * loops over the filters in file order will do. Format section 3.4. */
#include "layer/layer.h"

#include <limits.h>

#include "base/size.h"
#include "layer/keys.h"
#include "layer/normalize.h"
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    int n = dn_key_int(b, "filters", 1, 1, DN_KEY_CHANNELS_MAX);
    int size = l->u.window.size = dn_key_int(b, "size", 1, 1, DN_KEY_WINDOW_MAX);
    int stride = l->u.window.stride = dn_key_int(b, "stride", 1, 1, DN_KEY_WINDOW_MAX);
    l->u.window.pad = dn_key_int(b, "padding", 0, 0, DN_KEY_WINDOW_MAX);
    if (dn_key_flag(b, "pad", false))
        l->u.window.pad = size / 2;
    l->activation = dn_key_activation(b, "logistic");
    l->u.window.batch_normalize = dn_key_flag(b, "batch_normalize", false);
    l->u.window.scales_missing = dn_key_flag(b, "dontloadscales", false);
    dn_build_inputs(b, l, NULL, 0);
    dn_build_blocked(b, l);
    if (dn_build_shape(b, l, n, ((int64_t)l->h - 1) * stride + size - 2 * l->u.window.pad,
                       ((int64_t)l->w - 1) * stride + size - 2 * l->u.window.pad))
        return b->err->status;
    l->fan_in = (size_t)l->c * (size_t)size * (size_t)size;
    if (!dn_mul((size_t)n, l->fan_in, &l->file_filters) || l->file_filters > INT_MAX)
        return dn_build_fail(b, "filters", "has more than 2^31 weights");
    l->file_head = (size_t)n;
    if (l->u.window.batch_normalize && !l->u.window.scales_missing)
        l->file_head += 3 * (size_t)n;
    l->params = dn_normalize_floats(n);
    l->flops = 2.0 * (double)l->file_filters * l->h * l->w;
    return DN_OK;
}

/* Input rows i with i*stride + ky - pad in the piece, for some tap ky. */
static struct dn_span span(const struct dn_layer *l, int k, int axis, struct dn_span out)
{
    int stride = l->u.window.stride, pad = l->u.window.pad, extent = axis ? l->w : l->h;
    int first = out.lo + pad - l->u.window.size + 1;
    (void)k;
    struct dn_span in = {first > 0 ? dn_ceil_div(first, stride) : 0,
                         dn_min(extent, (out.hi - 1 + pad) / stride + 1)};
    in.lo = dn_min(in.lo, in.hi);
    return in;
}

static void load_params(const struct dn_layer *l, const float *head, const float *tail,
                        float *params)
{
    (void)tail;
    struct dn_normalize norm = {.biases = head, .n = l->out_c, .dialect = l->dialect};
    norm.batch_normalize = l->u.window.batch_normalize;
    if (head && norm.batch_normalize && !l->u.window.scales_missing) {
        norm.scales = head + l->out_c;
        norm.mean = head + 2 * l->out_c;
        norm.variance = head + 3 * l->out_c;
    }
    dn_normalize_params(&norm, params);
}

/* Position of the input that reaches output `y` through tap `k`, or -1. */
static int source(int y, int k, int stride, int extent)
{
    int i = y - k;
    return i < 0 || i % stride || i / stride >= extent ? -1 : i / stride;
}

static float sum_at(const struct dn_run *run, int f, int y, int x)
{
    const struct dn_layer *l = run->layer;
    int size = l->u.window.size, stride = l->u.window.stride, pad = l->u.window.pad;
    float sum = 0;
    for (int c = 0; c < l->c; c++) {
        size_t filter = ((size_t)c * (size_t)l->out_c + (size_t)f) * (size_t)(size * size);
        for (int ky = 0; ky < size; ky++) {
            int i = source(y + pad, ky, stride, l->h);
            for (int kx = 0; i >= 0 && kx < size; kx++) {
                int j = source(x + pad, kx, stride, l->w);
                if (j >= 0)
                    sum += run->filters[filter + (size_t)(ky * size + kx)] *
                           *dn_view_element(&run->in[0], c, i, j);
            }
        }
    }
    return sum;
}

static void deconvolve_row(const struct dn_run *run, int block, int y)
{
    const float *mean = run->params + (size_t)block * 3 * DN_BLOCK;
    const float *scale = mean + DN_BLOCK, *bias = scale + DN_BLOCK;
    for (int x = run->rect.x0; x < run->rect.x1; x++) {
        float *out = dn_view_at(&run->out, block, y, x);
        for (int i = 0; i < dn_lanes(run->layer->out_c, block); i++)
            out[i] = (sum_at(run, block * DN_BLOCK + i, y, x) - mean[i]) * scale[i] + bias[i];
    }
}

static void run(const struct dn_run *run)
{
    dn_run_clear_lanes(run);
    dn_each_row(run, dn_blocks(run->layer->out_c), deconvolve_row);
    dn_run_activation(run);
}

const struct dn_layer_ops dn_ops_deconvolutional = {
    .type = DN_DECONVOLUTIONAL,
    .names = {"deconvolutional", "deconv"},
    .parse = parse,
    .span = span,
    .run = run,
    .load_params = load_params,
};
