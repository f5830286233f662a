/* See plan.h. Choosing the groups, and laying out the arena. */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plan/storage.h"

/* ---- groups --------------------------------------------------------------------------------- */

/* Maps above this size do not stay in a second-level cache between their writer and their reader:
 * the leading layers up to the last such map run in bands. */
enum { LARGE_MAP = 2 << 20, BAND_ROWS = 16 };

static size_t map_bytes(const struct dn_layer *l)
{
    return dn_layer_outputs(l) * sizeof(float);
}

/* The last layer of the leading bands, or -1. */
static int banded_prefix(const struct dn_graph *g)
{
    int last = -1;
    for (int i = 0; i < g->n; i++) {
        const struct dn_layer *l = &g->layers[i];
        if (!l->alias && (!l->ops->span || l->whole))
            break;
        if (map_bytes(l) > LARGE_MAP)
            last = i;
    }
    return last;
}

static enum dn_status choose_groups(const struct dn_flow *flow, const struct dn_plan_options *options,
                                    struct dn_plan *plan, struct dn_error *err)
{
    const struct dn_graph *g = flow->graph;
    plan->groups = calloc((size_t)g->n, sizeof *plan->groups);
    if (!plan->groups)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", g->path, g->n);
    int last = options->layers_only ? -1 : banded_prefix(g);
    if (last > 0)
        plan->groups[plan->n_groups++] = (struct dn_group){
            .last = last, .tiles = dn_max(1, dn_min(g->layers[last].out_h, g->h / BAND_ROWS))};
    else
        last = -1;
    for (int i = last + 1; i < g->n; i++)
        plan->groups[plan->n_groups++] = (struct dn_group){.first = i, .last = i, .tiles = 1};
    return DN_OK;
}

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

/* Raw filters of a slice of blocks, with room for the lines of a transposed file. */
static size_t raw_bytes(const struct dn_layer *l, int blocks)
{
    size_t lines = l->ops->type == DN_CONNECTED || l->transposed
                       ? DN_PLAN_STAGING / sizeof(float) + (size_t)l->out_c
                       : 0;
    return align_floats((size_t)blocks * DN_BLOCK * l->fan_in + lines);
}

static size_t packed_bytes(const struct dn_layer *l, int block0, int block1)
{
    if (block0 == block1)
        return 0;
    return align_floats(l->ops->packed ? l->ops->packed(l, block0, block1) : l->file_filters);
}

/* Bytes that loading a layer needs beside the places of its weights. */
static size_t staging_bytes(const struct dn_layer *l)
{
    size_t around = align_floats(l->file_head + l->file_tail);
    size_t raw = l->ops->packed ? raw_bytes(l, dn_plan_slice(l, DN_PLAN_STAGING)) : 0;
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
            *w = plan->weights[l->shares];
            w->bytes = 0;
            continue;
        }
        w->filters = offset;
        w->bytes = l->file_filters ? packed_bytes(l, 0, w->resident) : 0;
        offset += w->bytes;
        if (staging_bytes(l) > plan->staging_bytes)
            plan->staging_bytes = staging_bytes(l);
    }
    plan->weights_bytes = offset;
}

static bool is_streamed(const struct dn_plan *plan, const struct dn_layer *l)
{
    return l->file_filters && plan->weights[l->index].resident < dn_blocks(l->out_c);
}

/* Adds to a group's scratch what its streamed weights need. */
static void lay_out_stream(const struct dn_flow *flow, struct dn_plan *plan, struct dn_group *g)
{
    size_t offset = g->workspace_bytes = dn_align_up(g->workspace_bytes, DN_ALIGN), raw = 0;
    for (int p = g->first; p <= g->last; p++) {
        const struct dn_layer *l = &flow->graph->layers[flow->order[p]];
        struct dn_weight_place *w = &plan->weights[l->index];
        int blocks = dn_blocks(l->out_c);
        if (!is_streamed(plan, l))
            continue;
        if (g->first == g->last) {
            w->slot[0] = offset;
            w->slot[1] = offset += packed_bytes(l, 0, w->slice);
            offset += blocks - w->resident > w->slice ? packed_bytes(l, 0, w->slice) : 0;
        } else {
            w->held = offset;
            offset += packed_bytes(l, 0, blocks);
        }
        raw = raw_bytes(l, w->slice) > raw ? raw_bytes(l, w->slice) : raw;
        w->raw = offset;
        plan->streamed_bytes += (double)(blocks - w->resident) * DN_BLOCK * (double)l->fan_in * sizeof(float);
    }
    for (int p = g->first; p <= g->last && g->first != g->last; p++)
        plan->weights[flow->order[p]].raw = offset;
    g->scratch.bytes = offset + raw;
}

/* ---- the arena ------------------------------------------------------------------------------ */

