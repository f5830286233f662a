/* See search.h.
 *
 * For a fixed order of the layers and fixed places of their maps, the time of a plan is the sum over
 * its groups and its memory the largest of theirs, so for any cap on the memory of maps and scratch
 * a dynamic programme over the cut points finds the fastest groups. What the budget leaves beyond
 * that cap keeps filters resident. Groups are chosen for filters that all stay, that all stream, and for a price of
 * what stays, at which those stay that save more. All caps that make a difference are tried, from the highest one
 * down, until no groups below can be fast enough: whichever filters stay, a plan takes no less than its groups at that
 * price, without the price of all that may stay beside them. More budget allows more of the same candidates, so it makes the
 * prediction slower only by what stays for it, which is chosen greedily: a thousandth at the most of the shipped networks.
 * Last, all other groups are tried that could be faster than the best ones, or need less, as far as a limited effort goes:
 * in a small network to the end.
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
#include "plan/fastest.h"
#include "plan/residency.h"
#include "plan/storage.h"

enum {
    LARGEST_GROUP = 64 << 20,
    DISTANCES = 4,
    WAYS = 2 * DISTANCES,
    FEW_LAYERS = 64,
    EFFORT = 1 << 16, /* pieces to look at for other groups than caps give, of each order and places */
    LAID_OUT = 32     /* so many for each layer where such groups are laid out */
};

/* Without a budget, so much longer may a plan take that needs less memory. */
static const double slack = 1.005;

/* What pieces say are estimates: groups may take this part of their bytes, and their seconds over this. */
static const double bytes_part = .8, seconds_part = 1 / 1.001;

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
    bool refused;        /* only that: no plan fits */
    double fastest;      /* seconds of all candidates that were laid out */
    struct dn_plan plan; /* the candidate */
    struct dn_tables tables;
    struct dn_pieces pieces;
    struct dn_walks walks;
    struct dn_fastest groups[DN_STAYS];
    const int *choice;   /* [n + 1] of the candidate's */
    int *others;         /* [n + 1] choices that no cap makes */
    long effort;         /* that may still be made to try those */
    int *previous;       /* [n] the pieces of the last candidate, which are not tried twice */
    int n_previous;
    size_t filters;      /* bytes of those of all layers */
    size_t most;         /* bytes of a piece of bands */
    size_t highest;      /* cap */
    size_t *live;        /* [n] bytes that live while its groups run */
    size_t largest;      /* bytes of its largest piece */
    struct way ways[WAYS];
    int n_ways;
    struct dn_error *err;
};

/* ---- groups --------------------------------------------------------------------------------- */

/* Groups of chosen pieces, into the candidate plan. */
static void take_groups(struct search *s, enum dn_stay stay, const int *choice)
{
    struct dn_plan *plan = &s->plan;
    plan->n_groups = 0;
    s->largest = 0;
    s->choice = choice;
    for (int p = s->pieces.n; p > 0; p = s->pieces.list[s->choice[p]].first)
        plan->n_groups++;
    for (int p = s->pieces.n, g = plan->n_groups; p > 0;) {
        const struct dn_piece *piece = &s->pieces.list[s->choice[p]];
        plan->groups[--g] = (struct dn_group){.first = piece->first, .last = p - 1, .tiles = piece->tiles,
                                             .columns = 1, .stripes = piece->stripes, .thrift = piece->thrift};
        plan->weights[s->flow->order[p - 1]].slice = piece->slice;
        s->largest = piece->bytes[stay] > s->largest ? piece->bytes[stay] : s->largest;
        p = piece->first;
    }
}

