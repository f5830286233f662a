/* Storages: which maps share memory, how many rows they keep, and how long they live. */
#include "plan/storage.h"

#include <stdlib.h>

#include "base/size.h"

static void map_shape(const struct dn_graph *g, int map, struct dn_storage *s)
{
    s->c = map ? g->layers[map - 1].out_c : g->c;
    s->h = map ? g->layers[map - 1].out_h : g->h;
    s->w = map ? g->layers[map - 1].out_w : g->w;
    s->layout = map ? g->layers[map - 1].out_layout : g->input_layout;
}

/* Can input k of a concatenation be written straight into its part, at `channel`? It must be a root
 * that has no place yet, and its last block must not reach into the next part. */
static bool fits_in_place(const struct dn_flow *flow, const struct dn_plan *plan,
                          const struct dn_layer *route, int k, int channel)
{
    int map = route->in[k] + 1, root = flow->root[map];
    struct dn_storage s;
    map_shape(flow->graph, root, &s);
    return root > 0 && plan->places[root].storage < 0 && flow->channel[map] == 0 &&
           s.c == flow->graph->layers[map - 1].out_c && s.layout == DN_BLOCKED &&
           channel % DN_BLOCK == 0 && (s.c % DN_BLOCK == 0 || k == route->n_in - 1);
}

/* Later concatenations claim their inputs first, so that a route inside a route lies in it. */
static void place_maps(const struct dn_flow *flow, struct dn_plan *plan)
{
    const struct dn_graph *g = flow->graph;
    for (int map = 0; map <= g->n; map++)
        plan->places[map] = (struct dn_place){-1, 0};
    for (int map = g->n; map >= 0; map--) {
        if (flow->root[map] != map)
            continue;
        struct dn_place *place = &plan->places[map];
        if (place->storage < 0) {
            struct dn_storage s = {.buffer = {.first = plan->n_groups, .last = -1}};
            map_shape(g, map, &s);
            place->storage = plan->n_storages;
            plan->storages[plan->n_storages++] = s;
        }
        if (map == 0 || !g->layers[map - 1].concat)
            continue;
        const struct dn_layer *route = &g->layers[map - 1];
        for (int k = 0, channel = place->channel; k < route->n_in; k++) {
            if (fits_in_place(flow, plan, route, k, channel))
                plan->places[flow->root[route->in[k] + 1]] = (struct dn_place){place->storage, channel};
            channel += g->layers[route->in[k]].out_c;
        }
    }
}

/* Zero columns: as many as the neediest reader wants. */
static void find_pads(const struct dn_flow *flow, struct dn_plan *plan)
{
    for (int map = 0; map <= flow->graph->n; map++) {
        if (flow->root[map] != map)
            continue;
        struct dn_storage *s = &plan->storages[plan->places[map].storage];
        for (int r = flow->first_reader[map]; r < flow->first_reader[map + 1]; r++)
            s->pad = dn_max(s->pad, flow->graph->layers[flow->readers[r]].pad);
    }
}

/* Lives from the group that writes the map to the last one that reads it, or past the end. */
static void find_lifetimes(const struct dn_flow *flow, const int *group_of, struct dn_plan *plan)
{
    for (int map = 0; map <= flow->graph->n; map++) {
        if (flow->root[map] != map)
            continue;
        struct dn_buffer *b = &plan->storages[plan->places[map].storage].buffer;
        int made = map ? group_of[map - 1] : 0;
        b->first = dn_min(b->first, made);
        b->last = dn_max(b->last, flow->output[map] ? plan->n_groups : made);
        for (int r = flow->first_reader[map]; r < flow->first_reader[map + 1]; r++)
            b->last = dn_max(b->last, group_of[flow->readers[r]]);
    }
}

/* The lowest row of a map that its readers have still to see, given what they have computed. */
static int oldest_row(const struct dn_schedule *s, int map, int done)
{
    const struct dn_graph *g = s->flow->graph;
    int oldest = done;
    for (int r = s->flow->first_reader[map]; r < s->flow->first_reader[map + 1]; r++) {
        const struct dn_layer *l = &g->layers[s->flow->readers[r]];
        int next = s->done[l->index + 1];
        if (next >= l->out_h)
            continue;
        for (int k = 0; k < l->n_in; k++)
            if (s->flow->root[l->in[k] + 1] == map)
                oldest = dn_min(oldest, dn_first_row(l, k, next));
    }
    return oldest;
}

static void note_step(const struct dn_schedule *s, const struct dn_plan_options *options,
                      const struct dn_step *step, struct dn_plan *plan, struct dn_group *group)
{
    int map = step->layer + 1;
    struct dn_storage *t = &plan->storages[plan->places[map].storage];
    bool whole = dn_group_exports(s->flow, &s->group, map) || s->group.first == s->group.last;
    t->rows = dn_max(t->rows, whole ? t->h : step->y1 - oldest_row(s, map, step->y0));
    if (step->layer < 0)
        return;
    const struct dn_layer *l = &s->flow->graph->layers[step->layer];
    struct dn_rect rect = {step->y0, step->y1, 0, l->out_w};
    if (l->ops->workspace) {
        size_t bytes = l->ops->workspace(l, options->kernels, rect, options->threads);
        if (bytes > group->workspace_bytes)
            group->workspace_bytes = bytes;
    }
}

static size_t storage_bytes(const struct dn_storage *s)
{
    size_t columns = (size_t)s->w + 2 * (size_t)s->pad;
    size_t row = s->layout == DN_PLANAR ? (size_t)s->c * columns
                                        : (size_t)dn_blocks(s->c) * DN_BLOCK * columns;
    return dn_align_up(row * (size_t)s->rows * sizeof(float), DN_ALIGN);
}

enum dn_status dn_plan_storages(const struct dn_flow *flow, const struct dn_plan_options *options,
                                struct dn_plan *plan, struct dn_error *err)
{
    int n = flow->graph->n;
    int *scratch = malloc(3 * ((size_t)n + 1) * sizeof *scratch);
    if (!scratch)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", flow->graph->path, n);
    int *group_of = scratch + 2 * (n + 1);
    for (int g = 0; g < plan->n_groups; g++)
        for (int p = plan->groups[g].first; p <= plan->groups[g].last; p++)
            group_of[flow->order[p]] = g;
    place_maps(flow, plan);
    find_pads(flow, plan);
    find_lifetimes(flow, group_of, plan);
    for (int g = 0; g < plan->n_groups; g++) {
        struct dn_schedule s;
        struct dn_step step;
        dn_schedule_begin(&s, flow, plan->groups[g], scratch);
        while (dn_schedule_next(&s, &step))
            note_step(&s, options, &step, plan, &plan->groups[g]);
    }
    for (int i = 0; i < plan->n_storages; i++)
        plan->storages[i].buffer.bytes = storage_bytes(&plan->storages[i]);
    free(scratch);
    return DN_OK;
}
