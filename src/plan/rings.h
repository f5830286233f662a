/* Rings: how many rows of each map a group of bands keeps, found while it is extended backwards one layer at a
 * time, for the pieces.
 *
 * How many rows of a map exist when band k is complete follows from the rows wanted of the maps that
 * leave the group, so rings are found by looking at a few bands: the first, and so many in the middle
 * that a layer which computes rows four at a time, at half the resolution of the last one, is seen
 * doing it. The exact number comes from walking the schedule (storage.c). */
#ifndef DN_PLAN_RINGS_H
#define DN_PLAN_RINGS_H

#include "plan/tables.h"

enum { DN_RING_SAMPLES = 10 };

struct dn_ring_edges;

/* Rows of a layer that a group computes, in one stripe, or all of its stripes together. */
struct dn_ring_work {
    int rows, striped;
};

struct dn_rings {
    const struct dn_tables *tables;
    const struct dn_flow *flow;
    int *need;                   /* [maps][DN_RING_SAMPLES] rows that exist after the sampled bands */
    int *stride;                 /* [maps] rows by which maps of layers that have joined go on; the input, too */
    struct dn_ring_edges *edges; /* [maps] */
    unsigned *group, groups;     /* [maps] the group for which they are; groups that were extended, with this one */
    /* of the group that is being extended */
    int last, tiles, stripes, samples;
    int band[DN_RING_SAMPLES]; /* the first one, and neighbours */
    int from;                  /* the first sample with the band before it among them */
};

/* To be freed after a failure, too. */
enum dn_status dn_rings_init(struct dn_rings *r, const struct dn_tables *tables, struct dn_error *err);
void dn_rings_free(struct dn_rings *r);

/* Another group of several bands, that ends at a position of the order: no layer has joined it. With stripes it may be computed in
 * one or in so many. */
void dn_rings_begin(struct dn_rings *r, int last, int tiles, int stripes);

/* It may no longer be in stripes. */
static inline void dn_rings_join_stripes(struct dn_rings *r)
{
    r->stripes = 1;
}

/* The layer before those that have joined joins. */
struct dn_ring_work dn_rings_join(struct dn_rings *r, const struct dn_layer *l);

/* Rows of a storage of the plan that is written and read inside the group only, all of whose layers have joined. */
int dn_ring_rows(const struct dn_rings *r, const struct dn_plan *plan, const struct dn_storage *s);

#endif
