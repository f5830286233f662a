/* See look_ahead.h. The search counts two slots and no look-ahead, which is what a plan must have; its choice is
 * the same with and without. */
#include "plan/look_ahead.h"

#include "base/size.h"

enum {
    SLOTS = 8,   /* more do not make up for more */
    RETRIES = 4  /* placing leaves gaps, so that less fits than was counted */
};

/* The layer of a group whose filters come in slices; NULL. */
static const struct dn_layer *sliced(const struct dn_flow *flow, const struct dn_plan *plan, int group)
{
    const struct dn_group *g = &plan->groups[group];
    return dn_group_is_whole(g) && g->stream.bytes ? &flow->graph->layers[flow->order[g->last]] : NULL;
}

/* The most bytes that live in any of the groups. */
static size_t most_live(const struct dn_plan *plan, int first, int last)
{
    size_t most = 0;
    for (int g = first; g <= last; g++) {
        size_t live = dn_plan_live(plan, g);
        most = live > most ? live : most;
    }
    return most;
}

/* Buffers live longer while no group then needs more than `limit` bytes. */
static void lengthen(struct dn_plan *plan, size_t limit)
{
    for (int g = 1, before = 0; g < plan->n_groups; g++) {
        struct dn_group *group = &plan->groups[g];
        if (!group->stream.bytes)
            continue;
        if (most_live(plan, before, g - 1) + group->stream.bytes <= limit) {
            group->ahead = g - before;
            group->stream.first = before;
        }
        before = g;
    }
}

/* Does a stream buffer stay within the limit with so many bytes more? */
static bool has_room(const struct dn_plan *plan, int group, size_t bytes, size_t limit)
{
    return most_live(plan, group - plan->groups[group].ahead, group) + bytes <= limit;
}

/* Two blocks at a time are computed faster than one by one, and who waits may read. */
static void add_readers(const struct dn_flow *flow, struct dn_plan *plan, size_t limit)
{
    for (int g = 0; g < plan->n_groups; g++) {
        struct dn_group *group = &plan->groups[g];
        const struct dn_layer *l = sliced(flow, plan, g);
        struct dn_weight_place *w = l ? &plan->weights[l->index] : NULL;
        if (w && w->slice == 1 && l->ops->packed && has_room(plan, g, group->stream.bytes, limit)) {
            w->pairs = true;
            w->slot_bytes *= 2;
            group->raw_bytes *= 2;
            group->stream.bytes *= 2;
        }
        if (group->raw_bytes && has_room(plan, g, group->raw_bytes, limit)) {
            group->readers = 2;
            group->stream.bytes += group->raw_bytes;
        }
    }
}

static void widen(const struct dn_flow *flow, struct dn_plan *plan, size_t limit)
{
    for (int g = 0; g < plan->n_groups; g++) {
        const struct dn_layer *l = sliced(flow, plan, g);
        struct dn_weight_place *w = l ? &plan->weights[l->index] : NULL;
        while (w && w->slots < SLOTS && dn_plan_slots(l, w) == w->slots &&
               has_room(plan, g, w->slot_bytes, limit)) {
            w->slots++;
            plan->groups[g].stream.bytes += w->slot_bytes;
        }
    }
}

static void forget(struct dn_plan *plan)
{
    for (int g = 0; g < plan->n_groups; g++)
        plan->groups[g].ahead = plan->groups[g].readers = 0;
    for (int i = 0; i < plan->n_layers; i++) {
        plan->weights[i].slots = DN_PLAN_SLOTS;
        plan->weights[i].pairs = false;
    }
}

enum dn_status dn_plan_look_ahead(const struct dn_flow *flow, const struct dn_plan_options *options,
                                  struct dn_plan *plan, struct dn_error *err)
{
    const size_t most = options->budget > plan->peak_bytes ? options->budget : plan->peak_bytes;
    size_t limit = plan->maps_bytes + (most - plan->peak_bytes);
    if (plan->streamed_bytes <= 0 || !options->machine.spare)
        return DN_OK;
    for (int i = 0; i < RETRIES; i++) {
        lengthen(plan, limit);
        add_readers(flow, plan, limit);
        widen(flow, plan, limit);
        if (dn_plan_layout(flow, options, plan, err) || plan->peak_bytes <= most)
            return err->status;
        limit -= plan->peak_bytes - most;
        forget(plan);
        if (dn_plan_layout(flow, options, plan, err))
            return err->status;
    }
    return DN_OK;
}
