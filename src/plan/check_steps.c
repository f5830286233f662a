/* See check_steps.h. Of every map it is known which columns of which rows it holds: in a ring, in the window
 * of a tile and in its strip. */
#include "plan/check_steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plan/storage.h"

/* What a row slot of a map holds: the columns [0, columns) of a row; row -1: nothing. A slot of a strip is
 * written anew from the left while the rest of what it held is still read. */
struct slot {
    int row, columns;
    int old_row, old_columns;
};

struct checker {
    const struct dn_flow *flow;
    const struct dn_plan *plan;
    int *scratch;          /* of the schedule */
    struct slot *all;      /* [all slots] */
    struct slot **slots;   /* [maps] those of each root, or of its strip */
    struct dn_rect *tiles; /* [maps] what a map holds that keeps only a tile */
    struct dn_rect *made;  /* [maps] of such a map in a grid with reuse: rows of the current row of tiles, and
                              columns until now */
    int group;
    struct dn_error *err;
};

static const struct dn_storage *storage_of(const struct checker *c, int map)
{
    return &c->plan->storages[c->plan->places[c->flow->root[map]].storage];
}

static enum dn_status check_alive(const struct checker *c, int map)
{
    const struct dn_buffer *b = &storage_of(c, map)->buffer;
    if (c->group >= b->first && c->group <= b->last)
        return DN_OK;
    return dn_fail(c->err, DN_INVALID, "plan: group %d uses map %d outside of its lifetime", c->group, map);
}

/* Row y of a map takes its slot from the maps that lie over the same channels. */
static void overwrite(struct checker *c, int map, int y)
{
    const struct dn_plan *p = c->plan;
    const struct dn_graph *g = c->flow->graph;
    int slot = y % storage_of(c, map)->rows, first = p->places[map].channel, end = first + dn_map_shape(g, map).c;
    for (int m = storage_of(c, map)->map; m >= 0; m = p->places[m].next) {
        int begin = p->places[m].channel;
        if (begin < end && first < begin + dn_map_shape(g, m).c && c->slots[m][slot].row != y)
            c->slots[m][slot].row = -1;
    }
}

/* ---- windows -------------------------------------------------------------------------------- */

static bool is_in_strip(const struct checker *c, int map, struct dn_span rows, const struct dn_rect *r)
{
    int n = storage_of(c, map)->strip;
    if (rows.hi - rows.lo > n)
        return false;
    for (int y = rows.lo; y < rows.hi; y++) {
        const struct slot *slot = &c->slots[map][y % n];
        bool old = slot->old_row == y && r->x1 <= slot->old_columns && slot->columns <= r->x0;
        if (!old && (slot->row != y || r->x1 > slot->columns))
            return false;
    }
    return true;
}

/* False where columns are left out. */
static bool write_strip(struct checker *c, int map, struct dn_span rows, const struct dn_rect *r)
{
    int n = storage_of(c, map)->strip;
    if (rows.hi - rows.lo > n)
        return false;
    for (int y = rows.lo; y < rows.hi; y++) {
        struct slot *slot = &c->slots[map][y % n];
        if (r->x0 == 0)
            *slot = (struct slot){y, 0, slot->row, slot->columns};
        if (slot->row != y || slot->columns != r->x0)
            return false;
        slot->columns = r->x1;
    }
    return true;
}

/* Rectangles of a map follow one on the other: to the right, then below. */
static bool follows(struct dn_rect *made, const struct dn_rect *r)
{
    bool right = r->x0 == made->x1 && r->y0 == made->y0 && r->y1 == made->y1;
    bool below = r->x0 == 0 && r->y0 == made->y1;
    *made = *r;
    return r->x0 ? right : below;
}

