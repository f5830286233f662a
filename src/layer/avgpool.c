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

static void run(const struct dn_run *run)
{
    struct dn_pool whole = {.size_y = run->in[0].h, .size_x = run->in[0].w, .stride_y = 1,
                            .stride_x = 1, .average = true};
    dn_pool_run(run->kernels, &whole, &run->in[0], &run->out, run->rect, run->threads);
}

const struct dn_layer_ops dn_ops_avgpool = {
    .type = DN_AVGPOOL,
    .names = {"avgpool", "avg"},
    .parse = parse,
    .run = run,
};
