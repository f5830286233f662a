/* The register tile of direct convolution, for any instruction set that has a `vec`.
 *
 * A tile is P pixels of a row times B output blocks. Its accumulators stay in registers over all
 * taps of one block of input channels; between such blocks they wait in the output rows. A step
 * multiplies one broadcast input value per pixel with one row of filters: P + B*BLOCK_VECS loads
 * for P*B*BLOCK_VECS multiply-adds, so that tiles of 14 x 2 blocks (AVX-512) and 6 x 1 (AVX2) are
 * bound by arithmetic. NEON multiplies with one of four values of a register: tiles of 5 x 1 need
 * P + 4*BLOCK_VECS loads for four times as many multiply-adds, and 29 of its 32 registers. Where a block
 * takes several vectors, there are also tiles of more pixels and half a block, for last blocks of at most 8 channels.
 * P and V, the vectors of a pixel, are constants in every use: the loops over them must unroll.
 *
 * Before inclusion: vec and its operations, TILE_PIXELS, TILE_BLOCKS. */
#ifndef DN_KERNEL_CONV_TILE_H
#define DN_KERNEL_CONV_TILE_H

#include "kernel/lanes/conv_store.h"

/* Pixels of a tile of half a block: as many as TILES and HALF_TILES below define. */
#if TILE_PIXELS == 14
enum { MOST_PIXELS = 14 }; /* there is none */
#elif TILE_PIXELS == 6
enum { MOST_PIXELS = 12 };
#else
enum { MOST_PIXELS = 9 };
#endif

/* The sums of a tile; one of half a block has no more. */
enum { TILE_SUMS = TILE_PIXELS * TILE_BLOCKS * BLOCK_VECS };

struct strip;
/* Computes n tiles of a row, from output column ox on. */
typedef void tile_function(struct strip *s, int ox, int n);

