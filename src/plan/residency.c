/* See residency.h. A greedy choice: layers whose filters come before bands begin cost their whole
 * reading time, layers that stream behind their computation only what it does not hide. */
#include "plan/residency.h"

#include <stdint.h>

#include "base/size.h"

enum { RETRIES = 4 };

struct choice {
    const struct dn_flow *flow;
    const struct dn_plan_options *options;
    struct dn_plan *plan;
};

/* Seconds saved by keeping the filters of a layer resident. */
static double gain(const struct choice *c, const struct dn_layer *l, const struct dn_group *g)
{
    const struct dn_machine *m = &c->options->machine;
    return dn_group_is_whole(g)
               ? dn_cost_stream(m, l, 0, c->plan->weights[l->index].slice, g->thrift) - dn_cost_layer(m, l, 1, g->thrift)
               : dn_cost_hold(m, l, 0);
}

static bool is_shared(const struct dn_graph *g, int index)
{
    for (int i = index + 1; i < g->n; i++)
        if (g->layers[i].shares == index)
            return true;
    return false;
}

/* Filters that several layers use are always resident. */
static bool is_free(const struct choice *c, int i)
{
    const struct dn_layer *l = &c->flow->graph->layers[i];
    return dn_has_filters(l) && l->shares < 0 && !is_shared(c->flow->graph, i) &&
           c->plan->weights[i].wish != DN_RESIDENT;
}

static void reside(const struct choice *c, bool all)
{
    for (int i = 0; i < c->plan->n_layers; i++) {
        struct dn_weight_place *w = &c->plan->weights[i];
        bool stays = !is_free(c, i) || (all && w->wish != DN_STREAM);
        w->resident = stays ? dn_blocks(c->flow->graph->layers[i].out_c) : 0;
    }
}

/* The layer to make resident next, and the group it is in. */
static const struct dn_layer *best_layer(const struct choice *c, size_t bytes)
{
    const struct dn_layer *best = NULL;
    double best_rate = 0;
    for (int i = 0; i < c->plan->n_groups; i++) {
        const struct dn_group *g = &c->plan->groups[i];
        for (int p = g->first; p <= g->last; p++) {
            const struct dn_layer *l = &c->flow->graph->layers[c->flow->order[p]];
            const struct dn_weight_place *w = &c->plan->weights[l->index];
            if (!is_free(c, l->index) || w->resident || w->wish == DN_STREAM)
                continue;
            size_t whole = dn_packed_bytes(l, 0, dn_blocks(l->out_c));
            bool in_part = dn_group_is_whole(g) && l->ops->packed && dn_packed_bytes(l, 0, 1) <= bytes;
            double rate = gain(c, l, g) / (double)whole;
            if ((whole <= bytes || in_part) && (!best || rate > best_rate)) {
                best = l;
                best_rate = rate;
            }
        }
    }
    return best;
}

static void spend(const struct choice *c, size_t bytes)
{
    const struct dn_layer *l;
    reside(c, false);
    while ((l = best_layer(c, bytes)) != NULL) {
        int blocks = dn_blocks(l->out_c);
        while (dn_packed_bytes(l, 0, blocks) > bytes)
            blocks--;
        c->plan->weights[l->index].resident = blocks;
        bytes -= dn_packed_bytes(l, 0, blocks);
    }
}

enum dn_status dn_plan_reside(const struct dn_flow *flow, const struct dn_plan_options *options, bool all,
                              struct dn_plan *plan, size_t *least, struct dn_error *err)
{
    struct choice c = {flow, options, plan};
    size_t budget = options->budget ? options->budget : SIZE_MAX;
    reside(&c, all);
    if (dn_plan_layout(flow, options, plan, err))
        return err->status;
    *least = plan->peak_bytes;
    if (all || *least > budget)
        return DN_OK;
    size_t left = budget - *least;
    for (int i = 0; i < RETRIES; i++) {
        spend(&c, left);
        if (dn_plan_layout(flow, options, plan, err) || plan->peak_bytes <= budget)
            return err->status;
        size_t excess = plan->peak_bytes - budget;
        left = i + 2 < RETRIES && left > excess ? left - excess : 0;
    }
    return DN_OK;
}

enum dn_status dn_plan_refuse(const struct dn_flow *flow, const struct dn_plan_options *options,
                              size_t least, struct dn_error *err)
{
    /* rounded up, so that the number that is named is enough */
    size_t tenths = ((least + options->process) * 10 + (1 << 20) - 1) >> 20;
    return dn_fail(err, DN_BUDGET, "%s needs at least %zu.%zu MB%s; the budget is %.1f MB", flow->graph->path,
                   tenths / 10, tenths % 10, options->photo ? " with this photo" : "",
                   (double)options->asked / (1 << 20));
}
