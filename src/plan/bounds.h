/* Bounds: which pieces no fastest plan has, told from the pieces that end before.
 *
 * For caps on a group's memory, four to the octave, it is known how fast the groups up to a position can be.
 * A piece behind which the layers up to its end would take longer than they take already, under every cap that
 * it fits, is never chosen, and need not be kept. Nor need a group of bands be extended any further when that
 * holds for all pieces that begin before: their time up to here is at least that of the bands alone.
 * (YOLOv4 with two threads: a third of all groups are looked at, and of those that were kept a quarter.)
 *
 * Between two caps the time up to where a piece begins is taken from the higher one, which is too fast, and that
 * up to its end from the lower one, which is too slow; and sums of floats may be wrong by their rounding: what is
 * passed over is slower beyond doubt. */
#ifndef DN_PLAN_BOUNDS_H
#define DN_PLAN_BOUNDS_H

#include "plan/tables.h"

enum {
    DN_BOUND_CAPS = 40,
    DN_BOUND_WAYS = 2 * DN_BAND_HEIGHTS /* of extending groups: heights of bands, in one stripe or several */
};

/* All arrays are by which filters stay. */
struct dn_bounds {
    int n;       /* positions */
    int caps;    /* those that matter */
    int last;    /* where pieces end now */
    float slack; /* 1 and a little, for rounding */
    float *best; /* [n + 1][DN_STAYS][DN_BOUND_CAPS] least seconds up to a position */
    float *front[DN_BOUND_WAYS];   /* [n + 1][DN_STAYS][DN_BOUND_CAPS] least seconds up to a position of groups before, and a
                                      part of a group of bands */
    int tiles[DN_BOUND_WAYS], known[DN_BOUND_WAYS]; /* of the fronts: bands, and the last position */
};

/* To be freed after a failure, too. */
enum dn_status dn_bounds_init(struct dn_bounds *b, int n, struct dn_error *err);
void dn_bounds_free(struct dn_bounds *b);

/* No pieces are known, and no higher cap matters. */
void dn_bounds_clear(struct dn_bounds *b, size_t cap);

/* Pieces end at a position, and no longer at those before. */
void dn_bounds_begin(struct dn_bounds *b, int last);

/* Can a piece from `first` on be chosen? */
bool dn_bounds_allow(const struct dn_bounds *b, int first, const size_t bytes[DN_STAYS], const float seconds[DN_STAYS]);

/* There is such a piece. */
void dn_bounds_take(struct dn_bounds *b, int first, const size_t bytes[DN_STAYS], const float seconds[DN_STAYS]);

/* Can one be chosen that begins before `first` and takes at least as much from there on? dn_bounds_layers first. */
bool dn_bounds_go_on(const struct dn_bounds *b, int way, int first, const size_t bytes[DN_STAYS], const float seconds[DN_STAYS]);

/* The next layer of which the front of a way wants to know the least seconds in so many bands; -1: none before
 * `last`. */
int dn_bounds_next(struct dn_bounds *b, int way, int tiles);
void dn_bounds_layer(struct dn_bounds *b, int way, const double seconds[DN_STAYS]); /* infinity: it cannot be in bands */

#endif
