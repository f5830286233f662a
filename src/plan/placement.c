/* See placement.h. Quadratic in the number of buffers, which is a few hundred at most. */
#include "plan/placement.h"

#include <stdint.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    const struct dn_buffer *x = *(struct dn_buffer *const *)a, *y = *(struct dn_buffer *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x < y ? -1 : x > y;
}

static int by_offset(const void *a, const void *b)
{
    const struct dn_buffer *x = *(struct dn_buffer *const *)a, *y = *(struct dn_buffer *const *)b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The start of the smallest gap between `busy` (sorted by offset) that holds `bytes`. */
static size_t best_gap(struct dn_buffer *const *busy, int n, size_t bytes)
{
    size_t end = 0, best = 0, smallest = SIZE_MAX;
    for (int i = 0; i < n; i++) {
        if (busy[i]->offset > end) {
            size_t gap = busy[i]->offset - end;
            if (gap >= bytes && gap < smallest) {
                smallest = gap;
                best = end;
            }
        }
        size_t top = busy[i]->offset + busy[i]->bytes;
        end = top > end ? top : end;
    }
    return smallest == SIZE_MAX ? end : best;
}

enum dn_status dn_place(struct dn_buffer *buffers, int n, size_t *peak, struct dn_error *err)
{
    struct dn_buffer **sorted = malloc(2 * (size_t)(n + 1) * sizeof(struct dn_buffer *));
    if (!sorted)
        return dn_fail(err, DN_NO_MEMORY, "no memory to place %d buffers", n);
    struct dn_buffer **busy = sorted + n;
    *peak = 0;
    for (int i = 0; i < n; i++)
        sorted[i] = &buffers[i];
    qsort(sorted, (size_t)n, sizeof *sorted, by_size);
    for (int i = 0; i < n; i++) {
        struct dn_buffer *b = sorted[i];
        int n_busy = 0;
        for (int k = 0; k < i; k++)
            if (sorted[k]->first <= b->last && b->first <= sorted[k]->last)
                busy[n_busy++] = sorted[k];
        qsort(busy, (size_t)n_busy, sizeof(struct dn_buffer *), by_offset);
        b->offset = best_gap(busy, n_busy, b->bytes);
        if (b->offset + b->bytes > *peak)
            *peak = b->offset + b->bytes;
    }
    free(sorted);
    return DN_OK;
}
