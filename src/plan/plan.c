/* See plan.h. Laying out weights and the arena; plans as values. */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "net/weights.h"
#include "plan/look_ahead.h"
#include "plan/search.h"
#include "plan/storage.h"

enum { FEW_TILES = 9 }; /* of Winograd: computing them takes less time than reading and packing filters */

/* ---- weights -------------------------------------------------------------------------------- */

int dn_plan_slice(const struct dn_layer *l, size_t bytes)
{
    if (!l->ops->packed)
        return dn_blocks(l->out_c);
    size_t block = l->fan_in * DN_BLOCK * sizeof(float);
    size_t blocks = block ? bytes / block : 1;
    return blocks < 1 ? 1 : blocks > (size_t)dn_blocks(l->out_c) ? dn_blocks(l->out_c) : (int)blocks;
}

static size_t align_floats(size_t floats)
{
    return dn_align_up(floats * sizeof(float), DN_ALIGN);
}

/* With room for the lines of a transposed file. */
size_t dn_raw_bytes(const struct dn_layer *l, int blocks)
{
    if (!l->ops->packed)
        return 0;
    size_t lines = l->ops->type == DN_CONNECTED || l->transposed
                       ? (size_t)DN_WEIGHTS_LINES + (size_t)l->out_c
                       : 0;
    return align_floats((size_t)blocks * DN_BLOCK * l->fan_in + lines);
}

/* Does each thread of a team read blocks of its own? Lines of a transposed file belong to all blocks. */
static bool is_shared_out(const struct dn_layer *l, int team)
{
    return team > 0 && l->ops->packed && l->ops->type != DN_CONNECTED && !l->transposed;
}

bool dn_stays_raw(const struct dn_layer *l, int team, bool whole)
{
    if (!whole || dn_layer_grain(l) == 1 || l->transposed)
        return false;
    return team > 0 || dn_ceil_div(l->out_w, DN_CONV_TILE) * dn_ceil_div(l->out_h, DN_CONV_TILE) <= FEW_TILES;
}

struct dn_filter_part dn_part_to_read(const struct dn_layer *l, int team, int slice, int thrift)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    if (team == 0 || !dn_stays_raw(l, team, true))
        return (struct dn_filter_part){0, 0};
    const struct dn_conv_sharing sharing = dn_conv_sharing(v, (struct dn_rect){0, v->h, 0, v->w}, team, thrift);
    const size_t floats = dn_packed_bytes(l, 0, slice) / sizeof(float) / (size_t)team;
    struct dn_filter_part part = {sharing.each, 1};
    int channels = sharing.blocks ? (int)(floats / dn_filter_part_floats(part)) : 0;
    part.channels = channels >= v->c ? v->c : channels / DN_CONV_CHANNELS * DN_CONV_CHANNELS;
    return part;
}

int dn_raw_blocks(const struct dn_layer *l, int team, int blocks)
{
    return is_shared_out(l, team) ? dn_min(team, blocks) : blocks;
}

size_t dn_packed_bytes(const struct dn_layer *l, int block0, int block1)
{
    if (block0 == block1 || !l->file_filters)
        return 0;
    return align_floats(l->ops->packed ? l->ops->packed(l, block0, block1) : l->file_filters);
}

/* Bytes of a slot for any `slice` blocks of a layer. Output blocks of a grouped convolution read as
 * many groups as their channels belong to, so their filters differ in size. */
