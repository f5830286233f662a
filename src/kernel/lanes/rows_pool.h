/* Pooling of one row of one channel block, for any `vec`.
 *
 * Of equal elements, which matters for zeros of both signs alone, a maximum is the one met first
 * going down the columns from left to right; elements that are not numbers are skipped. Windows of
 * stride 1 first take the maxima of columns, then combine them in runs of a window's width: the
 * maximum of any window is that of a run's tail and the next run's head, so that an element of a
 * k x k window costs k loads and three maxima more, with two runs of columns in the first-level
 * cache as the only memory (van Herk, Pattern Recognition Letters 13, 1992). */
#ifndef DN_KERNEL_ROWS_POOL_H
#define DN_KERNEL_ROWS_POOL_H

#include "base/size.h"
#include "kernel/lanes/inline.h"
#include "kernel/rows.h"

enum {
    POOL_WINDOW = 16, /* the largest one with row pointers; larger ones are not worth a kernel */
    COLUMNS_AT_ONCE = 4,
};
#define POOL_LEAST (-3.4028235e38f)

/* The rows of the windows of one output row, clipped to the map. */
struct pool_rows {
    int n, w;
    const float *at[POOL_WINDOW]; /* column 0 */
};

static INLINE vec larger(vec so_far, const float *next)
{
    return vec_max(vec_load(next), so_far);
}

/* The window of one output pixel, clipped to the map. */
static struct dn_rect pool_window(const struct dn_pool_row *r, int x)
{
    const struct dn_pool *p = r->pool;
    int top = r->y * p->stride_y - p->offset_y, left = x * p->stride_x - p->offset_x;
    struct dn_rect window = {dn_max(top, 0), dn_min(top + p->size_y, r->in->h), dn_max(left, 0),
                             dn_min(left + p->size_x, r->in->w)};
    return window;
}

/* One output pixel, any window. */
static void pool_maximum(const struct dn_pool_row *r, int x, float *out)
{
    struct dn_rect window = pool_window(r, x);
    for (int lane = 0; lane < DN_BLOCK; lane += LANES) {
        vec acc = vec_splat(POOL_LEAST);
        for (int u = window.x0; u < window.x1; u++)
            for (int v = window.y0; v < window.y1; v++)
                acc = larger(acc, dn_view_at(r->in, r->block, v, u) + lane);
        vec_store(out + lane, acc);
    }
}

/* The sum runs row by row, as in stock. */
static void pool_average(const struct dn_pool_row *r, int x, float *out)
{
    struct dn_rect window = pool_window(r, x);
    int rows = window.y1 - window.y0, columns = window.x1 - window.x0;
    for (int lane = 0; lane < DN_BLOCK; lane += LANES) {
        vec acc = vec_splat(0);
        for (int v = window.y0; v < window.y1; v++) {
            const float *from = dn_view_at(r->in, r->block, v, window.x0) + lane;
            for (int u = 0; u < columns; u++)
                acc = acc + vec_load(from + (ptrdiff_t)u * DN_BLOCK);
        }
        vec_store(out + lane, acc / vec_splat((float)(rows * columns)));
    }
}

/* Output columns [x0, x1) whose windows lie inside the map. */
static INLINE void pool_inside(const struct dn_pool_row *r, const struct pool_rows *rows, int x0,
                               int x1, int size)
{
    const struct dn_pool *p = r->pool;
    float *out = r->out + (ptrdiff_t)(x0 - r->x0) * DN_BLOCK;
    ptrdiff_t at = (ptrdiff_t)(x0 * p->stride_x - p->offset_x) * DN_BLOCK;
    const ptrdiff_t step = (ptrdiff_t)p->stride_x * DN_BLOCK;
    for (int x = x0; x < x1; x++, at += step, out += DN_BLOCK) {
        UNROLL(16)
        for (int lane = 0; lane < DN_BLOCK; lane += LANES) {
            vec acc = vec_splat(POOL_LEAST);
            UNROLL(4)
            for (int u = 0; u < size; u++)
                UNROLL(4)
                for (int v = 0; v < size; v++)
                    acc = larger(acc, rows->at[v] + at + u * DN_BLOCK + lane);
            vec_store(out + lane, acc);
        }
    }
}

