/* See load.h. */
#include "exec/load.h"

#include "base/size.h"

static enum dn_status load_filters(struct dn_exec *exec, const struct dn_weights *w,
                                   const struct dn_layer *l, struct dn_error *err)
{
    float *filters = (float *)(exec->arena + exec->plan->weights[l->index].filters);
    float *staging = (float *)(exec->arena + exec->plan->staging);
    int blocks = exec->plan->weights[l->index].resident;
    int slice = dn_plan_slice(l, exec->plan->staging_read);
    struct dn_fetch f = {.layer = l, .raw = l->ops->packed ? staging : NULL, .packed = filters};
    for (; f.block0 < blocks; f.block0 = f.block1) {
        f.block1 = dn_min(f.block0 + slice, blocks);
        if (dn_fetch_now(w, exec->kernels, &f, exec->plan->threads, err))
            return err->status;
        f.packed += l->ops->packed ? l->ops->packed(l, f.block0, f.block1) : 0;
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
        float *params = (float *)(exec->arena + exec->plan->weights[i].params);
        if (l->shares >= 0)
            continue;
        if (dn_weights_params(weights, l, staging, params, err))
            return err->status;
        if (l->file_filters && load_filters(exec, weights, l, err))
            return err->status;
    }
    return DN_OK;
}