static size_t slot_bytes(const struct dn_layer *l, int slice)
{
    int blocks = dn_blocks(l->out_c);
    size_t most = dn_packed_bytes(l, 0, slice);
    bool equal = !l->ops->packed || l->u.convolutional.conv.groups == 1;
    for (int b = 1; b < blocks && !equal; b++) {
        size_t bytes = dn_packed_bytes(l, b, dn_min(b + slice, blocks));
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* Of a layer in bands. */
static int portion_in_bands(const struct dn_layer *l, int team)
{
    return is_shared_out(l, team) || !l->ops->packed ? dn_blocks(l->out_c) : 1;
}

size_t dn_stream_bytes(const struct dn_layer *l, int slice, int team)
{
    int blocks = dn_blocks(l->out_c);
    if (!l->file_filters)
        return 0;
    if (!slice)
        return dn_packed_bytes(l, 0, blocks) + dn_raw_bytes(l, dn_raw_blocks(l, team, portion_in_bands(l, team)));
    return slot_bytes(l, slice) * (blocks > slice && !team ? DN_PLAN_SLOTS : 1) +
           (dn_stays_raw(l, team, true) ? 0 : dn_raw_bytes(l, dn_raw_blocks(l, team, slice)));
}

/* Bytes that loading a layer needs beside the places of its weights. */
static size_t staging_bytes(const struct dn_layer *l, int resident, size_t most)
{
    size_t around = align_floats(l->file_head + l->file_tail);
    size_t raw = resident && l->ops->packed ? dn_raw_bytes(l, dn_plan_slice(l, most)) : 0;
    return raw > around ? raw : around;
}

/* Parameters first, then the resident filters. */
static void lay_out_weights(const struct dn_graph *g, struct dn_plan *plan)
{
    size_t offset = 0;
    for (int i = 0; i < g->n; i++) {
        const struct dn_layer *l = &g->layers[i];
        plan->weights[i].params = offset;
        if (l->shares < 0)
            offset += align_floats(l->params);
    }
    for (int i = 0; i < g->n; i++) {
        const struct dn_layer *l = &g->layers[i];
        struct dn_weight_place *w = &plan->weights[i];
        if (l->shares >= 0) {
            w->params = plan->weights[l->shares].params;
            w->filters = plan->weights[l->shares].filters;
            w->resident = plan->weights[l->shares].resident;
            w->bytes = 0;
            continue;
        }
        w->filters = offset;
        w->bytes = dn_packed_bytes(l, 0, w->resident);
        offset += w->bytes;
    }
    plan->weights_bytes = offset;
}

/* Staging lies over the maps, and should not need more than they do. */
static void find_staging(const struct dn_graph *g, struct dn_plan *plan)
{
    plan->staging_bytes = 0;
    plan->staging_read = plan->maps_bytes < DN_PLAN_STAGING ? plan->maps_bytes : DN_PLAN_STAGING;
    for (int i = 0; i < g->n; i++) {
        size_t bytes = staging_bytes(&g->layers[i], plan->weights[i].resident, plan->staging_read);
        if (g->layers[i].shares < 0 && bytes > plan->staging_bytes)
            plan->staging_bytes = bytes;
    }
}

int dn_plan_blocks(const struct dn_layer *l, const struct dn_weight_place *w)
{
    return dn_min(w->pairs ? dn_max(2, w->slice) : w->slice, dn_blocks(l->out_c));
}

int dn_plan_slots(const struct dn_layer *l, const struct dn_weight_place *w)
{
    return dn_min(w->slots, dn_ceil_div(dn_blocks(l->out_c) - w->resident, dn_plan_blocks(l, w)));
}

int dn_plan_portion(const struct dn_plan *plan, const struct dn_layer *l, const struct dn_group *g)
{
    return dn_group_is_whole(g) ? dn_plan_blocks(l, &plan->weights[l->index]) : portion_in_bands(l, plan->team);
}

bool dn_plan_reads_itself(const struct dn_plan *plan, const struct dn_layer *l, const struct dn_group *g)
{
    return dn_group_is_whole(g) && dn_part_to_read(l, plan->team, plan->weights[l->index].slice, g->thrift).channels > 0;
}

size_t dn_plan_raw(const struct dn_plan *plan, const struct dn_layer *l, const struct dn_group *g)
{
    if (dn_stays_raw(l, plan->team, dn_group_is_whole(g)))
        return 0;
    return dn_raw_bytes(l, dn_raw_blocks(l, plan->team, dn_plan_portion(plan, l, g)));
}

/* Adds to a group's stream buffer what the filters of a layer need. Bands hold the filters of all layers. */
static void lay_out_filters(const struct dn_layer *l, struct dn_plan *plan, struct dn_group *g)
{
    struct dn_weight_place *w = &plan->weights[l->index];
    int blocks = dn_blocks(l->out_c);
    if (!dn_plan_streams(plan, l))
        return;
    plan->streamed_bytes += (double)(blocks - w->resident) / blocks * (double)l->file_filters * sizeof(float);
    w->packed = g->stream.bytes;
    w->slot_bytes = slot_bytes(l, dn_plan_blocks(l, w));
    g->stream.bytes += dn_group_is_whole(g) ? w->slot_bytes * (size_t)dn_plan_slots(l, w) : dn_packed_bytes(l, 0, blocks);
}

/* What is read has a place behind the packed filters of all layers. */
static void lay_out_stream(const struct dn_flow *flow, struct dn_plan *plan, struct dn_group *g)
{
    g->workspace.bytes = dn_align_up(g->workspace.bytes, DN_ALIGN);
    g->stream.bytes = g->raw_bytes = 0;
    for (int p = g->first; p <= g->last; p++) {
        const struct dn_layer *l = &flow->graph->layers[flow->order[p]];
        lay_out_filters(l, plan, g);
        if (dn_plan_streams(plan, l) && dn_plan_raw(plan, l, g) > g->raw_bytes)
            g->raw_bytes = dn_plan_raw(plan, l, g);
    }
    g->raw = g->stream.bytes;
    g->stream.bytes += g->raw_bytes * (g->readers > 1 ? 2 : 1);
}

/* ---- the arena ------------------------------------------------------------------------------ */

/* The buffers that share the maps' part, i from 0 on. */
static struct dn_buffer *buffer_at(struct dn_plan *plan, int i)
{
    int group = i - plan->n_storages;
    if (group < 0)
        return &plan->storages[i].buffer;
    struct dn_group *g = &plan->groups[group / 2];
    return group % 2 ? &g->stream : &g->workspace;
}

static enum dn_status place_buffers(struct dn_plan *plan, struct dn_error *err)
{
    int all = plan->n_storages + 2 * plan->n_groups, n = 0;
    struct dn_buffer *buffers = calloc((size_t)all, sizeof *buffers);
    if (!buffers)
        return dn_fail(err, DN_NO_MEMORY, "no memory to place %d buffers", all);
    for (int i = 0; i < all; i++)
        if (buffer_at(plan, i)->bytes)
            buffers[n++] = *buffer_at(plan, i);
    enum dn_status status = dn_place(buffers, n, &plan->maps_bytes, err);
    for (int i = all - 1; i >= 0; i--)
        if (buffer_at(plan, i)->bytes)
            buffer_at(plan, i)->offset = plan->weights_bytes + buffers[--n].offset;
    free(buffers);
    return status;
}

/* Sizes of everything but the maps, which are known, and the places of weights. */
static void lay_out_sizes(const struct dn_flow *flow, struct dn_plan *plan)
{
    plan->streamed_bytes = 0;
    lay_out_weights(flow->graph, plan);
    for (int i = 0; i < plan->n_groups; i++) {
        struct dn_group *g = &plan->groups[i];
        lay_out_stream(flow, plan, g);
        g->workspace.first = g->workspace.last = g->stream.last = i;
        g->stream.first = i - g->ahead;
    }
}

/* Results and the input row, from an offset on. Returns where they end. */
static size_t lay_out_results(const struct dn_flow *flow, struct dn_plan *plan, size_t offset)
{
    const struct dn_graph *g = flow->graph;
    for (int i = 0; i < g->n; i++) {
        bool copied = flow->kept[i] && g->layers[i].out_layout == DN_BLOCKED;
        plan->results[i] = copied ? offset : DN_NO_RESULT;
        offset += copied ? align_floats(dn_layer_outputs(&g->layers[i])) : 0;
    }
    plan->input_row = offset;
    plan->input_row_bytes = g->input_layout == DN_PLANAR ? 0 : align_floats((size_t)g->c * (size_t)g->w);
    return offset + plan->input_row_bytes;
}

/* What a run has at its peak, or the caller behind it. */
static size_t find_peak(const struct dn_plan_options *options, struct dn_plan *plan)
{
    plan->outputs_bytes = options->keeps ? plan->arena_bytes : dn_plan_outputs(plan);
    size_t after = plan->outputs_bytes + options->afterwards;
    return after > plan->arena_bytes ? after : plan->arena_bytes;
}

static size_t living(const struct dn_buffer *b, int group)
{
    return b->first <= group && group <= b->last ? b->bytes : 0;
}

size_t dn_plan_live(const struct dn_plan *plan, int group)
{
    size_t live = plan->groups[group].workspace.bytes;
    for (int i = 0; i < plan->n_storages; i++)
        live += living(&plan->storages[i].buffer, group);
    for (int i = 0; i < plan->n_groups; i++)
        live += living(&plan->groups[i].stream, group);
    return live;
}

static void add_living(const struct dn_plan *plan, const struct dn_buffer *b, size_t *live)
{
    for (int g = dn_max(0, b->first); g <= b->last && g < plan->n_groups; g++)
        live[g] += b->bytes;
}

size_t dn_plan_least(const struct dn_flow *flow, const struct dn_plan_options *options, struct dn_plan *plan,
                     size_t *live)
{
    lay_out_sizes(flow, plan);
    for (int g = 0; g < plan->n_groups; g++)
        live[g] = plan->groups[g].workspace.bytes;
    for (int g = 0; g < plan->n_groups; g++)
        add_living(plan, &plan->groups[g].stream, live);
    for (int i = 0; i < plan->n_storages; i++)
        add_living(plan, &plan->storages[i].buffer, live);
    plan->maps_bytes = 0;
    for (int g = 0; g < plan->n_groups; g++)
        plan->maps_bytes = live[g] > plan->maps_bytes ? live[g] : plan->maps_bytes;
    plan->arena_bytes = lay_out_results(flow, plan, plan->weights_bytes + plan->maps_bytes);
    return find_peak(options, plan);
}

static enum dn_status lay_out_arena(const struct dn_flow *flow, struct dn_plan *plan, struct dn_error *err)
{
    lay_out_sizes(flow, plan);
    if (place_buffers(plan, err))
        return err->status;
    find_staging(flow->graph, plan);
    plan->arena_bytes = lay_out_results(flow, plan, plan->weights_bytes + plan->maps_bytes);
    plan->staging = plan->weights_bytes;
    if (plan->staging + plan->staging_bytes > plan->arena_bytes)
        plan->arena_bytes = plan->staging + plan->staging_bytes;
    return DN_OK;
}

size_t dn_plan_outputs(const struct dn_plan *plan)
{
    const size_t pages = 2 * DN_PLAN_PAGE;
    size_t bytes = plan->input_row + plan->input_row_bytes - plan->weights_bytes - plan->maps_bytes + pages;
    for (int i = 0; i < plan->n_storages; i++)
        if (plan->storages[i].buffer.last >= plan->n_groups)
            bytes += plan->storages[i].buffer.bytes + pages;
    return bytes < plan->arena_bytes ? bytes : plan->arena_bytes;
}

static double work_factor(const struct dn_flow *flow, const struct dn_plan *plan)
{
    double done = 0, all = 0;
    for (int i = 0; i < plan->n_layers; i++) {
        done += flow->graph->layers[i].flops * (double)plan->repeats[i];
        all += flow->graph->layers[i].flops;
    }
    return all > 0 ? done / all : 1;
}

enum dn_status dn_plan_layout(const struct dn_flow *flow, const struct dn_plan_options *options,
                              struct dn_plan *plan, struct dn_error *err)
{
    if (lay_out_arena(flow, plan, err))
        return err->status;
    plan->peak_bytes = find_peak(options, plan);
    plan->seconds = dn_cost_plan(flow, plan, &options->machine);
    plan->work = work_factor(flow, plan);
    return DN_OK;
}

/* ---- plans as values ------------------------------------------------------------------------ */

enum dn_status dn_plan_new(const struct dn_flow *flow, const struct dn_plan_options *options, struct dn_plan *plan,
                           struct dn_error *err)
{
    size_t n = (size_t)flow->graph->n;
    memset(plan, 0, sizeof *plan);
    plan->threads = options->threads;
    plan->team = dn_plan_team(options);
    plan->n_layers = flow->graph->n;
    plan->concat_distance = flow->graph->n;
    plan->groups = calloc(n, sizeof *plan->groups);
    plan->storages = calloc(n + 1, sizeof *plan->storages);
    plan->places = calloc(n + 1, sizeof *plan->places);
    plan->weights = calloc(n, sizeof *plan->weights);
    plan->repeats = calloc(n, sizeof *plan->repeats);
    plan->results = calloc(n, sizeof *plan->results);
    if (!plan->groups || !plan->storages || !plan->places || !plan->weights || !plan->repeats ||
        !plan->results) {
        dn_plan_free(plan);
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %zu layers", flow->graph->path, n);
    }
    for (size_t i = 0; i < n; i++) {
        plan->weights[i].resident = dn_blocks(flow->graph->layers[i].out_c);
        plan->weights[i].slice = 1;
        plan->weights[i].slots = plan->team ? 1 : DN_PLAN_SLOTS;
    }
    return DN_OK;
}

void dn_plan_copy(struct dn_plan *to, const struct dn_plan *from)
{
    struct dn_plan arrays = *to;
    size_t n = (size_t)from->n_layers;
    *to = *from;
    to->groups = memcpy(arrays.groups, from->groups, n * sizeof *from->groups);
    to->storages = memcpy(arrays.storages, from->storages, (n + 1) * sizeof *from->storages);
    to->places = memcpy(arrays.places, from->places, (n + 1) * sizeof *from->places);
    to->weights = memcpy(arrays.weights, from->weights, n * sizeof *from->weights);
    to->repeats = memcpy(arrays.repeats, from->repeats, n * sizeof *from->repeats);
    to->results = memcpy(arrays.results, from->results, n * sizeof *from->results);
}

enum dn_status dn_plan_make(struct dn_flow *flow, const struct dn_plan_options *options,
                            struct dn_plan *plan, struct dn_error *err)
{
    if (dn_plan_new(flow, options, plan, err))
        return err->status;
    if (options->fusion)
        dn_plan_by_hand(flow, options, plan, err);
    else if (options->paper)
        dn_plan_paper(flow, options, plan, err);
    else
        dn_search(flow, options, plan, err);
    if (!err->status)
        dn_plan_look_ahead(flow, options, plan, err);
    if (err->status) {
        const size_t least = plan->least_bytes;
        dn_plan_free(plan);
        plan->least_bytes = least;
    }
    return err->status;
}

void dn_plan_free(struct dn_plan *plan)
{
    free(plan->groups);
    free(plan->storages);
    free(plan->places);
    free(plan->weights);
    free(plan->repeats);
    free(plan->results);
    memset(plan, 0, sizeof *plan);
}

struct dn_view dn_storage_view(const struct dn_storage *s, void *arena)
{
    int step = s->layout == DN_BLOCKED ? DN_BLOCK : 1;
    int columns = s->columns + 2 * s->pad;
    struct dn_view v = {.c = s->c, .h = s->h, .w = s->w, .rows = s->rows, .pad = s->pad, .layout = s->layout};
    v.data = (float *)((char *)arena + s->buffer.offset) + (ptrdiff_t)s->pad * step;
    if (s->layout == DN_BLOCKED) {
        v.block = (ptrdiff_t)columns * DN_BLOCK;
        v.row = v.block * dn_blocks(s->c);
    } else if (s->rows == s->h && s->columns == s->w) { /* a whole planar map crosses the API: plane by plane */
        v.row = columns;
        v.block = v.row * s->h;
    } else { /* rolling rows of the input: row by row */
        v.block = columns;
        v.row = v.block * s->c;
    }
    return v;
}

struct dn_view dn_strip_view(const struct dn_storage *s, void *arena)
{
    struct dn_view v = {.c = dn_blocks(s->c) * DN_BLOCK, .h = s->h, .w = s->w, .rows = s->strip, .layout = DN_BLOCKED};
    v.data = (float *)((char *)arena + s->buffer.offset + dn_storage_bytes(s, s->rows, s->columns));
    v.block = (ptrdiff_t)s->w * DN_BLOCK;
    v.row = v.block * dn_blocks(s->c);
    return v;
}

struct dn_view dn_plan_view(const struct dn_plan *plan, const struct dn_flow *flow, void *arena, int map)
{
    struct dn_place place = plan->places[flow->root[map]];
    struct dn_view v = dn_storage_view(&plan->storages[place.storage], arena);
    return dn_view_channels(v, place.channel + flow->channel[map], dn_map_shape(flow->graph, map).c);
}
