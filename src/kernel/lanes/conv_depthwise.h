/* Depthwise convolution (one input channel per output channel): pixel by pixel in vectors of
 * channels, P pixels of one block at a time. Blocks are taken in groups whose rows stay in the nearest
 * cache.
 *
 * A pixel of 3x3 has 9 multiply-adds, which take 4.5 cycles where two start in one (a Zen 5, vectors of 16),
 * and 6 operations of store_tile(): these alone keep it below 0.65 of the peak. Where maps come from the
 * second cache or further away, a copy of them takes half as long as that or more (bench_conv prints it), and
 * what a stride of 2 reads, four vectors per pixel, takes longer than its arithmetic; prefetching them
 * earlier gained nothing. */
#ifndef DN_KERNEL_CONV_DEPTHWISE_H
#define DN_KERNEL_CONV_DEPTHWISE_H

#include "kernel/lanes/conv_tile.h"

enum { TAP_ROWS = 64 /* per strip */, NEAREST_CACHE = 16 * 1024 };

/* The input rows of one output row that lie inside the map, at block 0 and column 0. */
struct tap_rows {
    int count;
    const float *at[TAP_ROWS];
    ptrdiff_t next; /* floats from the output row to the one below */
};

/* Rows of K taps, S columns from pixel to pixel: every input is loaded once and multiplied for all pixels
 * that it belongs to, in the order of their taps. */
static INLINE void add_rows(struct strip *s, vec *acc, int P, int K, int S, ptrdiff_t first)
{
    const struct tap_rows *rows = s->rows;
    const float *w = s->w[0];
    for (int r = 0; r < rows->count; r++, w += K * DN_BLOCK) {
        const float *x = pinned(rows->at[r] + first);
        UNROLL(4)
        for (int i = 0; i < BLOCK_VECS; i++) {
            vec f[5];
            UNROLL(5)
            for (int k = 0; k < K; k++)
                f[k] = vec_load(w + k * DN_BLOCK + i * LANES);
            UNROLL(32)
            for (int c = 0; c < (P - 1) * S + K; c++) {
                vec value = vec_kept(vec_load(x + c * DN_BLOCK + i * LANES));
                UNROLL(5)
                for (int k = 0; k < K; k++)
                    if (c >= k && (c - k) % S == 0 && (c - k) / S < P) {
                        vec *sum = &acc[(c - k) / S * BLOCK_VECS + i];
                        *sum = vec_fma(value, f[k], *sum);
                    }
            }
        }
    }
}

/* Any filter: an input is loaded for each multiply-add. */
static INLINE void add_taps(struct strip *s, vec *acc, int P, ptrdiff_t first)
{
    const struct dn_conv *v = s->job->conv;
    const struct tap_rows *rows = s->rows;
    const float *w = s->w[0];
    for (int r = 0; r < rows->count; r++) {
        const float *x = rows->at[r] + first;
        for (int kx = 0; kx < v->kw; kx++, w += DN_BLOCK, x += v->dilation * DN_BLOCK)
            UNROLL(4)
            for (int i = 0; i < BLOCK_VECS; i++) {
                const float *at = pinned(x + i * LANES);
                vec f = vec_load(w + i * LANES);
                UNROLL(16)
                for (int p = 0; p < P; p++) {
                    acc[p * BLOCK_VECS + i] = vec_fma(vec_load(at), f, acc[p * BLOCK_VECS + i]);
                    at = pinned(at + s->dx);
                }
            }
    }
}

/* K is 0 for any filter. */
static INLINE void depthwise_tile(struct strip *s, int P, int K, int S, int ox)
{
    ptrdiff_t first = s->block * s->job->in.block + ox * s->dx - (ptrdiff_t)s->job->conv->pad_x * DN_BLOCK;
    vec acc[TILE_PIXELS * BLOCK_VECS];
    load_tile(s, acc, P, BLOCK_VECS, ox);
    if (K)
        add_rows(s, acc, P, K, S, first);
    else
        add_taps(s, acc, P, first);
    store_tile(s, acc, P, BLOCK_VECS, ox);
}

