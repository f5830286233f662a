/* The order of work inside a group: which piece of which layer comes next.
 *
 * A group of one tile is computed layer by layer over whole maps. Otherwise the maps that leave the
 * group are cut into tiles x columns rectangles, and there are two ways to get at them:
 *
 * reuse      The rectangles advance row by row of tiles. Every layer in between computes just the
 *            rows and columns that the next rectangle needs and that do not exist yet, so each
 *            element is computed once, and a map keeps only the rows that its readers have still to
 *            see. With one column of tiles these are bands. With more a map may keep just a window:
 *            what the rectangle needs and exists, columns of the one to the left and rows of those
 *            above, which are brought from a strip of full width; a new rectangle puts the rows there
 *            that the next row of them needs again.
 *            Bands can be shared out in stripes, each of them a run of neighbouring bands: a thread of
 *            its own computes one, from the group's inputs to its outputs, in memory of its own, so
 *            that threads neither wait for each other nor read what another one has just written.
 *            Rows beside the first band of a stripe, of maps in between, are computed in both.
 * recompute  Every rectangle is computed from the group's inputs on its own: each layer computes
 *            all that the rectangle needs, overlaps again and again, in memory of a rectangle's size.
 *
 * The planner walks a schedule to learn how many rows and columns maps keep; the executor walks the
 * same one to run it. */
#ifndef DN_PLAN_SCHEDULE_H
#define DN_PLAN_SCHEDULE_H

#include <stdint.h>

#include "plan/flow.h"
#include "plan/placement.h"

/* The layers at positions first..last of the order. */
struct dn_group {
    int first, last;
    int tiles, columns; /* rows and columns of tiles */
    int stripes;        /* of bands, at most as many; 1 in every other group */
    bool recompute;
    int thrift;         /* with workspace, 0: none, to DN_THRIFT_LEVELS - 1 */
    struct dn_buffer workspace; /* lives while the group runs; in equal parts for stripes */
    struct dn_buffer stream;    /* filters that come from the file; lives since `ahead` groups before it */
    int ahead;
    size_t raw, raw_bytes;      /* offset in it: what is read and not yet packed, of each reader */
    int readers;                /* 2: who waits for filters may read some, too */
};

/* Compute this rectangle of a layer's output; layer -1: obtain these rows of the network's input. In a
 * grid with reuse there are steps without rows, too: they only move the map's window. */
struct dn_step {
    int layer;
    struct dn_rect rect;
    /* in a grid with reuse */
    struct dn_rect before; /* the window until now; empty where a row of tiles begins */
    int kept;              /* rows of `rect`'s columns from this one on go to the strip */
};

struct dn_schedule {
    const struct dn_flow *flow;
    struct dn_group group;
    int stripe;
    int band, column; /* of the current tile */
    int end;          /* the stripe's bands are those before this one */
    int next;         /* position of the layer to look at next; -1: the input. In bands none behind it can go on */
    int *done[2];     /* [n + 1] rows, and columns of the current rows, that exist, by map */
    int *need[2];     /* [n + 1] those wanted when the tile is complete */
    struct dn_rect *region; /* [n + 1] recompute: what the tile needs of each map; grid with reuse: its window */
};

enum { DN_SCHEDULE_INTS = 8 }; /* per map, in the scratch memory of a schedule */

/* The steps of a stripe. `scratch` holds DN_SCHEDULE_INTS * (n + 1) ints and lives as long as the schedule. */
void dn_schedule_begin(struct dn_schedule *s, const struct dn_flow *flow, struct dn_group group, int stripe,
                       int *scratch);
bool dn_schedule_next(struct dn_schedule *s, struct dn_step *step);

/* Is layer i in the group? */
static inline bool dn_group_has(const struct dn_flow *flow, const struct dn_group *g, int i)
{
    return flow->position[i] >= g->first && flow->position[i] <= g->last;
}

/* Is the group computed over whole maps, one layer after the other? */
static inline bool dn_group_is_whole(const struct dn_group *g)
{
    return g->tiles == 1 && g->columns == 1;
}

/* Is the network's input read as a whole before the group begins, not by its schedules? */
static inline bool dn_group_has_whole_input(const struct dn_group *g)
{
    return g->first == 0 && g->stripes > 1;
}

/* Threads that compute a step together. */
static inline int dn_group_threads(const struct dn_group *g, int threads)
{
    return g->stripes > 1 ? 1 : threads;
}

/* Is it a grid with reuse, in which maps may keep windows? */
static inline bool dn_group_has_windows(const struct dn_group *g)
{
    return g->columns > 1 && !g->recompute;
}

/* Does anything outside the group read the root map, or does it stay readable after the run? */
bool dn_group_exports(const struct dn_flow *flow, const struct dn_group *group, int map);

/* Is the map wanted of the group that is made at this position, -1: the network's input? So it is at the last one, too,
 * where nobody reads it. */
bool dn_group_leaves(const struct dn_flow *flow, const struct dn_group *group, int position);

/* Where the tile of this index ends on a map of `size` rows or columns. */
static inline int dn_tile_edge(int size, int index, int tiles)
{
    return (int)(((int64_t)size * (index + 1) + tiles - 1) / tiles);
}

/* Can the layer compute pieces of its output? Aliases have nothing to compute. */
static inline bool dn_layer_is_tiled(const struct dn_layer *l)
{
    return l->alias || (l->ops->span && !l->whole);
}

/* The lowest row (axis 0) or column (axis 1) of a map that its readers have still to see, when the first
 * done[map] of every map exist; INT_MAX when they have seen all. */
int dn_oldest(const struct dn_flow *flow, int map, int axis, const int *done);

#endif
