/* The register tile of direct convolution, for any instruction set that has a `vec`.
 *
 * A tile is P pixels of a row times B output blocks. Its accumulators stay in registers over all
 * taps of one block of input channels; between such blocks they wait in the output rows. A step
 * multiplies one broadcast input value per pixel with one row of filters: P + B*BLOCK_VECS loads
 * for P*B*BLOCK_VECS multiply-adds, so that tiles of 14 x 2 blocks (AVX-512) and 6 x 1 (AVX2) are
 * bound by arithmetic. NEON multiplies with one of four values of a register: tiles of 5 x 1 need
 * P + 4*BLOCK_VECS loads for four times as many multiply-adds, and 29 of its 32 registers. P and B are
 * constants in every use: the loops over them must unroll.
 *
 * Before inclusion: vec and its operations, TILE_PIXELS, TILE_BLOCKS. */
#ifndef DN_KERNEL_CONV_TILE_H
#define DN_KERNEL_CONV_TILE_H

#include "kernel/lanes/conv_store.h"

/* One block of input channels, or of taps, of up to TILE_BLOCKS output blocks. */
struct strip {
    const struct dn_conv_job *job;
    int block, blocks;              /* output blocks */
    bool first, last;               /* of the strips that are summed up */
    bool one_tap;                   /* filters of 1x1 */
    int c0, c1;                     /* input channels */
    float *out[TILE_BLOCKS];        /* the output row, at column 0 */
    const float *w[TILE_BLOCKS];    /* their filters, per output block */
    const float *next[TILE_BLOCKS]; /* those of the next strip, to prefetch */
    ptrdiff_t next_floats;          /* how many are left of them, per output block */
    int share;                      /* how many to fetch per tap */
    int row_share, row_taps;        /* pixels of the next input rows per run of channels, taps per row */
    ptrdiff_t dx;                   /* floats from the input of a pixel to that of the next */
    void (*activate)(enum dn_activation a, float *x, size_t n); /* of row kernels, or NULL */
    struct input_rows *inputs;      /* of blocked maps */
    struct taps *taps;              /* of planar maps */
    struct tap_rows *rows;          /* of depthwise convolutions */
};

/* A pointer that the compiler computes here and keeps in a register. Left alone it hoists the
 * address of every pixel out of loops and runs out of registers. */
static INLINE const float *pinned(const float *p)
{
    __asm__("" : "+r"(p));
    return p;
}

/* For each of n (1 or VALUES) channels c: acc[p][v] += x[p * dx + c] * filters[c][v]. Three pixels
 * share a base register: no load is further than two dx from its base, which an addressing mode covers. */
static INLINE void steps(vec *acc, int P, int B, int n, const float *x, ptrdiff_t dx, const float *w0,
                         const float *w1)
{
    const int V = B * BLOCK_VECS;
    vec values[TILE_PIXELS];
    UNROLL(4)
    for (int c = 0; c < n; c++) {
        vec f[TILE_BLOCKS * BLOCK_VECS];
        UNROLL(16)
        for (int v = 0; v < V; v++)
            f[v] = vec_load((v < BLOCK_VECS ? w0 : w1) + c * DN_BLOCK + v % BLOCK_VECS * LANES);
        const float *base = x;
        UNROLL(16)
        for (int p = 0; p < P; p++) {
            if (p % 3 == 0 && c == 0)
                base = pinned(x + p * dx);
            if (c == 0)
                values[p] = n == 1 ? vec_splat(base[p % 3 * dx]) : vec_values(base + p % 3 * dx);
            UNROLL(16)
            for (int v = 0; v < V; v++)
                acc[p * V + v] = vec_fma_value(values[p], c, f[v], acc[p * V + v]);
        }
    }
}

static INLINE void step(vec *acc, int P, int B, const float *x, ptrdiff_t dx, const float *w0,
                        const float *w1)
{
    steps(acc, P, B, 1, x, dx, w0, w1);
}

/* Sets the output row of the strip's blocks. */
static void begin_row(struct strip *s, int oy)
{
    for (int b = 0; b < s->blocks; b++)
        s->out[b] = dn_view_at(&s->job->out, s->block + b, oy, 0);
}

/* The first sums. Where they start from 0, the lines of the output are asked for: else stores would wait for them
 * (152x152, 128 to 64 channels, 1x1: 4 % less time). */
