/* See schedule.h. */
#include "plan/schedule.h"

#include <limits.h>
#include <string.h>

#include "base/size.h"
#include "kernel/parallel.h"

bool dn_group_exports(const struct dn_flow *flow, const struct dn_group *group, int map)
{
    if (flow->output[map])
        return true;
    for (int r = flow->first_reader[map]; r < flow->first_reader[map + 1]; r++)
        if (!dn_group_has(flow, group, flow->readers[r]))
            return true;
    return false;
}

/* Rows (axis 0) or columns (axis 1) of a map. */
static int extent(const struct dn_graph *g, int map, int axis)
{
    const struct dn_map_shape shape = dn_map_shape(g, map);
    return axis ? shape.w : shape.h;
}

/* Is the map made inside the group? The network's input is made in the first. */
static bool is_made_here(const struct dn_flow *flow, const struct dn_group *g, int map)
{
    return map ? dn_group_has(flow, g, map - 1) : g->first == 0 && !dn_group_has_whole_input(g);
}

/* The map that is made at a position; position -1 makes the network's input. */
static int map_at(const struct dn_flow *flow, int position)
{
    return position < 0 ? 0 : flow->order[position] + 1;
}

static int first_position(const struct dn_group *g)
{
    return g->first || dn_group_has_whole_input(g) ? g->first : -1;
}

static struct dn_span span_of(const struct dn_layer *l, int k, int axis, struct dn_span out, int whole)
{
    return l->ops->span && !l->whole ? l->ops->span(l, k, axis, out) : (struct dn_span){0, whole};
}

int dn_oldest(const struct dn_flow *flow, int map, int axis, const int *done)
{
    int oldest = INT_MAX;
    for (int r = flow->first_reader[map]; r < flow->first_reader[map + 1]; r++) {
        const struct dn_layer *l = &flow->graph->layers[flow->readers[r]];
        int next = done[l->index + 1];
        for (int k = 0; k < l->n_in && next < extent(flow->graph, l->index + 1, axis); k++)
            if (flow->root[l->in[k] + 1] == map)
                oldest = dn_min(oldest, span_of(l, k, axis, (struct dn_span){next, next + 1}, 0).lo);
    }
    return oldest;
}

bool dn_group_leaves(const struct dn_flow *flow, const struct dn_group *group, int position)
{
    const int map = map_at(flow, position);
    return flow->root[map] == map && (position == group->last || dn_group_exports(flow, group, map));
}

/* ---- reuse ---------------------------------------------------------------------------------- */

/* Walks backwards from what leaves the group to the rows or columns that every map must have. */
static void plan_axis(struct dn_schedule *s, int axis)
{
    const struct dn_graph *graph = s->flow->graph;
    const struct dn_group *g = &s->group;
    int *done = s->done[axis], *need = s->need[axis];
    for (int p = g->last; p >= first_position(g); p--) {
        int map = map_at(s->flow, p);
        need[map] = done[map]; /* readers in the group may be ahead of the tile */
        if (dn_group_leaves(s->flow, g, p))
            need[map] = dn_max(done[map], dn_tile_edge(extent(graph, map, axis), axis ? s->column : s->band,
                                                       axis ? g->columns : g->tiles));
    }
    for (int p = g->last; p >= g->first; p--) {
        const struct dn_layer *l = &graph->layers[s->flow->order[p]];
        need[l->index + 1] = dn_layer_round(l, need[l->index + 1], extent(graph, l->index + 1, axis));
        struct dn_span out = {done[l->index + 1], need[l->index + 1]};
        for (int k = 0; k < l->n_in && !l->alias && out.hi > out.lo; k++) {
            int map = s->flow->root[l->in[k] + 1];
            if (is_made_here(s->flow, g, map))
                need[map] = dn_max(need[map], span_of(l, k, axis, out, extent(graph, map, axis)).hi);
        }
    }
    if (axis && is_made_here(s->flow, g, 0))
        need[0] = graph->w;
}

static void begin_column(struct dn_schedule *s)
{
    size_t maps = (size_t)s->flow->graph->n + 1;
    s->next = s->group.columns == 1 ? s->group.last : first_position(&s->group);
    if (s->column == 0) {
        memcpy(s->done[0], s->need[0], maps * sizeof *s->done[0]);
        memset(s->done[1], 0, maps * sizeof *s->done[1]);
        plan_axis(s, 0);
    }
    if (s->group.columns > 1)
        plan_axis(s, 1);
}

