/* Placement: buffers with lifetimes to offsets in one arena. A pure function. */
#ifndef DN_PLAN_PLACEMENT_H
#define DN_PLAN_PLACEMENT_H

#include <stddef.h>

#include "base/status.h"

struct dn_buffer {
    size_t bytes;    /* a multiple of DN_ALIGN */
    int first, last; /* lifetime: both ends included */
    size_t offset;   /* the result */
};

/* Gives every buffer an offset such that buffers alive at the same time do not overlap, and sets
 * *peak to the end of the highest one. Largest first, each into the smallest gap that holds it. */
enum dn_status dn_place(struct dn_buffer *buffers, int n, size_t *peak, struct dn_error *err);

#endif
