/* Direct convolution for any instruction set that has a `vec`.
 *
 * A register tile is R rows times P pixels times B output blocks. Its accumulators stay in registers
 * over all taps of one block of input channels; between such blocks they wait in the output rows.
 * Every multiply-add takes one broadcast input value and one vector of filters, so the inner loop
 * loads P*R + B*BLOCK_VECS vectors for P*R*B*BLOCK_VECS multiply-adds: with the tiles of the
 * instruction sets (14 x 2 blocks; 6 x 1 block) it is bound by arithmetic.
 *
 * Before inclusion: vec and its operations, TILE_PIXELS, TILE_BLOCKS. */
#include "kernel/lanes/conv_store.h"

/* One block of input channels of up to TILE_BLOCKS output blocks. */
struct strip {
    const struct dn_conv_job *job;
    int block;                    /* first output block */
    int c0, c1;                   /* input channels */
    bool first, last;             /* of the blocks of input channels */
    const float *w[TILE_BLOCKS];  /* filters of these channels, per output block */
    ptrdiff_t dx;                 /* floats from the input of a pixel to that of the next */
};

/* acc[p][b] += in[p][c] * w[c][b] over `channels` input channels, `dc` floats apart. */
static INLINE void accumulate(vec *acc, int P, int B, const float *x, ptrdiff_t dx, ptrdiff_t dc,
                              const float *const *w, ptrdiff_t at, int channels)
{
    const float *w0 = w[0] + at, *w1 = w[B - 1] + at;
    const int V = B * BLOCK_VECS;
    const float *third[(TILE_PIXELS + 2) / 3];
    for (int q = 0; 3 * q < P; q++)
        third[q] = x + 3 * q * dx;
    for (int c = 0; c < channels; c++) {
        vec f[TILE_BLOCKS * BLOCK_VECS];
#pragma GCC unroll 16
        for (int v = 0; v < V; v++)
            f[v] = vec_load((v < BLOCK_VECS ? w0 : w1) + c * DN_BLOCK + v % BLOCK_VECS * LANES);
#pragma GCC unroll 16
        for (int p = 0; p < P; p++) {
            vec value = vec_splat(third[p / 3][p % 3 * dx]);
#pragma GCC unroll 16
            for (int v = 0; v < V; v++)
                acc[p * V + v] = vec_fma(value, f[v], acc[p * V + v]);
        }
#pragma GCC unroll 16
        for (int q = 0; 3 * q < P; q++)
            third[q] += dc;
    }
}

/* The same for all channels of the strip at one tap; x points at channel 0 of the first pixel. */
static INLINE void accumulate_tap(const struct strip *s, vec *acc, int P, int B, bool planar,
                                  const float *x, ptrdiff_t at)
{
    const struct dn_view *in = &s->job->in;
    if (planar) {
        accumulate(acc, P, B, x, s->dx, in->block, s->w, at, s->c1);
        return;
    }
    for (int c = s->c0; c < s->c1;) {
        int n = dn_min(DN_BLOCK - c % DN_BLOCK, s->c1 - c);
        accumulate(acc, P, B, x + c / DN_BLOCK * in->block + c % DN_BLOCK, s->dx, 1, s->w,
                   at, n);
        at += n * DN_BLOCK;
        c += n;
    }
}

static INLINE void accumulate_taps(const struct strip *s, vec *acc, int P, int B, bool planar,
                                   int oy, int ox)
{
    const struct dn_conv *v = s->job->conv;
    const struct dn_view *in = &s->job->in;
    ptrdiff_t step = (ptrdiff_t)(s->c1 - s->c0) * DN_BLOCK, at = 0;
    ptrdiff_t dk = (ptrdiff_t)v->dilation * (planar ? 1 : DN_BLOCK);
    for (int ky = 0; ky < v->kh; ky++, at += v->kw * step) {
        int y = oy * v->stride_y - v->pad_y + ky * v->dilation;
        if (y < 0 || y >= in->h)
            continue;
        const float *x = dn_view_at(in, 0, y, ox * v->stride_x - v->pad_x);
        for (int kx = 0; kx < v->kw; kx++)
            accumulate_tap(s, acc, P, B, planar, x + kx * dk, at + kx * step);
    }
}

