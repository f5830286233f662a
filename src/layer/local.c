/* [local]: a convolution with filters of its own at every output pixel.
 *
 * out[f][p] = act(bias[f][p] + sum W[p][f][c][ky][kx] * patch(p)[c][ky][kx]). The filters are used
 * in file order, pixel by pixel; every one is read once per image, so memory speed is the limit. The
 * patches of all pixels of a row are gathered one after the other into workspace. `pad` is applied
 * as a number of pixels. Format section 3.16. */
#include "layer/layer.h"

#include <limits.h>
#include <string.h>

#include "base/size.h"
#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status check_pad(struct dn_build *b, const struct dn_layer *l)
{
    int size = l->u.window.size, stride = l->u.window.stride, pad = l->u.window.pad;
    int h = l->h + 2 * pad - size, w = l->w + 2 * pad - size;
    int same_h = pad ? l->h - 1 : l->h - size, same_w = pad ? l->w - 1 : l->w - size;
    if (h < 0 || w < 0 || same_h < 0 || same_w < 0)
        return dn_build_fail(b, "size", "size=%d does not fit %dx%d pixels with pad=%d", size, l->w,
                             l->h, pad);
    if (h / stride != same_h / stride || w / stride != same_w / stride)
        return dn_build_fail(b, "pad",
                             "pad=%d with size=%d does not keep the size of its input; allowed are "
                             "0 and %d",
                             pad, size, size / 2);
    return DN_OK;
}

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    size_t locations;
    int n = dn_key_int(b, "filters", 1, 1, DN_KEY_CHANNELS_MAX);
    l->u.window.size = dn_key_int(b, "size", 1, 1, DN_KEY_WINDOW_MAX);
    l->u.window.stride = dn_key_int(b, "stride", 1, 1, DN_KEY_WINDOW_MAX);
    l->u.window.pad = dn_key_int(b, "pad", 0, 0, DN_KEY_WINDOW_MAX);
    l->activation = dn_key_activation(b, "logistic");
    if (b->err->status || check_pad(b, l))
        return b->err->status;
    int reach = l->u.window.pad ? 1 : l->u.window.size;
    dn_build_inputs(b, l, NULL, 0);
    dn_build_blocked(b, l);
    if (dn_build_shape(b, l, n, (l->h - reach) / l->u.window.stride + 1,
                       (l->w - reach) / l->u.window.stride + 1))
        return b->err->status;
    locations = (size_t)l->out_h * (size_t)l->out_w;
    l->fan_in = (size_t)l->c * (size_t)l->u.window.size * (size_t)l->u.window.size;
    if (!dn_mul(locations * (size_t)n, l->fan_in, &l->file_filters) || l->file_filters > INT_MAX)
        return dn_build_fail(b, "filters", "has more than 2^31 weights");
    l->file_head = l->params = dn_layer_outputs(l);
    l->flops = 2.0 * (double)l->file_filters;
    return DN_OK;
}

static void load_params(const struct dn_layer *l, const float *head, const float *tail,
                        float *params)
{
    (void)tail;
    if (head)
        memcpy(params, head, l->params * sizeof *params);
    else
        memset(params, 0, l->params * sizeof *params);
}

/* One patch for every row of the output, so that rows can run side by side. */
static size_t workspace(const struct dn_layer *l, struct dn_rect rect, int threads, int thrift)
{
    (void)rect, (void)threads, (void)thrift;
    return l->fan_in * (size_t)l->out_h * sizeof(float);
}

static void gather(const struct dn_view *in, const struct dn_layer *l, int y, int x, float *patch)
{
    int size = l->u.window.size;
    int top = y * l->u.window.stride - l->u.window.pad;
    int left = x * l->u.window.stride - l->u.window.pad;
    for (int c = 0; c < l->c; c++)
        for (int ky = top; ky < top + size; ky++)
            for (int kx = left; kx < left + size; kx++)
                *patch++ = ky < 0 || ky >= in->h || kx < 0 || kx >= in->w
                               ? 0
                               : *dn_view_element(in, c, ky, kx);
}

/* Sixteen partial sums, added up in order: the same on every instruction set. */
static float dot(const float *a, const float *b, size_t n)
{
    float sums[16] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++)
            sums[j] += a[i + (size_t)j] * b[i + (size_t)j];
    for (; i < n; i++)
        sums[i % 16] += a[i] * b[i];
    for (int j = 0; j < 16; j++)
        sum += sums[j];
    return sum;
}

static void local_row(const struct dn_run *run, int block, int y)
{
    const struct dn_layer *l = run->layer;
    size_t locations = (size_t)l->out_h * (size_t)l->out_w;
    float *patch = (float *)run->workspace + (size_t)y * l->fan_in;
    (void)block;
    for (int x = 0; x < l->out_w; x++) {
        size_t p = (size_t)y * (size_t)l->out_w + (size_t)x;
        const float *filters = run->filters + p * (size_t)l->out_c * l->fan_in;
        gather(&run->in[0], l, y, x, patch);
        for (int f = 0; f < l->out_c; f++)
            *dn_view_element(&run->out, f, y, x) =
                run->params[(size_t)f * locations + p] +
                dot(filters + (size_t)f * l->fan_in, patch, l->fan_in);
    }
}

static void run(const struct dn_run *run)
{
    dn_run_clear_lanes(run);
    dn_each_row(run, 1, local_row);
    dn_run_activation(run);
}

const struct dn_layer_ops dn_ops_local = {
    .type = DN_LOCAL,
    .names = {"local"},
    .parse = parse,
    .run = run,
    .workspace = workspace,
    .load_params = load_params,
};
