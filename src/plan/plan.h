/* The plan: how a graph is executed, as flat data.
 *
 * A plan cuts the layers into groups, gives every map a place in a storage, every storage, weight
 * and scratch buffer an offset in one arena, and knows the exact size of that arena. It holds no
 * pointers into the graph and none into memory; printing, checking and executing it are separate.
 *
 *   arena  | parameters | filters, packed, layer by layer | maps and workspace |
 *                                                         | staging (loading)  |
 *
 * Maps share their part by lifetime. While weights are loaded no map lives, so staging lies over
 * them. */
#ifndef DN_PLAN_PLAN_H
#define DN_PLAN_PLAN_H

#include <stddef.h>

#include "plan/placement.h"
#include "plan/schedule.h"

/* Memory of one or several maps: a rolling window of rows, or all rows. */
struct dn_storage {
    struct dn_buffer buffer; /* lifetime in groups; offset from the arena's start */
    int c, h, w;             /* of all maps in it together */
    int rows;                /* row slots; h when the whole map is kept */
    int pad;                 /* zero columns on both sides */
    enum dn_layout layout;
};

/* Where a root map lies. */
struct dn_place {
    int storage; /* -1: alias maps, which have none */
    int channel; /* its first channel there */
};

struct dn_plan {
    int threads;
    int n_layers;
    int n_groups;
    struct dn_group *groups;
    int n_storages;
    struct dn_storage *storages;
    struct dn_place *places;  /* [n_layers + 1], by map */
    size_t *params, *filters; /* [n_layers] arena offsets; of the layer's own weights */
    size_t *filter_bytes;     /* [n_layers] */
    size_t workspace, workspace_bytes; /* arena offset and size */
    size_t staging, staging_bytes;
    size_t input_row, input_row_bytes; /* a planar row, where the input is kept blocked */
    size_t result, result_bytes; /* planar copy of a blocked last layer, or 0 bytes */
    size_t weights_bytes; /* parameters and filters */
    size_t maps_bytes;    /* peak of the storages */
    size_t arena_bytes;
};

struct dn_plan_options {
    const struct dn_kernels *kernels;
    int threads;
    bool layers_only; /* one layer a group: every map is whole once it is computed */
};

/* Makes the plan. On failure nothing needs to be freed. */
enum dn_status dn_plan_make(const struct dn_flow *flow, const struct dn_plan_options *options,
                            struct dn_plan *plan, struct dn_error *err);
void dn_plan_free(struct dn_plan *plan);

enum { DN_PLAN_STAGING = 1 << 20 }; /* bytes that are read at once while weights are loaded */

/* Output blocks of a layer whose raw filters fit `bytes`; at least 1, at most all. */
int dn_plan_slice(const struct dn_layer *l, size_t bytes);

/* The view of a map: channels of its root's storage. `arena` is where the arena begins. */
struct dn_view dn_plan_view(const struct dn_plan *plan, const struct dn_flow *flow, void *arena,
                            int map);

#endif
