/* [local_avgpool]: the mean of the elements of a window that lie inside the map. Geometry as
 * maxpool. Format section 3.6. */
#include "layer/pool.h"

#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    if (dn_pool_parse(b, l, true))
        return b->err->status;
    return dn_build_shape(b, l, l->c, l->u.pool.pooled_h, l->u.pool.pooled_w);
}

static void run(const struct dn_run *run)
{
    dn_pool_run(run->kernels, &run->layer->u.pool.pool, &run->in[0], &run->out, run->rect,
                run->threads);
}

const struct dn_layer_ops dn_ops_local_avgpool = {
    .type = DN_LOCAL_AVGPOOL,
    .names = {"local_avgpool", "local_avg"},
    .parse = parse,
    .span = dn_pool_span,
    .run = run,
};
