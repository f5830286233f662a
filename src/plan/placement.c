/* See placement.h. Quadratic in the number of buffers, which is a few hundred at most.
 *
 * One after the other takes the smallest gap it fits. Largest first is nearly always best; where it
 * leaves gaps at the peak, long-lived first may not, or the buffer first that ended at the peak. */
#include "plan/placement.h"

#include <stdbool.h>
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

/* The most bytes that live at a time: no placing needs less. SIZE_MAX when there is no memory to find out. */
static size_t least_peak(const struct dn_buffer *buffers, int n)
{
    int end = 0;
    for (int i = 0; i < n; i++)
        end = buffers[i].last > end ? buffers[i].last : end;
    size_t live = 0, most = 0, *more = calloc((size_t)end + 2, sizeof *more); /* than before; below zero it wraps */
    if (!more)
        return SIZE_MAX;
    for (int i = 0; i < n; i++) {
        more[buffers[i].first] += buffers[i].bytes;
        more[buffers[i].last + 1] -= buffers[i].bytes;
    }
    for (int i = 0; i <= end; i++) {
        live += more[i];
        most = live > most ? live : most;
    }
    free(more);
    return most;
}

/* Buffers that have their offsets, sorted by them. best_gap() takes most of the time of placing: what it asks about all of them
 * lies in arrays, of which a compiler compares several elements at a time. */
struct busy {
    int n, *first, *last;
    size_t *offset, *end;
    uint64_t *live; /* a byte for each: 1 where it lives with the one to place; those past n are 0 */
};

enum { BYTES = sizeof(uint64_t) };

static void find_live(struct busy *busy, int first, int last)
{
    unsigned char *live = (unsigned char *)busy->live;
    for (int i = 0; i < busy->n; i++)
        live[i] = (unsigned char)((busy->first[i] <= last) & (busy->last[i] >= first));
}

/* The start of the smallest gap that holds a buffer between those that live when it does. */
static size_t best_gap(struct busy *busy, const struct dn_buffer *b)
{
    size_t end = 0, best = 0, smallest = SIZE_MAX;
    find_live(busy, b->first, b->last);
    for (int word = 0; word * BYTES < busy->n; word++)
        for (uint64_t live = busy->live[word]; live; live &= live - 1) {
            const int i = word * BYTES + __builtin_ctzll(live) / 8;
            if (busy->offset[i] > end && busy->offset[i] - end >= b->bytes && busy->offset[i] - end < smallest) {
                smallest = busy->offset[i] - end;
                best = end;
            }
            end = busy->end[i] > end ? busy->end[i] : end;
        }
    return smallest == SIZE_MAX ? end : best;
}

static void insert(struct busy *busy, const struct dn_buffer *b)
{
    int at = busy->n;
    while (at > 0 && busy->offset[at - 1] > b->offset)
        at--;
    const size_t after = (size_t)(busy->n++ - at);
    memmove(busy->first + at + 1, busy->first + at, after * sizeof(int));
    memmove(busy->last + at + 1, busy->last + at, after * sizeof(int));
    memmove(busy->offset + at + 1, busy->offset + at, after * sizeof(size_t));
    memmove(busy->end + at + 1, busy->end + at, after * sizeof(size_t));
    busy->first[at] = b->first;
    busy->last[at] = b->last;
    busy->offset[at] = b->offset;
    busy->end[at] = b->offset + b->bytes;
}

/* Gives buffers their offsets, in the order of `sorted`, until one ends at `limit` or beyond. Returns that
 * one's index, or n; the peak of all that have offsets is in *peak. */
static int place(struct dn_buffer **sorted, int n, struct busy *busy, size_t limit, size_t *peak)
{
    *peak = 0;
    busy->n = 0;
    memset(busy->live, 0, (size_t)n + BYTES);
    for (int i = 0; i < n; i++) {
        struct dn_buffer *b = sorted[i];
        b->offset = best_gap(busy, b);
        insert(busy, b);
        if (b->offset + b->bytes > *peak)
            *peak = b->offset + b->bytes;
        if (*peak >= limit)
            return i;
    }
    return n;
}

/* Places the buffers and keeps their offsets when that is better than before. The one that ends highest, or
 * was too much, goes first in the order. */
static void try_order(struct dn_buffer **sorted, int n, struct busy *busy, struct dn_buffer *buffers, size_t *peak,
                      size_t *offsets)
{
    size_t bytes;
    int highest = place(sorted, n, busy, *peak, &bytes);
    if (highest == n) {
        *peak = bytes;
        for (int i = 0; i < n; i++)
            offsets[i] = buffers[i].offset;
        for (highest = 0; sorted[highest]->offset + sorted[highest]->bytes < bytes;)
            highest++;
    }
    struct dn_buffer *b = sorted[highest];
    memmove(sorted + 1, sorted, (size_t)highest * sizeof(struct dn_buffer *));
    sorted[0] = b;
}

enum dn_status dn_place(struct dn_buffer *buffers, int n, size_t *peak, struct dn_error *err)
{
    static int (*const orders[])(const void *, const void *) = {by_size, by_area, by_life};
    enum { ORDERS = sizeof orders / sizeof *orders };
    struct dn_buffer **sorted = malloc((size_t)(n + 1) * sizeof(struct dn_buffer *));
    const size_t room = (size_t)n + BYTES;
    struct busy busy = {.first = malloc(room * sizeof(int)), .last = malloc(room * sizeof(int)), .offset = malloc(room * sizeof(size_t)),
                        .end = malloc(room * sizeof(size_t)), .live = malloc(room)};
    const bool there = busy.first && busy.last && busy.offset && busy.end && busy.live;
    size_t *offsets = malloc((size_t)(n + 1) * sizeof *offsets);
    const size_t least = least_peak(buffers, n);
    *peak = n ? SIZE_MAX : 0;
    for (int i = 0; sorted && there && offsets && least < SIZE_MAX && i < ORDERS && *peak > least; i++) {
        for (int k = 0; k < n; k++)
            sorted[k] = &buffers[k];
        qsort(sorted, (size_t)n, sizeof *sorted, orders[i]);
        for (int k = 0; k <= PROMOTIONS && *peak > least; k++)
            try_order(sorted, n, &busy, buffers, peak, offsets);
    }
    for (int i = 0; *peak < SIZE_MAX && i < n; i++)
        buffers[i].offset = offsets[i];
    if (!sorted || !there || !offsets || least == SIZE_MAX)
        dn_fail(err, DN_NO_MEMORY, "no memory to place %d buffers", n);
    free(sorted);
    free(busy.first);
    free(busy.last);
    free(busy.offset);
    free(busy.end);
    free(busy.live);
    free(offsets);
    return err->status;
}
