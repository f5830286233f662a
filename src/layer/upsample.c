/* [upsample]: every pixel becomes a square of stride x stride equal ones, times `scale`; with a
 * negative stride every such square becomes its sum. Format section 3.10. */
#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    int stride = dn_key_int(b, "stride", 2, -DN_KEY_WINDOW_MAX, DN_KEY_WINDOW_MAX);
    l->u.upsample.stride = stride;
    l->u.upsample.scale = dn_key_float(b, "scale", 1);
    if (stride == 0)
        return dn_build_fail(b, "stride", "stride=0 is not allowed; it must not be 0");
    dn_build_inputs(b, l, NULL, 0);
    dn_build_blocked(b, l);
    return stride > 0
               ? dn_build_shape(b, l, l->c, (int64_t)l->h * stride, (int64_t)l->w * stride)
               : dn_build_shape(b, l, l->c, l->h / -stride, l->w / -stride);
}

static struct dn_span span(const struct dn_layer *l, int k, int axis, struct dn_span out)
{
    int stride = l->u.upsample.stride;
    (void)k, (void)axis;
    struct dn_span up = {out.lo / stride, (out.hi - 1) / stride + 1};
    struct dn_span down = {out.lo * -stride, out.hi * -stride};
    return stride > 0 ? up : down;
}

static void repeat_row(const struct dn_run *run, int block, int y)
{
    int stride = run->layer->u.upsample.stride, x = run->rect.x0;
    float scale = run->layer->u.upsample.scale;
    const float *in = dn_view_at(&run->in[0], block, y / stride, x / stride);
    float *out = dn_view_at(&run->out, block, y, x);
    for (int left = stride - x % stride; x < run->rect.x1; in += DN_BLOCK, left = stride) {
        int end = x + left < run->rect.x1 ? x + left : run->rect.x1;
        for (; x < end; x++, out += DN_BLOCK)
            for (int i = 0; i < DN_BLOCK; i++)
                out[i] = in[i] * scale;
    }
}

static void sum_row(const struct dn_run *run, int block, int y)
{
    int size = -run->layer->u.upsample.stride;
    float scale = run->layer->u.upsample.scale;
    for (int x = run->rect.x0; x < run->rect.x1; x++) {
        float sum[DN_BLOCK] = {0};
        for (int ky = 0; ky < size; ky++) {
            const float *in = dn_view_at(&run->in[0], block, y * size + ky, x * size);
            for (int i = 0; i < size * DN_BLOCK; i++)
                sum[i % DN_BLOCK] += in[i] * scale;
        }
        float *out = dn_view_at(&run->out, block, y, x);
        for (int i = 0; i < DN_BLOCK; i++)
            out[i] = sum[i];
    }
}

static void run(const struct dn_run *run)
{
    dn_each_row(run, dn_blocks(run->out.c),
                run->layer->u.upsample.stride > 0 ? repeat_row : sum_row);
}

const struct dn_layer_ops dn_ops_upsample = {
    .type = DN_UPSAMPLE,
    .names = {"upsample"},
    .parse = parse,
    .span = span,
    .run = run,
};