static INLINE void load_tile(const struct strip *s, vec *acc, int P, int B, int ox)
{
    const int V = B * BLOCK_VECS;
    UNROLL(32)
    for (int i = 0; i < P * B; i++)
        if (s->first)
            __builtin_prefetch(s->out[i / P] + (ptrdiff_t)(ox + i % P) * DN_BLOCK, 1, 3);
    UNROLL(16)
    for (int v = 0; v < V; v++) {
        const float *out = s->out[v / BLOCK_VECS] + (ptrdiff_t)ox * DN_BLOCK;
        UNROLL(16)
        for (int p = 0; p < P; p++)
            acc[p * V + v] =
                s->first ? vec_splat(0) : vec_load(out + p * DN_BLOCK + v % BLOCK_VECS * LANES);
    }
}

static INLINE void store_tile(const struct strip *s, const vec *acc, int P, int B, int ox)
{
    const struct dn_conv_job *job = s->job;
    const struct fused f = fused(job->conv->activation);
    const int V = B * BLOCK_VECS;
    bool last = s->last;
    UNROLL(16)
    for (int v = 0; v < V; v++) {
        int b = v / BLOCK_VECS, lane = v % BLOCK_VECS * LANES;
        float *out = s->out[b] + (ptrdiff_t)ox * DN_BLOCK + lane;
        const float *vectors = job->vectors + (ptrdiff_t)(s->block + b) * DN_CONV_VECTORS + lane;
        if (last) {
            const struct norm n = norm(vectors);
            UNROLL(16)
            for (int p = 0; p < P; p++)
                vec_store(out + p * DN_BLOCK, finish(acc[p * V + v], n, f));
        } else {
            UNROLL(16)
            for (int p = 0; p < P; p++)
                vec_store(out + p * DN_BLOCK, acc[p * V + v]);
        }
    }
    for (int b = 0; b < B && last && s->activate; b++)
        s->activate(job->conv->activation, s->out[b] + (ptrdiff_t)ox * DN_BLOCK, (size_t)P * DN_BLOCK);
}

typedef void tile_function(struct strip *s, int ox);

/* Defines `name`, the table of tile_functions name##P that call tile(s, P, B, ox). */
#define TILE(tile, P, B, name)                                                                     \
    static void name##P(struct strip *s, int ox)                                                   \
    {                                                                                              \
        tile(s, P, B, ox);                                                                         \
    }
#define FIVE_TILES(tile, B, name)                                                                  \
    TILE(tile, 1, B, name)                                                                         \
    TILE(tile, 2, B, name)                                                                         \
    TILE(tile, 3, B, name)                                                                         \
    TILE(tile, 4, B, name)                                                                         \
    TILE(tile, 5, B, name)
#if TILE_PIXELS == 14
#define TILES(tile, B, name)                                                                       \
    FIVE_TILES(tile, B, name)                                                                      \
    TILE(tile, 6, B, name)                                                                         \
    TILE(tile, 7, B, name)                                                                         \
    TILE(tile, 8, B, name)                                                                         \
    TILE(tile, 9, B, name)                                                                         \
    TILE(tile, 10, B, name)                                                                        \
    TILE(tile, 11, B, name)                                                                        \
    TILE(tile, 12, B, name)                                                                        \
    TILE(tile, 13, B, name)                                                                        \
    TILE(tile, 14, B, name)                                                                        \
    static tile_function *const name[TILE_PIXELS + 1] = {                                          \
        NULL,    name##1, name##2,  name##3,  name##4,  name##5,  name##6, name##7,                \
        name##8, name##9, name##10, name##11, name##12, name##13, name##14};
#elif TILE_PIXELS == 6
#define TILES(tile, B, name)                                                                       \
    FIVE_TILES(tile, B, name)                                                                      \
    TILE(tile, 6, B, name)                                                                         \
    static tile_function *const name[TILE_PIXELS + 1] = {NULL,    name##1, name##2, name##3,       \
                                                         name##4, name##5, name##6};
#else
#define TILES(tile, B, name)                                                                       \
    FIVE_TILES(tile, B, name)                                                                      \
    static tile_function *const name[TILE_PIXELS + 1] = {NULL,    name##1, name##2,                \
                                                         name##3, name##4, name##5};
#endif

#endif
