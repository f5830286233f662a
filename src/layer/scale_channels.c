/* [scale_channels]: an earlier map times one factor per channel, or with scale_wh=1 per pixel.
 *
 * The factors are the previous layer, in[0]; the map is the layer named by `from`, in[1], and gives
 * the shape. The second half of a squeeze-and-excitation block. Format section 3.21. */
#include "base/size.h"
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    int c, h, w, from = dn_key_layer(b, "from");
    int inputs[2] = {b->index - 1, from};
    l->activation = dn_key_activation(b, "linear");
    bool spatial = l->u.scale.spatial = dn_key_flag(b, "scale_wh", false);
    if (dn_build_inputs(b, l, inputs, 2) || dn_build_blocked(b, l))
        return b->err->status;
    dn_build_shape_of(b, from, &c, &h, &w);
    if (!spatial && (l->c != c || l->h != 1 || l->w != 1))
        return dn_build_fail(b, "from",
                             "scales layer %d by %dx%dx%d values (width, height, channels); it "
                             "needs 1x1x%d",
                             from, l->w, l->h, l->c, c);
    if (spatial && (l->c != 1 || l->h != h || l->w != w))
        return dn_build_fail(b, "scale_wh",
                             "scales layer %d by %dx%dx%d values (width, height, channels); "
                             "scale_wh=1 needs %dx%dx1",
                             from, l->w, l->h, l->c, w, h);
    return dn_build_shape(b, l, c, h, w);
}

static struct dn_span span(const struct dn_layer *l, int k, int axis, struct dn_span out)
{
    (void)axis;
    struct dn_span all = {0, 1};
    return k == 0 && !l->u.scale.spatial ? all : out;
}

static void scale_row(const struct dn_run *run, int block, int y)
{
    const float *factor = dn_view_at(&run->in[0], 0, y, run->rect.x0);
    const float *in = dn_view_at(&run->in[1], block, y, run->rect.x0);
    float *out = dn_view_at(&run->out, block, y, run->rect.x0);
    for (int x = run->rect.x0; x < run->rect.x1; x++) {
        for (int i = 0; i < DN_BLOCK; i++)
            out[i] = in[i] * factor[0];
        in += DN_BLOCK, out += DN_BLOCK, factor += DN_BLOCK;
    }
}

/* Blocks of factors lie next to each other unless their map has padding columns. */
static void scale_by_channel(const struct dn_run *run)
{
    int c = run->out.c;
    int step = run->in[0].block == DN_BLOCK ? c : DN_BLOCK;
    for (int first = 0; first < c; first += step) {
        struct dn_view in = dn_view_channels(run->in[1], first, dn_min(step, c - first));
        struct dn_view out = dn_view_channels(run->out, first, dn_min(step, c - first));
        dn_scale_channels(run->kernels, &in, dn_view_at(&run->in[0], first / DN_BLOCK, 0, 0), &out,
                          run->rect, run->threads);
    }
}

static void run(const struct dn_run *run)
{
    if (run->layer->u.scale.spatial)
        dn_each_row(run, dn_blocks(run->out.c), scale_row);
    else
        scale_by_channel(run);
    dn_run_activation(run);
}

const struct dn_layer_ops dn_ops_scale_channels = {
    .type = DN_SCALE_CHANNELS,
    .names = {"scale_channels"},
    .parse = parse,
    .span = span,
    .run = run,
};
