/* Direct convolution of blocked maps: strips of one block of input channels, row by row in tiles.
 *
 * With everything in the nearest cache the tiles run at the peak. Further out, rows of input and
 * output and the filters of the next strip are asked for one row, or one strip, ahead. */
#ifndef DN_KERNEL_CONV_DENSE_H
#define DN_KERNEL_CONV_DENSE_H

#include "kernel/lanes/conv_tile.h"

/* The channels of the strip at one tap; x points at channel 0 of the first pixel. */
static INLINE void add_tap(const struct strip *s, vec *acc, int P, int B, const float *x,
                           ptrdiff_t at)
{
    ptrdiff_t block = s->job->in.block;
    const float *w0 = s->w[0] + at, *w1 = s->w[B - 1] + at;
    for (int c = s->c0, n; c < s->c1; c += n) {
        const float *p = x + c / DN_BLOCK * block + c % DN_BLOCK;
        n = dn_min(DN_BLOCK - c % DN_BLOCK, s->c1 - c);
        for (int i = 0; i < n; i++, w0 += DN_BLOCK, w1 += DN_BLOCK)
            step(acc, P, B, p + i, s->dx, w0, w1);
    }
}

static INLINE void dense_tile(const struct strip *s, int P, int B, int oy, int ox)
{
    const struct dn_conv *v = s->job->conv;
    const struct dn_view *in = &s->job->in;
    ptrdiff_t size = (ptrdiff_t)(s->c1 - s->c0) * DN_BLOCK, at = 0;
    vec acc[TILE_PIXELS * TILE_BLOCKS * BLOCK_VECS];
    load_tile(s, acc, P, B, oy, ox);
    for (int ky = 0; ky < v->kh; ky++, at += v->kw * size) {
        int y = oy * v->stride_y - v->pad_y + ky * v->dilation;
        if (y < 0 || y >= in->h)
            continue;
        const float *x = dn_view_at(in, 0, y, ox * v->stride_x - v->pad_x);
        for (int kx = 0; kx < v->kw; kx++)
            add_tap(s, acc, P, B, x + (ptrdiff_t)kx * v->dilation * DN_BLOCK, at + kx * size);
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

static inline void prefetch(const float *p, ptrdiff_t floats)
{
    for (ptrdiff_t i = 0; i < floats; i += 16)
        __builtin_prefetch(p + i, 0, 2);
}

/* What the tile below this one will be the first to touch, and a share of the next filters. */
static void look_ahead(struct strip *s, int oy, int ox, int pixels)
{
    const struct dn_conv_job *job = s->job;
    const struct dn_conv *v = job->conv;
    const struct dn_view *in = &job->in;
    int y = (oy + 1) * v->stride_y - v->pad_y + (v->kh - 1) * v->dilation;
    int x = ox * v->stride_x - v->pad_x + (v->kw - 1) * v->dilation;
    int columns = dn_min(pixels * v->stride_x, in->w + in->pad - x);
    for (int back = 0; back < dn_min(v->stride_y, v->kh); back++)
        for (int c = s->c0; y - back >= in->y0 && y - back < in->h && c < s->c1; c += DN_BLOCK)
            prefetch(dn_view_at(in, c / DN_BLOCK, y - back, x), (ptrdiff_t)columns * DN_BLOCK);
    for (int b = 0; b < s->blocks && oy + 1 < job->rect.y1; b++)
        prefetch(dn_view_at(&job->out, s->block + b, oy + 1, ox), (ptrdiff_t)pixels * DN_BLOCK);
    ptrdiff_t share = s->share < s->next_floats ? s->share : s->next_floats;
    for (int b = 0; b < TILE_BLOCKS && s->next[b]; b++) {
        prefetch(s->next[b], share);
        s->next[b] += share;
    }
    s->next_floats -= share;
}

/* The columns of a row in tiles of equal size, give or take one pixel. */
static void dense_row(struct strip *s, int oy, int x0, int x1)
{
    for (int left = dn_ceil_div(x1 - x0, TILE_PIXELS); left > 0; left--) {
        int pixels = dn_ceil_div(x1 - x0, left);
        look_ahead(s, oy, x0, pixels);
        dense_tiles[s->blocks - 1][pixels](s, oy, x0);
        x0 += pixels;
    }
}

/* Filters of `floats` per output block follow those of this strip at distance `ahead`. */
static void plan_prefetch(struct strip *s, struct dn_rect rect, ptrdiff_t ahead, ptrdiff_t floats)
{
    int tiles = (rect.y1 - rect.y0) * dn_ceil_div(rect.x1 - rect.x0, TILE_PIXELS);
    s->next_floats = floats;
    s->share = (floats / tiles + DN_BLOCK) / DN_BLOCK * DN_BLOCK;
    for (int i = 0; i < TILE_BLOCKS; i++)
        s->next[i] = i < s->blocks && floats > 0 ? s->w[i] + ahead : NULL;
}

/* Output blocks that read the same input channels. */
static void dense_blocks(const struct dn_conv_job *job, int block, int blocks, struct dn_rect rect)
{
    const struct dn_conv *v = job->conv;
    struct strip s = {.job = job, .block = block, .blocks = blocks};
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

static void dense(const struct dn_conv_job *job, int block0, int block1, struct dn_rect rect)
{
    for (int b = block0, n; b < block1; b += n) {
        n = TILE_BLOCKS == 2 && b + 1 < block1 && same_inputs(job->conv, b, b + 1) ? 2 : 1;
        dense_blocks(job, b, n, rect);
    }
}

#endif
