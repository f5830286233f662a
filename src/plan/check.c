/* See check.h. */
#include "plan/check.h"

#include "base/size.h"
#include "plan/check_steps.h"

struct checker {
    const struct dn_flow *flow;
    const struct dn_plan *plan;
    struct dn_error *err;
};

/* ---- memory --------------------------------------------------------------------------------- */

static bool overlap(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a_bytes && b_bytes && a < b + b_bytes && b < a + a_bytes;
}

/* Do two buffers live at the same time in the same memory? */
static bool collide(const struct dn_buffer *a, const struct dn_buffer *b)
{
    return a->first <= b->last && b->first <= a->last && overlap(a->offset, a->bytes, b->offset, b->bytes);
}

static enum dn_status check_storage(const struct checker *c, int i)
{
    const struct dn_plan *p = c->plan;
    const struct dn_storage *s = &p->storages[i];
    const struct dn_buffer *b = &s->buffer;
    size_t channels = (size_t)(s->layout == DN_PLANAR ? s->c : dn_blocks(s->c) * DN_BLOCK);
    size_t bytes = channels * ((size_t)s->columns + 2 * (size_t)s->pad) * (size_t)s->rows * sizeof(float);
    if (s->strip)
        bytes = dn_align_up(bytes, DN_ALIGN) + channels * (size_t)s->w * (size_t)s->strip * sizeof(float);
    bytes = dn_align_up(bytes, DN_ALIGN) * (size_t)dn_max(0, s->copies - 1) + bytes;
    if (s->strip < 0 || s->strip > s->h || (s->strip && !s->tile))
        return dn_fail(c->err, DN_INVALID, "plan: storage %d has a strip of %d rows", i, s->strip);
    if (s->rows < 1 || s->rows > s->h || s->columns > s->w || (s->columns < s->w && !s->tile) || b->bytes < bytes || b->offset % DN_ALIGN ||
        b->offset < p->weights_bytes || b->offset + b->bytes > p->arena_bytes)
        return dn_fail(c->err, DN_INVALID, "plan: storage %d of %zu bytes at %zu does not hold %d rows inside the arena",
                       i, b->bytes, b->offset, s->rows);
    if (b->first < 0)
        return dn_fail(c->err, DN_INVALID, "plan: storage %d is never prepared", i);
    if (s->copies != 1 && (s->copies < 1 || s->tile || b->first != b->last || b->first >= p->n_groups ||
                           p->groups[b->first].stripes != s->copies))
        return dn_fail(c->err, DN_INVALID, "plan: storage %d has %d copies", i, s->copies);
    if (s->copies > 1 && (s->map == 0 || dn_copy_bytes(s) % DN_ALIGN || dn_copy_bytes(s) * (size_t)s->copies != b->bytes))
        return dn_fail(c->err, DN_INVALID, "plan: storage %d is of the input or does not have %d equal copies", i, s->copies);
    if (s->tile && (s->map <= 0 || p->places[s->map].next >= 0)) /* the input comes in whole rows */
        return dn_fail(c->err, DN_INVALID, "plan: storage %d keeps tiles of the input or of several maps", i);
    for (int g = 0; g < p->n_groups; g++)
        if (collide(b, &p->groups[g].workspace) || collide(b, &p->groups[g].stream))
            return dn_fail(c->err, DN_INVALID, "plan: storage %d lies over what group %d needs beside maps", i, g);
    for (int l = 0; l < p->n_layers; l++)
        if (p->results[l] != DN_NO_RESULT && b->offset + b->bytes > p->results[l])
            return dn_fail(c->err, DN_INVALID, "plan: storage %d lies over the result of layer %d", i, l);
    if (overlap(b->offset, b->bytes, p->input_row, p->input_row_bytes))
        return dn_fail(c->err, DN_INVALID, "plan: storage %d lies over the input row", i);
    for (int k = 0; k < i; k++) {
        if (collide(b, &p->storages[k].buffer))
            return dn_fail(c->err, DN_INVALID, "plan: storages %d and %d live at the same time in the same memory", k, i);
    }
    return DN_OK;
}

