/* See load.h. */
#include "exec/load.h"

#include "base/size.h"

static enum dn_status load_filters(struct dn_exec *exec, const struct dn_weights *w,
                                   const struct dn_layer *l, struct dn_error *err)
{
    float *filters = (float *)(exec->arena + exec->plan->filters[l->index]);
    float *staging = (float *)(exec->arena + exec->plan->staging);
    int blocks = dn_blocks(l->out_c), slice = dn_plan_slice(l, DN_PLAN_STAGING);
    if (!l->ops->packed)
        return dn_weights_filters(w, l, 0, blocks, filters, err);
    for (int b = 0, next; b < blocks; b = next) {
        next = dn_min(b + slice, blocks);
        if (dn_weights_filters(w, l, b, next, staging, err))
            return err->status;
        l->ops->pack(l, exec->kernels, b, next, staging, filters, exec->plan->threads);
        filters += l->ops->packed(l, b, next);
    }
    return DN_OK;
}

enum dn_status dn_load_weights(struct dn_exec *exec, const struct dn_weights *weights,
                               struct dn_error *err)
{
    const struct dn_graph *g = exec->flow->graph;
    float *staging = (float *)(exec->arena + exec->plan->staging);
    for (int i = 0; i < g->n; i++) {
        const struct dn_layer *l = &g->layers[i];
        float *params = (float *)(exec->arena + exec->plan->params[i]);
        if (l->shares >= 0)
            continue;
        if (dn_weights_params(weights, l, staging, params, err))
            return err->status;
        if (l->file_filters && load_filters(exec, weights, l, err))
            return err->status;
    }
    return DN_OK;
}
