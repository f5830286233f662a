/* See feed.h. */
#include "exec/feed.h"

#include "base/size.h"

static const struct dn_layer *layer_at(const struct dn_exec *exec, int position)
{
    return &exec->flow->graph->layers[exec->flow->order[position]];
}

/* The layer in whose place of the file a layer's filters lie. */
static const struct dn_layer *weights_owner(const struct dn_exec *exec, const struct dn_layer *l)
{
    return l->shares >= 0 ? &exec->flow->graph->layers[l->shares] : l;
}

/* Do slices come for the layer at a position? */
static bool is_fed(const struct dn_exec *exec, int position, const struct dn_group *group)
{
    const struct dn_layer *l = layer_at(exec, position);
    return dn_plan_streams(exec->plan, l) && !dn_plan_reads_itself(exec->plan, l, group);
}

/* Moves to the first streamed block at or behind the feed's position. */
static void skip_resident(struct dn_exec *exec)
{
    struct dn_feed *f = &exec->feed;
    for (; f->position < exec->plan->n_layers; f->position++) {
        const struct dn_layer *l = layer_at(exec, f->position);
        while (exec->plan->groups[f->group].last < f->position)
            f->group++;
        if (is_fed(exec, f->position, &exec->plan->groups[f->group])) {
            f->block = dn_group_is_whole(&exec->plan->groups[f->group]) ? exec->plan->weights[l->index].resident : 0;
            return;
        }
    }
}

void dn_feed_begin(struct dn_exec *exec)
{
    exec->feed = (struct dn_feed){0};
    if (exec->stream.open)
        skip_resident(exec);
    else
        exec->feed.position = exec->plan->n_layers;
}

/* Where the slice of a layer that begins with a block ends. */
static int slice_end(const struct dn_exec *exec, const struct dn_group *group, const struct dn_layer *l, int block)
{
    return dn_min(block + dn_plan_portion(exec->plan, l, group), dn_blocks(l->out_c));
}

/* Is the place of the next slice free? */
static bool has_place(const struct dn_exec *exec, int group)
{
    const struct dn_feed *f = &exec->feed;
    if (f->position == exec->plan->n_layers || exec->plan->groups[f->group].stream.first > group)
        return false;
    const struct dn_layer *l = layer_at(exec, f->position);
    return !dn_group_is_whole(&exec->plan->groups[f->group]) || f->slices < dn_plan_slots(l, &exec->plan->weights[l->index]);
}

float *dn_feed_filters(const struct dn_exec *exec, const struct dn_group *group, const struct dn_layer *l, int block)
{
    const struct dn_weight_place *w = &exec->plan->weights[l->index];
    char *packed = exec->arena + group->stream.offset + w->packed;
    if (dn_group_is_whole(group)) {
        int slice = (block - w->resident) / dn_plan_blocks(l, w);
        return (float *)(packed + w->slot_bytes * (size_t)(slice % dn_plan_slots(l, w)));
    }
    return (float *)packed + (l->ops->packed ? l->ops->packed(l, 0, block) : 0);
}

void dn_feed_ask(struct dn_exec *exec, int group)
{
    struct dn_feed *f = &exec->feed;
    while (has_place(exec, group) && dn_stream_has_room(&exec->stream)) {
        const struct dn_group *g = &exec->plan->groups[f->group];
        const struct dn_layer *l = layer_at(exec, f->position);
        char *raw = dn_plan_raw(exec->plan, l, g) ? exec->arena + g->stream.offset + g->raw : NULL;
        struct dn_fetch fetch = {.layer = weights_owner(exec, l), .block0 = f->block, .block1 = slice_end(exec, g, l, f->block),
                                 .raw = (float *)raw, .packed = dn_feed_filters(exec, g, l, f->block),
                                 .tracer = exec->tracer, .index = l->index};
        if (raw && g->readers > 1)
            fetch.second = (float *)(raw + g->raw_bytes);
        dn_stream_begin(&exec->stream, &fetch);
        f->slices++;
        f->block = fetch.block1;
        if (f->block < dn_blocks(l->out_c))
            continue;
        f->position++;
        f->slices = 0;
        skip_resident(exec);
    }
}

enum dn_status dn_feed_wait(struct dn_exec *exec, const struct dn_layer *l, int block0, int block1, struct dn_error *err)
{
    enum dn_span_kind kind = exec->stream.running ? DN_SPAN_WAIT : DN_SPAN_FETCH;
    double start = dn_span_begin(exec->tracer);
    enum dn_status status = dn_stream_wait(&exec->stream, err);
    DN_SPAN_END(exec->tracer, start, .kind = kind, .layer = l->index, .block0 = block0, .block1 = block1);
    return status;
}

void dn_feed_release(struct dn_exec *exec, const struct dn_layer *l)
{
    if (exec->feed.position == exec->flow->position[l->index])
        exec->feed.slices--;
}

enum dn_status dn_feed_hold(struct dn_exec *exec, int group, struct dn_error *err)
{
    const struct dn_group *g = &exec->plan->groups[group];
    for (int p = g->first; p <= g->last; p++) {
        const struct dn_layer *l = layer_at(exec, p);
        for (int b = 0, end; dn_plan_streams(exec->plan, l) && b < dn_blocks(l->out_c); b = end) {
            end = slice_end(exec, g, l, b);
            dn_feed_ask(exec, group);
            if (dn_feed_wait(exec, l, b, end, err))
                return err->status;
        }
    }
    return DN_OK;
}