/* Windows of 2x2 and 3x3 elements: those inside the map at once, the others one by one. */
static void pool_small(const struct dn_pool_row *r, const struct pool_rows *rows)
{
    const struct dn_pool *p = r->pool;
    int last = r->in->w + p->offset_x - p->size_x;
    int x0 = dn_min(r->x1, dn_max(r->x0, dn_ceil_div(p->offset_x, p->stride_x)));
    int x1 = last < 0 ? x0 : dn_max(x0, dn_min(r->x1, last / p->stride_x + 1));
    for (int x = r->x0; x < x0; x++)
        pool_maximum(r, x, r->out + (ptrdiff_t)(x - r->x0) * DN_BLOCK);
    if (p->size_x == 2)
        pool_inside(r, rows, x0, x1, 2);
    else
        pool_inside(r, rows, x0, x1, 3);
    for (int x = x1; x < r->x1; x++)
        pool_maximum(r, x, r->out + (ptrdiff_t)(x - r->x0) * DN_BLOCK);
}

/* The maxima of columns [x, x + n), which may lie beside the map. */
static void pool_columns(const struct pool_rows *rows, int lane, int x, int n, vec *max)
{
    int i = 0, end = dn_min(n, rows->w - x);
    for (; i < n && x + i < 0; i++)
        max[i] = vec_splat(POOL_LEAST);
    for (; i + COLUMNS_AT_ONCE <= end; i += COLUMNS_AT_ONCE) {
        vec acc[COLUMNS_AT_ONCE];
        for (int u = 0; u < COLUMNS_AT_ONCE; u++)
            acc[u] = vec_splat(POOL_LEAST);
        for (int v = 0; v < rows->n; v++) {
            const float *from = rows->at[v] + (ptrdiff_t)(x + i) * DN_BLOCK + lane;
            UNROLL(4)
            for (int u = 0; u < COLUMNS_AT_ONCE; u++)
                acc[u] = larger(acc[u], from + u * DN_BLOCK);
        }
        for (int u = 0; u < COLUMNS_AT_ONCE; u++)
            max[i + u] = acc[u];
    }
    for (; i < end; i++) {
        max[i] = vec_splat(POOL_LEAST);
        for (int v = 0; v < rows->n; v++)
            max[i] = larger(max[i], rows->at[v] + (ptrdiff_t)(x + i) * DN_BLOCK + lane);
    }
    for (; i < n; i++)
        max[i] = vec_splat(POOL_LEAST);
}

/* Windows of any size at stride 1. */
static void pool_dense(const struct dn_pool_row *r, const struct pool_rows *rows)
{
    const int size = r->pool->size_x;
    vec run[2][POOL_WINDOW];
    for (int lane = 0; lane < DN_BLOCK; lane += LANES) {
        vec *tail = run[0], *head = run[1], *swap;
        int left = r->x0 - r->pool->offset_x;
        pool_columns(rows, lane, left, size, tail);
        for (int x = r->x0; x < r->x1; x += size) {
            float *out = r->out + (ptrdiff_t)(x - r->x0) * DN_BLOCK + lane;
            int n = dn_min(size, r->x1 - x);
            left += size;
            pool_columns(rows, lane, left, x + n < r->x1 ? size : n - 1, head);
            for (int i = size - 2; i >= 0; i--)
                tail[i] = vec_max(tail[i + 1], tail[i]);
            vec so_far = vec_splat(POOL_LEAST);
            vec_store(out, tail[0]);
            for (int i = 1; i < n; i++) {
                so_far = vec_max(head[i - 1], so_far);
                vec_store(out + (ptrdiff_t)i * DN_BLOCK, vec_max(so_far, tail[i]));
            }
            swap = tail, tail = head, head = swap;
        }
    }
}

static void pool(const struct dn_pool_row *r)
{
    const struct dn_pool *p = r->pool;
    struct pool_rows rows = {.w = r->in->w};
    int top = r->y * p->stride_y - p->offset_y;
    bool fits = !p->average && p->size_x <= POOL_WINDOW && p->size_y <= POOL_WINDOW;
    for (int y = dn_max(top, 0); fits && y < dn_min(top + p->size_y, r->in->h); y++)
        rows.at[rows.n++] = dn_view_at(r->in, r->block, y, 0);
    if (fits && rows.n == p->size_x && (rows.n == 2 || rows.n == 3)) {
        pool_small(r, &rows);
        return;
    }
    if (fits && p->stride_x == 1) {
        pool_dense(r, &rows);
        return;
    }
    float *out = r->out;
    for (int x = r->x0; x < r->x1; x++, out += DN_BLOCK)
        if (p->average)
            pool_average(r, x, out);
        else
            pool_maximum(r, x, out);
}

#endif
