/* See search.h.
 *
 * For a fixed order of the layers and fixed places of their maps, the time of a plan is the sum over
 * its groups and its memory the largest of theirs, so for any cap on the memory of maps and scratch
 * a dynamic programme over the cut points finds the fastest groups. What the budget leaves beyond
 * that cap keeps filters resident. All caps that make a difference are tried, from the highest one down, until
 * no groups below can be fast enough. The caps do not depend on the budget: more budget allows more of the same
 * candidates, so it never makes the prediction slower.
 *
 * What the pieces say that groups take is an estimate until they are walked; then it is corrected, and groups are
 * chosen again where they would no longer fit the cap. Candidates are laid out exactly before they are compared:
 * the pieces' bytes ignore the gaps that placing buffers leaves. That takes most of the time, so those are passed
 * over that would be too large without gaps, or too slow with the filters that could stay: nine of ten. */
#include "plan/search.h"

#include <float.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plan/pieces.h"
#include "plan/residency.h"
#include "plan/storage.h"

enum { LARGEST_GROUP = 64 << 20, DISTANCES = 3, WAYS = 2 * DISTANCES };

/* Without a budget, so much longer may a plan take that needs less memory. */
static const double slack = 1.01;

/* An order of the layers and places of their maps that was tried. */
struct way {
    int *order;              /* [n] */
    struct dn_place *places; /* [n + 1] */
};

struct search {
    struct dn_flow *flow;
    const struct dn_plan_options *options;
    struct dn_plan *best;
    enum dn_order best_order;
    bool found;
    bool for_least;      /* the least budget is being looked for, not yet the fastest plan */
    double fastest;      /* seconds of all candidates that were laid out */
    struct dn_plan plan; /* the candidate */
    struct dn_tables tables;
    struct dn_pieces pieces;
    struct dn_walks walks;
    double *seconds;     /* [n + 1] of the best groups up to a position */
    int *choice;         /* [n + 1] the last piece of them */
    int *previous;       /* [n] the pieces of the last candidate, which are not tried twice */
    int n_previous;
    size_t most;         /* bytes of a piece of bands, and of a cap */
    size_t *live;        /* [n] bytes that live while its groups run */
    size_t largest;      /* bytes of its largest piece */
    size_t next;         /* the least cap that allows others which may be faster */
    struct way ways[WAYS];
    int n_ways;
    struct dn_error *err;
};

/* ---- groups --------------------------------------------------------------------------------- */

/* The smallest cap for which there are groups. */
static size_t least_cap(const struct search *s, int kind)
{
    size_t *least = calloc((size_t)s->pieces.n + 1, sizeof *least), result = SIZE_MAX;
    for (int p = 0; least && p < s->pieces.n; p++) {
        least[p + 1] = SIZE_MAX;
        for (int i = s->pieces.begin[p]; i < s->pieces.begin[p + 1]; i++) {
            const struct dn_piece *piece = &s->pieces.list[i];
            size_t bytes = least[piece->first] > piece->bytes[kind] ? least[piece->first] : piece->bytes[kind];
            least[p + 1] = bytes < least[p + 1] ? bytes : least[p + 1];
        }
        result = least[p + 1];
    }
    free(least);
    return result;
}

/* The seconds of the fastest groups that each fit the cap. */
static double find_fastest(struct search *s, int kind, size_t cap)
{
    s->seconds[0] = 0;
    s->next = SIZE_MAX;
    for (int p = 0; p < s->pieces.n; p++) {
        s->seconds[p + 1] = DBL_MAX;
        for (int i = s->pieces.begin[p]; i < s->pieces.begin[p + 1]; i++) {
            const struct dn_piece *piece = &s->pieces.list[i];
            double seconds = s->seconds[piece->first] + (double)piece->seconds[kind];
            if (seconds >= s->seconds[p + 1])
                continue;
            if (piece->bytes[kind] > cap) {
                s->next = piece->bytes[kind] < s->next ? piece->bytes[kind] : s->next;
                continue;
            }
            s->seconds[p + 1] = seconds;
            s->choice[p + 1] = i;
        }
    }
    return s->seconds[s->pieces.n];
}

