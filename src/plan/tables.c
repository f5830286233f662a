/* See tables.h. */
#include "plan/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

size_t dn_tables_workspace(const struct dn_tables *tables, const struct dn_layer *l, int rows, int stripes, int thrift)
{
    struct dn_rect rect = {0, rows, 0, l->out_w};
    const struct dn_plan_options *o = tables->options;
    if (!l->ops->workspace)
        return 0;
    size_t bytes = l->ops->workspace(l, rect, stripes > 1 ? 1 : o->threads, thrift);
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

double dn_tables_price(const struct dn_tables *tables, enum dn_stay stay)
{
    static const double parts[DN_STAYS] = {INFINITY, 0, .9}; /* of what reading them saves that are read before bands */
    return parts[stay] / tables->options->machine.file;
}

static struct dn_holding holding(const struct dn_tables *tables, const struct dn_layer *l, enum dn_stay stay)
{
    size_t packed = dn_packed_bytes(l, 0, dn_blocks(l->out_c));
    struct dn_holding streams = {packed, dn_stream_bytes(l, 0, dn_plan_team(tables->options)) - packed,
                                 dn_cost_hold(&tables->options->machine, l, 0)};
    struct dn_holding stays = {0, 0, (double)packed * dn_tables_price(tables, stay)};
    return stays.seconds < streams.seconds ? stays : streams;
}

/* Seconds of a layer with its first blocks resident, and their price. */
static double with_resident(const struct dn_tables *tables, const struct dn_layer *l, int resident, int slice, int thrift,
                            enum dn_stay stay)
{
    double seconds = dn_cost_stream(&tables->options->machine, l, resident, slice, thrift);
    return resident ? seconds + (double)dn_packed_bytes(l, 0, resident) * dn_tables_price(tables, stay) : seconds;
}

/* Blocks that have to stay so that reading the others takes no longer than computing. */
static int unhidden(const struct dn_tables *tables, const struct dn_layer *l, int thrift)
{
    const struct dn_machine *m = &tables->options->machine;
    const int blocks = dn_blocks(l->out_c);
    double hidden = dn_cost_layer(m, l, 1, thrift) * m->file / ((double)l->file_filters * sizeof(float));
    return m->spare && hidden < 1 ? blocks - (int)(hidden * blocks) : 0;
}

struct dn_holding dn_tables_slices(const struct dn_tables *tables, const struct dn_layer *l, int slice, int thrift,
                                   enum dn_stay stay)
{
    if (!dn_has_filters(l))
        return (struct dn_holding){.seconds = dn_cost_layer(&tables->options->machine, l, 1, thrift)};
    const size_t slots = dn_stream_bytes(l, slice, dn_plan_team(tables->options));
    const int blocks = dn_blocks(l->out_c);
    struct dn_holding none = {slots, 0, with_resident(tables, l, 0, slice, thrift, stay)};
    struct dn_holding all = {0, 0, with_resident(tables, l, blocks, slice, thrift, stay)};
    struct dn_holding least = all.seconds < none.seconds ? all : none;
    int some = stay == DN_DEAR_STAY ? unhidden(tables, l, thrift) : 0;
    if (some > 0 && some < blocks && l->ops->packed) {
        struct dn_holding part = {slots, 0, with_resident(tables, l, some, slice, thrift, stay)};
        least = part.seconds < least.seconds ? part : least;
    }
    return least;
}

static void fill(const struct dn_tables *tables, const struct dn_layer *l, struct dn_span *rows)
{
    struct dn_layer_table *t = &tables->layers[l->index];
    t->grain = dn_layer_grain(l);
    t->rows = rows;
    if (l->ops->span && !l->whole && !l->alias)
        fill_rows(l, rows);
    for (enum dn_stay stay = 0; stay < DN_STAYS && dn_has_filters(l); stay++)
        t->holding[stay] = holding(tables, l, stay);
}

/* Rows of a map that are read, where its readers compute no more of theirs. */
static int rows_read(const struct dn_tables *tables, int map)
{
    const struct dn_flow *f = tables->flow;
    const int whole = f->graph->layers[map - 1].out_h;
    int rows = f->output[map] ? whole : 0;
    for (int r = f->first_reader[map]; r < f->first_reader[map + 1]; r++) {
        const struct dn_layer *l = &f->graph->layers[f->readers[r]];
        const struct dn_layer_table *t = &tables->layers[l->index];
        for (int k = 0; k < l->n_in && !l->alias; k++)
            if (!dn_layer_is_tiled(l))
                rows = whole;
            else if (f->root[l->in[k] + 1] == map && t->read > 0)
                rows = dn_max(rows, t->rows[(ptrdiff_t)k * l->out_h + t->read - 1].hi);
    }
    return rows;
}

enum dn_status dn_tables_init(struct dn_tables *tables, const struct dn_flow *flow,
                              const struct dn_plan_options *options, struct dn_error *err)
{
    const struct dn_graph *g = flow->graph;
    size_t rows = 0, n = (size_t)g->n;
    for (size_t i = 0; i < n; i++)
        rows += (size_t)g->layers[i].n_in * (size_t)g->layers[i].out_h;
    *tables = (struct dn_tables){.flow = flow, .options = options,
                                 .stripes = dn_min(options->threads, DN_MOST_STRIPES)};
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
    for (int i = g->n - 1; i >= 0; i--)
        tables->layers[i].read = rows_read(tables, i + 1);
    return DN_OK;
}

void dn_tables_free(struct dn_tables *tables)
{
    free(tables->layers);
    free(tables->rows);
    memset(tables, 0, sizeof *tables);
}
