/* The graph: what a cfg describes. Immutable after dn_graph_read.
 *
 * Layers stand in file order, which is a topological order; struct dn_layer.in are the edges. A map
 * index counts activations: map 0 is the network's input, map i + 1 the output of layer i. */
#ifndef DN_NET_GRAPH_H
#define DN_NET_GRAPH_H

#include "layer/layer.h"
#include "net/fusion.h"

struct dn_graph {
    char *path; /* of the cfg */
    enum dn_dialect dialect;
    int c, h, w;
    enum dn_layout input_layout;
    bool letter_box; /* the alexeyab dialect's [net] letter_box=1 */
    int n;
    struct dn_layer *layers; /* [n] */
    int output;              /* the last layer that is no [cost]: the network's output */
    size_t weights;          /* floats that the weights file must hold */
    struct dn_fusion fusion; /* the cfg's own [fusion] sections; n = 0 when there are none */
    char *notices;           /* remarks about the cfg, one per line */
};

/* What to know when the cfg is read. */
struct dn_graph_options {
    enum dn_dialect dialect;
    bool exact; /* direct convolution only */
};

/* Reads a cfg and builds the graph. On failure nothing needs to be freed. */
enum dn_status dn_graph_read(const char *path, const struct dn_graph_options *options,
                             struct dn_graph *graph, struct dn_error *err);
void dn_graph_free(struct dn_graph *graph);

/* The layer that really produces a map, through all aliases, as a map index, and the channel at
 * which `map` begins in it. */
int dn_graph_root(const struct dn_graph *graph, int map, int *channel);

/* Numbers of the input. */
static inline size_t dn_graph_inputs(const struct dn_graph *g)
{
    return (size_t)g->c * (size_t)g->h * (size_t)g->w;
}

double dn_graph_flops(const struct dn_graph *graph);

/* Stock's table of layers, one line each, as a string that the caller frees; NULL without memory. */
char *dn_graph_table(const struct dn_graph *graph);

#endif
