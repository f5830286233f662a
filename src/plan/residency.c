/* See residency.h. A greedy choice: layers whose filters come before bands begin cost their whole
 * reading time, layers that stream behind their computation only what it does not hide. */
#include "plan/residency.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/size.h"

enum { RETRIES = 4 };

/* A layer whose filters may stay, and what that saves. */
struct candidate {
    const struct dn_layer *layer;
    int order;    /* among those that save the same */
    bool in_part; /* or some of its blocks */
    double rate;  /* seconds per byte */
};

struct choice {
    const struct dn_flow *flow;
    const struct dn_plan_options *options;
    struct dn_plan *plan;
    size_t budget;
    struct candidate *list; /* [n] the best first */
    int n;
};

/* Seconds saved by keeping the filters of a layer resident. */
static double gain(const struct choice *c, const struct dn_layer *l, const struct dn_group *g)
{
    const struct dn_machine *m = &c->options->machine;
    return dn_group_is_whole(g)
               ? dn_cost_stream(m, l, 0, c->plan->weights[l->index].slice, g->thrift) - dn_cost_layer(m, l, 1, g->thrift)
               : dn_cost_hold(m, l, 0);
}

/* Filters that several layers use are always resident. */
void dn_plan_keep(const struct dn_flow *flow, bool all, struct dn_plan *plan)
{
    for (int i = 0; i < plan->n_layers; i++) {
        const struct dn_layer *l = &flow->graph->layers[i];
        struct dn_weight_place *w = &plan->weights[i];
        bool stays = !dn_has_filters(l) || l->shares >= 0 || w->wish == DN_RESIDENT || (all && w->wish != DN_STREAM);
        w->resident = stays ? dn_blocks(l->out_c) : 0;
        if (l->shares >= 0)
            plan->weights[l->shares].resident = dn_blocks(flow->graph->layers[l->shares].out_c);
    }
}

static int by_rate(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return x->rate < y->rate ? 1 : x->rate > y->rate ? -1 : x->order - y->order;
}

/* Those that do not have to stay, and may. */
static void list_candidates(struct choice *c)
{
    for (int i = 0; i < c->plan->n_groups; i++) {
        const struct dn_group *g = &c->plan->groups[i];
        for (int p = g->first; p <= g->last; p++) {
            const struct dn_layer *l = &c->flow->graph->layers[c->flow->order[p]];
            if (c->plan->weights[l->index].resident || c->plan->weights[l->index].wish == DN_STREAM)
                continue;
            double bytes = (double)dn_packed_bytes(l, 0, dn_blocks(l->out_c));
            c->list[c->n++] = (struct candidate){l, p, dn_group_is_whole(g) && l->ops->packed, gain(c, l, g) / bytes};
        }
    }
    qsort(c->list, (size_t)c->n, sizeof *c->list, by_rate);
}

/* What does not fit when its turn comes will not fit later. */
static void spend(const struct choice *c, size_t bytes)
{
    dn_plan_keep(c->flow, false, c->plan);
    for (int i = 0; i < c->n; i++) {
        const struct dn_layer *l = c->list[i].layer;
        int blocks = dn_blocks(l->out_c);
        while (blocks > 0 && dn_packed_bytes(l, 0, blocks) > bytes)
            blocks = c->list[i].in_part ? blocks - 1 : 0;
        c->plan->weights[l->index].resident = blocks;
        bytes -= dn_packed_bytes(l, 0, blocks);
    }
}

/* As many as fit between `least` bytes, with none, and the budget. Filters that stay need no slots, and
 * buffers leave other gaps, so the first try may be too large. */
static enum dn_status fill(struct choice *c, size_t least, double seconds, struct dn_error *err)
{
    size_t left = c->budget - least;
    list_candidates(c);
    for (int i = 0; i < RETRIES; i++) {
        spend(c, left);
        c->plan->peak_bytes = SIZE_MAX;
        if (dn_cost_plan(c->flow, c->plan, &c->options->machine) > seconds)
            return DN_OK;
        if (dn_plan_layout(c->flow, c->options, c->plan, err) || c->plan->peak_bytes <= c->budget)
            return err->status;
        size_t excess = c->plan->peak_bytes - c->budget;
        left = i + 2 < RETRIES && left > excess ? left - excess : 0;
    }
    return DN_OK;
}

enum dn_status dn_plan_suppose(const struct dn_flow *flow, const struct dn_plan_options *options, size_t bytes,
                               struct dn_plan *plan, struct dn_error *err)
{
    struct choice c = {flow, options, plan, .list = calloc((size_t)plan->n_layers, sizeof *c.list)};
    if (!c.list)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", flow->graph->path, plan->n_layers);
    dn_plan_keep(flow, false, plan);
    list_candidates(&c);
    spend(&c, bytes);
    free(c.list);
    return DN_OK;
}

enum dn_status dn_plan_reside(const struct dn_flow *flow, const struct dn_plan_options *options, bool all, double seconds,
                              struct dn_plan *plan, size_t *least, struct dn_error *err)
{
    struct choice c = {flow, options, plan, .budget = options->budget ? options->budget : SIZE_MAX};
    dn_plan_keep(flow, all, plan);
    if (dn_plan_layout(flow, options, plan, err))
        return err->status;
    *least = plan->peak_bytes;
    if (all || options->once || *least > c.budget)
        return DN_OK;
    c.list = calloc((size_t)plan->n_layers, sizeof *c.list);
    if (c.list)
        fill(&c, *least, seconds, err);
    else
        dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", flow->graph->path, plan->n_layers);
    free(c.list);
    return err->status;
}

enum dn_status dn_plan_refuse(const struct dn_flow *flow, const struct dn_plan_options *options,
                              size_t least, struct dn_error *err)
{
    /* rounded up, so that the number that is named is enough; the budget down, so that it is less */
    size_t tenths = ((least + options->process) * 10 + (1 << 20) - 1) >> 20, asked = (options->asked >> 10) * 10 >> 10;
    return dn_fail(err, DN_BUDGET, "%s needs at least %zu.%zu MB%s; the budget is %zu.%zu MB", flow->graph->path,
                   tenths / 10, tenths % 10, options->photo ? " with this photo" : "", asked / 10, asked % 10);
}
