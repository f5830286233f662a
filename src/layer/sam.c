/* [sam]: the previous map times an earlier one, value by value. Format section 3.22. */
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    int c, h, w, from = dn_key_layer(b, "from");
    int inputs[2] = {b->index - 1, from};
    l->activation = dn_key_activation(b, "linear");
    if (dn_build_inputs(b, l, inputs, 2) || dn_build_blocked(b, l))
        return b->err->status;
    dn_build_shape_of(b, from, &c, &h, &w);
    if (c != l->c || h != l->h || w != l->w)
        return dn_build_fail(b, "from",
                             "multiplies %dx%dx%d values (width, height, channels) with layer %d, "
                             "which has %dx%dx%d",
                             l->w, l->h, l->c, from, w, h, c);
    return dn_build_shape(b, l, c, h, w);
}

static void run(const struct dn_run *run)
{
    dn_multiply(run->kernels, &run->in[0], &run->in[1], &run->out, run->rect, run->threads);
    dn_run_activation(run);
}

const struct dn_layer_ops dn_ops_sam = {
    .type = DN_SAM,
    .names = {"sam"},
    .parse = parse,
    .span = dn_span_same,
    .run = run,
};
