/* See tables.h. */
#include "plan/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

size_t dn_tables_workspace(const struct dn_tables *tables, const struct dn_layer *l, int rows, int stripes, int thrift)
{
    struct dn_rect rect = {0, rows, 0, l->out_w};
    const struct dn_plan_options *o = tables->options;
    if (!l->ops->workspace)
        return 0;
    size_t bytes = l->ops->workspace(l, o->kernels, rect, stripes > 1 ? 1 : o->threads, thrift);
    return dn_align_up(bytes, DN_ALIGN) * (size_t)stripes;
}

const struct dn_banded *dn_tables_banded(const struct dn_tables *tables, int layer, int index, int tiles, int stripes)
{
    const struct dn_layer *l = &tables->flow->graph->layers[layer];
    struct dn_banded *b = &tables->layers[layer].banded[stripes > 1][index];
    int rows = dn_min(l->out_h, dn_ceil_div(l->out_h, tiles) + 2);
    if (b->tiles == tiles)
        return b;
    b->tiles = tiles;
    struct dn_machine machine = tables->options->machine;
    if (stripes > 1)
        machine = dn_machine_striped(&machine, tiles, stripes);
    for (int thrift = 0; thrift < DN_THRIFT_LEVELS; thrift++) {
        b->workspace[thrift] = dn_tables_workspace(tables, l, rows, stripes, thrift);
        b->seconds[thrift] = dn_cost_layer(&machine, l, tiles, thrift);
    }
    return b;
}

static void fill_rows(const struct dn_layer *l, struct dn_span *rows)
{
    for (int k = 0; k < l->n_in; k++)
        for (int y = 0; y < l->out_h; y++)
            rows[k * l->out_h + y] = l->ops->span(l, k, 0, (struct dn_span){y, y + 1});
}

static void fill(const struct dn_tables *tables, const struct dn_layer *l, struct dn_span *rows)
{
    struct dn_layer_table *t = &tables->layers[l->index];
    t->grain = dn_layer_grain(l);
    t->rows = rows;
    if (l->ops->span && !l->whole && !l->alias)
        fill_rows(l, rows);
    if (dn_has_filters(l)) {
        t->held = dn_packed_bytes(l, 0, dn_blocks(l->out_c));
        t->raw = dn_stream_bytes(l, 0, 0, dn_plan_team(tables->options)) - t->held;
        t->hold = dn_cost_hold(&tables->options->machine, l, 0);
    }
}

enum dn_status dn_tables_init(struct dn_tables *tables, const struct dn_flow *flow,
                              const struct dn_plan_options *options, struct dn_error *err)
{
    const struct dn_graph *g = flow->graph;
    size_t rows = 0, n = (size_t)g->n;
    for (size_t i = 0; i < n; i++)
        rows += (size_t)g->layers[i].n_in * (size_t)g->layers[i].out_h;
    *tables = (struct dn_tables){.flow = flow, .options = options,
                                 .stripes = options->threads <= DN_MOST_STRIPES ? options->threads : 1};
    tables->layers = calloc(n, sizeof *tables->layers);
    tables->rows = calloc(rows + 1, sizeof *tables->rows);
    if (!tables->layers || !tables->rows) {
        dn_tables_free(tables);
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %zu layers", g->path, n);
    }
    struct dn_span *next = tables->rows;
    for (size_t i = 0; i < n; i++) {
        fill(tables, &g->layers[i], next);
        next += (size_t)g->layers[i].n_in * (size_t)g->layers[i].out_h;
    }
    return DN_OK;
}

void dn_tables_free(struct dn_tables *tables)
{
    free(tables->layers);
    free(tables->rows);
    memset(tables, 0, sizeof *tables);
}