/* The window of a map while its readers compute the tile: from what they have still to see of the rows
 * above and the columns to the left. */
static struct dn_rect window(const struct dn_schedule *s, int map, const struct dn_rect *r)
{
    return (struct dn_rect){dn_min(r->y0, dn_oldest(s->flow, map, 0, s->done[0])), r->y1,
                            dn_min(r->x0, dn_oldest(s->flow, map, 1, s->done[1])), r->x1};
}

static bool next_in_tile(struct dn_schedule *s, struct dn_step *step)
{
    for (; s->next <= s->group.last; s->next++) {
        int map = map_at(s->flow, s->next);
        struct dn_rect r = {s->done[0][map], s->need[0][map], s->done[1][map], s->need[1][map]};
        if (r.x1 <= r.x0)
            continue;
        *step = (struct dn_step){.layer = map - 1, .rect = r};
        if (r.x0)
            step->before = s->region[map];
        step->kept = dn_min(r.y1, dn_oldest(s->flow, map, 0, s->need[0]));
        s->region[map] = window(s, map, &r);
        s->done[1][map] = r.x1;
        s->next++;
        return true;
    }
    return false;
}

/* Do the inputs made in the group have all rows that rows `out` of a layer read? */
static bool has_inputs(const struct dn_schedule *s, const struct dn_layer *l, struct dn_span out)
{
    for (int k = 0; k < l->n_in; k++) {
        int map = s->flow->root[l->in[k] + 1];
        int whole = extent(s->flow->graph, map, 0);
        if (is_made_here(s->flow, &s->group, map) && span_of(l, k, 0, out, whole).hi > s->done[0][map])
            return false;
    }
    return true;
}

/* The last layer of the group that a step of the one at a position may allow to go on. */
static int last_affected(const struct dn_schedule *s, int position, int map)
{
    const struct dn_flow *f = s->flow;
    int last = position;
    for (int r = f->first_reader[map]; r < f->first_reader[map + 1]; r++)
        if (f->position[f->readers[r]] <= s->group.last)
            last = dn_max(last, f->position[f->readers[r]]);
    return last;
}

/* Bands of whole rows: the last layer that can goes on by as many rows as a band has on average. So
 * the first band, which fills all windows, needs no larger ones than those that follow. */
static bool next_in_band(struct dn_schedule *s, struct dn_step *step)
{
    const struct dn_graph *graph = s->flow->graph;
    for (int p = s->next; p >= first_position(&s->group); p--) {
        int map = map_at(s->flow, p), h = extent(graph, map, 0), w = extent(graph, map, 1);
        struct dn_span rows = {s->done[0][map], s->need[0][map]};
        if (rows.lo >= rows.hi)
            continue;
        int end = rows.lo + dn_ceil_div(h, s->group.tiles);
        rows.hi = dn_min(rows.hi, p < 0 ? end : dn_layer_round(&graph->layers[map - 1], end, h));
        if (p >= 0 && !has_inputs(s, &graph->layers[map - 1], rows))
            continue;
        *step = (struct dn_step){.layer = map - 1, .rect = {rows.lo, rows.hi, 0, w}};
        s->done[0][map] = rows.hi;
        s->next = last_affected(s, p, map);
        return true;
    }
    return false;
}

/* ---- recompute ------------------------------------------------------------------------------ */

static struct dn_rect join(struct dn_rect a, struct dn_rect b)
{
    if (b.y1 <= b.y0 || b.x1 <= b.x0)
        return a;
    if (a.y1 <= a.y0 || a.x1 <= a.x0)
        return b;
    return (struct dn_rect){dn_min(a.y0, b.y0), dn_max(a.y1, b.y1), dn_min(a.x0, b.x0), dn_max(a.x1, b.x1)};
}

static struct dn_rect tile_of(const struct dn_schedule *s, int map)
{
    const struct dn_group *g = &s->group;
    int h = extent(s->flow->graph, map, 0), w = extent(s->flow->graph, map, 1);
    return (struct dn_rect){dn_tile_edge(h, s->band - 1, g->tiles), dn_tile_edge(h, s->band, g->tiles),
                            dn_tile_edge(w, s->column - 1, g->columns), dn_tile_edge(w, s->column, g->columns)};
}

