/* The order of work inside a group: which rows of which layer come next.
 *
 * A group of one layer is computed in one step. A group of several is computed in bands: the maps
 * that leave the group advance together by 1/tiles of their height, and every layer in between
 * computes just the rows that this needs and that do not exist yet. So each row is computed once,
 * and a map needs to keep only the rows that its readers have still to see.
 *
 * The planner walks a schedule to learn how many rows that is; the executor walks the same one to
 * run it. */
#ifndef DN_PLAN_SCHEDULE_H
#define DN_PLAN_SCHEDULE_H

#include "plan/flow.h"
#include "plan/placement.h"

/* The layers at positions first..last of the order, executed in `tiles` bands. */
struct dn_group {
    int first, last;
    int tiles;
    struct dn_buffer scratch; /* lives while the group runs: workspace, and weights on their way */
    size_t workspace_bytes;   /* the first part of scratch */
};

/* Compute rows [y0, y1) of a layer's output; layer -1: obtain these rows of the network's input. */
struct dn_step {
    int layer;
    int y0, y1;
};

struct dn_schedule {
    const struct dn_flow *flow;
    struct dn_group group;
    int band;   /* the current one */
    int next;   /* position of the layer to look at next; -1 before the first: the input */
    int *done;  /* [n + 1] rows that exist, by map */
    int *need;  /* [n + 1] rows wanted when the band is complete */
};

/* `rows` is scratch for 2 * (n + 1) ints that lives as long as the schedule. */
void dn_schedule_begin(struct dn_schedule *s, const struct dn_flow *flow, struct dn_group group,
                       int *rows);
bool dn_schedule_next(struct dn_schedule *s, struct dn_step *step);

/* Does anything outside the group read the root map, or does it stay readable after the run? */
bool dn_group_exports(const struct dn_flow *flow, const struct dn_group *group, int map);

/* The first input row of input k that a layer reads to compute its rows from y on. */
int dn_first_row(const struct dn_layer *l, int k, int y);

#endif
