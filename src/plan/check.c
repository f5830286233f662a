/* See check.h. */
#include "plan/check.h"

#include <stdlib.h>

#include "base/size.h"

/* What a row slot of a map holds: the columns [0, columns) of a row; row -1: nothing. */
struct slot {
    int row, columns;
};

struct checker {
    const struct dn_flow *flow;
    const struct dn_plan *plan;
    int *scratch;          /* of the schedule */
    struct slot *all;      /* [all slots] */
    struct slot **slots;   /* [maps] those of each root */
    struct dn_rect *tiles; /* [maps] what a map holds that keeps only the current tile */
    int group;
    struct dn_error *err;
};

static const struct dn_storage *storage_of(const struct checker *c, int map)
{
    return &c->plan->storages[c->plan->places[c->flow->root[map]].storage];
}

/* ---- memory --------------------------------------------------------------------------------- */

static bool overlap(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static enum dn_status check_storage(const struct checker *c, int i)
{
    const struct dn_plan *p = c->plan;
    const struct dn_storage *s = &p->storages[i];
    const struct dn_buffer *b = &s->buffer;
    size_t channels = (size_t)(s->layout == DN_PLANAR ? s->c : dn_blocks(s->c) * DN_BLOCK);
    size_t bytes = channels * ((size_t)s->columns + 2 * (size_t)s->pad) * (size_t)s->rows * sizeof(float);
    if (s->rows < 1 || s->rows > s->h || s->columns > s->w || (s->columns < s->w && !s->tile) || b->bytes < bytes || b->offset % DN_ALIGN ||
        b->offset < p->weights_bytes || b->offset + b->bytes > p->arena_bytes)
        return dn_fail(c->err, DN_INVALID, "plan: storage %d of %zu bytes at %zu does not hold %d rows inside the arena",
                       i, b->bytes, b->offset, s->rows);
    if (s->tile && p->places[s->map].next >= 0)
        return dn_fail(c->err, DN_INVALID, "plan: storage %d keeps tiles of several maps", i);
    for (int g = dn_max(0, b->first); g <= dn_min(b->last, p->n_groups - 1); g++)
        if (overlap(b->offset, b->bytes, p->groups[g].scratch.offset, p->groups[g].scratch.bytes))
            return dn_fail(c->err, DN_INVALID, "plan: storage %d lies over the scratch of group %d", i, g);
    for (int l = 0; l < p->n_layers; l++)
        if (p->results[l] != DN_NO_RESULT && b->offset + b->bytes > p->results[l])
            return dn_fail(c->err, DN_INVALID, "plan: storage %d lies over the result of layer %d", i, l);
    if (overlap(b->offset, b->bytes, p->input_row, p->input_row_bytes))
        return dn_fail(c->err, DN_INVALID, "plan: storage %d lies over the input row", i);
    for (int k = 0; k < i; k++) {
        const struct dn_buffer *o = &p->storages[k].buffer;
        if (o->first <= b->last && b->first <= o->last && overlap(b->offset, b->bytes, o->offset, o->bytes))
            return dn_fail(c->err, DN_INVALID, "plan: storages %d and %d live at the same time in the same memory", k, i);
    }
    return DN_OK;
}

static enum dn_status check_weights(const struct checker *c)
{
    const struct dn_plan *p = c->plan;
    size_t end = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < p->n_layers; i++) {
            const struct dn_layer *l = &c->flow->graph->layers[i];
            size_t offset = pass ? p->weights[i].filters : p->weights[i].params;
            size_t bytes = pass ? p->weights[i].bytes : l->params * sizeof(float);
            if (l->shares >= 0)
                continue;
            if (bytes && (offset < end || offset % DN_ALIGN || offset + bytes > p->weights_bytes))
                return dn_fail(c->err, DN_INVALID, "plan: the weights of layer %d lie over others", i);
            if (bytes)
                end = offset + bytes;
        }
    return DN_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static enum dn_status check_alive(const struct checker *c, int map)
{
    const struct dn_buffer *b = &storage_of(c, map)->buffer;
    if (c->group >= b->first && c->group <= b->last)
        return DN_OK;
    return dn_fail(c->err, DN_INVALID, "plan: group %d uses map %d outside of its lifetime", c->group, map);
}

static int channels_of(const struct checker *c, int map)
{
    return map ? c->flow->graph->layers[map - 1].out_c : c->flow->graph->c;
}

/* Row y of a map takes its slot from the maps that lie over the same channels. */
static void overwrite(struct checker *c, int map, int y)
{
    const struct dn_plan *p = c->plan;
    int slot = y % storage_of(c, map)->rows, first = p->places[map].channel;
    for (int m = storage_of(c, map)->map; m >= 0; m = p->places[m].next) {
        int begin = p->places[m].channel;
        if (begin < first + channels_of(c, map) && first < begin + channels_of(c, m) &&
            c->slots[m][slot].row != y)
            c->slots[m][slot].row = -1;
    }
}

static enum dn_status check_write(struct checker *c, const struct dn_step *step)
{
    int map = step->layer + 1;
    const struct dn_storage *s = storage_of(c, map);
    const struct dn_rect *r = &step->rect;
    if (c->flow->root[map] != map || r->y0 < 0 || r->y1 > s->h || r->x0 < 0 || r->x1 > s->w)
        return dn_fail(c->err, DN_INVALID, "plan: rows %d to %d, columns %d to %d are not in map %d", r->y0,
                       r->y1, r->x0, r->x1, map);
    if (s->tile) {
        c->tiles[map] = *r;
        return r->y1 - r->y0 > s->rows || r->x1 - r->x0 > s->columns
                   ? dn_fail(c->err, DN_INVALID, "plan: a tile of %dx%d does not fit map %d, which keeps %dx%d",
                             r->x1 - r->x0, r->y1 - r->y0, map, s->columns, s->rows)
                   : check_alive(c, map);
    }
    for (int y = r->y0; y < r->y1; y++) {
        struct slot *slot = &c->slots[map][y % s->rows];
        overwrite(c, map, y);
        int columns = slot->row == y ? slot->columns : 0;
        if (r->x0 > columns || (!c->plan->groups[c->group].recompute && r->x0 != columns))
            return dn_fail(c->err, DN_INVALID, "plan: row %d of map %d has %d columns when those from %d on are written",
                           y, map, columns, r->x0);
        *slot = (struct slot){y, dn_max(columns, r->x1)};
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

static enum dn_status check_group(struct checker *c)
{
    const struct dn_group *g = &c->plan->groups[c->group];
    struct dn_schedule schedule;
    struct dn_step step;
    dn_schedule_begin(&schedule, c->flow, *g, c->scratch);
    while (dn_schedule_next(&schedule, &step))
        if ((step.layer >= 0 && check_reads(c, &step)) || check_write(c, &step))
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

static enum dn_status check_cover(const struct checker *c)
{
    int next = 0;
    for (int g = 0; g < c->plan->n_groups; g++) {
        if (c->plan->groups[g].first != next || c->plan->groups[g].last < next ||
            c->plan->groups[g].tiles < 1 || c->plan->groups[g].columns < 1)
            return dn_fail(c->err, DN_INVALID, "plan: group %d does not follow on the one before", g);
        next = c->plan->groups[g].last + 1;
    }
    return next == c->plan->n_layers
               ? DN_OK
               : dn_fail(c->err, DN_INVALID, "plan: its groups end with layer %d of %d", next, c->plan->n_layers);
}

static enum dn_status allocate(struct checker *c)
{
    size_t maps = (size_t)c->plan->n_layers + 1, slots = 0;
    for (size_t m = 0; m < maps; m++)
        if (c->flow->root[m] == (int)m)
            slots += (size_t)storage_of(c, (int)m)->rows;
    c->scratch = calloc(DN_SCHEDULE_INTS * maps, sizeof *c->scratch);
    c->all = calloc(slots, sizeof *c->all);
    c->slots = calloc(maps, sizeof *c->slots);
    c->tiles = calloc(maps, sizeof *c->tiles);
    if (!c->scratch || !c->all || !c->slots || !c->tiles)
        return dn_fail(c->err, DN_NO_MEMORY, "no memory to check a plan of %zu maps", maps);
    struct slot *next = c->all;
    for (size_t i = 0; i < slots; i++)
        c->all[i].row = -1;
    for (size_t m = 0; m < maps; m++)
        if (c->flow->root[m] == (int)m) {
            c->slots[m] = next;
            next += storage_of(c, (int)m)->rows;
        }
    return DN_OK;
}

enum dn_status dn_plan_check(const struct dn_flow *flow, const struct dn_plan *plan, struct dn_error *err)
{
    struct checker c = {.flow = flow, .plan = plan, .err = err};
    if (check_cover(&c) || check_weights(&c))
        return err->status;
    for (int i = 0; i < plan->n_storages; i++)
        if (check_storage(&c, i))
            return err->status;
    if (!allocate(&c))
        for (c.group = 0; c.group < plan->n_groups && !err->status; c.group++)
            check_group(&c);
    free(c.scratch);
    free(c.all);
    free(c.slots);
    free(c.tiles);
    return err->status;
}
