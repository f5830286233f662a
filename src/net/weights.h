/* The .weights file: where each layer's floats lie, and reading them piece by piece.
 *
 * A file is a header of 16 or 20 bytes and then, layer after layer, the floats in front of the
 * filters, the filters and the floats behind them (format section 4). Nothing in it says which cfg
 * it belongs to; only its size can be checked. Without a file the same interface yields seeded
 * synthetic weights, so that a cfg alone can be run and measured. */
#ifndef DN_NET_WEIGHTS_H
#define DN_NET_WEIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/file.h"
#include "net/graph.h"

struct dn_weights {
    const struct dn_graph *graph;
    struct dn_input file; /* file.fd < 0: synthetic */
    int64_t header;       /* bytes */
    uint64_t seen;        /* images the network was trained with */
    bool transposed;      /* legacy file: connected layers hold their filters as [in][out] */
};

/* Opens the file and checks its size against the graph; `path` NULL or "": synthetic weights.
 * `path` and `graph` must outlive the result. */
enum dn_status dn_weights_open(const char *path, const struct dn_graph *graph, struct dn_weights *w,
                               struct dn_error *err);
void dn_weights_close(struct dn_weights *w);

/* Reads the floats around a layer's filters into `scratch` and makes the layer's resident
 * parameters of them. scratch: dn_weights_params_scratch() floats. */
size_t dn_weights_params_scratch(const struct dn_layer *l);
enum dn_status dn_weights_params(const struct dn_weights *w, const struct dn_layer *l,
                                 float *scratch, float *params, struct dn_error *err);

/* Are the layer's filters stored input by input, so that every output block is spread over all of them? */
bool dn_weights_transposed(const struct dn_weights *w, const struct dn_layer *l);

/* A transposed slice is gathered out of whole lines of the file, as many at a time as fit so many floats, at least one. */
enum { DN_WEIGHTS_LINES = 1 << 18 };

/* Reads the raw filters of output channels [16*block0, 16*block1) (clipped to the layer's) in the
 * order the layer's pack function wants, whatever their order in the file. For layers that keep
 * their filters as in the file the blocks are ignored and all filters are read. raw:
 * dn_weights_raw_floats() floats. */
size_t dn_weights_raw_floats(const struct dn_weights *w, const struct dn_layer *l, int block0,
                             int block1);
enum dn_status dn_weights_filters(const struct dn_weights *w, const struct dn_layer *l, int block0,
                                  int block1, float *raw, struct dn_error *err);

/* The same for input channels [c0, c1) of a convolution with one group that is not transposed: raw gets [channels out][c1 - c0][kh][kw]. */
enum dn_status dn_weights_part(const struct dn_weights *w, const struct dn_layer *l, int block0, int block1, int c0,
                               int c1, float *raw, struct dn_error *err);

#endif