/* ---- places --------------------------------------------------------------------------------- */

/* Is `part` an input of the concatenation `whole`, or of one inside it, at its proper channel? */
static bool lies_in(const struct checker *c, int part, int whole)
{
    const struct dn_place *places = c->plan->places;
    const struct dn_layer *l = whole ? &c->flow->graph->layers[whole - 1] : NULL;
    for (int k = 0, channel = places[whole].channel; l && l->concat && k < l->n_in; k++) {
        int map = c->flow->root[l->in[k] + 1], channels = dn_map_shape(c->flow->graph, l->in[k] + 1).c;
        if (channels == dn_map_shape(c->flow->graph, map).c && places[map].storage == places[whole].storage &&
            places[map].channel == channel && (map == part || lies_in(c, part, map)))
            return true;
        channel += channels;
    }
    return false;
}

static bool share_blocks(const struct checker *c, int a, int b)
{
    const struct dn_graph *g = c->flow->graph;
    int a0 = c->plan->places[a].channel, b0 = c->plan->places[b].channel;
    return a0 / DN_BLOCK < dn_blocks(b0 + dn_map_shape(g, b).c) && b0 / DN_BLOCK < dn_blocks(a0 + dn_map_shape(g, a).c);
}

static enum dn_status check_place(const struct checker *c, int map)
{
    const struct dn_map_shape shape = dn_map_shape(c->flow->graph, map);
    const struct dn_place *place = &c->plan->places[map];
    int found = 0, steps = 0;
    if (place->storage < 0 || place->storage >= c->plan->n_storages)
        return dn_fail(c->err, DN_INVALID, "plan: map %d lies in storage %d of %d", map, place->storage, c->plan->n_storages);
    const struct dn_storage *s = &c->plan->storages[place->storage];
    if (s->h != shape.h || s->w != shape.w || s->layout != shape.layout || s->pad < 0 || place->channel < 0 ||
        place->channel % (shape.layout == DN_BLOCKED ? DN_BLOCK : 1) || s->c < shape.c || place->channel > s->c - shape.c)
        return dn_fail(c->err, DN_INVALID, "plan: map %d does not fit into storage %d", map, place->storage);
    for (int m = s->map; m >= 0; m = c->plan->places[m].next) {
        if (m > c->plan->n_layers || steps++ > c->plan->n_layers || c->plan->places[m].storage != place->storage)
            return dn_fail(c->err, DN_INVALID, "plan: the maps of storage %d are not listed well", place->storage);
        found += m == map;
        if (m != map && share_blocks(c, m, map) && !lies_in(c, m, map) && !lies_in(c, map, m))
            return dn_fail(c->err, DN_INVALID, "plan: maps %d and %d lie over the same channels", m, map);
    }
    return found == 1 ? DN_OK : dn_fail(c->err, DN_INVALID, "plan: map %d is not listed in its storage", map);
}

/* ---- weights -------------------------------------------------------------------------------- */

static enum dn_status check_residency(const struct checker *c, int i)
{
    const struct dn_layer *l = &c->flow->graph->layers[i];
    const struct dn_weight_place *w = &c->plan->weights[i];
    int blocks = dn_blocks(l->out_c);
    bool part = l->ops->packed && l->shares < 0;
    if (w->resident < 0 || w->resident > blocks || w->slice < 1 || (w->resident && w->resident < blocks && !part))
        return dn_fail(c->err, DN_INVALID, "plan: %d blocks of layer %d in slices of %d are not possible", w->resident, i, w->slice);
    if (l->shares < 0)
        return w->bytes == dn_packed_bytes(l, 0, w->resident)
                   ? DN_OK
                   : dn_fail(c->err, DN_INVALID, "plan: the filters of layer %d do not take %zu bytes", i, w->bytes);
    const struct dn_weight_place *o = &c->plan->weights[l->shares];
    return w->params == o->params && w->filters == o->filters && w->resident == blocks && o->resident == blocks
               ? DN_OK
               : dn_fail(c->err, DN_INVALID, "plan: layer %d does not use the weights of layer %d", i, l->shares);
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
            if (check_residency(c, i))
                return c->err->status;
            if (l->shares >= 0)
                continue;
            if (bytes && (offset < end || offset % DN_ALIGN || offset > p->weights_bytes || bytes > p->weights_bytes - offset))
                return dn_fail(c->err, DN_INVALID, "plan: the weights of layer %d lie over others", i);
            if (bytes)
                end = offset + bytes;
        }
    return DN_OK;
}

