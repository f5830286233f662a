/* See tile.h. */
#include "exec/tile.h"

#include <string.h>

#include "base/size.h"
#include "kernel/parallel.h"

static const struct dn_storage *storage_of(const struct dn_exec *exec, int map)
{
    return &exec->plan->storages[exec->plan->places[exec->flow->root[map]].storage];
}

struct dn_view dn_planes_view(const struct dn_exec *exec)
{
    const struct dn_graph *g = exec->flow->graph;
    return (struct dn_view){.data = (float *)exec->planes, .row = g->w, .block = (ptrdiff_t)g->w * g->h, .c = g->c,
                            .h = g->h, .w = g->w, .rows = g->h, .layout = DN_PLANAR};
}

struct dn_view dn_tile_view(const struct dn_exec *exec, const struct dn_schedule *schedule, int map)
{
    if (map == 0 && exec->planes && exec->flow->graph->input_layout == DN_PLANAR)
        return dn_planes_view(exec);
    struct dn_view v = dn_plan_view(exec->plan, exec->flow, exec->arena, map);
    const struct dn_storage *s = storage_of(exec, map);
    if (s->copies > 1)
        v.data += dn_copy_bytes(s) / sizeof(float) * (size_t)schedule->stripe;
    if (s->tile) {
        v.y0 = schedule->region[exec->flow->root[map]].y0;
        v.x0 = schedule->region[exec->flow->root[map]].x0;
    }
    return v;
}

/* Zeroes the columns beside a tile, which are the map's padding where the tile touches its border. */
static void pad_tile(const struct dn_view *v, const struct dn_rect *r)
{
    size_t bytes = (size_t)v->pad * DN_BLOCK * sizeof(float);
    for (int y = r->y0; y < r->y1; y++)
        for (int b = 0; b < dn_blocks(v->c) && v->pad; b++) {
            memset(dn_view_at(v, b, y, r->x0 - v->pad), 0, bytes);
            memset(dn_view_at(v, b, y, r->x1), 0, bytes);
        }
}

/* Columns of a window that the next one keeps. */
struct move {
    const struct dn_view *from, *to;
    int y0, x0;
    size_t bytes; /* of a row of a channel block */
};

static void move_row(void *context, int item, int thread)
{
    const struct move *m = context;
    (void)thread;
    int y = m->y0 + item;
    for (int b = 0; b < dn_blocks(m->to->c); b++)
        memmove(dn_view_at(m->to, b, y, m->x0), dn_view_at(m->from, b, y, m->x0), m->bytes);
}

/* A view of all channels in the last block, which are copied faster than those that count. */
static struct dn_view full_blocks(struct dn_view v)
{
    v.c = dn_blocks(v.c) * DN_BLOCK;
    return v;
}

static void move_window(const struct dn_exec *exec, const struct dn_storage *s, const struct dn_view *v,
                        const struct dn_rect *window, const struct dn_step *step)
{
    const struct dn_rect *r = &step->rect;
    int threads = exec->plan->threads;
    struct dn_view before = *v, all = full_blocks(*v);
    struct move left = {&before, v, window->y0, window->x0, (size_t)(r->x0 - window->x0) * DN_BLOCK * sizeof(float)};
    before.x0 = step->before.x0;
    if (left.bytes)
        dn_parallel(window->y1 - window->y0, threads, move_row, &left);
    if (window->y0 < r->y0) {
        struct dn_view strip = dn_strip_view(s, exec->arena);
        dn_copy(&strip, &all, (struct dn_rect){window->y0, r->y0, r->x0, r->x1}, threads);
    }
}

void dn_tile_begin(const struct dn_exec *exec, const struct dn_schedule *schedule, const struct dn_step *step)
{
    int map = step->layer + 1;
    const struct dn_storage *s = storage_of(exec, map);
    const struct dn_rect *window = &schedule->region[map];
    if (!s->tile)
        return;
    struct dn_view v = dn_tile_view(exec, schedule, map);
    if (dn_group_has_windows(&schedule->group))
        move_window(exec, s, &v, window, step);
    pad_tile(&v, window);
}

void dn_tile_end(const struct dn_exec *exec, const struct dn_schedule *schedule, const struct dn_step *step)
{
    int map = step->layer + 1;
    const struct dn_storage *s = storage_of(exec, map);
    const struct dn_rect *r = &step->rect;
    if (!s->tile || !dn_group_has_windows(&schedule->group) || step->kept >= r->y1)
        return;
    struct dn_view v = full_blocks(dn_tile_view(exec, schedule, map)), strip = dn_strip_view(s, exec->arena);
    dn_copy(&v, &strip, (struct dn_rect){step->kept, r->y1, r->x0, r->x1}, exec->plan->threads);
}