static enum dn_status place_buffers(struct dn_plan *plan, struct dn_error *err)
{
    int n = plan->n_storages + plan->n_groups;
    struct dn_buffer *buffers = calloc((size_t)n, sizeof *buffers);
    if (!buffers)
        return dn_fail(err, DN_NO_MEMORY, "no memory to place %d buffers", n);
    for (int i = 0; i < plan->n_storages; i++)
        buffers[i] = plan->storages[i].buffer;
    for (int g = 0; g < plan->n_groups; g++) {
        buffers[plan->n_storages + g] = plan->groups[g].scratch;
        buffers[plan->n_storages + g].first = buffers[plan->n_storages + g].last = g;
    }
    enum dn_status status = dn_place(buffers, n, &plan->maps_bytes, err);
    for (int i = 0; i < n; i++) {
        buffers[i].offset += plan->weights_bytes;
        if (i < plan->n_storages)
            plan->storages[i].buffer = buffers[i];
        else
            plan->groups[i - plan->n_storages].scratch = buffers[i];
    }
    free(buffers);
    return status;
}

static enum dn_status lay_out_arena(const struct dn_flow *flow, struct dn_plan *plan, struct dn_error *err)
{
    const struct dn_graph *g = flow->graph;
    const struct dn_layer *output = &g->layers[g->output];
    for (int i = 0; i < plan->n_groups; i++)
        lay_out_stream(flow, plan, &plan->groups[i]);
    if (place_buffers(plan, err))
        return err->status;
    size_t offset = plan->weights_bytes + plan->maps_bytes;
    plan->result = offset;
    plan->result_bytes = output->out_layout == DN_PLANAR ? 0 : align_floats(dn_layer_outputs(output));
    plan->input_row = offset += plan->result_bytes;
    plan->input_row_bytes = g->input_layout == DN_PLANAR ? 0 : align_floats((size_t)g->c * (size_t)g->w);
    offset += plan->input_row_bytes;
    plan->staging = plan->weights_bytes;
    plan->arena_bytes = offset;
    if (plan->staging + plan->staging_bytes > offset)
        plan->arena_bytes = plan->staging + plan->staging_bytes;
    return DN_OK;
}

enum dn_status dn_plan_make(const struct dn_flow *flow, const struct dn_plan_options *options,
                            struct dn_plan *plan, struct dn_error *err)
{
    size_t n = (size_t)flow->graph->n;
    memset(plan, 0, sizeof *plan);
    plan->threads = options->threads;
    plan->n_layers = flow->graph->n;
    plan->storages = calloc(n + 1, sizeof *plan->storages);
    plan->places = calloc(n + 1, sizeof *plan->places);
    plan->weights = calloc(n, sizeof *plan->weights);
    if (!plan->storages || !plan->places || !plan->weights) {
        dn_plan_free(plan);
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %zu layers", flow->graph->path, n);
    }
    for (size_t i = 0; i < n; i++)
        plan->weights[i].resident = dn_blocks(flow->graph->layers[i].out_c);
    lay_out_weights(flow->graph, plan);
    if (choose_groups(flow, options, plan, err) || dn_plan_storages(flow, options, plan, err) ||
        lay_out_arena(flow, plan, err))
        dn_plan_free(plan);
    return err->status;
}

void dn_plan_free(struct dn_plan *plan)
{
    free(plan->groups);
    free(plan->storages);
    free(plan->places);
    free(plan->weights);
    memset(plan, 0, sizeof *plan);
}

struct dn_view dn_plan_view(const struct dn_plan *plan, const struct dn_flow *flow, void *arena, int map)
{
    const struct dn_graph *g = flow->graph;
    struct dn_place place = plan->places[flow->root[map]];
    const struct dn_storage *s = &plan->storages[place.storage];
    int step = s->layout == DN_BLOCKED ? DN_BLOCK : 1;
    int columns = s->w + 2 * s->pad;
    struct dn_view v = {.c = s->c, .h = s->h, .w = s->w, .rows = s->rows, .pad = s->pad, .layout = s->layout};
    v.data = (float *)((char *)arena + s->buffer.offset) + (ptrdiff_t)s->pad * step;
    if (s->layout == DN_BLOCKED) {
        v.block = (ptrdiff_t)columns * DN_BLOCK;
        v.row = v.block * dn_blocks(s->c);
    } else if (s->rows == s->h) { /* a whole planar map crosses the API: plane by plane */
        v.row = columns;
        v.block = v.row * s->h;
    } else { /* rolling rows of the input: row by row */
        v.block = columns;
        v.row = v.block * s->c;
    }
    return dn_view_channels(v, place.channel + flow->channel[map], map ? g->layers[map - 1].out_c : g->c);
}