/* While weights are loaded, what is read of a layer lies in front of nothing but maps. */
static enum dn_status check_staging(const struct checker *c)
{
    const struct dn_plan *p = c->plan;
    if (p->staging < p->weights_bytes || p->staging % DN_ALIGN || p->staging_bytes > p->arena_bytes ||
        p->staging > p->arena_bytes - p->staging_bytes)
        return dn_fail(c->err, DN_INVALID, "plan: staging is not behind the weights");
    for (int i = 0; i < p->n_layers; i++) {
        const struct dn_layer *l = &c->flow->graph->layers[i];
        size_t bytes = (l->file_head + l->file_tail) * sizeof(float);
        if (p->weights[i].resident && l->ops->packed && dn_raw_bytes(l, dn_plan_slice(l, p->staging_read)) > bytes)
            bytes = dn_raw_bytes(l, dn_plan_slice(l, p->staging_read));
        if (l->shares < 0 && bytes > p->staging_bytes)
            return dn_fail(c->err, DN_INVALID, "plan: staging of %zu bytes does not hold the %zu of layer %d",
                           p->staging_bytes, bytes, i);
    }
    return DN_OK;
}

static bool fits_stream(const struct dn_group *g, size_t offset, size_t bytes)
{
    return offset % DN_ALIGN == 0 && offset <= g->stream.bytes && bytes <= g->stream.bytes - offset;
}

/* Slots lie one behind the other; each holds any slice, or what the threads of a team read for themselves. */
static bool slots_fit(const struct dn_plan *plan, const struct dn_group *g, const struct dn_layer *l)
{
    const struct dn_weight_place *w = &plan->weights[l->index];
    int blocks = dn_blocks(l->out_c), slice = dn_plan_blocks(l, w);
    if (w->slots < 1 || w->slot_bytes % DN_ALIGN)
        return false;
    if (dn_plan_reads_itself(plan, l, g)) {
        size_t floats = dn_filter_part_floats(dn_part_to_read(l, plan->team, w->slice, g->thrift));
        return (size_t)plan->team * floats * sizeof(float) <= w->slot_bytes;
    }
    for (int b = w->resident; b < blocks; b += dn_min(slice, blocks - b))
        if (dn_packed_bytes(l, b, b + dn_min(slice, blocks - b)) > w->slot_bytes)
            return false;
    return true;
}

/* Bytes in the stream buffer of a layer's slots or, in bands, of all its filters. */
static size_t packed_bytes(const struct checker *c, const struct dn_group *g, const struct dn_layer *l)
{
    const struct dn_weight_place *w = &c->plan->weights[l->index];
    return dn_group_is_whole(g) ? w->slot_bytes * (size_t)dn_plan_slots(l, w) : dn_packed_bytes(l, 0, dn_blocks(l->out_c));
}

/* No raw bytes, which belong to all layers, and no other filters may lie over those of a layer. */
static bool filters_fit(const struct checker *c, const struct dn_group *g, const struct dn_layer *l)
{
    const struct dn_weight_place *w = &c->plan->weights[l->index];
    size_t raw = g->raw_bytes * (g->readers > 1 ? 2 : 1), bytes = packed_bytes(c, g, l);
    if (w->slot_bytes > g->stream.bytes || g->raw_bytes > g->stream.bytes || (dn_group_is_whole(g) && !slots_fit(c->plan, g, l)) ||
        dn_plan_raw(c->plan, l, g) > g->raw_bytes || !fits_stream(g, w->packed, bytes) || (raw && !fits_stream(g, g->raw, raw)) ||
        overlap(w->packed, bytes, g->raw, raw))
        return false;
    for (int p = g->first; p <= g->last; p++) {
        const struct dn_layer *o = &c->flow->graph->layers[c->flow->order[p]];
        if (o != l && dn_plan_streams(c->plan, o) && overlap(w->packed, bytes, c->plan->weights[o->index].packed, packed_bytes(c, g, o)))
            return false;
    }
    return true;
}