static INLINE void tile_3_1(struct strip *s, int P, int B, int ox) { depthwise_tile(s, P, 3, B, ox); }
static INLINE void tile_3_2(struct strip *s, int P, int B, int ox) { depthwise_tile(s, P, 3, B * 2, ox); }
static INLINE void tile_5_1(struct strip *s, int P, int B, int ox) { depthwise_tile(s, P, 5, B, ox); }
static INLINE void tile_any(struct strip *s, int P, int B, int ox) { depthwise_tile(s, P, 0, B, ox); }

/* Two output rows of 3x3 filters with stride 1: inputs of the two rows between are loaded once for both.
 * Needs all four input rows, and registers for the filters of two rows beside the sums. */
static INLINE void tile_pair(struct strip *s, int P, int B, int ox)
{
    const struct dn_conv *v = s->job->conv;
    const struct tap_rows *rows = s->rows;
    const struct fused f = fused(v->activation);
    const float *vectors = s->job->vectors + (ptrdiff_t)s->block * DN_CONV_VECTORS;
    ptrdiff_t first = s->block * s->job->in.block + (ptrdiff_t)(ox - v->pad_x) * DN_BLOCK;
    UNROLL(4)
    for (int i = 0; i < B * BLOCK_VECS; i++) {
        const struct norm n = norm(vectors + i * LANES);
        float *out = s->out[0] + (ptrdiff_t)ox * DN_BLOCK + i * LANES;
        vec above[5], below[5], filters[12];
        UNROLL(5)
        for (int p = 0; p < P; p++)
            above[p] = below[p] = vec_splat(0);
        UNROLL(4)
        for (int r = 0; r < 4; r++) {
            const float *x = pinned(rows->at[r] + first + i * LANES);
            UNROLL(3)
            for (int k = 0; k < 3 && r < 3; k++)
                filters[3 * r + k] = vec_load(s->w[0] + (3 * r + k) * DN_BLOCK + i * LANES);
            UNROLL(7)
            for (int c = 0; c < P + 2; c++) {
                vec value = vec_kept(vec_load(x + c * DN_BLOCK));
                UNROLL(3)
                for (int k = 0; k < 3; k++)
                    if (c >= k && c - k < P) {
                        if (r < 3)
                            above[c - k] = vec_fma(value, filters[3 * r + k], above[c - k]);
                        if (r > 0)
                            below[c - k] = vec_fma(value, filters[3 * r - 3 + k], below[c - k]);
                    }
            }
        }
        UNROLL(5)
        for (int p = 0; p < P; p++)
            vec_store(out + p * DN_BLOCK, finish(above[p], n, f));
        UNROLL(5)
        for (int p = 0; p < P; p++)
            vec_store(out + rows->next + p * DN_BLOCK, finish(below[p], n, f));
    }
    for (int row = 0; row < 2 && s->activate; row++)
        s->activate(v->activation, s->out[0] + row * rows->next + (ptrdiff_t)ox * DN_BLOCK, (size_t)P * DN_BLOCK);
}

enum { PAIR_PIXELS = 5 };

FIVE_TILES(TILE, tile_pair, 1, depthwise_pair)
static tile_function *const depthwise_pair[PAIR_PIXELS + 1] = {FIVE_NAMES(depthwise_pair)};

TILES(TILE, tile_3_1, 1, depthwise_3_1)
TILES(TILE, tile_3_2, 1, depthwise_3_2)
TILES(TILE, tile_5_1, 1, depthwise_5_1)
TILES(TILE, tile_any, 1, depthwise_any)

