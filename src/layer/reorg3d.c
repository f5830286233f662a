/* [reorg3d]: space to depth. out[o*c + k][j][i] = in[k][j*s + o/s][i*s + o mod s] for o < s*s.
 * Format section 3.11. */
#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    int s = l->u.reorg.stride = dn_key_int(b, "stride", 1, 1, DN_KEY_WINDOW_MAX);
    if (dn_key_flag(b, "reverse", false))
        return dn_build_fail(b, "reverse", "reverse=1 is not supported; it must be 0");
    dn_build_inputs(b, l, NULL, 0);
    dn_build_blocked(b, l);
    return dn_build_shape(b, l, (int64_t)l->c * s * s, l->h / s, l->w / s);
}

static struct dn_span span(const struct dn_layer *l, int k, int axis, struct dn_span out)
{
    int s = l->u.reorg.stride;
    (void)k;
    return dn_span_window(out, s, 0, s, 1, axis ? l->w : l->h);
}

static void reorg_row(const struct dn_run *run, int block, int y)
{
    const struct dn_layer *l = run->layer;
    int s = l->u.reorg.stride;
    for (int lane = 0; lane < dn_lanes(l->out_c, block); lane++) {
        int channel = block * DN_BLOCK + lane, o = channel / l->c;
        const float *in = dn_view_element(&run->in[0], channel % l->c, y * s + o / s,
                                          run->rect.x0 * s + o % s);
        float *out = dn_view_element(&run->out, channel, y, run->rect.x0);
        for (int x = run->rect.x0; x < run->rect.x1; x++, in += s * DN_BLOCK, out += DN_BLOCK)
            *out = *in;
    }
}

static void run(const struct dn_run *run)
{
    dn_run_clear_lanes(run);
    dn_each_row(run, dn_blocks(run->layer->out_c), reorg_row);
}

const struct dn_layer_ops dn_ops_reorg3d = {
    .type = DN_REORG3D,
    .names = {"reorg3d"},
    .parse = parse,
    .span = span,
    .run = run,
};
