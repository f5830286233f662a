/* [batchnorm]: batch normalisation without a convolution in front of it.
 *
 * Stock's files hold scales, mean and variance; those of alexeyab have the biases before them.
 * Format sections 3.2 and 3.19. */
#include "layer/normalize.h"

#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    l->file_head = (l->dialect == DN_ALEXEYAB ? 4 : 3) * (size_t)l->c;
    l->params = dn_normalize_floats(l->c);
    return dn_build_same(b, l);
}

static void load_params(const struct dn_layer *l, const float *head, const float *tail,
                        float *params)
{
    (void)tail;
    size_t n = (size_t)l->out_c;
    struct dn_normalize norm = {.n = l->out_c, .batch_normalize = true, .dialect = l->dialect};
    if (head && l->dialect == DN_ALEXEYAB) {
        norm.biases = head;
        head += n;
    }
    if (head) {
        norm.scales = head;
        norm.mean = head + n;
        norm.variance = head + 2 * n;
    }
    dn_normalize_params(&norm, params);
}

static void normalize_row(const struct dn_run *run, int block, int y)
{
    const float *mean = run->params + (size_t)block * 3 * DN_BLOCK;
    const float *scale = mean + DN_BLOCK, *bias = scale + DN_BLOCK;
    const float *in = dn_view_at(&run->in[0], block, y, run->rect.x0);
    float *out = dn_view_at(&run->out, block, y, run->rect.x0);
    for (int x = run->rect.x0; x < run->rect.x1; x++, in += DN_BLOCK, out += DN_BLOCK)
        for (int i = 0; i < DN_BLOCK; i++)
            out[i] = (in[i] - mean[i]) * scale[i] + bias[i];
}

static void run(const struct dn_run *run)
{
    dn_each_row(run, dn_blocks(run->layer->out_c), normalize_row);
}

const struct dn_layer_ops dn_ops_batchnorm = {
    .type = DN_BATCHNORM,
    .names = {"batchnorm"},
    .parse = parse,
    .span = dn_span_same,
    .run = run,
    .load_params = load_params,
};