/* These, into the candidate plan; false when there are none. */
static bool choose_groups(struct search *s, int kind, size_t cap)
{
    struct dn_plan *plan = &s->plan;
    plan->n_groups = 0;
    s->largest = 0;
    if (find_fastest(s, kind, cap) >= DBL_MAX)
        return false;
    for (int p = s->pieces.n; p > 0; p = s->pieces.list[s->choice[p]].first)
        plan->n_groups++;
    for (int p = s->pieces.n, g = plan->n_groups; p > 0;) {
        const struct dn_piece *piece = &s->pieces.list[s->choice[p]];
        plan->groups[--g] = (struct dn_group){.first = piece->first, .last = p - 1, .tiles = piece->tiles,
                                             .columns = 1, .stripes = piece->stripes, .thrift = piece->thrift};
        plan->weights[s->flow->order[p - 1]].slice = piece->slice;
        s->largest = piece->bytes[kind] > s->largest ? piece->bytes[kind] : s->largest;
        p = piece->first;
    }
    return true;
}

static bool is_new(struct search *s)
{
    bool same = s->n_previous == s->plan.n_groups;
    for (int g = 0; g < s->plan.n_groups; g++) {
        int i = s->choice[s->plan.groups[g].last + 1];
        same = same && s->previous[g] == i;
        s->previous[g] = i;
    }
    s->n_previous = s->plan.n_groups;
    return !same;
}

/* ---- candidates ----------------------------------------------------------------------------- */

/* What the candidate's groups take, now that they are walked. Do they fit the cap? */
static bool correct_pieces(struct search *s, int kind, size_t cap)
{
    s->largest = 0;
    dn_plan_keep(s->flow, kind, &s->plan);
    dn_plan_least(s->flow, s->options, &s->plan, s->live);
    for (int g = 0; g < s->plan.n_groups; g++) {
        struct dn_piece *piece = &s->pieces.list[s->choice[s->plan.groups[g].last + 1]];
        const size_t error = s->live[g] - piece->bytes[kind]; /* wraps when it is negative */
        for (int k = 0; k < 2; k++)
            piece->bytes[k] += error;
        s->largest = s->live[g] > s->largest ? s->live[g] : s->largest;
    }
    return s->largest <= cap;
}

/* With a budget the fastest plan that fits it; without one the smallest of the fast ones. */
static bool is_better(const struct search *s)
{
    const struct dn_plan *new = &s->plan, *old = s->best;
    bool smaller = new->arena_bytes < old->arena_bytes;
    if (!s->found)
        return true;
    if (s->options->budget)
        return new->seconds < old->seconds || (new->seconds <= old->seconds && smaller);
    return new->seconds <= slack * s->fastest && (smaller || old->seconds > slack * s->fastest);
}

/* Is a plan that takes so long, and at least so many bytes, never better than the best one? */
static bool is_worse(const struct search *s, double seconds, size_t arena)
{
    const struct dn_plan *old = s->best;
    if (!s->found)
        return false;
    if (s->options->budget)
        return seconds > old->seconds || (seconds >= old->seconds && arena >= old->arena_bytes);
    return seconds > slack * s->fastest || (arena >= old->arena_bytes && old->seconds <= slack * seconds);
}

/* Seconds of the candidate with as many filters resident as there could be room for, beside what it takes without
 * any: those that stay need no slots. */
static double supposed_seconds(struct search *s, size_t left)
{
    size_t slots = 0;
    for (int g = 0; g < s->plan.n_groups; g++)
        slots = s->plan.groups[g].stream.bytes > slots ? s->plan.groups[g].stream.bytes : slots;
    if (dn_plan_suppose(s->flow, s->options, left + slots, &s->plan, s->err))
        return 0;
    return dn_cost_plan(s->flow, &s->plan, &s->options->machine);
}

/* No way to keep filters makes the candidate better than the best plan, nor the least budget smaller. */
static bool is_hopeless(struct search *s, bool all)
{
    size_t budget = s->options->budget ? s->options->budget : SIZE_MAX;
    dn_plan_keep(s->flow, all, &s->plan);
    size_t bytes = dn_plan_least(s->flow, s->options, &s->plan, s->live), arena = s->plan.arena_bytes;
    if (s->for_least && bytes < s->best->least_bytes)
        return false;
    if (bytes > budget)
        return true;
    if (!all && s->options->budget && !s->options->once)
        return is_worse(s, supposed_seconds(s, budget - bytes), arena);
    dn_plan_keep(s->flow, true, &s->plan);
    return is_worse(s, dn_cost_plan(s->flow, &s->plan, &s->options->machine), arena);
}