static void plan_regions(struct dn_schedule *s)
{
    const struct dn_graph *graph = s->flow->graph;
    const struct dn_group *g = &s->group;
    s->next = first_position(g);
    for (int p = g->last; p >= first_position(g); p--) {
        int map = map_at(s->flow, p);
        s->region[map] = dn_group_leaves(s->flow, g, p) ? tile_of(s, map) : (struct dn_rect){0};
    }
    for (int p = g->last; p >= g->first; p--) {
        const struct dn_layer *l = &graph->layers[s->flow->order[p]];
        struct dn_rect out = s->region[l->index + 1];
        for (int k = 0; k < l->n_in && !l->alias && out.y1 > out.y0 && out.x1 > out.x0; k++) {
            int map = s->flow->root[l->in[k] + 1];
            struct dn_span y = span_of(l, k, 0, (struct dn_span){out.y0, out.y1}, 0);
            struct dn_span x = span_of(l, k, 1, (struct dn_span){out.x0, out.x1}, 0);
            if (is_made_here(s->flow, g, map))
                s->region[map] = join(s->region[map], (struct dn_rect){y.lo, y.hi, x.lo, x.hi});
        }
    }
    /* the input comes once, from the top: all of it before the first tile */
    if (is_made_here(s->flow, g, 0))
        s->region[0] = s->band + s->column ? (struct dn_rect){0} : (struct dn_rect){0, graph->h, 0, graph->w};
}

static bool next_region(struct dn_schedule *s, struct dn_step *step)
{
    for (; s->next <= s->group.last; s->next++) {
        int map = map_at(s->flow, s->next);
        struct dn_rect r = s->region[map];
        if (r.y1 <= r.y0 || r.x1 <= r.x0)
            continue;
        *step = (struct dn_step){.layer = map - 1, .rect = r};
        s->next++;
        return true;
    }
    return false;
}

/* ---- stripes -------------------------------------------------------------------------------- */

/* The first rows of all maps that a stripe computes: where the one before ends, and what is read for them. */
static void plan_start(struct dn_schedule *s)
{
    const struct dn_graph *graph = s->flow->graph;
    const struct dn_group *g = &s->group;
    int *start = s->need[0];
    for (int p = g->last; p >= first_position(g); p--)
        start[map_at(s->flow, p)] = INT_MAX;
    for (int p = g->last; p >= g->first; p--) {
        const struct dn_layer *l = &graph->layers[s->flow->order[p]];
        int map = l->index + 1;
        if (dn_group_leaves(s->flow, g, p))
            start[map] = dn_layer_round(l, dn_tile_edge(l->out_h, s->band - 1, g->tiles), l->out_h);
        else
            start[map] = start[map] < l->out_h ? start[map] - start[map] % dn_layer_grain(l) : l->out_h;
        for (int k = 0; k < l->n_in && !l->alias && start[map] < l->out_h; k++) {
            int in = s->flow->root[l->in[k] + 1];
            if (is_made_here(s->flow, g, in))
                start[in] = dn_min(start[in], span_of(l, k, 0, (struct dn_span){start[map], start[map] + 1}, 0).lo);
        }
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

void dn_schedule_begin(struct dn_schedule *s, const struct dn_flow *flow, struct dn_group group, int stripe,
                       int *scratch)
{
    size_t maps = (size_t)flow->graph->n + 1;
    memset(scratch, 0, DN_SCHEDULE_INTS * maps * sizeof *scratch);
    *s = (struct dn_schedule){.flow = flow, .group = group, .stripe = stripe,
                              .band = dn_share(group.tiles, stripe, group.stripes),
                              .end = dn_share(group.tiles, stripe + 1, group.stripes)};
    s->done[0] = scratch;
    s->need[0] = scratch + maps;
    s->done[1] = scratch + 2 * maps;
    s->need[1] = scratch + 3 * maps;
    s->region = (struct dn_rect *)(scratch + 4 * maps);
    if (s->band > 0)
        plan_start(s);
    if (group.recompute)
        plan_regions(s);
    else
        begin_column(s);
}

bool dn_schedule_next(struct dn_schedule *s, struct dn_step *step)
{
    while (!(s->group.recompute      ? next_region(s, step)
             : s->group.columns == 1 ? next_in_band(s, step)
                                     : next_in_tile(s, step))) {
        if (++s->column == s->group.columns) {
            s->column = 0;
            if (++s->band == s->end)
                return false;
        }
        if (s->group.recompute)
            plan_regions(s);
        else
            begin_column(s);
    }
    return true;
}