static bool lies_inside(const struct checker *c, const struct dn_buffer *b)
{
    const struct dn_plan *p = c->plan;
    return !b->bytes || (b->offset >= p->weights_bytes && b->offset % DN_ALIGN == 0 && b->bytes <= p->arena_bytes &&
                         b->offset <= p->arena_bytes - b->bytes && !overlap(b->offset, b->bytes, p->input_row, p->input_row_bytes));
}

/* What a group needs beside maps. Streamed filters of several groups may live at a time. */
static enum dn_status check_buffers(const struct checker *c, int index)
{
    const struct dn_plan *p = c->plan;
    const struct dn_group *g = &p->groups[index];
    if (!lies_inside(c, &g->workspace) || !lies_inside(c, &g->stream) || g->workspace.first != index || g->workspace.last != index ||
        g->ahead < 0 || g->stream.first != index - g->ahead || g->stream.first < 0 || g->stream.last != index ||
        (g->stripes > 1 && g->workspace.bytes % ((size_t)g->stripes * DN_ALIGN)))
        return dn_fail(c->err, DN_INVALID, "plan: what group %d needs beside maps is not inside the arena while it runs", index);
    for (int i = 0; i < p->n_groups; i++)
        if (collide(&g->stream, &p->groups[i].workspace) || (i != index && collide(&g->stream, &p->groups[i].stream)))
            return dn_fail(c->err, DN_INVALID, "plan: streamed filters of group %d lie over what group %d needs", index, i);
    for (int q = g->first; q <= g->last; q++) {
        const struct dn_layer *l = &c->flow->graph->layers[c->flow->order[q]];
        if (!dn_plan_streams(c->plan, l))
            continue;
        if (!filters_fit(c, g, l))
            return dn_fail(c->err, DN_INVALID, "plan: group %d has no room for the streamed filters of layer %d", index, l->index);
        if (p->streamed_bytes <= 0)
            return dn_fail(c->err, DN_INVALID, "plan: layer %d is streamed and the plan says that none is", l->index);
    }
    return DN_OK;
}

/* ---- what else is in the arena --------------------------------------------------------------- */

static enum dn_status check_edges(const struct checker *c)
{
    const struct dn_plan *p = c->plan;
    const struct dn_graph *g = c->flow->graph;
    size_t row = g->input_layout == DN_PLANAR ? 0 : (size_t)g->c * (size_t)g->w * sizeof(float);
    if (p->arena_bytes % DN_ALIGN)
        return dn_fail(c->err, DN_INVALID, "plan: an arena of %zu bytes is not whole cache lines", p->arena_bytes);
    if (p->input_row_bytes < row || (row && (p->input_row < p->weights_bytes || p->input_row % DN_ALIGN ||
        p->input_row_bytes > p->arena_bytes || p->input_row > p->arena_bytes - p->input_row_bytes)))
        return dn_fail(c->err, DN_INVALID, "plan: there is no room for a row of the input");
    for (int i = 0; i < p->n_layers; i++) {
        bool wanted = c->flow->kept[i] && g->layers[i].out_layout == DN_BLOCKED;
        size_t bytes = dn_layer_outputs(&g->layers[i]) * sizeof(float);
        if (wanted != (p->results[i] != DN_NO_RESULT) ||
            (wanted && (p->results[i] < p->weights_bytes || p->results[i] % DN_ALIGN || bytes > p->arena_bytes ||
                        p->results[i] > p->arena_bytes - bytes)))
            return dn_fail(c->err, DN_INVALID, "plan: there is no room for the result of layer %d", i);
        for (int k = 0; k < i && wanted; k++)
            if (p->results[k] != DN_NO_RESULT &&
                overlap(p->results[i], bytes, p->results[k], dn_layer_outputs(&g->layers[k]) * sizeof(float)))
                return dn_fail(c->err, DN_INVALID, "plan: the results of layers %d and %d lie over one another", k, i);
    }
    return DN_OK;
}