/* Lays the candidate's groups out, with all filters resident or as many as there is room for. */
static enum dn_status try_residency(struct search *s, bool all, enum dn_order order)
{
    size_t budget = s->options->budget ? s->options->budget : SIZE_MAX, least;
    if (is_hopeless(s, all))
        return DN_OK;
    if (dn_plan_reside(s->flow, s->options, all, &s->plan, &least, s->err))
        return s->err->status;
    if (s->for_least && least < s->best->least_bytes)
        s->best->least_bytes = least;
    if (s->plan.peak_bytes > budget)
        return DN_OK;
    s->fastest = s->plan.seconds < s->fastest ? s->plan.seconds : s->fastest;
    if (!is_better(s))
        return DN_OK;
    least = s->best->least_bytes;
    dn_plan_copy(s->best, &s->plan);
    s->best->least_bytes = least;
    s->best_order = order;
    s->found = true;
    return DN_OK;
}

/* Groups that were chosen for resident filters may be the best with some of them streamed, too, and
 * the other way round: filters that stay need no slots. */
static enum dn_status try_groups(struct search *s, int kind, enum dn_order order)
{
    const struct dn_plan *plan = &s->plan;
    size_t budget = s->options->budget;
    if (s->options->once)
        return try_residency(s, false, order);
    if (try_residency(s, kind, order) || !budget)
        return s->err->status;
    bool all = !kind && plan->streamed_bytes > 0 &&
               (double)plan->weights_bytes + plan->streamed_bytes < (double)budget;
    if (kind || all)
        try_residency(s, all, order);
    return s->err->status;
}

/* The fastest groups that fit the cap, once they are known to. For the least budget those are tried that should: the
 * gaps between buffers matter more. */
static enum dn_status try_cap(struct search *s, int kind, size_t cap, enum dn_order order)
{
    for (bool fits = false; !fits && choose_groups(s, kind, cap) && is_new(s);) {
        if (dn_plan_rows_known(s->flow, s->options, &s->walks, &s->plan, s->err))
            return s->err->status;
        fits = s->for_least || correct_pieces(s, kind, cap);
        if (fits && try_groups(s, kind, order))
            return s->err->status;
    }
    return DN_OK;
}

/* Is nothing that fits the cap fast enough, even with all filters resident? */
static bool is_too_slow(struct search *s, int kind, size_t cap)
{
    const double more = 1.001; /* the pieces' seconds are estimates, too */
    double limit = more * (s->options->budget ? s->best->seconds : slack * s->fastest);
    return s->found && find_fastest(s, kind, cap) > limit &&
           (kind == 1 || s->options->once || find_fastest(s, 1, cap) > limit);
}

/* All caps of one kind (no filters resident, or all), from the highest one down. The pieces' bytes are estimates,
 * and may be high. */
static enum dn_status try_caps(struct search *s, int kind, enum dn_order order)
{
    s->n_previous = 0;
    for (size_t cap = s->options->budget ? s->most : SIZE_MAX / 2; !is_too_slow(s, kind, cap); cap = s->largest - 1)
        if (try_cap(s, kind, cap, order) || !s->largest)
            return s->err->status;
    return DN_OK;
}

/* The lowest caps, from which the least budget follows: the same whatever the budget is. */
static enum dn_status try_least(struct search *s, enum dn_order order)
{
    for (int kind = 0; kind < 2; kind++) {
        s->n_previous = 0;
        for (size_t cap = least_cap(s, kind); cap < s->best->least_bytes; cap = s->next)
            if (try_cap(s, kind, cap, order))
                return s->err->status;
    }
    return DN_OK;
}

