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
    if (!flow->order || !flow->position || !flow->root || !flow->channel || !flow->readers || !flow->first_reader || !flow->output) {
        dn_flow_free(flow);
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", graph->path, graph->n);
    }
    for (int i = 0; i < graph->n; i++)
        flow->order[i] = flow->position[i] = i;
    for (int m = 0; m <= graph->n; m++)
        flow->root[m] = dn_graph_root(graph, m, &flow->channel[m]);
    for (int i = 0; i < graph->n; i++)
        if (dn_layer_is_head(&graph->layers[i]) || i == graph->output)
            flow->output[flow->root[i + 1]] = true;
    list_readers(flow);
    return DN_OK;
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
    memset(flow, 0, sizeof *flow);
}
