/* Plans from [fusion] sections: what they ask for is checked, the rest runs layer by layer. */
#include "base/size.h"
#include "plan/residency.h"
#include "plan/storage.h"

static enum dn_status check(const struct dn_flow *flow, const struct dn_fusion *fusion,
                            const struct dn_fusion_group *g, struct dn_error *err)
{
    const struct dn_layer *last = &flow->graph->layers[g->last];
    if (g->tiles * g->columns == 1)
        return DN_OK;
    if (g->tiles > last->out_h || g->columns > last->out_w)
        return dn_fail(err, DN_INVALID, "%s:%d: [fusion] tiles=%dx%d is more than layer %d has: %d rows and %d columns",
                       fusion->path, g->line, g->tiles, g->columns, g->last, last->out_h, last->out_w);
    for (int i = g->first; i <= g->last; i++)
        if (!dn_layer_is_tiled(&flow->graph->layers[i]))
            return dn_fail(err, DN_INVALID, "%s:%d: [fusion] layers=%d-%d: layer %d is [%s], which needs its whole input and cannot be tiled",
                           fusion->path, g->line, g->first, g->last, i, flow->graph->layers[i].ops->names[0]);
    return DN_OK;
}

static void add(struct dn_plan *plan, struct dn_group group)
{
    plan->groups[plan->n_groups++] = group;
}

static void add_singles(struct dn_plan *plan, int first, int end)
{
    for (int i = first; i < end; i++)
        add(plan, (struct dn_group){.first = i, .last = i, .tiles = 1, .columns = 1});
}

enum dn_status dn_plan_by_hand(const struct dn_flow *flow, const struct dn_plan_options *options,
                               struct dn_plan *plan, struct dn_error *err)
{
    const struct dn_fusion *fusion = options->fusion;
    int next = 0;
    size_t least;
    for (int i = 0; i < fusion->n; i++) {
        const struct dn_fusion_group *g = &fusion->groups[i];
        if (check(flow, fusion, g, err))
            return err->status;
        add_singles(plan, next, g->first);
        add(plan, (struct dn_group){.first = g->first, .last = g->last, .tiles = g->tiles, .columns = g->columns,
                                    .recompute = g->recompute && g->tiles * g->columns > 1});
        for (int l = g->first; l <= g->last; l++)
            plan->weights[l].wish = g->weights;
        if (g->recompute) /* tiles of several maps cannot share memory */
            plan->concat_distance = 0;
        next = g->last + 1;
    }
    add_singles(plan, next, plan->n_layers);
    for (int i = 0; i < plan->n_layers; i++)
        plan->weights[i].slice = dn_min(2, dn_blocks(flow->graph->layers[i].out_c));
    dn_plan_places(flow, plan);
    if (dn_plan_reside(flow, options, !options->budget, plan, &least, err))
        return err->status;
    if (options->budget && plan->arena_bytes > options->budget)
        return dn_plan_refuse(flow, options, least, err);
    return DN_OK;
}