/* Between runs outputs are looked for in the maps' part, and results from there to the input row. */
static enum dn_status check_peak(const struct checker *c)
{
    const struct dn_plan *p = c->plan;
    size_t maps = p->weights_bytes + p->maps_bytes, row = p->input_row + p->input_row_bytes;
    bool apart = maps <= row && row <= p->arena_bytes;
    for (int i = 0; i < p->n_storages; i++)
        apart &= p->storages[i].buffer.last < p->n_groups ||
                 p->storages[i].buffer.offset + p->storages[i].buffer.bytes <= maps;
    for (int i = 0; i < p->n_layers; i++)
        apart &= p->results[i] == DN_NO_RESULT ||
                 (p->results[i] >= maps &&
                  p->results[i] + dn_layer_outputs(&c->flow->graph->layers[i]) * sizeof(float) <= row);
    if (!apart)
        return dn_fail(c->err, DN_INVALID, "plan: outputs and results are not where they are kept");
    if (p->outputs_bytes < dn_plan_outputs(p) || p->outputs_bytes > p->arena_bytes || p->peak_bytes < p->arena_bytes)
        return dn_fail(c->err, DN_INVALID, "plan: outputs of %zu bytes in an arena of %zu with a peak of %zu are not possible",
                       p->outputs_bytes, p->arena_bytes, p->peak_bytes);
    return DN_OK;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static enum dn_status check_cover(const struct checker *c)
{
    const int threads = c->plan->threads, team = c->plan->team;
    int next = 0;
    if (team && (team != threads || team < 2))
        return dn_fail(c->err, DN_INVALID, "plan: %d threads compute, and %d of them are to read filters together", threads, team);
    for (int g = 0; g < c->plan->n_groups; g++) {
        if (c->plan->groups[g].first != next || c->plan->groups[g].last < next ||
            c->plan->groups[g].tiles < 1 || c->plan->groups[g].columns < 1 || c->plan->groups[g].thrift < 0 ||
            c->plan->groups[g].stripes < 1 || c->plan->groups[g].stripes > c->plan->groups[g].tiles ||
            (c->plan->groups[g].stripes > 1 && (c->plan->groups[g].columns > 1 || c->plan->groups[g].recompute)) ||
            c->plan->groups[g].thrift >= DN_THRIFT_LEVELS ||
            (dn_group_is_whole(&c->plan->groups[g]) && c->plan->groups[g].last > next)) /* slots are of one layer */
            return dn_fail(c->err, DN_INVALID, "plan: group %d does not follow on the one before", g);
        next = c->plan->groups[g].last + 1;
    }
    return next == c->plan->n_layers
               ? DN_OK
               : dn_fail(c->err, DN_INVALID, "plan: its groups end with layer %d of %d", next, c->plan->n_layers);
}

enum dn_status dn_plan_check(const struct dn_flow *flow, const struct dn_plan *plan, struct dn_error *err)
{
    struct checker c = {.flow = flow, .plan = plan, .err = err};
    if (check_cover(&c) || check_weights(&c) || check_staging(&c) || check_edges(&c) || check_peak(&c))
        return err->status;
    for (int map = 0; map <= plan->n_layers; map++)
        if (flow->root[map] == map && check_place(&c, map))
            return err->status;
    for (int g = 0; g < plan->n_groups; g++)
        if (check_buffers(&c, g))
            return err->status;
    for (int i = 0; i < plan->n_storages; i++)
        if (check_storage(&c, i))
            return err->status;
    return dn_check_steps(flow, plan, err);
}
