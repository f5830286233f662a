/* Direct convolution of blocked maps: strips of one block of input channels, row by row in tiles.
 *
 * With everything in the nearest cache the tiles run at the peak. Further out, rows of input and
 * the filters of the next strip are asked for one row, or one strip, ahead. With one tap nothing is read
 * twice by a tile: there each run of channels asks for the pixels of the next one, and for rows only the
 * first output blocks do, after which they lie in the second cache (2 to 5 % less time, measured). */
#ifndef DN_KERNEL_CONV_DENSE_H
#define DN_KERNEL_CONV_DENSE_H

#include "kernel/lanes/conv_tile.h"

/* The input rows of one output row that lie inside the map, and the filters that begin with the
 * first of them. */
struct input_rows {
    int count, slot;       /* the first one's in the ring of rows */
    int lane;              /* of the strip's first channel in its block */
    const float *first;    /* that channel, of slot 0 and output column 0 */
    const float *below[2]; /* of the last rows that the output row below reads: two with a stride, else
                              twice the same */
    ptrdiff_t filters;     /* floats from the strip's filters to the first row's */
};

/* Asks for some filters of the next strip, so few that no queue of misses fills up. */
static INLINE void fetch_filters(struct strip *s)
{
    if (s->next_floats <= 0)
        return;
    for (int b = 0; b < TILE_BLOCKS; b++, s->next[b - 1] += s->share)
        for (int i = 0; i < s->share; i += DN_BLOCK)
            __builtin_prefetch(s->next[b] + i, 0, 2);
    s->next_floats -= s->share;
}

/* Where pixels are that the tile below is the first to read: [0], and after so many taps [1]. */
struct ahead {
    const float *at[2];
    int taps;
};

/* The taps of one filter row; the filters follow each other. A few pixels are asked for per run of
 * channels. */
static INLINE void add_row(struct strip *s, vec *acc, int P, int V, const float *x, const float **w,
                           struct ahead *a)
{
    const ptrdiff_t block = s->job->in.block, dk = (ptrdiff_t)s->job->conv->dilation * DN_BLOCK;
    const int second = V > BLOCK_VECS;
    const float *w0 = w[0], *w1 = w[second];
    for (int kx = 0; kx < s->job->conv->kw; kx++, x += dk) {
        const float *p = x, *ahead = a->at[0];
        int lane = s->inputs->lane;
        fetch_filters(s);
        for (int left = s->c1 - s->c0, n; left > 0; left -= n, p += block, ahead += block) {
            n = dn_min(DN_BLOCK - lane, left);
            for (int i = 0; i < s->row_share; i++)
                __builtin_prefetch(ahead + i * DN_BLOCK, 0, 2);
            for (int i = 0; s->one_tap && left > n && i < P; i++)
                __builtin_prefetch(p + block - lane + i * s->dx, 0, 3);
            int i = 0;
            for (; i + VALUES <= n; i += VALUES, w0 += VALUES * DN_BLOCK, w1 += VALUES * DN_BLOCK)
                steps(acc, P, V, VALUES, p + i, s->dx, w0, w1);
            ROLLED
            for (; VALUES > 1 && i < n; i++, w0 += DN_BLOCK, w1 += DN_BLOCK)
                step(acc, P, V, p + i, s->dx, w0, w1);
            p -= lane;
            lane = 0;
        }
        a->at[0] = --a->taps == 0 ? a->at[1] : a->at[0] + s->row_share * DN_BLOCK;
    }
    w[0] = w0;
    w[second] = w1;
}

static INLINE void dense_tile(struct strip *s, int P, int V, int ox)
{
    const struct input_rows *in = s->inputs;
    const ptrdiff_t x = ox * s->dx;
    const float *w[] = {s->w[0] + in->filters, s->w[V > BLOCK_VECS] + in->filters};
    struct ahead ahead = {{in->below[0] + x, in->below[1] + x}, s->row_taps};
    int slot = in->slot;
    vec acc[TILE_SUMS];
    load_tile(s, acc, P, V, ox);
    for (int i = 0; i < in->count; i++) {
        add_row(s, acc, P, V, in->first + slot * s->job->in.row + x, w, &ahead);
        slot += s->job->conv->dilation;
        slot -= slot >= s->job->in.rows ? s->job->in.rows : 0;
    }
    store_tile(s, acc, P, V, ox);
}

TILE_TABLES(TILE_APART, dense_tile, dense)

