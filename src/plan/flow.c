/* See flow.h. */
#include "plan/flow.h"

#include <stdlib.h>
#include <string.h>

static int edges(const struct dn_graph *g)
{
    int n = 0;
    for (int i = 0; i < g->n; i++)
        n += g->layers[i].alias ? 0 : g->layers[i].n_in;
    return n;
}

/* Counting sort of all edges by the root they read. */
static void list_readers(struct dn_flow *f)
{
    const struct dn_graph *g = f->graph;
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->layers[i].n_in && !g->layers[i].alias; k++)
            f->first_reader[f->root[g->layers[i].in[k] + 1] + 1]++;
    for (int m = 0; m <= g->n; m++)
        f->first_reader[m + 1] += f->first_reader[m];
    for (int i = g->n - 1; i >= 0; i--)
        for (int k = 0; k < g->layers[i].n_in && !g->layers[i].alias; k++)
            f->readers[--f->first_reader[f->root[g->layers[i].in[k] + 1] + 1]] = i;
    /* first_reader[m + 1] now is where the readers of m begin */
    memmove(f->first_reader, f->first_reader + 1, (size_t)(g->n + 1) * sizeof *f->first_reader);
    f->first_reader[g->n + 1] = edges(g);
}

void dn_flow_keep(struct dn_flow *flow, int layer, bool keep)
{
    flow->kept[layer] = keep;
    memset(flow->output, 0, ((size_t)flow->graph->n + 1) * sizeof *flow->output);
    for (int i = 0; i < flow->graph->n; i++)
        if (flow->kept[i])
            flow->output[flow->root[i + 1]] = true;
}

enum dn_status dn_flow_init(struct dn_flow *flow, const struct dn_graph *graph, struct dn_error *err)
{
    size_t maps = (size_t)graph->n + 1;
    memset(flow, 0, sizeof *flow);
    flow->graph = graph;
    flow->order = calloc(maps, sizeof *flow->order);
    flow->position = calloc(maps, sizeof *flow->position);
    flow->root = calloc(maps, sizeof *flow->root);
    flow->channel = calloc(maps, sizeof *flow->channel);
    flow->readers = calloc((size_t)edges(graph) + 1, sizeof *flow->readers);
    flow->first_reader = calloc(maps + 2, sizeof *flow->first_reader);
    flow->output = calloc(maps, sizeof *flow->output);
    flow->early = calloc(maps, sizeof *flow->early);
    flow->first_early = calloc(maps, sizeof *flow->first_early);
    flow->next_early = calloc(maps, sizeof *flow->next_early);
    flow->kept = calloc(maps, sizeof *flow->kept);
    if (!flow->order || !flow->position || !flow->root || !flow->channel || !flow->readers ||
        !flow->first_reader || !flow->output || !flow->early || !flow->first_early || !flow->next_early || !flow->kept) {
        dn_flow_free(flow);
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", graph->path, graph->n);
    }
    for (int m = 0; m <= graph->n; m++)
        flow->root[m] = dn_graph_root(graph, m, &flow->channel[m]);
    for (int i = 0; i < graph->n; i++)
        if (dn_layer_is_head(&graph->layers[i]) || i == graph->output)
            dn_flow_keep(flow, i, true);
    list_readers(flow);
    dn_flow_order(flow, DN_ORDER_FILE);
    return DN_OK;
}

/* Is the layer worth bringing forward: it reads one map, which it shrinks (or keeps small, behind a
 * layer that was brought forward), and of which it is a late reader? */
static bool goes_early(const struct dn_flow *f, const bool *early, int i)
{
    const struct dn_layer *l = &f->graph->layers[i];
    int made = l->n_in == 1 ? f->root[l->in[0] + 1] - 1 : -1;
    if (made < 0 || dn_layer_is_head(l))
        return false;
    const struct dn_layer *from = &f->graph->layers[made];
    size_t bytes = dn_layer_outputs(l);
    return early[made] ? bytes <= dn_layer_outputs(from) : i - made > 2 && 2 * bytes <= dn_layer_outputs(from);
}

/* The layer behind which an early one runs. */
static int leader(const struct dn_flow *f, int early)
{
    return f->root[f->graph->layers[early].in[0] + 1] - 1;
}

/* Appends a layer and, behind it, its aliases and the layers that go early after it, each with those behind itself. */
static void emit(struct dn_flow *f, int first, int *n)
{
    for (int i = first; i >= 0;) {
        f->position[i] = *n;
        f->order[(*n)++] = i;
        int next = f->first_early[i];
        while (next < 0 && i != first) {
            next = f->next_early[i];
            i = leader(f, i);
        }
        i = next;
    }
}

/* The lists of early layers by what they run behind, each in file order. */
static void list_early(struct dn_flow *f)
{
    for (int i = 0; i < f->graph->n; i++)
        f->first_early[i] = -1;
    for (int i = f->graph->n - 1; i >= 0; i--) {
        if (!f->early[i])
            continue;
        const int behind = leader(f, i);
        f->next_early[i] = f->first_early[behind];
        f->first_early[behind] = i;
    }
}

void dn_flow_order(struct dn_flow *flow, enum dn_order order)
{
    bool *early = flow->early;
    int n = 0;
    for (int i = 0; i < flow->graph->n; i++) {
        bool alias = flow->graph->layers[i].alias && flow->root[i + 1] > 0;
        early[i] = order == DN_ORDER_EARLY && (alias || goes_early(flow, early, i));
    }
    list_early(flow);
    for (int i = 0; i < flow->graph->n; i++)
        if (!early[i])
            emit(flow, i, &n);
}

void dn_flow_free(struct dn_flow *flow)
{
    free(flow->order);
    free(flow->position);
    free(flow->root);
    free(flow->channel);
    free(flow->readers);
    free(flow->first_reader);
    free(flow->output);
    free(flow->early);
    free(flow->first_early);
    free(flow->next_early);
    free(flow->kept);
    memset(flow, 0, sizeof *flow);
}