/* The fastest ones under a cap; false when there are none. */
static bool choose_groups(struct search *s, enum dn_stay stay, size_t cap)
{
    s->largest = 0;
    if (dn_fastest_find(&s->groups[stay], cap) >= DBL_MAX)
        return false;
    take_groups(s, stay, s->groups[stay].choice);
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
static bool correct_pieces(struct search *s, enum dn_stay stay, size_t cap)
{
    const bool all = stay == DN_ALL_STAY;
    s->largest = 0;
    dn_plan_keep(s->flow, all, &s->plan);
    dn_plan_least(s->flow, s->options, &s->plan, s->live);
    for (int g = 0; g < s->plan.n_groups; g++) {
        struct dn_piece *piece = &s->pieces.list[s->choice[s->plan.groups[g].last + 1]];
        const size_t error = s->live[g] - piece->bytes[all ? DN_ALL_STAY : DN_NONE_STAY]; /* wraps when it is negative */
        for (int k = 0; k < DN_STAYS; k++) {
            piece->bytes[k] += error;
            s->groups[k].cap = k == (int)stay || error <= SIZE_MAX / 2 ? s->groups[k].cap : 0; /* others may fit now */
        }
        s->largest = piece->bytes[stay] > s->largest ? piece->bytes[stay] : s->largest;
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
    if ((all && s->filters > budget) || is_hopeless(s, all))
        return DN_OK;
    const double seconds = s->found && s->options->budget ? s->best->seconds : DBL_MAX;
    if (dn_plan_reside(s->flow, s->options, all, seconds, &s->plan, &least, s->err))
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
static enum dn_status try_groups(struct search *s, enum dn_stay stay, enum dn_order order)
{
    const struct dn_plan *plan = &s->plan;
    size_t budget = s->options->budget;
    if (s->options->once || stay == DN_DEAR_STAY)
        return try_residency(s, false, order);
    if (try_residency(s, stay == DN_ALL_STAY, order) || !budget)
        return s->err->status;
    bool all = stay == DN_NONE_STAY && plan->streamed_bytes > 0 &&
               (double)plan->weights_bytes + plan->streamed_bytes < (double)budget;
    if (stay == DN_ALL_STAY || all)
        try_residency(s, all, order);
    return s->err->status;
}

/* The most bytes of filters that may stay beside so many of maps. */
static double most_to_stay(const struct search *s, size_t maps)
{
    const double left = (double)s->options->budget - bytes_part * (double)maps;
    return left < (double)s->filters ? left : (double)s->filters;
}

/* Do the chosen groups take too long, whichever filters stay? They take no less than if those that stay were paid for at
 * the dear price and got it back, and no less than if all stayed. */
static bool is_too_dear(const struct search *s)
{
    double seconds = 0, all = 0;
    size_t maps = 0;
    if (s->for_least || !s->found || !s->options->budget)
        return false;
    for (int g = 0; g < s->plan.n_groups; g++) {
        const struct dn_piece *piece = &s->pieces.list[s->choice[s->plan.groups[g].last + 1]];
        seconds += (double)piece->seconds[DN_DEAR_STAY];
        all += (double)piece->seconds[DN_ALL_STAY];
        maps = piece->bytes[DN_ALL_STAY] > maps ? piece->bytes[DN_ALL_STAY] : maps;
    }
    seconds -= most_to_stay(s, maps) * dn_tables_price(&s->tables, DN_DEAR_STAY);
    return seconds_part * (seconds > all ? seconds : all) > s->best->seconds;
}

/* The fastest groups that fit the cap, once they are known to. For the least budget those are tried that should: the
 * gaps between buffers matter more. */
static enum dn_status try_cap(struct search *s, enum dn_stay stay, size_t cap, enum dn_order order)
{
    for (bool fits = false; !fits && choose_groups(s, stay, cap) && is_new(s) && !is_too_dear(s);) {
        if (dn_plan_rows_known(s->flow, s->options, &s->walks, &s->plan, s->err))
            return s->err->status;
        fits = s->for_least || correct_pieces(s, stay, cap);
        if (fits && try_groups(s, stay, order))
            return s->err->status;
    }
    return DN_OK;
}

/* The highest cap up to this one under which groups can be fast enough; 0 when there is none. With a budget those
 * under lower caps save more by what stays, but are slower: so much lower has the cap to be as pays, at the dear price, for
 * what they are too slow, and no more filters can stay than there are. */
static size_t worthy_cap(struct search *s, enum dn_stay stay, size_t cap)
{
    double limit = (s->options->budget ? s->best->seconds : slack * s->fastest) / seconds_part;
    if (!s->found || dn_fastest_find(&s->groups[stay], cap) <= limit)
        return cap;
    if (s->options->once || stay == DN_ALL_STAY)
        return 0;
    if (!s->options->budget)
        return dn_fastest_find(&s->groups[DN_ALL_STAY], cap) <= limit ? cap : 0; /* all of them stay after all */
    const double excess = dn_fastest_find(&s->groups[DN_DEAR_STAY], cap) - limit;
    const double filters = excess / dn_tables_price(&s->tables, DN_DEAR_STAY); /* that have to stay */
    double highest = filters > (double)s->filters ? 0 : ((double)s->options->budget - filters) / bytes_part;
    return highest < 1 ? 0 : highest < (double)cap ? (size_t)highest : cap;
}

/* All caps for filters that stay, from the highest one down. */
static enum dn_status try_caps(struct search *s, enum dn_stay stay, enum dn_order order)
{
    s->n_previous = 0;
    for (size_t cap = s->highest; (cap = worthy_cap(s, stay, cap)) > 0; cap = s->largest - 1)
        if (try_cap(s, stay, cap, order) || !s->largest)
            return s->err->status;
    return DN_OK;
}

/* The lowest caps, from which the least budget follows: the same whatever the budget is. Where all filters stay, they
 * come on top. */
static enum dn_status try_least(struct search *s, enum dn_order order)
{
    for (enum dn_stay stay = 0; stay <= DN_ALL_STAY; stay++) {
        s->n_previous = 0;
        size_t more = stay == DN_ALL_STAY ? s->filters : 0;
        struct dn_fastest *groups = &s->groups[stay];
        for (size_t cap = dn_fastest_least_cap(groups); cap < SIZE_MAX - more && cap + more < s->best->least_bytes;
             cap = dn_fastest_next_cap(groups))
            if (try_cap(s, stay, cap, order))
                return s->err->status;
    }
    return DN_OK;
}

/* The filters that tell what groups take at least, whichever stay. */
static enum dn_stay least_stay(const struct search *s)
{
    return s->options->once ? DN_NONE_STAY : DN_DEAR_STAY;
}

/* Could plans be better whose groups from a position on take so long and so many bytes, beside the filters? */
static bool are_promising(const struct search *s, int position, double seconds, size_t maps)
{
    const enum dn_stay stay = least_stay(s);
    const double price = stay == DN_NONE_STAY ? 0 : dn_tables_price(&s->tables, stay);
    const double left = most_to_stay(s, maps);
    if (s->for_least)
        return bytes_part * (double)maps < (double)s->best->least_bytes;
    return left >= 0 && seconds_part * (seconds + s->groups[stay].seconds[position] - left * price) < s->best->seconds;
}

/* Groups that end before the ones that are chosen from a position on, which take so long and so many bytes. */
static enum dn_status try_before(struct search *s, int end, double seconds, size_t maps, enum dn_order order)
{
    if (!end) {
        s->effort -= LAID_OUT * s->pieces.n;
        take_groups(s, DN_NONE_STAY, s->others);
        return dn_plan_rows_known(s->flow, s->options, &s->walks, &s->plan, s->err) ? s->err->status
                                                                                   : try_groups(s, DN_NONE_STAY, order);
    }
    for (int i = s->pieces.begin[end - 1]; i < s->pieces.begin[end] && s->effort > 0; i++, s->effort--) {
        const struct dn_piece *piece = &s->pieces.list[i];
        const size_t bytes = piece->bytes[DN_ALL_STAY] > maps ? piece->bytes[DN_ALL_STAY] : maps;
        const double sum = seconds + (double)piece->seconds[least_stay(s)];
        s->others[end] = i;
        if (are_promising(s, piece->first, sum, bytes) && try_before(s, piece->first, sum, bytes, order))
            return s->err->status;
    }
    return DN_OK;
}

/* All groups that could be better than the best ones, as far as effort goes: near the least budget the gaps between
 * buffers decide, which no cap knows. */
static enum dn_status try_others(struct search *s, enum dn_order order)
{
    if (!s->for_least && (!s->found || !s->options->budget))
        return DN_OK;
    s->effort = EFFORT;
    dn_fastest_find(&s->groups[least_stay(s)], SIZE_MAX);
    return try_before(s, s->pieces.n, 0, 0, order);
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

/* Are groups worth a try that are chosen for such filters? */
static bool may_stay(const struct search *s, enum dn_stay stay)
{
    const struct dn_plan_options *o = s->options;
    if (stay == DN_ALL_STAY)
        return !o->once && s->filters < s->highest;
    return stay == DN_NONE_STAY || (o->budget && !o->once);
}

static enum dn_status try_places(struct search *s, enum dn_order order, int distance)
{
    static const enum dn_stay stays[DN_STAYS] = {DN_ALL_STAY, DN_DEAR_STAY, DN_NONE_STAY};
    s->plan.concat_distance = distance;
    dn_flow_order(s->flow, order);
    dn_plan_places(s->flow, &s->plan);
    if (is_tried(s))
        return DN_OK;
    if (dn_pieces_make(&s->pieces, &s->plan, s->most, s->highest, s->err))
        return s->err->status;
    for (enum dn_stay stay = 0; stay < DN_STAYS; stay++)
        s->groups[stay].cap = 0;
    s->for_least = s->options->budget > 0;
    if (s->for_least && (try_least(s, order) || try_others(s, order)))
        return s->err->status;
    s->for_least = false;
    if (s->refused)
        return DN_OK;
    for (int i = 0; i < DN_STAYS; i++)
        if (may_stay(s, stays[i]) && try_caps(s, stays[i], order))
            return s->err->status;
    return try_others(s, order);
}

static enum dn_status allocate(struct search *s, size_t n)
{
    bool there = true;
    for (enum dn_stay stay = 0; stay < DN_STAYS; stay++)
        there = dn_fastest_init(&s->groups[stay], &s->pieces, stay, n) && there;
    s->previous = calloc(n, sizeof *s->previous);
    s->others = calloc(n + 1, sizeof *s->others);
    s->live = calloc(n, sizeof *s->live);
    for (int i = 0; i < WAYS; i++) {
        s->ways[i].order = calloc(n, sizeof *s->ways[i].order);
        s->ways[i].places = calloc(n + 1, sizeof *s->ways[i].places);
        there = there && s->ways[i].order && s->ways[i].places;
    }
    for (size_t i = 0; i < n; i++) {
        const struct dn_layer *l = &s->flow->graph->layers[i];
        s->filters += dn_has_filters(l) ? dn_packed_bytes(l, 0, dn_blocks(l->out_c)) : 0;
    }
    if (!there || !s->previous || !s->others || !s->live)
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
    for (enum dn_stay stay = 0; stay < DN_STAYS; stay++)
        dn_fastest_free(&s->groups[stay]);
    free(s->previous);
    free(s->others);
    free(s->live);
    for (int i = 0; i < WAYS; i++) {
        free(s->ways[i].order);
        free(s->ways[i].places);
    }
}

/* All orders and places, with pieces of bands up to `most` bytes. In networks of many layers, where each takes long, the
 * last distance has changed no plan. */
static enum dn_status try_ways(struct search *s, size_t most, size_t highest)
{
    static const int distances[DISTANCES] = {1 << 20, 12, 0, 4};
    const int ways = s->plan.n_layers <= FEW_LAYERS ? WAYS : WAYS - 2;
    s->n_ways = 0;
    s->most = most;
    s->highest = highest;
    for (int i = 0; i < ways && !s->err->status; i++)
        try_places(s, i % 2 ? DN_ORDER_EARLY : DN_ORDER_FILE, distances[i / 2]);
    return s->err->status;
}

/* The least budget follows from groups that are no larger. So where it is above the budget there have to be
 * larger ones, too. Looking for it takes most of the time; without a budget nobody asks for it. */
static enum dn_status search(struct search *s)
{
    const size_t budget = s->options->budget;
    const size_t highest = budget && (double)budget < bytes_part * (double)SIZE_MAX ? (size_t)((double)budget / bytes_part) : SIZE_MAX;
    if (try_ways(s, highest < LARGEST_GROUP ? highest : LARGEST_GROUP, highest) || !budget)
        return s->err->status;
    s->refused = !s->found && highest <= LARGEST_GROUP; /* all groups that could fit have been tried */
    for (size_t most = LARGEST_GROUP; s->best->least_bytes > s->most && s->most < SIZE_MAX; most = SIZE_MAX)
        if (try_ways(s, most, SIZE_MAX))
            return s->err->status;
    if (budget < s->best->least_bytes)
        return dn_plan_refuse(s->flow, s->options, s->best->least_bytes, s->err);
    return DN_OK;
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
