/* Plans from [fusion] sections: what they ask for is checked, the rest runs layer by layer. */
#include <float.h>
#include <limits.h>

#include "base/size.h"
#include "plan/residency.h"
#include "plan/storage.h"

struct hand {
    struct dn_flow *flow;
    const struct dn_fusion *fusion;
    struct dn_plan *plan;
    struct dn_error *err;
};

static enum dn_status fail(const struct hand *h, const struct dn_fusion_group *g, const char *why, int layer)
{
    return dn_fail(h->err, DN_INVALID, "%s:%d: [fusion] layers=%d-%d%s: layer %d, [%s], %s", h->fusion->path, g->line,
                   g->ranges[0].first, g->ranges[0].last, g->n > 1 ? ",..." : "", layer,
                   h->flow->graph->layers[layer].ops->names[0], why);
}

/* The positions of a section's layers must be neighbours in the order of execution. */
static enum dn_status find_positions(const struct hand *h, const struct dn_fusion_group *g, struct dn_group *group)
{
    int count = 0;
    group->first = INT_MAX;
    group->last = -1;
    for (int r = 0; r < g->n; r++)
        for (int l = g->ranges[r].first; l <= g->ranges[r].last; l++, count++) {
            group->first = dn_min(group->first, h->flow->position[l]);
            group->last = dn_max(group->last, h->flow->position[l]);
        }
    for (int p = group->first; p <= group->last && count != group->last - group->first + 1; p++) {
        int layer = h->flow->order[p], inside = 0;
        for (int r = 0; r < g->n; r++)
            inside |= layer >= g->ranges[r].first && layer <= g->ranges[r].last;
        if (!inside)
            return fail(h, g, "runs between them and is not in the section", layer);
    }
    return DN_OK;
}

static enum dn_status check_tiles(const struct hand *h, const struct dn_fusion_group *g, const struct dn_group *group)
{
    int index = h->flow->order[group->last];
    const struct dn_layer *last = &h->flow->graph->layers[index];
    if (dn_group_is_whole(group))
        return DN_OK;
    if (g->tiles > last->out_h || g->columns > last->out_w)
        return dn_fail(h->err, DN_INVALID, "%s:%d: [fusion] tiles=%dx%d is more than layer %d has: %d rows and %d columns",
                       h->fusion->path, g->line, g->tiles, g->columns, index, last->out_h, last->out_w);
    for (int p = group->first; p <= group->last; p++)
        if (!dn_layer_is_tiled(&h->flow->graph->layers[h->flow->order[p]]))
            return fail(h, g, "needs its whole input and cannot be tiled", h->flow->order[p]);
    return DN_OK;
}

static enum dn_status add_section(const struct hand *h, const struct dn_fusion_group *g, struct dn_group *at)
{
    struct dn_group group = {.tiles = g->tiles, .columns = g->columns, .stripes = g->stripes, .thrift = g->thrift,
                             .recompute = g->recompute && g->tiles * g->columns > 1};
    if (find_positions(h, g, &group) || check_tiles(h, g, &group))
        return h->err->status;
    for (int p = group.first; p <= group.last; p++) {
        const struct dn_layer *l = &h->flow->graph->layers[h->flow->order[p]];
        struct dn_weight_place *w = &h->plan->weights[l->index];
        w->wish = g->weights;
        if (g->slice)
            w->slice = dn_min(g->slice, dn_blocks(l->out_c));
    }
    if (group.recompute) /* tiles of several maps cannot share memory */
        h->plan->concat_distance = 0;
    at[group.first] = group;
    for (int p = group.first; p <= group.last && dn_group_is_whole(&group); p++) { /* one after the other: maps die earlier */
        at[p] = group;
        at[p].first = at[p].last = p;
    }
    return DN_OK;
}

/* Sections where they begin, single layers everywhere else. groups[p].tiles is 0 where none begins. */
static void close_gaps(struct dn_plan *plan)
{
    struct dn_group *groups = plan->groups;
    plan->n_groups = 0;
    for (int p = 0; p < plan->n_layers;) {
        struct dn_group g = groups[p];
        if (!g.tiles)
            g = (struct dn_group){.first = p, .last = p, .tiles = 1, .columns = 1, .stripes = 1};
        p = g.last + 1;
        groups[plan->n_groups++] = g;
    }
}

/* What is needed outside of a group in stripes must not be read in it; which maps share memory is known now. */
static enum dn_status check_stripes(const struct hand *h, const struct dn_fusion_group *g)
{
    const struct dn_plan *plan = h->plan;
    for (int i = 0; i < plan->n_groups && g->stripes > 1; i++) {
        const struct dn_group *group = &plan->groups[i];
        int layer = h->flow->order[group->last], position = h->flow->position[g->ranges[0].first];
        if (group->first <= position && position <= group->last && !dn_plan_has_stripes(h->flow, plan, group))
            return fail(h, g, "ends a group that cannot be in stripes: outside of it a map is needed that it reads, too", layer);
    }
    return DN_OK;
}

/* Filters that stay need no slots, so all may fit where the last of them seems not to. */
static enum dn_status keep_all(const struct dn_flow *flow, const struct dn_plan_options *options,
                               struct dn_plan *plan, struct dn_error *err)
{
    size_t unused;
    if (!options->budget || options->once || plan->streamed_bytes <= 0)
        return DN_OK;
    if (dn_plan_reside(flow, options, true, DBL_MAX, plan, &unused, err))
        return err->status;
    return plan->peak_bytes <= options->budget ? DN_OK
                                                : dn_plan_reside(flow, options, false, DBL_MAX, plan, &unused, err);
}

enum dn_status dn_plan_by_hand(struct dn_flow *flow, const struct dn_plan_options *options,
                               struct dn_plan *plan, struct dn_error *err)
{
    const struct dn_fusion *fusion = options->fusion;
    struct hand h = {flow, fusion, plan, err};
    size_t least;
    dn_flow_order(flow, fusion->early ? DN_ORDER_EARLY : DN_ORDER_FILE);
    if (fusion->concat_given)
        plan->concat_distance = fusion->concat;
    for (int i = 0; i < plan->n_layers; i++)
        plan->weights[i].slice = dn_min(2, dn_blocks(flow->graph->layers[i].out_c));
    for (int i = 0; i < fusion->n; i++)
        if (add_section(&h, &fusion->groups[i], plan->groups))
            return err->status;
    close_gaps(plan);
    dn_plan_places(flow, plan);
    for (int i = 0; i < fusion->n; i++)
        if (check_stripes(&h, &fusion->groups[i]))
            return err->status;
    const bool all = !options->budget && !options->once;
    if (dn_plan_rows(flow, options, plan, err) || dn_plan_reside(flow, options, all, DBL_MAX, plan, &least, err) ||
        keep_all(flow, options, plan, err))
        return err->status;
    plan->least_bytes = least < plan->peak_bytes ? least : plan->peak_bytes;
    if (options->budget && plan->peak_bytes > options->budget)
        return dn_plan_refuse(flow, options, plan->least_bytes, err);
    return DN_OK;
}