/* P pixels from (oy, ox) on of the B output blocks of a strip. */
static INLINE void tile(const struct strip *s, int P, int B, bool planar, int oy, int ox)
{
    const struct dn_conv_job *job = s->job;
    const int V = B * BLOCK_VECS;
    vec acc[TILE_PIXELS * TILE_BLOCKS * BLOCK_VECS];
#pragma GCC unroll 16
    for (int v = 0; v < V; v++) {
        const float *out = dn_view_at(&job->out, s->block + v / BLOCK_VECS, oy, ox) +
                           v % BLOCK_VECS * LANES;
#pragma GCC unroll 16
        for (int p = 0; p < P; p++)
            acc[p * V + v] = s->first ? vec_splat(0) : vec_load(out + p * DN_BLOCK);
    }
    accumulate_taps(s, acc, P, B, planar, oy, ox);
#pragma GCC unroll 16
    for (int v = 0; v < V; v++) {
        int b = s->block + v / BLOCK_VECS, lane = v % BLOCK_VECS * LANES;
        float *out = dn_view_at(&job->out, b, oy, ox) + lane;
        const float *vectors = job->vectors + (ptrdiff_t)b * DN_CONV_VECTORS + lane;
#pragma GCC unroll 16
        for (int p = 0; p < P; p++) {
            vec x = acc[p * V + v];
            vec_store(out + p * DN_BLOCK, s->last ? finish(x, vectors, job->conv->activation) : x);
        }
    }
}

typedef void tile_function(const struct strip *s, int oy, int ox);

#define TILE(P, B, planar, name)                            \
    static void name(const struct strip *s, int oy, int ox) \
    {                                                       \
        tile(s, P, B, planar, oy, ox);                      \
    }

