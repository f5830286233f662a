/* Storages: which maps share memory, how many rows they keep, and how long they live. */
#include "plan/storage.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* Can input k of a concatenation be written straight into its part, at `channel`? It must be a root
 * that has no place yet, and its last block must not reach into the next part. A part made long
 * before the others would keep the memory of all of them. */
static bool fits_in_place(const struct dn_flow *flow, const struct dn_plan *plan,
                          const struct dn_layer *route, int k, int channel)
{
    int map = route->in[k] + 1, root = flow->root[map];
    const struct dn_map_shape s = dn_map_shape(flow->graph, root);
    return root > 0 && plan->places[root].storage < 0 && flow->channel[map] == 0 &&
           flow->position[route->index] - flow->position[root - 1] <= plan->concat_distance &&
           s.c == flow->graph->layers[map - 1].out_c && s.layout == DN_BLOCKED &&
           channel % DN_BLOCK == 0 && (s.c % DN_BLOCK == 0 || k == route->n_in - 1);
}

/* Later concatenations claim their inputs first, so that a route inside a route lies in it. */
static void place_maps(const struct dn_flow *flow, struct dn_plan *plan)
{
    plan->n_storages = 0;
    const struct dn_graph *g = flow->graph;
    for (int map = 0; map <= g->n; map++)
        plan->places[map] = (struct dn_place){.storage = -1};
    for (int map = g->n; map >= 0; map--) {
        if (flow->root[map] != map)
            continue;
        struct dn_place *place = &plan->places[map];
        if (place->storage < 0) {
            const struct dn_map_shape s = dn_map_shape(g, map);
            place->storage = plan->n_storages;
            plan->storages[plan->n_storages++] = (struct dn_storage){.c = s.c, .h = s.h, .w = s.w, .layout = s.layout};
        }
        if (map == 0 || !g->layers[map - 1].concat)
            continue;
        const struct dn_layer *route = &g->layers[map - 1];
        for (int k = 0, channel = place->channel; k < route->n_in; k++) {
            if (fits_in_place(flow, plan, route, k, channel))
                plan->places[flow->root[route->in[k] + 1]] = (struct dn_place){.storage = place->storage, .channel = channel};
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

static void link_maps(const struct dn_flow *flow, struct dn_plan *plan)
{
    for (int i = 0; i < plan->n_storages; i++)
        plan->storages[i].map = -1;
    for (int map = flow->graph->n; map >= 0; map--) {
        if (flow->root[map] != map)
            continue;
        struct dn_storage *s = &plan->storages[plan->places[map].storage];
        plan->places[map].next = s->map;
        s->map = map;
    }
}

void dn_plan_places(const struct dn_flow *flow, struct dn_plan *plan)
{
    place_maps(flow, plan);
    find_pads(flow, plan);
    link_maps(flow, plan);
}

/* Lives from the group that writes the map to the last one that reads it, or past the end. A layer
 * that is another name for the map reads it, too: observers look at its output. */
static void find_lifetimes(const struct dn_flow *flow, const int *group_of, struct dn_plan *plan)
{
    for (int i = 0; i < plan->n_storages; i++)
        plan->storages[i].buffer = (struct dn_buffer){.first = plan->n_groups, .last = -1};
    for (int map = 0; map <= flow->graph->n; map++) {
        struct dn_buffer *b = &plan->storages[plan->places[flow->root[map]].storage].buffer;
        if (flow->root[map] != map) {
            b->last = dn_max(b->last, group_of[map - 1]);
            continue;
        }
        int made = map ? group_of[map - 1] : 0;
        b->first = dn_min(b->first, made);
        b->last = dn_max(b->last, flow->output[map] ? plan->n_groups : made);
        for (int r = flow->first_reader[map]; r < flow->first_reader[map + 1]; r++)
            b->last = dn_max(b->last, group_of[flow->readers[r]]);
    }
}

/* Maps that share a storage share its row slots too: the oldest row that any of them must keep. */
static int oldest_row(const struct dn_schedule *s, const struct dn_plan *plan, int storage, int y)
{
    for (int map = plan->storages[storage].map; map >= 0; map = plan->places[map].next)
        y = dn_min(y, dn_oldest(s->flow, map, 0, s->done[0]));
    return y;
}

/* Elements of a channel that bringing a window forward copies: its left part, and rows from the strip and
 * to it. */
static double moved(const struct dn_rect *window, const struct dn_step *step)
{
    const struct dn_rect *r = &step->rect;
    return (double)(window->y1 - window->y0) * (r->x0 - window->x0) +
           (double)(r->y0 - window->y0 + r->y1 - step->kept) * (r->x1 - r->x0);
}

static void note_memory(const struct dn_schedule *s, const struct dn_step *step, struct dn_plan *plan)
{
    int storage = plan->places[step->layer + 1].storage;
    struct dn_storage *t = &plan->storages[storage];
    if (t->tile) {
        const struct dn_rect *window = &s->region[step->layer + 1];
        t->rows = dn_max(t->rows, window->y1 - window->y0);
        t->columns = dn_max(t->columns, window->x1 - window->x0);
        if (dn_group_has_windows(&s->group)) {
            t->strip = dn_max(t->strip, step->rect.y1 - step->kept);
            t->moved += moved(window, step) * dn_blocks(t->c) * DN_BLOCK * sizeof(float);
        }
    } else if (t->rows < t->h) {
        t->rows = dn_max(t->rows, step->rect.y1 - oldest_row(s, plan, storage, step->rect.y0));
    }
}

static void note_work(const struct dn_flow *flow, const struct dn_plan_options *options, const struct dn_step *step,
                      struct dn_plan *plan, struct dn_group *group)
{
    const struct dn_layer *l = &flow->graph->layers[step->layer];
    double area = (double)(step->rect.y1 - step->rect.y0) * (step->rect.x1 - step->rect.x0);
    plan->repeats[step->layer] += (float)(area / ((double)l->out_h * l->out_w));
    if (l->ops->workspace) {
        int threads = dn_group_threads(group, options->threads);
        size_t bytes = l->ops->workspace(l, step->rect, threads, group->thrift);
        bytes = dn_align_up(bytes, DN_ALIGN) * (size_t)group->stripes;
        if (bytes > group->workspace.bytes)
            group->workspace.bytes = bytes;
    }
}

/* Can a map keep windows of a grid with reuse? Maps that share a storage have different ones, and the
 * input comes in whole rows. */
static bool has_window(const struct dn_plan *plan, const struct dn_storage *s, int map)
{
    return map > 0 && s->map == map && plan->places[map].next < 0 && s->layout == DN_BLOCKED;
}

/* Maps that leave their group, or are computed whole, are kept whole, and with them all that share.
 * The others keep rows, or a tile. */
static void choose_kinds(const struct dn_flow *flow, const int *group_of, struct dn_plan *plan)
{
    for (int i = 0; i < plan->n_storages; i++) {
        struct dn_storage *s = &plan->storages[i];
        s->rows = s->strip = 0;
        s->columns = s->w;
        s->tile = false;
        s->moved = 0;
        s->copies = 1;
    }
    for (int map = 0; map <= flow->graph->n; map++) {
        if (flow->root[map] != map)
            continue;
        struct dn_storage *s = &plan->storages[plan->places[map].storage];
        const struct dn_group *g = &plan->groups[map ? group_of[map - 1] : 0];
        if (s->buffer.first != s->buffer.last || dn_group_is_whole(g) || flow->output[map] ||
            (map == 0 && (g->recompute || dn_group_has_whole_input(g)))) {
            s->rows = s->h;
        } else if (g->recompute || (dn_group_has_windows(g) && has_window(plan, s, map))) {
            s->tile = true;
            s->columns = 0;
        } else {
            s->copies = g->stripes;
        }
    }
}

size_t dn_storage_bytes(const struct dn_storage *s, int rows, int width)
{
    size_t columns = (size_t)width + 2 * (size_t)s->pad;
    size_t row = s->layout == DN_PLANAR ? (size_t)s->c * columns
                                        : (size_t)dn_blocks(s->c) * DN_BLOCK * columns;
    return dn_align_up(row * (size_t)rows * sizeof(float), DN_ALIGN);
}

size_t dn_strip_bytes(const struct dn_storage *s)
{
    size_t row = (size_t)dn_blocks(s->c) * DN_BLOCK * (size_t)s->w;
    return dn_align_up(row * (size_t)s->strip * sizeof(float), DN_ALIGN);
}

/* When the schedules have been walked. A window and its strip may need more than rows of full width. */
static void find_bytes(const struct dn_plan *plan, struct dn_storage *s)
{
    bool window = s->tile && dn_group_has_windows(&plan->groups[s->buffer.first]);
    s->rows = dn_max(1, s->rows); /* 0: nobody reads the map and it is not computed */
    s->columns = dn_max(1, s->columns);
    size_t ring = dn_storage_bytes(s, s->rows, s->w), tile = dn_storage_bytes(s, s->rows, s->columns);
    s->buffer.bytes = tile * (size_t)s->copies + dn_strip_bytes(s);
    if (window && ring <= s->buffer.bytes) {
        s->buffer.bytes = ring;
        s->columns = s->w;
        s->tile = false;
        s->strip = 0;
        s->moved = 0;
    }
}

static void walk(const struct dn_flow *flow, const struct dn_plan_options *options, struct dn_plan *plan,
                 struct dn_group *group, int *scratch)
{
    struct dn_schedule s;
    struct dn_step step;
    for (int stripe = 0; stripe < group->stripes; stripe++) {
        dn_schedule_begin(&s, flow, *group, stripe, scratch);
        while (dn_schedule_next(&s, &step)) {
            note_memory(&s, &step, plan);
            if (step.layer >= 0)
                note_work(flow, options, &step, plan, group);
        }
    }
}

/* A layer over its whole map, which is kept whole. */
static void take_whole(const struct dn_flow *flow, const struct dn_plan_options *options, struct dn_plan *plan,
                       struct dn_group *group)
{
    const struct dn_layer *l = &flow->graph->layers[flow->order[group->last]];
    struct dn_step step = {.layer = l->index, .rect = {0, l->out_h, 0, l->out_w}};
    if (flow->root[l->index + 1] == l->index + 1)
        note_work(flow, options, &step, plan, group);
}

/* Does a storage live and die in the group? */
static bool is_private(const struct dn_flow *flow, const struct dn_plan *plan, const struct dn_group *g, int storage)
{
    for (int m = plan->storages[storage].map; m >= 0; m = plan->places[m].next)
        if (m == 0 || !dn_group_has(flow, g, m - 1) || dn_group_exports(flow, g, m))
            return false;
    return true;
}

bool dn_plan_has_stripes(const struct dn_flow *flow, const struct dn_plan *plan, const struct dn_group *g)
{
    for (int p = g->first; p <= g->last; p++) {
        int map = flow->order[p] + 1;
        bool read = false;
        for (int r = flow->first_reader[map]; r < flow->first_reader[map + 1]; r++)
            read |= flow->position[flow->readers[r]] <= g->last;
        if (read && !is_private(flow, plan, g, plan->places[map].storage))
            return false;
    }
    return true;
}

enum dn_status dn_plan_rows(const struct dn_flow *flow, const struct dn_plan_options *options,
                            struct dn_plan *plan, struct dn_error *err)
{
    return dn_plan_rows_known(flow, options, NULL, plan, err);
}

enum dn_status dn_plan_rows_known(const struct dn_flow *flow, const struct dn_plan_options *options,
                                  struct dn_walks *walks, struct dn_plan *plan, struct dn_error *err)
{
    int n = flow->graph->n;
    int *scratch = malloc((DN_SCHEDULE_INTS + 1) * ((size_t)n + 1) * sizeof *scratch);
    if (!scratch)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", flow->graph->path, n);
    int *group_of = scratch + DN_SCHEDULE_INTS * (n + 1);
    for (int g = 0; g < plan->n_groups; g++)
        for (int p = plan->groups[g].first; p <= plan->groups[g].last; p++)
            group_of[flow->order[p]] = g;
    find_lifetimes(flow, group_of, plan);
    choose_kinds(flow, group_of, plan);
    memset(plan->repeats, 0, (size_t)n * sizeof *plan->repeats);
    for (int g = 0; g < plan->n_groups; g++) {
        struct dn_group *group = &plan->groups[g];
        group->workspace.bytes = 0;
        if (walks && dn_walks_recall(walks, flow, plan, group))
            continue;
        if (group->first == group->last && dn_group_is_whole(group))
            take_whole(flow, options, plan, group);
        else
            walk(flow, options, plan, group, scratch);
        if (walks)
            dn_walks_keep(walks, flow, plan, group);
    }
    for (int i = 0; i < plan->n_storages; i++)
        find_bytes(plan, &plan->storages[i]);
    free(scratch);
    return DN_OK;
}
