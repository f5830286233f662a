/* Direct convolution of blocked maps: strips of one block of input channels, row by row in tiles.
 *
 * With everything in the nearest cache the tiles run at the peak. Further out, rows of input and
 * output and the filters of the next strip are asked for one row, or one strip, ahead. */
#ifndef DN_KERNEL_CONV_DENSE_H
#define DN_KERNEL_CONV_DENSE_H

#include "kernel/lanes/conv_tile.h"

/* Asks for some of what will be needed soon, so little that no queue of misses fills up: filters of
 * the next strip, and pixels of the row below that this tile's successor there is the first to
 * read. */
static INLINE void look_ahead(struct strip *s, const float *pixels)
{
    if (s->next_floats > 0) {
        for (int b = 0; b < TILE_BLOCKS; b++, s->next[b - 1] += s->share)
            for (int i = 0; i < s->share; i += DN_BLOCK)
                __builtin_prefetch(s->next[b] + i, 0, 2);
        s->next_floats -= s->share;
    }
    for (int i = 0; i < s->row_share; i++)
        __builtin_prefetch(pixels + i * DN_BLOCK, 0, 2);
}

/* The channels of the strip at one tap; x points at channel 0 of the first pixel, `below` at the
 * pixels to prefetch. */
static INLINE void add_tap(struct strip *s, vec *acc, int P, int B, const float *x, ptrdiff_t at,
                           const float *below)
{
    ptrdiff_t block = s->job->in.block;
    const float *w0 = s->w[0] + at, *w1 = s->w[B - 1] + at;
    for (int c = s->c0, n; c < s->c1; c += n) {
        const float *p = x + c / DN_BLOCK * block + c % DN_BLOCK;
        n = dn_min(DN_BLOCK - c % DN_BLOCK, s->c1 - c);
        look_ahead(s, below + c / DN_BLOCK * block);
        for (int i = 0; i < n; i++, w0 += DN_BLOCK, w1 += DN_BLOCK)
            step(acc, P, B, p + i, s->dx, w0, w1);
    }
}

static INLINE void dense_tile(struct strip *s, int P, int B, int oy, int ox)
{
    const struct dn_conv *v = s->job->conv;
    const struct dn_view *in = &s->job->in;
    ptrdiff_t size = (ptrdiff_t)(s->c1 - s->c0) * DN_BLOCK, at = 0;
    int x0 = ox * v->stride_x - v->pad_x, y0 = oy * v->stride_y - v->pad_y;
    vec acc[TILE_PIXELS * TILE_BLOCKS * BLOCK_VECS];
    load_tile(s, acc, P, B, oy, ox);
    int below = dn_min(y0 + v->stride_y + (v->kh - 1) * v->dilation, in->h - 1);
    const float *pixels = dn_view_at(in, 0, below, x0);
    for (int ky = 0; ky < v->kh; ky++, at += v->kw * size) {
        int y = y0 + ky * v->dilation;
        if (y < 0 || y >= in->h)
            continue;
        const float *x = dn_view_at(in, 0, y, x0);
        for (int kx = 0; kx < v->kw; kx++) {
            add_tap(s, acc, P, B, x + (ptrdiff_t)kx * v->dilation * DN_BLOCK, at + kx * size,
                    pixels);
            pixels += s->row_share * DN_BLOCK;
        }
    }
    store_tile(s, acc, P, B, oy, ox);
}

TILES(dense_tile, 1, dense_one)
#if TILE_BLOCKS == 2
TILES(dense_tile, 2, dense_two)
static tile_function *const *const dense_tiles[] = {dense_one, dense_two};
#else
static tile_function *const *const dense_tiles[] = {dense_one};
#endif

/* The columns of a row in tiles of equal size, give or take one pixel. */
static void dense_row(struct strip *s, int oy, int x0, int x1)
{
    for (int left = dn_ceil_div(x1 - x0, TILE_PIXELS); left > 0; left--) {
        int pixels = dn_ceil_div(x1 - x0, left);
        dense_tiles[s->blocks - 1][pixels](s, oy, x0);
        x0 += pixels;
    }
}

/* Spreads the prefetching of `floats` filters per output block, which follow those of this strip at
 * distance `ahead`, over the blocks of channels and taps of all tiles. */
static void plan_prefetch(struct strip *s, struct dn_rect rect, ptrdiff_t ahead, ptrdiff_t floats)
{
    const struct dn_conv *v = s->job->conv;
    int tiles = (rect.y1 - rect.y0) * dn_ceil_div(rect.x1 - rect.x0, TILE_PIXELS);
    ptrdiff_t parts = (ptrdiff_t)tiles * v->kh * v->kw * dn_blocks(s->c1 - s->c0);
    s->row_share = dn_ceil_div(TILE_PIXELS * v->stride_x, v->kh * v->kw);
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
    s.block = block;
    s.blocks = blocks;
    s.dx = (ptrdiff_t)v->stride_x * DN_BLOCK;
    for (int i = 0; i < blocks; i++)
        s.w[i] = job->packed + dn_conv_packed_floats(v, job->block0, block + i);
    int begin, end;
    dn_conv_inputs(v, block, &begin, &end);
    int wide = dn_conv_input_block(end - begin);
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
        for (int y = rect.y0; y < rect.y1; y++)
            dense_row(&s, y, rect.x0, rect.x1);
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