/* One block of input channels, or of taps, of up to TILE_BLOCKS output blocks. */
struct strip {
    const struct dn_conv_job *job;
    int block, blocks;              /* output blocks */
    tile_function *const *tiles;    /* of 1 ... pixels pixels */
    int pixels;
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
static INLINE void steps(vec *acc, int P, int V, int n, const float *x, ptrdiff_t dx, const float *w0,
                         const float *w1)
{
    vec values[MOST_PIXELS];
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

static INLINE void step(vec *acc, int P, int V, const float *x, ptrdiff_t dx, const float *w0,
                        const float *w1)
{
    steps(acc, P, V, 1, x, dx, w0, w1);
}

/* Sets the output row of the strip's blocks. */
static void begin_row(struct strip *s, int oy)
{
    for (int b = 0; b < s->blocks; b++)
        s->out[b] = dn_view_at(&s->job->out, s->block + b, oy, 0);
}

/* The first sums. Where they start from 0, the lines of the output are asked for: else stores would wait for them
 * (152x152, 128 to 64 channels, 1x1: 4 % less time). */
static INLINE void load_tile(const struct strip *s, vec *acc, int P, int V, int ox)
{
    UNROLL(32)
    for (int i = 0; i < P * dn_ceil_div(V, BLOCK_VECS); i++)
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

static INLINE void store_tile(const struct strip *s, const vec *acc, int P, int V, int ox)
{
    const struct dn_conv_job *job = s->job;
    const struct fused f = fused(job->conv->activation);
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
    if (last && V < BLOCK_VECS) /* the other half has no channels */
        for (int p = 0; p < P; p++)
            for (int v = V; v < BLOCK_VECS; v++)
                vec_store(s->out[0] + (ptrdiff_t)(ox + p) * DN_BLOCK + v * LANES, vec_splat(0));
    for (int b = 0; b < dn_ceil_div(V, BLOCK_VECS) && last && s->activate; b++)
        s->activate(job->conv->activation, s->out[b] + (ptrdiff_t)ox * DN_BLOCK, (size_t)P * DN_BLOCK);
}

/* Defines a tile_function name##P that calls tile(s, P, V, ox). What tiles of a row share is computed once. */
#define TILE(tile, P, V, name)                          \
    static void name##P(struct strip *s, int ox, int n) \
    {                                                   \
        for (; n > 0; n--, ox += P)                     \
            tile(s, P, V, ox);                          \
    }

/* The same, but what tiles share leaves them the registers that their loops need (AVX2, 512 channels, 3x3: 4 % less time).
 * Depthwise tiles are so short that they take 6 % longer. */
#define TILE_APART(tile, P, V, name)                                              \
    static __attribute__((noinline)) void name##P##_tile(struct strip *s, int ox) \
    {                                                                             \
        tile(s, P, V, ox);                                                        \
    }                                                                             \
    static void name##P(struct strip *s, int ox, int n)                           \
    {                                                                             \
        for (; n > 0; n--, ox += P)                                               \
            name##P##_tile(s, ox);                                                \
    }

/* Define `name`, the table of tile_functions; DEFINE is one of those above. */
#define FIVE_TILES(DEFINE, tile, V, name) \
    DEFINE(tile, 1, V, name)              \
    DEFINE(tile, 2, V, name)              \
    DEFINE(tile, 3, V, name)              \
    DEFINE(tile, 4, V, name)              \
    DEFINE(tile, 5, V, name)
#define NINE_TILES(DEFINE, tile, V, name) \
    FIVE_TILES(DEFINE, tile, V, name)     \
    DEFINE(tile, 6, V, name)              \
    DEFINE(tile, 7, V, name)              \
    DEFINE(tile, 8, V, name)              \
    DEFINE(tile, 9, V, name)
#define TWELVE_TILES(DEFINE, tile, V, name) \
    NINE_TILES(DEFINE, tile, V, name)       \
    DEFINE(tile, 10, V, name)               \
    DEFINE(tile, 11, V, name)               \
    DEFINE(tile, 12, V, name)
#define FIVE_NAMES(name) NULL, name##1, name##2, name##3, name##4, name##5
#define NINE_NAMES(name) FIVE_NAMES(name), name##6, name##7, name##8, name##9
#define TWELVE_NAMES(name) NINE_NAMES(name), name##10, name##11, name##12

#if TILE_PIXELS == 14
#define TILES(DEFINE, tile, V, name)    \
    TWELVE_TILES(DEFINE, tile, V, name) \
    DEFINE(tile, 13, V, name)           \
    DEFINE(tile, 14, V, name)           \
    static tile_function *const name[] = {TWELVE_NAMES(name), name##13, name##14};
#elif TILE_PIXELS == 6
#define TILES(DEFINE, tile, V, name)  \
    FIVE_TILES(DEFINE, tile, V, name) \
    DEFINE(tile, 6, V, name)          \
    static tile_function *const name[] = {FIVE_NAMES(name), name##6};
#define HALF_TILES(DEFINE, tile, name)          \
    TWELVE_TILES(DEFINE, tile, BLOCK_VECS / 2, name) \
    static tile_function *const name[] = {TWELVE_NAMES(name)};
#else
#define TILES(DEFINE, tile, V, name)  \
    FIVE_TILES(DEFINE, tile, V, name) \
    static tile_function *const name[] = {FIVE_NAMES(name)};
#define HALF_TILES(DEFINE, tile, name)        \
    NINE_TILES(DEFINE, tile, BLOCK_VECS / 2, name) \
    static tile_function *const name[] = {NINE_NAMES(name)};
#endif

/* Defines `name`, the tables of a tile of one output block, of two, and of half of one. */
struct tile_tables {
    tile_function *const *blocks[TILE_BLOCKS], *const *half;
};
#if TILE_BLOCKS == 2
#define TILE_TABLES(DEFINE, tile, name)             \
    TILES(DEFINE, tile, BLOCK_VECS, name##_one)     \
    TILES(DEFINE, tile, 2 * BLOCK_VECS, name##_two) \
    static const struct tile_tables name##_tiles = {{name##_one, name##_two}, NULL};
#else
#define TILE_TABLES(DEFINE, tile, name)         \
    TILES(DEFINE, tile, BLOCK_VECS, name##_one) \
    HALF_TILES(DEFINE, tile, name##_half)       \
    static const struct tile_tables name##_tiles = {{name##_one}, name##_half};
#endif

/* Columns of a row in tiles of equal size, give or take one pixel. */
struct columns {
    int x0;
    int tiles, pixels; /* of each */
    int wider;         /* so many tiles, which come first, have one pixel more */
};

static INLINE struct columns columns_of(int x0, int x1, int most)
{
    struct columns c = {.x0 = x0, .tiles = dn_ceil_div(x1 - x0, most)};
    c.pixels = c.tiles ? (x1 - x0) / c.tiles : 0;
    c.wider = x1 - x0 - c.tiles * c.pixels;
    return c;
}

static INLINE void run_tiles(struct strip *s, tile_function *const *tiles, const struct columns *c)
{
    if (c->wider > 0)
        tiles[c->pixels + 1](s, c->x0, c->wider);
    if (c->tiles > c->wider)
        tiles[c->pixels](s, c->x0 + c->wider * (c->pixels + 1), c->tiles - c->wider);
}

/* The tiles for the strip's output blocks. */
static void choose_tiles(struct strip *s, const struct tile_tables *t)
{
    const bool half = t->half && s->job->conv->n - s->block * DN_BLOCK <= DN_BLOCK / 2;
    s->tiles = half ? t->half : t->blocks[s->blocks - 1];
    s->pixels = half ? MOST_PIXELS : TILE_PIXELS;
}

#endif