/* What all tiles of an output row share. */
static void find_inputs(struct strip *s, int oy)
{
    const struct dn_conv *v = s->job->conv;
    const struct dn_view *in = &s->job->in;
    struct input_rows *r = s->inputs;
    int top = oy * v->stride_y - v->pad_y, block = s->c0 / DN_BLOCK;
    int skipped = top < 0 ? dn_min(dn_ceil_div(-top, v->dilation), v->kh) : 0;
    int end = top >= in->h ? 0 : dn_min(v->kh, (in->h - 1 - top) / v->dilation + 1);
    int below = top + v->stride_y + (v->kh - 1) * v->dilation;
    r->count = dn_max(0, end - skipped);
    r->slot = (top + skipped * v->dilation - in->y0) % in->rows;
    r->lane = s->c0 % DN_BLOCK;
    r->first = in->data + block * in->block + r->lane - ((ptrdiff_t)in->x0 + v->pad_x) * DN_BLOCK;
    for (int i = 0; i < 2; i++)
        r->below[i] = dn_view_at(in, block, dn_min(below - i * (v->stride_y > 1), in->h - 1), -v->pad_x);
    r->filters = (ptrdiff_t)skipped * v->kw * (s->c1 - s->c0) * DN_BLOCK;
}

/* Spreads the prefetching of `floats` filters per output block, which follow those of this strip at
 * distance `ahead`, over the taps of all tiles. */
static void plan_prefetch(struct strip *s, struct dn_rect rect, ptrdiff_t ahead, ptrdiff_t floats)
{
    const struct dn_conv *v = s->job->conv;
    int tiles = (rect.y1 - rect.y0) * dn_ceil_div(rect.x1 - rect.x0, s->pixels);
    ptrdiff_t parts = (ptrdiff_t)tiles * v->kh * v->kw;
    int pixels = s->pixels * v->stride_x;
    s->one_tap = v->kh * v->kw == 1;
    s->row_share = dn_ceil_div(pixels * dn_min(v->stride_y, 2), v->kh * v->kw);
    s->row_taps = dn_ceil_div(pixels, s->row_share);
    if (s->one_tap && s->block != s->job->block0)
        s->row_share = 0;
    s->next_floats = floats;
    s->share = (int)((floats + parts * DN_BLOCK - 1) / (parts * DN_BLOCK)) * DN_BLOCK;
    for (int i = 0; i < TILE_BLOCKS; i++)
        s->next[i] = s->w[dn_min(i, s->blocks - 1)] + ahead;
}

/* Output blocks that read the same input channels. */
static void dense_blocks(struct strip s, int block, int blocks, struct dn_rect rect)
{
    const struct dn_conv_job *job = s.job;
    const struct dn_conv *v = job->conv;
    struct input_rows rows;
    s.inputs = &rows;
    s.block = block;
    s.blocks = blocks;
    choose_tiles(&s, &dense_tiles);
    s.dx = (ptrdiff_t)v->stride_x * DN_BLOCK;
    const struct columns columns = columns_of(rect.x0, rect.x1, s.pixels);
    for (int i = 0; i < blocks; i++)
        s.w[i] = job->filters + dn_conv_packed_floats(v, job->block0, block + i);
    int begin, end;
    dn_conv_inputs(v, block, &begin, &end);
    /* With one tap channels come in order anyhow, and sums need not wait in the output rows. */
    int wide = v->kh * v->kw == 1 ? end - begin : dn_conv_input_block(end - begin);
    ptrdiff_t taps = (ptrdiff_t)v->kh * v->kw * DN_BLOCK, whole = (end - begin) * taps;
    for (s.c0 = begin; s.c0 < end; s.c0 = s.c1) {
        s.c1 = dn_min(s.c0 + wide, end);
        s.first = s.c0 == begin;
        s.last = s.c1 == end;
        ptrdiff_t size = (s.c1 - s.c0) * taps;
        if (!s.last)
            plan_prefetch(&s, rect, size, dn_min(wide, end - s.c1) * taps);
        else if (block + 2 * blocks <= job->block1)
            plan_prefetch(&s, rect, size + (blocks - 1) * whole, dn_min(wide, end - begin) * taps);
        else
            plan_prefetch(&s, rect, 0, 0);
        for (int y = rect.y0; y < rect.y1; y++) {
            begin_row(&s, y);
            find_inputs(&s, y);
            run_tiles(&s, s.tiles, &columns);
        }
        for (int i = 0; i < blocks; i++)
            s.w[i] += size;
    }
}

static bool same_inputs(const struct dn_conv *v, int a, int b)
{
    int a0, a1, b0, b1;
    dn_conv_inputs(v, a, &a0, &a1);
    dn_conv_inputs(v, b, &b0, &b1);
    return a0 == b0 && a1 == b1;
}

static void dense(struct strip s, int block0, int block1, struct dn_rect rect)
{
    for (int b = block0, n; b < block1; b += n) {
        n = TILE_BLOCKS == 2 && b + 1 < block1 && same_inputs(s.job->conv, b, b + 1) ? 2 : 1;
        dense_blocks(s, b, n, rect);
    }
}

#endif
