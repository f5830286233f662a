/* See poison.h. */
#include "exec/poison.h"

#ifdef DN_POISON

#include <sanitizer/asan_interface.h>

/* Opens rows and columns of a view; none when there are none. */
static void open_piece(const struct dn_view *v, struct dn_span rows, struct dn_span columns)
{
    size_t values = (size_t)(columns.hi - columns.lo) * (v->layout == DN_BLOCKED ? DN_BLOCK : 1);
    int blocks = v->layout == DN_BLOCKED ? dn_blocks(v->c) : v->c;
    for (int y = rows.lo; y < rows.hi; y++)
        for (int b = 0; b < blocks; b++)
            ASAN_UNPOISON_MEMORY_REGION(dn_view_at(v, b, y, columns.lo), values * sizeof(float));
}

static void open_input(const struct dn_run *run, int k)
{
    const struct dn_layer *l = run->layer;
    const struct dn_view *v = &run->in[k];
    struct dn_span rows = {0, v->h}, columns = {0, v->w};
    if (l->ops->span && !l->whole) {
        rows = l->ops->span(l, k, 0, (struct dn_span){run->rect.y0, run->rect.y1});
        columns = l->ops->span(l, k, 1, (struct dn_span){run->rect.x0, run->rect.x1});
    }
    if (rows.hi > rows.lo && columns.hi > columns.lo)
        open_piece(v, rows, (struct dn_span){columns.lo - v->pad, columns.hi + v->pad});
}

/* Of two buffers the one that begins first at `offset` or behind it. */
static const struct dn_buffer *first_behind(const struct dn_buffer *a, const struct dn_buffer *b, size_t offset)
{
    bool better = b->bytes && b->offset >= offset && (!a || b->offset < a->offset);
    return better ? b : a;
}

/* Poisons all but the group's workspace and streamed filters, which come at any time. */
static void poison_arena(const struct dn_exec *exec, const struct dn_group *group)
{
    const struct dn_plan *plan = exec->plan;
    const struct dn_buffer *next;
    int index = group->stream.last;
    size_t end = 0;
    do {
        next = first_behind(NULL, &group->workspace, end);
        for (int i = index; i < plan->n_groups; i++)
            if (plan->groups[i].stream.first <= index)
                next = first_behind(next, &plan->groups[i].stream, end);
        size_t to = next ? next->offset : plan->arena_bytes;
        ASAN_POISON_MEMORY_REGION(exec->arena + end, to - end);
        end = next ? next->offset + next->bytes : to;
    } while (next);
}

void dn_poison_begin(const struct dn_exec *exec, const struct dn_group *group, const struct dn_run *run)
{
    const struct dn_layer *l = run->layer;
    const struct dn_weight_place *w = &exec->plan->weights[l->index];
    poison_arena(exec, group);
    ASAN_UNPOISON_MEMORY_REGION(exec->arena + w->params, l->params * sizeof(float));
    ASAN_UNPOISON_MEMORY_REGION(exec->arena + w->filters,
                                w->resident ? dn_packed_bytes(l, 0, w->resident) : 0);
    open_piece(&run->out, (struct dn_span){run->rect.y0, run->rect.y1}, (struct dn_span){run->rect.x0, run->rect.x1});
    for (int k = 0; k < l->n_in; k++)
        open_input(run, k);
}

void dn_poison_end(const struct dn_exec *exec)
{
    ASAN_UNPOISON_MEMORY_REGION(exec->arena, exec->plan->arena_bytes);
}

#endif
