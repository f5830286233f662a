/* [crop]: the centre window of its input, with values moved from [0, 1] to [-1, 1] unless
 * noadjust=1. The random part of it belongs to training. Format section 3.17. */
#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    static const char *const ignored[] = {"flip", "angle", "saturation", "exposure", "shift", NULL};
    int h = dn_key_int(b, "crop_height", 1, 1, l->h);
    int w = dn_key_int(b, "crop_width", 1, 1, l->w);
    l->u.crop.adjust = !dn_key_flag(b, "noadjust", false);
    l->u.crop.dy = (l->h - h) / 2;
    l->u.crop.dx = (l->w - w) / 2;
    dn_key_ignore(b, ignored);
    dn_build_inputs(b, l, NULL, 0);
    dn_build_blocked(b, l);
    return dn_build_shape(b, l, l->c, h, w);
}

static struct dn_span span(const struct dn_layer *l, int k, int axis, struct dn_span out)
{
    (void)k;
    return dn_span_window(out, 1, axis ? -l->u.crop.dx : -l->u.crop.dy, 1, 1, axis ? l->w : l->h);
}

static void crop_row(const struct dn_run *run, int block, int y)
{
    const struct dn_layer *l = run->layer;
    const float *in =
        dn_view_at(&run->in[0], block, y + l->u.crop.dy, run->rect.x0 + l->u.crop.dx);
    float *out = dn_view_at(&run->out, block, y, run->rect.x0);
    int n = (run->rect.x1 - run->rect.x0) * DN_BLOCK;
    for (int i = 0; i < n; i++)
        out[i] = l->u.crop.adjust ? in[i] * 2 - 1 : in[i];
}

static void run(const struct dn_run *run)
{
    dn_each_row(run, dn_blocks(run->layer->out_c), crop_row);
}

const struct dn_layer_ops dn_ops_crop = {
    .type = DN_CROP,
    .names = {"crop"},
    .parse = parse,
    .span = span,
    .run = run,
};
