/* [avgpool]: the mean of every channel over the whole map. Sums run row by row in float32, as in
 * stock. Format section 3.7. */
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    dn_build_inputs(b, l, NULL, 0);
    dn_build_blocked(b, l);
    return dn_build_shape(b, l, l->c, 1, 1);
}

static void average_block(const struct dn_run *run, int block, int y)
{
    const struct dn_view *in = &run->in[0];
    float sum[DN_BLOCK] = {0};
    for (int row = 0; row < in->h; row++) {
        const float *v = dn_view_at(in, block, row, 0);
        for (int x = 0; x < in->w; x++, v += DN_BLOCK)
            for (int i = 0; i < DN_BLOCK; i++)
                sum[i] += v[i];
    }
    float *out = dn_view_at(&run->out, block, y, 0);
    for (int i = 0; i < DN_BLOCK; i++)
        out[i] = sum[i] / (float)(in->h * in->w);
}

static void run(const struct dn_run *run)
{
    dn_each_row(run, dn_blocks(run->layer->out_c), average_block);
}

const struct dn_layer_ops dn_ops_avgpool = {
    .type = DN_AVGPOOL,
    .names = {"avgpool", "avg"},
    .parse = parse,
    .run = run,
};