#define TILES(B, planar, name)                                                               \
    TILE(1, B, planar, name##1)                                                              \
    TILE(2, B, planar, name##2)                                                              \
    TILE(3, B, planar, name##3)                                                              \
    TILE(4, B, planar, name##4)                                                              \
    TILE(5, B, planar, name##5)                                                              \
    TILE(6, B, planar, name##6)                                                              \
    MORE_TILES(B, planar, name)                                                              \
    static tile_function *const name[TILE_PIXELS + 1] = {                                    \
        NULL, name##1, name##2, name##3, name##4, name##5, name##6 MORE_NAMES(name)};

#if TILE_PIXELS == 14
#define MORE_TILES(B, planar, name)                                             \
    TILE(7, B, planar, name##7)                                                 \
    TILE(8, B, planar, name##8)                                                 \
    TILE(9, B, planar, name##9)                                                 \
    TILE(10, B, planar, name##10)                                               \
    TILE(11, B, planar, name##11)                                               \
    TILE(12, B, planar, name##12)                                               \
    TILE(13, B, planar, name##13)                                               \
    TILE(14, B, planar, name##14)
#define MORE_NAMES(name) \
    , name##7, name##8, name##9, name##10, name##11, name##12, name##13, name##14
#else
#define MORE_TILES(B, planar, name)
#define MORE_NAMES(name)
#endif

TILES(1, false, blocked_one)
TILES(1, true, planar_one)
#if TILE_BLOCKS == 2
TILES(2, false, blocked_two)
TILES(2, true, planar_two)
static tile_function *const *const tiles[2][2] = {{blocked_one, planar_one},
                                                  {blocked_two, planar_two}};
#else
static tile_function *const *const tiles[1][2] = {{blocked_one, planar_one}};
#endif

/* One pixel of a planar map whose taps are not all inside: those outside are left out. */
static void border_pixel(const struct strip *s, int blocks, int oy, int ox)
{
    const struct dn_conv *v = s->job->conv;
    const struct dn_view *in = &s->job->in;
    vec acc[TILE_BLOCKS * BLOCK_VECS];
    for (int i = 0; i < blocks * BLOCK_VECS; i++)
        acc[i] = vec_splat(0);
    for (int tap = 0; tap < v->kh * v->kw; tap++) {
        int y = oy * v->stride_y - v->pad_y + tap / v->kw * v->dilation;
        int x = ox * v->stride_x - v->pad_x + tap % v->kw * v->dilation;
        if (y < 0 || y >= in->h || x < 0 || x >= in->w)
            continue;
        for (int c = 0; c < v->c; c++)
            for (int i = 0; i < blocks * BLOCK_VECS; i++) {
                const float *w = s->w[i / BLOCK_VECS] + (tap * v->c + c) * DN_BLOCK;
                acc[i] = vec_fma(vec_splat(*dn_view_at(in, c, y, x)),
                                 vec_load(w + i % BLOCK_VECS * LANES), acc[i]);
            }
    }
    for (int i = 0; i < blocks * BLOCK_VECS; i++) {
        int b = s->block + i / BLOCK_VECS, lane = i % BLOCK_VECS * LANES;
        vec_store(dn_view_at(&s->job->out, b, oy, ox) + lane,
                  finish(acc[i], s->job->vectors + (ptrdiff_t)b * DN_CONV_VECTORS + lane,
                         v->activation));
    }
}

/* Columns [x0, x1) of a row in tiles of equal size, give or take one pixel. */
static void dense_row(const struct strip *s, int blocks, int oy, int x0, int x1)
{
    tile_function *const *row = tiles[blocks - 1][s->job->in.layout == DN_PLANAR];
    for (int left = dn_ceil_div(x1 - x0, TILE_PIXELS); left > 0; left--) {
        int pixels = dn_ceil_div(x1 - x0, left);
        row[pixels](s, oy, x0);
        x0 += pixels;
    }
}

/* The columns of [x0, x1) whose taps all lie inside a planar map are [*in0, *in1). */
static void inside_columns(const struct dn_conv_job *job, struct dn_rect rect, int *in0, int *in1)
{
    const struct dn_conv *v = job->conv;
    int reach = (v->kw - 1) * v->dilation - v->pad_x;
    int end = job->in.w - reach > 0 ? (job->in.w - reach - 1) / v->stride_x + 1 : 0;
    *in0 = dn_min(dn_max(rect.x0, dn_ceil_div(v->pad_x, v->stride_x)), rect.x1);
    *in1 = dn_max(*in0, dn_min(rect.x1, end));
}

static void dense_strip(const struct strip *s, int blocks, struct dn_rect rect)
{
    int x0 = rect.x0, x1 = rect.x1;
    if (s->job->in.layout == DN_PLANAR)
        inside_columns(s->job, rect, &x0, &x1);
    for (int y = rect.y0; y < rect.y1; y++) {
        for (int x = rect.x0; x < x0; x++)
            border_pixel(s, blocks, y, x);
        dense_row(s, blocks, y, x0, x1);
        for (int x = x1; x < rect.x1; x++)
            border_pixel(s, blocks, y, x);
    }
}

/* Output blocks [block, block + blocks), which read the same input channels. */
static void dense_blocks(const struct dn_conv_job *job, int block, int blocks, struct dn_rect rect)
{
    const struct dn_conv *v = job->conv;
    struct strip s = {.job = job, .block = block};
    s.dx = (ptrdiff_t)v->stride_x * (job->in.layout == DN_PLANAR ? 1 : DN_BLOCK);
    for (int i = 0; i < blocks; i++)
        s.w[i] = job->packed + dn_conv_packed_floats(v, job->block0, block + i);
    int begin, end;
    dn_conv_inputs(v, block, &begin, &end);
    int step = dn_conv_input_block(end - begin);
    for (s.c0 = begin; s.c0 < end; s.c0 = s.c1) {
        s.c1 = dn_min(s.c0 + step, end);
        s.first = s.c0 == begin;
        s.last = s.c1 == end;
        dense_strip(&s, blocks, rect);
        for (int i = 0; i < blocks; i++)
            s.w[i] += (ptrdiff_t)(s.c1 - s.c0) * v->kh * v->kw * DN_BLOCK;
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
