/* See search.h.
 *
 * For a fixed order of the layers and fixed places of their maps, the time of a plan is the sum over
 * its groups and its memory the largest of theirs, so for any cap on the memory of maps and scratch
 * a dynamic programme over the cut points finds the fastest groups. What the budget leaves beyond
 * that cap keeps filters resident. The caps that are tried do not depend on the budget: more budget
 * allows more of the same candidates, so it never makes the prediction slower.
 *
 * Candidates are laid out exactly before they are compared: the pieces' bytes ignore the gaps that
 * placing buffers leaves. */
#include "plan/search.h"

#include <float.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plan/pieces.h"
#include "plan/residency.h"
#include "plan/storage.h"

enum { CAPS_PER_OCTAVE = 8, LARGEST_GROUP = 64 << 20 };

struct search {
    struct dn_flow *flow;
    const struct dn_plan_options *options;
    struct dn_plan *best;
    enum dn_order best_order;
    bool found;
    struct dn_plan plan; /* the candidate */
    struct dn_pieces pieces;
    double *seconds;     /* [n + 1] of the best groups up to a position */
    int *choice;         /* [n + 1] the last piece of them */
    int *previous;       /* [n] the pieces of the last candidate, which are not tried twice */
    int n_previous;
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

/* The fastest groups that each fit the cap, into the candidate plan. */
static bool choose_groups(struct search *s, int kind, size_t cap)
{
    s->seconds[0] = 0;
    for (int p = 0; p < s->pieces.n; p++) {
        s->seconds[p + 1] = DBL_MAX;
        for (int i = s->pieces.begin[p]; i < s->pieces.begin[p + 1]; i++) {
            const struct dn_piece *piece = &s->pieces.list[i];
            double seconds = s->seconds[piece->first] + (double)piece->seconds[kind];
            if (piece->bytes[kind] <= cap && seconds < s->seconds[p + 1]) {
                s->seconds[p + 1] = seconds;
                s->choice[p + 1] = i;
            }
        }
    }
    if (s->seconds[s->pieces.n] >= DBL_MAX)
        return false;
    struct dn_plan *plan = &s->plan;
    plan->n_groups = 0;
    for (int p = s->pieces.n; p > 0; p = s->pieces.list[s->choice[p]].first)
        plan->n_groups++;
    for (int p = s->pieces.n, g = plan->n_groups; p > 0;) {
        const struct dn_piece *piece = &s->pieces.list[s->choice[p]];
        plan->groups[--g] = (struct dn_group){.first = piece->first, .last = p - 1, .tiles = piece->tiles,
                                             .columns = 1, .thrift = piece->thrift};
        plan->weights[s->flow->order[p - 1]].slice = piece->slice;
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

/* With a budget the fastest plan that fits it; without one the smallest of the fast ones. */
static bool is_better(const struct search *s)
{
    const struct dn_plan *new = &s->plan, *old = s->best;
    if (!s->found)
        return true;
    if (s->options->budget)
        return new->seconds < old->seconds ||
               (new->seconds <= old->seconds && new->arena_bytes < old->arena_bytes);
    double slack = new->arena_bytes < old->arena_bytes ? 1.03 : .97;
    return new->seconds < slack * old->seconds;
}

/* Lays the candidate's groups out, with all filters resident or as many as there is room for. */
static enum dn_status try_residency(struct search *s, bool all, enum dn_order order)
{
    size_t budget = s->options->budget ? s->options->budget : SIZE_MAX, least;
    if (dn_plan_reside(s->flow, s->options, all, &s->plan, &least, s->err))
        return s->err->status;
    if (least < s->best->least_bytes)
        s->best->least_bytes = least;
    if (s->plan.peak_bytes > budget || !is_better(s))
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
    if (dn_plan_rows(s->flow, s->options, &s->plan, s->err) || try_residency(s, kind, order) || !budget)
        return s->err->status;
    bool all = !kind && plan->streamed_bytes > 0 &&
               (double)plan->weights_bytes + plan->streamed_bytes < (double)budget;
    if (kind || all)
        try_residency(s, all, order);
    return s->err->status;
}

static size_t next_cap(size_t cap)
{
    size_t step = 1;
    while (step * 2 * CAPS_PER_OCTAVE <= cap)
        step *= 2;
    return (cap / step + 1) * step;
}

/* All caps of one kind: no filters resident, or all. */
static enum dn_status try_caps(struct search *s, int kind, enum dn_order order)
{
    size_t most = 0, cap = least_cap(s, kind);
    size_t budget = s->options->budget ? s->options->budget : SIZE_MAX;
    for (int i = 0; i < s->pieces.begin[s->pieces.n]; i++)
        most = s->pieces.list[i].bytes[kind] > most ? s->pieces.list[i].bytes[kind] : most;
    s->n_previous = 0;
    for (bool first = true; cap < SIZE_MAX; first = false) {
        if (!choose_groups(s, kind, cap))
            return dn_fail(s->err, DN_NO_MEMORY, "%s: no memory to plan", s->flow->graph->path);
        if ((is_new(s) || first) && try_groups(s, kind, order))
            return s->err->status;
        if (cap > most || (cap > budget && s->found)) /* the pieces' bytes are estimates, and may be high */
            return DN_OK;
        cap = next_cap(cap);
    }
    return DN_OK;
}

static enum dn_status try_places(struct search *s, size_t most, enum dn_order order, int distance)
{
    s->plan.concat_distance = distance;
    dn_flow_order(s->flow, order);
    dn_plan_places(s->flow, &s->plan);
    if (dn_pieces_make(s->flow, s->options, &s->plan, most, &s->pieces, s->err))
        return s->err->status;
    if (s->options->budget)
        try_caps(s, 0, order);
    if (!s->err->status)
        try_caps(s, 1, order);
    dn_pieces_free(&s->pieces);
    return s->err->status;
}

enum dn_status dn_search(struct dn_flow *flow, const struct dn_plan_options *options,
                         struct dn_plan *plan, struct dn_error *err)
{
    static const int distances[] = {1 << 20, 12, 0};
    size_t n = (size_t)flow->graph->n;
    size_t most = options->budget ? options->budget + options->budget / 4 : LARGEST_GROUP; /* bytes are estimates */
    struct search s = {.flow = flow, .options = options, .best = plan, .err = err};
    plan->least_bytes = SIZE_MAX;
    s.seconds = calloc(n + 1, sizeof *s.seconds);
    s.choice = calloc(n + 1, sizeof *s.choice);
    s.previous = calloc(n, sizeof *s.previous);
    if (!s.seconds || !s.choice || !s.previous)
        dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %zu layers", flow->graph->path, n);
    else if (!dn_plan_new(flow, options->threads, &s.plan, err))
        for (int i = 0; i < 12 && !err->status && (i < 6 || !s.found); i++)
            try_places(&s, i < 6 ? most : LARGEST_GROUP, i % 2 ? DN_ORDER_EARLY : DN_ORDER_FILE, distances[i / 2 % 3]);
    if (!err->status && !s.found)
        dn_plan_refuse(flow, options, plan->least_bytes, err);
    dn_flow_order(flow, s.best_order);
    dn_plan_free(&s.plan);
    free(s.seconds);
    free(s.choice);
    free(s.previous);
    return err->status;
}
