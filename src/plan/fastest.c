/* See fastest.h. */
#include "plan/fastest.h"

#include <float.h>
#include <stdint.h>
#include <stdlib.h>

bool dn_fastest_init(struct dn_fastest *f, const struct dn_pieces *pieces, enum dn_stay stay, size_t n)
{
    *f = (struct dn_fastest){.pieces = pieces, .stay = stay};
    f->seconds = calloc(n + 1, sizeof *f->seconds);
    f->choice = calloc(n + 1, sizeof *f->choice);
    f->changed = calloc(n + 1, sizeof *f->changed);
    f->least = calloc(n + 1, sizeof *f->least);
    return f->seconds && f->choice && f->changed && f->least;
}

void dn_fastest_free(struct dn_fastest *f)
{
    free(f->seconds);
    free(f->choice);
    free(f->changed);
    free(f->least);
}

static size_t bytes_of(const struct dn_fastest *f, int piece)
{
    return f->pieces->list[piece].bytes[f->stay];
}

/* Of the fastest groups that end with a piece, when they are known up to all positions before. */
static double seconds_with(const struct dn_fastest *f, int piece)
{
    const struct dn_piece *p = &f->pieces->list[piece];
    return f->seconds[p->first] + (double)p->seconds[f->stay];
}

static void find_up_to(struct dn_fastest *f, int end)
{
    double least = DBL_MAX;
    for (int i = f->pieces->begin[end - 1]; i < f->pieces->begin[end]; i++) {
        double seconds = seconds_with(f, i);
        if (seconds >= least || bytes_of(f, i) > f->cap)
            continue;
        least = seconds;
        f->choice[end] = i;
    }
    f->seconds[end] = least;
}

/* Are those up to a position still the fastest after the cap was lowered? All others have become slower, too. */
static bool are_still(const struct dn_fastest *f, int end)
{
    const int last = f->choice[end];
    return f->seconds[end] >= DBL_MAX || (bytes_of(f, last) <= f->cap && !f->changed[f->pieces->list[last].first]);
}

double dn_fastest_find(struct dn_fastest *f, size_t cap)
{
    const bool known = cap <= f->cap;
    f->cap = cap;
    for (int end = 1; end <= f->pieces->n; end++) {
        f->changed[end] = !known || !are_still(f, end);
        if (f->changed[end])
            find_up_to(f, end);
    }
    return f->seconds[f->pieces->n];
}

size_t dn_fastest_least_cap(struct dn_fastest *f)
{
    const struct dn_pieces *pieces = f->pieces;
    f->least[0] = 0;
    for (int p = 0; p < pieces->n; p++) {
        f->least[p + 1] = SIZE_MAX;
        for (int i = pieces->begin[p]; i < pieces->begin[p + 1]; i++) {
            const size_t before = f->least[pieces->list[i].first], own = bytes_of(f, i), bytes = before > own ? before : own;
            f->least[p + 1] = bytes < f->least[p + 1] ? bytes : f->least[p + 1];
        }
    }
    return f->least[pieces->n];
}

size_t dn_fastest_next_cap(const struct dn_fastest *f)
{
    size_t next = SIZE_MAX;
    for (int end = 1; end <= f->pieces->n; end++)
        for (int i = f->pieces->begin[end - 1]; i < f->pieces->begin[end]; i++)
            if (bytes_of(f, i) > f->cap && bytes_of(f, i) < next && seconds_with(f, i) < f->seconds[end])
                next = bytes_of(f, i);
    return next;
}