static tile_function *const *depthwise_tiles(const struct dn_conv *v)
{
    if (v->dilation > 1)
        return depthwise_any;
    if (v->kw == 3 && v->stride_x <= 2)
        return v->stride_x == 1 ? depthwise_3_1 : depthwise_3_2;
    return v->kw == 5 && v->stride_x == 1 ? depthwise_5_1 : depthwise_any;
}

/* Lists filter rows [ky0, ky1) of output row oy; returns how many come before the first one inside the
 * map. */
static int list_rows(struct strip *s, int ky0, int ky1, int oy)
{
    const struct dn_conv *v = s->job->conv;
    int skipped = 0;
    s->rows->count = 0;
    for (int ky = ky0; ky < ky1; ky++) {
        int y = oy * v->stride_y - v->pad_y + ky * v->dilation;
        skipped += y < 0;
        if (y >= 0 && y < s->job->in.h)
            s->rows->at[s->rows->count++] = dn_view_at(&s->job->in, 0, y, 0);
    }
    return skipped;
}

/* The strip's row, or pair of rows, of some blocks, in tiles of up to `most` pixels. */
static void depthwise_row(struct strip *s, tile_function *const *tiles, int most, int blocks, struct dn_rect rect)
{
    const struct dn_conv *v = s->job->conv;
    const struct columns columns = columns_of(rect.x0, rect.x1, most);
    for (; blocks > 0; blocks--, s->block++) {
        run_tiles(s, tiles, &columns);
        s->w[0] += (ptrdiff_t)v->kh * v->kw * DN_BLOCK;
        s->out[0] += s->job->out.block;
    }
}

/* Whether rows y and y + 1 have all their inputs; lists them then. */
static bool list_pair(struct strip *s, int y)
{
    const struct dn_conv *v = s->job->conv;
    if (REGISTERS < 32 || v->kh != 3 || v->stride_y != 1 || depthwise_tiles(v) != depthwise_3_1)
        return false;
    list_rows(s, 0, 4, y);
    s->rows->next = dn_view_at(&s->job->out, 0, y + 1, 0) - dn_view_at(&s->job->out, 0, y, 0);
    return s->rows->count == 4;
}

static void depthwise_rows(struct strip *s, int block0, int block1, struct dn_rect rect)
{
    const struct dn_conv *v = s->job->conv;
    tile_function *const *tiles = depthwise_tiles(v);
    const ptrdiff_t taps = (ptrdiff_t)v->kh * v->kw * DN_BLOCK;
    for (int ky = 0, end; ky < v->kh; ky = end) {
        end = dn_min(ky + TAP_ROWS, v->kh);
        s->first = ky == 0;
        s->last = end == v->kh;
        for (int y = rect.y0; y < rect.y1; y++) {
            bool pair = y + 1 < rect.y1 && list_pair(s, y);
            int from = pair ? 0 : ky + list_rows(s, ky, end, y);
            s->block = block0;
            s->w[0] = s->job->filters + (block0 - s->job->block0) * taps + (ptrdiff_t)from * v->kw * DN_BLOCK;
            begin_row(s, y);
            if (pair)
                depthwise_row(s, depthwise_pair, PAIR_PIXELS, block1 - block0, rect);
            else
                depthwise_row(s, tiles, TILE_PIXELS, block1 - block0, rect);
            y += pair;
        }
    }
}

static void depthwise(struct strip s, int block0, int block1, struct dn_rect rect)
{
    const struct dn_conv *v = s.job->conv;
    struct tap_rows rows;
    s.blocks = 1;
    s.rows = &rows;
    s.dx = (ptrdiff_t)v->stride_x * DN_BLOCK;
    int row_bytes = (rect.x1 - rect.x0) * v->stride_x * DN_BLOCK * (int)sizeof(float);
    int group = dn_max(1, NEAREST_CACHE / (row_bytes * dn_min(v->kh, TAP_ROWS)));
    for (int b = block0; b < block1; b += group)
        depthwise_rows(&s, b, dn_min(b + group, block1), rect);
}

#endif