/* The left part of a window comes from the one before, rows above from the strip, the rest is computed. */
static enum dn_status check_window(struct checker *c, const struct dn_schedule *schedule, const struct dn_step *step)
{
    int map = step->layer + 1;
    const struct dn_storage *s = storage_of(c, map);
    const struct dn_rect *r = &step->rect, *w = &schedule->region[map], *held = &c->tiles[map];
    bool fits = w->y0 >= 0 && w->x0 >= 0 && w->y0 <= r->y0 && w->x0 <= r->x0 && w->y1 == r->y1 && w->x1 == r->x1 &&
                w->y1 - w->y0 <= s->rows && w->x1 - w->x0 <= s->columns && s->layout == DN_BLOCKED;
    bool left = w->x0 == r->x0 || (!memcmp(held, &step->before, sizeof *held) && held->y0 == w->y0 &&
                                   held->y1 == w->y1 && held->x0 <= w->x0 && held->x1 == r->x0);
    if (!fits)
        return dn_fail(c->err, DN_INVALID, "plan: a window of %dx%d does not fit map %d, which keeps %dx%d", w->x1 - w->x0,
                       w->y1 - w->y0, map, s->columns, s->rows);
    if (!follows(&c->made[map], r))
        return dn_fail(c->err, DN_INVALID, "plan: rows from %d, columns from %d on of map %d do not follow on those before",
                       r->y0, r->x0, map);
    if (!left || !is_in_strip(c, map, (struct dn_span){w->y0, r->y0}, r))
        return dn_fail(c->err, DN_INVALID, "plan: what a window of map %d keeps at row %d, column %d is not there", map, w->y0, w->x0);
    if (step->kept < w->y0 || !write_strip(c, map, (struct dn_span){step->kept, r->y1}, r))
        return dn_fail(c->err, DN_INVALID, "plan: rows from %d on of map %d do not fit its strip of %d", step->kept, map, s->strip);
    c->tiles[map] = *w;
    return check_alive(c, map);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static enum dn_status check_write(struct checker *c, const struct dn_schedule *schedule, const struct dn_step *step)
{
    int map = step->layer + 1;
    const struct dn_storage *s = storage_of(c, map);
    const struct dn_rect *r = &step->rect;
    if (c->flow->root[map] != map || r->y0 < 0 || r->y1 > s->h || r->x0 < 0 || r->x1 > s->w)
        return dn_fail(c->err, DN_INVALID, "plan: rows %d to %d, columns %d to %d are not in map %d", r->y0,
                       r->y1, r->x0, r->x1, map);
    if (s->tile && dn_group_has_windows(&c->plan->groups[c->group]))
        return check_window(c, schedule, step);
    if (s->tile && !c->plan->groups[c->group].recompute)
        return dn_fail(c->err, DN_INVALID, "plan: map %d keeps a tile in group %d, which has none", map, c->group);
    if (s->tile) {
        c->tiles[map] = *r;
        return r->y1 - r->y0 > s->rows || r->x1 - r->x0 > s->columns
                   ? dn_fail(c->err, DN_INVALID, "plan: a tile of %dx%d does not fit map %d, which keeps %dx%d",
                             r->x1 - r->x0, r->y1 - r->y0, map, s->columns, s->rows)
                   : check_alive(c, map);
    }
    if (r->y1 - r->y0 > s->rows)
        return dn_fail(c->err, DN_INVALID, "plan: rows %d to %d of map %d, which keeps %d, would lie over one another", r->y0,
                       r->y1, map, s->rows);
    for (int y = r->y0; y < r->y1; y++) {
        struct slot *slot = &c->slots[map][y % s->rows];
        overwrite(c, map, y);
        int columns = slot->row == y ? slot->columns : 0;
        if (r->x0 > columns || (!c->plan->groups[c->group].recompute && r->x0 != columns))
            return dn_fail(c->err, DN_INVALID, "plan: row %d of map %d has %d columns when those from %d on are written",
                           y, map, columns, r->x0);
        slot->row = y;
        slot->columns = dn_max(columns, r->x1);
    }
    return check_alive(c, map);
}

static bool is_there(const struct checker *c, int map, struct dn_span rows, struct dn_span columns)
{
    const struct dn_storage *s = storage_of(c, map);
    const struct dn_rect *t = &c->tiles[map];
    if (rows.hi <= rows.lo || columns.hi <= columns.lo)
        return true;
    if (s->tile)
        return t->y0 <= rows.lo && t->y1 >= rows.hi && t->x0 <= columns.lo && t->x1 >= columns.hi;
    for (int y = rows.lo; y < rows.hi; y++)
        if (c->slots[map][y % s->rows].row != y || c->slots[map][y % s->rows].columns < columns.hi)
            return false;
    return true;
}

static enum dn_status check_reads(struct checker *c, const struct dn_step *step)
{
    const struct dn_layer *l = &c->flow->graph->layers[step->layer];
    const struct dn_rect *r = &step->rect;
    bool tiled = l->ops->span && !l->whole;
    if (!tiled && (r->y0 || r->y1 != l->out_h || r->x0 || r->x1 != l->out_w))
        return dn_fail(c->err, DN_INVALID, "plan: layer %d cannot be computed in pieces", step->layer);
    const struct dn_group *g = &c->plan->groups[c->group];
    if (l->ops->workspace && l->ops->workspace(l, *r, dn_group_threads(g, c->plan->threads), g->thrift) >
                                 g->workspace.bytes / (size_t)g->stripes)
        return dn_fail(c->err, DN_INVALID, "plan: group %d has too little workspace for layer %d", c->group, step->layer);
    for (int k = 0; k < l->n_in; k++) {
        int map = c->flow->root[l->in[k] + 1];
        const struct dn_storage *s = storage_of(c, map);
        struct dn_span rows = {0, s->h}, columns = {0, s->w};
        if (tiled) {
            rows = l->ops->span(l, k, 0, (struct dn_span){r->y0, r->y1});
            columns = l->ops->span(l, k, 1, (struct dn_span){r->x0, r->x1});
        }
        if (s->layout == DN_BLOCKED && s->pad < l->pad)
            return dn_fail(c->err, DN_INVALID, "plan: map %d has %d pad columns, layer %d needs %d", map,
                           s->pad, step->layer, l->pad);
        if (map && s->copies != g->stripes && dn_group_has(c->flow, g, map - 1))
            return dn_fail(c->err, DN_INVALID, "plan: %d stripes of group %d read map %d, of which there are %d copies",
                           g->stripes, c->group, map, s->copies);
        if (!is_there(c, map, rows, columns))
            return dn_fail(c->err, DN_INVALID, "plan: layer %d reads rows %d to %d of map %d, which are not there",
                           step->layer, rows.lo, rows.hi, map);
        if (check_alive(c, map))
            return c->err->status;
    }
    return DN_OK;
}

static bool is_complete(const struct checker *c, int map)
{
    const struct dn_storage *s = storage_of(c, map);
    return s->rows == s->h && !s->tile && is_there(c, map, (struct dn_span){0, s->h}, (struct dn_span){0, s->w});
}

/* A stripe's copies of maps hold nothing of what others compute. */
static void begin_stripe(struct checker *c, const struct dn_group *g)
{
    for (int p = g->first; p <= g->last; p++) {
        int map = c->flow->order[p] + 1;
        if (c->flow->root[map] == map && storage_of(c, map)->copies > 1)
            for (int slot = 0; slot < storage_of(c, map)->rows; slot++)
                c->slots[map][slot].row = -1;
    }
}

static enum dn_status check_stripe(struct checker *c, const struct dn_group *g, int stripe)
{
    struct dn_schedule schedule;
    struct dn_step step;
    begin_stripe(c, g);
    dn_schedule_begin(&schedule, c->flow, *g, stripe, c->scratch);
    while (dn_schedule_next(&schedule, &step))
        if ((step.layer >= 0 && step.rect.y1 > step.rect.y0 && check_reads(c, &step)) || check_write(c, &schedule, &step))
            return c->err->status;
    return DN_OK;
}

static enum dn_status check_group(struct checker *c)
{
    const struct dn_group *g = &c->plan->groups[c->group];
    struct dn_step input = {.layer = -1, .rect = {0, c->flow->graph->h, 0, c->flow->graph->w}};
    if (dn_group_has_whole_input(g) && check_write(c, NULL, &input))
        return c->err->status;
    for (int stripe = 0; stripe < g->stripes; stripe++)
        if (check_stripe(c, g, stripe))
            return c->err->status;
    for (int p = g->first; p <= g->last; p++) {
        int map = c->flow->order[p] + 1;
        bool kept = c->flow->root[map] == map && dn_group_exports(c->flow, g, map);
        if (kept && !is_complete(c, map))
            return dn_fail(c->err, DN_INVALID, "plan: map %d leaves group %d incomplete", map, c->group);
        if (kept && c->flow->output[map] && storage_of(c, map)->buffer.last < c->plan->n_groups)
            return dn_fail(c->err, DN_INVALID, "plan: the output in map %d does not outlive the run", map);
    }
    return DN_OK;
}

static size_t slots_of(const struct dn_storage *s)
{
    return (size_t)(s->tile ? s->strip : s->rows);
}

static enum dn_status allocate(struct checker *c)
{
    size_t maps = (size_t)c->plan->n_layers + 1, slots = 0;
    for (size_t m = 0; m < maps; m++)
        if (c->flow->root[m] == (int)m)
            slots += slots_of(storage_of(c, (int)m));
    c->scratch = calloc(DN_SCHEDULE_INTS * maps, sizeof *c->scratch);
    c->all = calloc(slots + 1, sizeof *c->all);
    c->slots = calloc(maps, sizeof *c->slots);
    c->tiles = calloc(maps, sizeof *c->tiles);
    c->made = calloc(maps, sizeof *c->made);
    if (!c->scratch || !c->all || !c->slots || !c->tiles || !c->made)
        return dn_fail(c->err, DN_NO_MEMORY, "no memory to check a plan of %zu maps", maps);
    struct slot *next = c->all;
    for (size_t i = 0; i < slots; i++)
        c->all[i].row = c->all[i].old_row = -1;
    for (size_t m = 0; m < maps; m++)
        if (c->flow->root[m] == (int)m) {
            c->slots[m] = next;
            next += slots_of(storage_of(c, (int)m));
        }
    return DN_OK;
}

enum dn_status dn_check_steps(const struct dn_flow *flow, const struct dn_plan *plan, struct dn_error *err)
{
    struct checker c = {.flow = flow, .plan = plan, .err = err};
    if (!allocate(&c))
        for (c.group = 0; c.group < plan->n_groups && !err->status; c.group++)
            check_group(&c);
    free(c.scratch);
    free(c.all);
    free(c.slots);
    free(c.tiles);
    free(c.made);
    return err->status;
}
