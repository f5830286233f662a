/* The fastest groups whose pieces all fit a cap: a dynamic programme over the cut points. */
#ifndef DN_PLAN_FASTEST_H
#define DN_PLAN_FASTEST_H

#include "plan/pieces.h"

/* For filters that stay so, up to every position. */
struct dn_fastest {
    const struct dn_pieces *pieces;
    enum dn_stay stay;
    size_t cap;      /* to be set to 0 when there are other pieces, or some that have become smaller */
    double *seconds; /* [n + 1] DBL_MAX: there are none */
    int *choice;     /* [n + 1] the last piece of them */
    bool *changed;   /* [n + 1] they are others than before the cap was lowered */
    size_t *least;   /* [n + 1] while the smallest cap is looked for: that of each position */
};

/* For n positions. False without memory; to be freed then, too. */
bool dn_fastest_init(struct dn_fastest *f, const struct dn_pieces *pieces, enum dn_stay stay, size_t n);
void dn_fastest_free(struct dn_fastest *f);

/* Finds them; their seconds. */
double dn_fastest_find(struct dn_fastest *f, size_t cap);

/* The smallest cap for which there are groups. */
size_t dn_fastest_least_cap(struct dn_fastest *f);

/* The least cap that allows groups which are faster up to some position than those that were found; SIZE_MAX: none. */
size_t dn_fastest_next_cap(const struct dn_fastest *f);

#endif
