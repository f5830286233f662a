/* Direct convolution of a planar map, the network's input: few channels, no pad columns.
 *
 * With three channels there are only 27 steps in a 3x3 tile, so loops over rows, columns and
 * channels would cost as much as the steps. They run once per row instead, into a list of taps that
 * all tiles of the row share. Taps in rows outside the map are left out of the list; pixels with
 * taps in columns outside are computed one at a time. */
#ifndef DN_KERNEL_CONV_PLANAR_H
#define DN_KERNEL_CONV_PLANAR_H

#include "kernel/lanes/conv_tile.h"

enum { LISTED_TAPS = 512 }; /* per strip */

/* The steps of one row, in the order of filters. */
struct taps {
    int count;
    const float *at[LISTED_TAPS]; /* the input of a pixel whose first tap is in column 0 */
    int column[LISTED_TAPS];      /* relative to the column of the first tap */
};

static INLINE void planar_tile(struct strip *s, int P, int V, int ox)
{
    const struct taps *t = s->taps;
    const float *w0 = s->w[0], *w1 = s->w[V > BLOCK_VECS];
    ptrdiff_t x = ox * s->dx - s->job->conv->pad_x;
    vec acc[TILE_SUMS];
    load_tile(s, acc, P, V, ox);
    for (int i = 0; i < t->count; i++, w0 += DN_BLOCK, w1 += DN_BLOCK)
        step(acc, P, V, t->at[i] + x, s->dx, w0, w1);
    store_tile(s, acc, P, V, ox);
}

/* One pixel with taps beyond the left or right border, which add nothing. */
static INLINE void border_tile(struct strip *s, int B, int ox)
{
    const struct taps *t = s->taps;
    const float *w0 = s->w[0], *w1 = s->w[B - 1];
    ptrdiff_t x = ox * s->dx - s->job->conv->pad_x;
    vec acc[TILE_BLOCKS * BLOCK_VECS];
    load_tile(s, acc, 1, B * BLOCK_VECS, ox);
    for (int i = 0; i < t->count; i++, w0 += DN_BLOCK, w1 += DN_BLOCK)
        if (x + t->column[i] >= 0 && x + t->column[i] < s->job->in.w)
            step(acc, 1, B * BLOCK_VECS, t->at[i] + x, 0, w0, w1);
    store_tile(s, acc, 1, B * BLOCK_VECS, ox);
}

TILE_TABLES(TILE, planar_tile, planar)
static void border_one(struct strip *s, int ox, int n)
{
    for (; n > 0; n--, ox++)
        border_tile(s, 1, ox);
}
#if TILE_BLOCKS == 2
static void border_two(struct strip *s, int ox, int n)
{
    for (; n > 0; n--, ox++)
        border_tile(s, 2, ox);
}
static tile_function *const border_tiles[] = {border_one, border_two};
#else
static tile_function *const border_tiles[] = {border_one};
#endif

/* Lists taps [tap0, tap1) of output row oy; returns how many come before the first one inside the
 * map. */
static int list_taps(struct strip *s, int tap0, int tap1, int oy)
{
    const struct dn_conv *v = s->job->conv;
    const struct dn_view *in = &s->job->in;
    struct taps *t = s->taps;
    int row = v->kw * v->c, skipped = 0;
    t->count = 0;
    for (int ky = tap0 / row; ky * row < tap1; ky++) {
        int y = oy * v->stride_y - v->pad_y + ky * v->dilation;
        int from = dn_max(tap0 - ky * row, 0), to = dn_min(tap1 - ky * row, row);
        skipped += y < 0 ? to - from : 0;
        if (y < 0 || y >= in->h)
            continue;
        const float *x = dn_view_at(in, 0, y, 0);
        for (int kx = from / v->c, c = from % v->c; from < to; from++) {
            t->column[t->count] = kx * v->dilation;
            t->at[t->count++] = x + c * in->block + kx * v->dilation;
            if (++c == v->c)
                kx++, c = 0;
        }
    }
    return skipped;
}

/* The columns of the rectangle whose taps all lie inside the map are [*in0, *in1). */
static void inside_columns(const struct dn_conv_job *job, struct dn_rect rect, int *in0, int *in1)
{
    const struct dn_conv *v = job->conv;
    int room = job->in.w - 1 - (v->kw - 1) * v->dilation + v->pad_x;
    int end = room < 0 ? 0 : room / v->stride_x + 1;
    *in0 = dn_min(dn_max(rect.x0, dn_ceil_div(v->pad_x, v->stride_x)), rect.x1);
    *in1 = dn_max(*in0, dn_min(rect.x1, end));
}

static void planar_row(struct strip *s, struct dn_rect rect)
{
    int x0, x1;
    inside_columns(s->job, rect, &x0, &x1);
    const struct columns inside = columns_of(x0, x1, s->pixels);
    border_tiles[s->blocks - 1](s, rect.x0, x0 - rect.x0);
    run_tiles(s, s->tiles, &inside);
    border_tiles[s->blocks - 1](s, x1, rect.x1 - x1);
}

/* Asks for all inputs of a rectangle at once: what another core has just written comes slowly. */
static void prefetch_inputs(const struct dn_conv_job *job, struct dn_rect rect)
{
    const struct dn_conv *v = job->conv;
    int y0 = dn_max(0, rect.y0 * v->stride_y - v->pad_y);
    int y1 = dn_min(job->in.h, (rect.y1 - 1) * v->stride_y - v->pad_y + (v->kh - 1) * v->dilation + 1);
    int x0 = dn_max(0, rect.x0 * v->stride_x - v->pad_x);
    int x1 = dn_min(job->in.w, (rect.x1 - 1) * v->stride_x - v->pad_x + (v->kw - 1) * v->dilation + 1);
    for (int y = y0; y < y1; y++)
        for (int c = 0; c < v->c; c++)
            for (int x = x0; x < x1; x += 16)
                __builtin_prefetch(dn_view_at(&job->in, 0, y, 0) + c * job->in.block + x, 0, 3);
}

static void planar(struct strip s, int block0, int block1, struct dn_rect rect)
{
    const struct dn_conv_job *job = s.job;
    const struct dn_conv *v = job->conv;
    int all = v->kh * v->kw * v->c;
    struct taps t;
    s.taps = &t;
    prefetch_inputs(job, rect);
    s.dx = v->stride_x;
    for (s.block = block0; s.block < block1; s.block += s.blocks) {
        s.blocks = dn_min(TILE_BLOCKS, block1 - s.block);
        choose_tiles(&s, &planar_tiles);
        for (int tap = 0, end; tap < all; tap = end) {
            end = dn_min(tap + LISTED_TAPS, all);
            s.first = tap == 0;
            s.last = end == all;
            for (int y = rect.y0; y < rect.y1; y++) {
                int from = tap + list_taps(&s, tap, end, y);
                for (int i = 0; i < s.blocks; i++)
                    s.w[i] = job->filters + (ptrdiff_t)from * DN_BLOCK +
                             dn_conv_packed_floats(v, job->block0, s.block + i);
                begin_row(&s, y);
                planar_row(&s, rect);
            }
        }
    }
}

#endif
