/* See placement.h. Quadratic in the number of buffers, which is a few hundred at most.
 *
 * One after the other takes the smallest gap it fits. Largest first is nearly always best; where it
 * leaves gaps at the peak, long-lived first may not, or the buffer first that ended at the peak. */
#include "plan/placement.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PROMOTIONS = 4 }; /* times that the order is changed, each */

static int by_size(const void *a, const void *b)
{
    const struct dn_buffer *x = *(struct dn_buffer *const *)a, *y = *(struct dn_buffer *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x < y ? -1 : x > y;
}

static int by_life(const void *a, const void *b)
{
    const struct dn_buffer *x = *(struct dn_buffer *const *)a, *y = *(struct dn_buffer *const *)b;
    int longer = (y->last - y->first) - (x->last - x->first);
    return longer ? longer : by_size(a, b);
}

static int by_area(const void *a, const void *b)
{
    const struct dn_buffer *x = *(struct dn_buffer *const *)a, *y = *(struct dn_buffer *const *)b;
    double p = (double)x->bytes * (x->last - x->first + 1), q = (double)y->bytes * (y->last - y->first + 1);
    return p < q ? 1 : p > q ? -1 : by_size(a, b);
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

/* The most bytes that live at a time: no placing needs less. */
static size_t least_peak(const struct dn_buffer *buffers, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++) {
        size_t live = 0;
        for (int k = 0; k < n; k++)
            live += buffers[k].first <= buffers[i].first && buffers[i].first <= buffers[k].last ? buffers[k].bytes : 0;
        most = live > most ? live : most;
    }
    return most;
}

/* Gives all buffers their offsets, in the order of `sorted`; the peak. `busy` has room for them. */
static size_t place(struct dn_buffer **sorted, int n, struct dn_buffer **busy)
{
    size_t peak = 0;
    for (int i = 0; i < n; i++) {
        struct dn_buffer *b = sorted[i];
        int n_busy = 0;
        for (int k = 0; k < i; k++)
            if (sorted[k]->first <= b->last && b->first <= sorted[k]->last)
                busy[n_busy++] = sorted[k];
        qsort(busy, (size_t)n_busy, sizeof(struct dn_buffer *), by_offset);
        b->offset = best_gap(busy, n_busy, b->bytes);
        if (b->offset + b->bytes > peak)
            peak = b->offset + b->bytes;
    }
    return peak;
}

/* Where the buffers would lie if it ended here, if that is better than before. */
static void keep_best(const struct dn_buffer *buffers, int n, size_t bytes, size_t *peak, size_t *offsets)
{
    if (bytes >= *peak)
        return;
    *peak = bytes;
    for (int i = 0; i < n; i++)
        offsets[i] = buffers[i].offset;
}

/* Brings the buffer that reaches the peak to the front of the order. */
static void promote_highest(struct dn_buffer **sorted, int n)
{
    int highest = 0;
    for (int i = 1; i < n; i++)
        if (sorted[i]->offset + sorted[i]->bytes > sorted[highest]->offset + sorted[highest]->bytes)
            highest = i;
    struct dn_buffer *b = sorted[highest];
    memmove(sorted + 1, sorted, (size_t)highest * sizeof(struct dn_buffer *));
    sorted[0] = b;
}

enum dn_status dn_place(struct dn_buffer *buffers, int n, size_t *peak, struct dn_error *err)
{
    static int (*const orders[])(const void *, const void *) = {by_size, by_area, by_life};
    enum { ORDERS = sizeof orders / sizeof *orders };
    struct dn_buffer **sorted = malloc(2 * (size_t)(n + 1) * sizeof(struct dn_buffer *));
    size_t *offsets = malloc((size_t)(n + 1) * sizeof *offsets);
    const size_t least = least_peak(buffers, n);
    *peak = SIZE_MAX;
    for (int i = 0; sorted && offsets && i < ORDERS && *peak > least; i++) {
        for (int k = 0; k < n; k++)
            sorted[k] = &buffers[k];
        qsort(sorted, (size_t)n, sizeof *sorted, orders[i]);
        keep_best(buffers, n, place(sorted, n, sorted + n), peak, offsets);
        for (int k = 0; k < PROMOTIONS && *peak > least; k++) {
            promote_highest(sorted, n);
            keep_best(buffers, n, place(sorted, n, sorted + n), peak, offsets);
        }
    }
    for (int i = 0; *peak < SIZE_MAX && i < n; i++)
        buffers[i].offset = offsets[i];
    if (!sorted || !offsets)
        dn_fail(err, DN_NO_MEMORY, "no memory to place %d buffers", n);
    free(sorted);
    free(offsets);
    return err->status;
}
