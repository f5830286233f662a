/* See schedule.h. */
#include "plan/schedule.h"

#include <string.h>

#include "base/size.h"

static bool in_group(const struct dn_flow *flow, const struct dn_group *g, int layer)
{
    int position = flow->position[layer];
    return position >= g->first && position <= g->last;
}

bool dn_group_exports(const struct dn_flow *flow, const struct dn_group *group, int map)
{
    if (flow->output[map])
        return true;
    for (int r = flow->first_reader[map]; r < flow->first_reader[map + 1]; r++)
        if (!in_group(flow, group, flow->readers[r]))
            return true;
    return false;
}

static int map_height(const struct dn_graph *g, int map)
{
    return map ? g->layers[map - 1].out_h : g->h;
}

/* Is the map made inside the group? The network's input is made in the first. */
static bool is_made_here(const struct dn_flow *flow, const struct dn_group *g, int map)
{
    return map ? in_group(flow, g, map - 1) : g->first == 0;
}

/* The map that is made at a position; position -1 makes the network's input. */
static int map_at(const struct dn_flow *flow, int position)
{
    return position < 0 ? 0 : flow->order[position] + 1;
}

static int first_position(const struct dn_group *g)
{
    return g->first ? g->first : -1;
}

static bool is_tiled(const struct dn_layer *l)
{
    return l->ops->span && !l->whole;
}

static int last_row(const struct dn_layer *l, int k, struct dn_span rows, int height)
{
    return is_tiled(l) ? l->ops->span(l, k, 0, rows).hi : height;
}

int dn_first_row(const struct dn_layer *l, int k, int y)
{
    struct dn_span rows = {y, y + 1};
    return is_tiled(l) ? l->ops->span(l, k, 0, rows).lo : 0;
}

/* Walks backwards from what leaves the group to the rows that every map must have. */
static void plan_band(struct dn_schedule *s)
{
    const struct dn_graph *graph = s->flow->graph;
    const struct dn_group *g = &s->group;
    for (int p = g->last; p >= first_position(g); p--) {
        int map = map_at(s->flow, p), h = map_height(graph, map);
        s->need[map] = s->done[map];
        if (s->flow->root[map] == map && (p == g->last || dn_group_exports(s->flow, g, map)))
            s->need[map] = (int)(((int64_t)h * (s->band + 1) + g->tiles - 1) / g->tiles);
    }
    for (int p = g->last; p >= g->first; p--) {
        const struct dn_layer *l = &graph->layers[s->flow->order[p]];
        struct dn_span rows = {s->done[l->index + 1], s->need[l->index + 1]};
        for (int k = 0; k < l->n_in && !l->alias && rows.hi > rows.lo; k++) {
            int map = s->flow->root[l->in[k] + 1];
            if (is_made_here(s->flow, g, map))
                s->need[map] = dn_max(s->need[map], last_row(l, k, rows, map_height(graph, map)));
        }
    }
}

void dn_schedule_begin(struct dn_schedule *s, const struct dn_flow *flow, struct dn_group group, int *rows)
{
    size_t maps = (size_t)flow->graph->n + 1;
    memset(rows, 0, 2 * maps * sizeof *rows);
    *s = (struct dn_schedule){.flow = flow, .group = group, .done = rows, .need = rows + maps};
    s->next = first_position(&group);
    plan_band(s);
}

bool dn_schedule_next(struct dn_schedule *s, struct dn_step *step)
{
    for (;;) {
        for (; s->next <= s->group.last; s->next++) {
            int map = map_at(s->flow, s->next);
            if (s->need[map] <= s->done[map])
                continue;
            *step = (struct dn_step){map - 1, s->done[map], s->need[map]};
            s->done[map] = s->need[map];
            s->next++;
            return true;
        }
        if (++s->band >= s->group.tiles)
            return false;
        s->next = first_position(&s->group);
        plan_band(s);
    }
}
