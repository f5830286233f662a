/* Who reads what, and in which order layers run: the graph seen from its maps, with all aliases
 * resolved.
 *
 * Map 0 is the network's input, map i + 1 the output of layer i. A root is a map with memory of its
 * own; alias maps (dropout, routes of one layer) are channels of a root. */
#ifndef DN_PLAN_FLOW_H
#define DN_PLAN_FLOW_H

#include <stdbool.h>

#include "net/graph.h"

struct dn_flow {
    const struct dn_graph *graph;
    int *order;        /* [n] the layer at each position: a topological order */
    int *position;     /* [n] the position of each layer */
    int *root;         /* [n + 1] root of each map */
    int *channel;      /* [n + 1] first channel of the map in its root */
    int *readers;      /* layers that read a root, no aliases: readers[first_reader[m] ...] */
    int *first_reader; /* [n + 2] */
    bool *early;       /* [n] layers that run before their turn in the file */
    int *first_early;  /* [n] the first early layer that runs behind each one; -1 */
    int *next_early;   /* [n] the next one behind the same layer; -1 */
    bool *kept;        /* [n] layers that stay readable after the run: heads, the last one, and those
                          asked for */
    bool *output;      /* [n + 1] their roots */
};

/* Channels, rows and columns of a map, and how it lies in memory. */
struct dn_map_shape {
    int c, h, w;
    enum dn_layout layout;
};

static inline struct dn_map_shape dn_map_shape(const struct dn_graph *g, int map)
{
    const struct dn_layer *l = map ? &g->layers[map - 1] : NULL;
    return l ? (struct dn_map_shape){l->out_c, l->out_h, l->out_w, l->out_layout}
             : (struct dn_map_shape){g->c, g->h, g->w, g->input_layout};
}

/* Layers run in file order, or with the layers that shrink a long-lived map brought forward to
 * where that map is made (and what only depends on them), so that the map can go. */
enum dn_order { DN_ORDER_FILE, DN_ORDER_EARLY };
void dn_flow_order(struct dn_flow *flow, enum dn_order order);

/* Keeps the output of a layer readable, or no longer. */
void dn_flow_keep(struct dn_flow *flow, int layer, bool keep);

/* In file order. */
enum dn_status dn_flow_init(struct dn_flow *flow, const struct dn_graph *graph, struct dn_error *err);
void dn_flow_free(struct dn_flow *flow);

#endif