/* Often there is no layer to bring forward, or all parts of concatenations are near them. */
static bool is_tried(struct search *s)
{
    size_t n = (size_t)s->plan.n_layers;
    for (int i = 0; i < s->n_ways; i++)
        if (!memcmp(s->ways[i].order, s->flow->order, n * sizeof(int)) &&
            !memcmp(s->ways[i].places, s->plan.places, (n + 1) * sizeof(struct dn_place)))
            return true;
    memcpy(s->ways[s->n_ways].order, s->flow->order, n * sizeof(int));
    memcpy(s->ways[s->n_ways++].places, s->plan.places, (n + 1) * sizeof(struct dn_place));
    return false;
}

static enum dn_status try_places(struct search *s, enum dn_order order, int distance)
{
    s->plan.concat_distance = distance;
    dn_flow_order(s->flow, order);
    dn_plan_places(s->flow, &s->plan);
    if (is_tried(s))
        return DN_OK;
    if (dn_pieces_make(&s->pieces, &s->plan, s->most, s->err))
        return s->err->status;
    if (s->for_least)
        return try_least(s, order);
    return s->options->once || !try_caps(s, 1, order) ? try_caps(s, 0, order) : s->err->status;
}

static enum dn_status allocate(struct search *s, size_t n)
{
    bool there = true;
    s->seconds = calloc(n + 1, sizeof *s->seconds);
    s->choice = calloc(n + 1, sizeof *s->choice);
    s->previous = calloc(n, sizeof *s->previous);
    s->live = calloc(n, sizeof *s->live);
    for (int i = 0; i < WAYS; i++) {
        s->ways[i].order = calloc(n, sizeof *s->ways[i].order);
        s->ways[i].places = calloc(n + 1, sizeof *s->ways[i].places);
        there = there && s->ways[i].order && s->ways[i].places;
    }
    if (!there || !s->seconds || !s->choice || !s->previous || !s->live)
        return dn_fail(s->err, DN_NO_MEMORY, "%s: no memory to plan %zu layers", s->flow->graph->path, n);
    return dn_plan_new(s->flow, s->options, &s->plan, s->err) ||
                   dn_tables_init(&s->tables, s->flow, s->options, s->err) ||
                   dn_pieces_init(&s->pieces, &s->tables, s->err) || dn_walks_init(&s->walks, s->flow, s->err)
               ? s->err->status
               : DN_OK;
}

static void release(struct search *s)
{
    dn_plan_free(&s->plan);
    dn_pieces_free(&s->pieces);
    dn_tables_free(&s->tables);
    dn_walks_free(&s->walks);
    free(s->seconds);
    free(s->choice);
    free(s->previous);
    free(s->live);
    for (int i = 0; i < WAYS; i++) {
        free(s->ways[i].order);
        free(s->ways[i].places);
    }
}

/* All orders and places, with pieces of bands up to `most` bytes. */
static enum dn_status try_ways(struct search *s, size_t most)
{
    static const int distances[DISTANCES] = {1 << 20, 12, 0};
    s->n_ways = 0;
    s->most = most;
    for (int i = 0; i < WAYS && !s->err->status; i++)
        try_places(s, i % 2 ? DN_ORDER_EARLY : DN_ORDER_FILE, distances[i / 2]);
    return s->err->status;
}

/* The least budget first: it tells whether there is anything to look for. */
static enum dn_status search(struct search *s)
{
    size_t budget = s->options->budget, most = budget ? budget + budget / 4 : LARGEST_GROUP; /* bytes are estimates */
    s->for_least = true;
    if (try_ways(s, LARGEST_GROUP) || (s->best->least_bytes > LARGEST_GROUP && try_ways(s, SIZE_MAX)))
        return s->err->status;
    s->for_least = false;
    if (budget && budget < s->best->least_bytes)
        return dn_plan_refuse(s->flow, s->options, s->best->least_bytes, s->err);
    return try_ways(s, most);
}

enum dn_status dn_search(struct dn_flow *flow, const struct dn_plan_options *options,
                         struct dn_plan *plan, struct dn_error *err)
{
    struct search s = {.flow = flow, .options = options, .best = plan, .fastest = DBL_MAX, .err = err};
    plan->least_bytes = SIZE_MAX;
    if (!allocate(&s, (size_t)flow->graph->n))
        search(&s);
    dn_flow_order(flow, s.best_order);
    release(&s);
    return err->status;
}
