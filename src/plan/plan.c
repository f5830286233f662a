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
            0, last, dn_max(1, dn_min(g->layers[last].out_h, g->h / BAND_ROWS))};
    else
        last = -1;
    for (int i = last + 1; i < g->n; i++)
        plan->groups[plan->n_groups++] = (struct dn_group){i, i, 1};
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

/* Bytes that loading a layer needs beside the places of its weights. */
static size_t staging_bytes(const struct dn_layer *l)
{
    size_t floats = l->file_head + l->file_tail;
    if (l->ops->packed) {
        size_t raw = (size_t)dn_plan_slice(l, DN_PLAN_STAGING) * DN_BLOCK * l->fan_in;
        size_t lines = DN_PLAN_STAGING / sizeof(float) + (size_t)l->out_c; /* of a transposed file */
        floats = raw + lines > floats ? raw + lines : floats;
    }
    return dn_align_up(floats * sizeof(float), DN_ALIGN);
}

static size_t packed_bytes(const struct dn_layer *l)
{
    size_t floats = l->ops->packed ? l->ops->packed(l, 0, dn_blocks(l->out_c)) : l->file_filters;
    return dn_align_up(floats * sizeof(float), DN_ALIGN);
}

static void lay_out_weights(const struct dn_graph *g, struct dn_plan *plan)
{
    size_t offset = 0;
    for (int i = 0; i < g->n; i++) {
        const struct dn_layer *l = &g->layers[i];
        plan->params[i] = offset;
        if (l->shares < 0)
            offset += dn_align_up(l->params * sizeof(float), DN_ALIGN);
    }
    for (int i = 0; i < g->n; i++) {
        const struct dn_layer *l = &g->layers[i];
        plan->filters[i] = offset;
        if (l->shares < 0 && l->file_filters)
            offset += plan->filter_bytes[i] = packed_bytes(l);
        if (l->shares < 0 && staging_bytes(l) > plan->staging_bytes)
            plan->staging_bytes = staging_bytes(l);
    }
    for (int i = 0; i < g->n; i++)
        if (g->layers[i].shares >= 0) {
            plan->params[i] = plan->params[g->layers[i].shares];
            plan->filters[i] = plan->filters[g->layers[i].shares];
        }
    plan->weights_bytes = offset;
}

/* ---- the arena ------------------------------------------------------------------------------ */

static enum dn_status place_storages(struct dn_plan *plan, struct dn_error *err)
{
    struct dn_buffer *buffers = calloc((size_t)plan->n_storages, sizeof *buffers);
    if (!buffers)
        return dn_fail(err, DN_NO_MEMORY, "no memory to place %d maps", plan->n_storages);
    for (int i = 0; i < plan->n_storages; i++)
        buffers[i] = plan->storages[i].buffer;
    enum dn_status status = dn_place(buffers, plan->n_storages, &plan->maps_bytes, err);
    for (int i = 0; i < plan->n_storages; i++) {
        plan->storages[i].buffer = buffers[i];
        plan->storages[i].buffer.offset += plan->weights_bytes;
    }
    free(buffers);
    return status;
}

static enum dn_status lay_out_arena(const struct dn_flow *flow, struct dn_plan *plan, struct dn_error *err)
{
    const struct dn_graph *g = flow->graph;
    const struct dn_layer *output = &g->layers[g->output];
    if (place_storages(plan, err))
        return err->status;
    size_t offset = plan->weights_bytes + plan->maps_bytes;
    plan->result = offset;
    plan->result_bytes = output->out_layout == DN_PLANAR
                             ? 0
                             : dn_align_up(dn_layer_outputs(output) * sizeof(float), DN_ALIGN);
    plan->workspace = offset += plan->result_bytes;
    plan->workspace_bytes = dn_align_up(plan->workspace_bytes, DN_ALIGN);
    plan->input_row = offset += plan->workspace_bytes;
    plan->input_row_bytes =
        g->input_layout == DN_PLANAR
            ? 0
            : dn_align_up((size_t)g->c * (size_t)g->w * sizeof(float), DN_ALIGN);
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
    plan->params = calloc(3 * n, sizeof *plan->params);
    if (!plan->storages || !plan->places || !plan->params) {
        dn_plan_free(plan);
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %zu layers", flow->graph->path, n);
    }
    plan->filters = plan->params + n;
    plan->filter_bytes = plan->filters + n;
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
    free(plan->params);
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
