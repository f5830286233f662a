/* The three transforms of Winograd convolution (kernel/winograd.h) for any `vec`: every lane is a
 * channel. Lines are transformed first along the columns of a matrix, then along its rows. */
#ifndef DN_KERNEL_WINOGRAD_TRANSFORMS_H
#define DN_KERNEL_WINOGRAD_TRANSFORMS_H

#include "kernel/lanes/conv_store.h"
#include "kernel/rows.h"
#include "kernel/winograd.h"

enum { TILE = DN_WINOGRAD_TILE, PATCH = DN_WINOGRAD_PATCH, SIDE = DN_WINOGRAD_SIDE };

/* ---- lines of stride 1 ----------------------------------------------------------------------- */

/* v = Bt d */
static INLINE void input_line_1(const vec *d, vec *v)
{
    vec even = vec_fma(vec_splat(-2.25f), d[2], d[4]), odd = vec_fma(vec_splat(-2.25f), d[1], d[3]);
    vec even2 = vec_fma(vec_splat(-2.25f), d[4], d[2]), odd2 = vec_fma(vec_splat(-2.25f), d[3], d[1]);
    v[0] = vec_fma(vec_splat(-2.25f), even, vec_fma(vec_splat(-2.25f), d[0], d[2]));
    v[1] = vec_fma(vec_splat(1.5f), even, odd);
    v[2] = vec_fma(vec_splat(-1.5f), even, odd);
    v[3] = vec_fma(vec_splat(1.5f), odd2, even2);
    v[4] = vec_fma(vec_splat(-1.5f), odd2, even2);
    v[5] = vec_fma(vec_splat(-2.25f), odd2, vec_fma(vec_splat(-2.25f), d[5], d[3]));
}

/* u = G g */
static INLINE void filter_line_1(const vec *g, vec *u)
{
    vec inner = vec_fma(vec_splat(2.25f), g[0], g[2]), outer = vec_fma(vec_splat(2.25f), g[2], g[0]);
    u[0] = g[0];
    u[1] = vec_fma(vec_splat(1.5f), g[1], inner);
    u[2] = vec_fma(vec_splat(-1.5f), g[1], inner);
    u[3] = vec_fma(vec_splat(1.5f), g[1], outer);
    u[4] = vec_fma(vec_splat(-1.5f), g[1], outer);
    u[5] = g[2];
}

/* y = At m. The large terms of y[0] and y[3] cancel each other; in this order few sums of them are rounded. */
static INLINE void output_line_1(const vec *m, vec *y)
{
    const vec large = vec_splat(8.125f), middle = vec_splat(3.375f), minus = vec_splat(-3.375f);
    vec even = m[1] - m[2], odd = m[1] + m[2], even2 = m[3] + m[4], odd2 = m[3] - m[4];
    y[0] = vec_fma(minus, m[2], vec_fma(large, m[0], vec_fma(middle, m[1], even2)));
    y[1] = vec_fma(vec_splat(1.5f), odd, odd2);
    y[2] = vec_fma(vec_splat(1.5f), even2, even);
    y[3] = vec_fma(minus, m[4], vec_fma(large, m[5], vec_fma(middle, m[3], odd)));
}

/* ---- lines of stride 2 ----------------------------------------------------------------------- */

/* The first four numbers of v = Bt d for every other element of d */
static INLINE void input_half_2(const vec *d, vec *v)
{
    vec even = vec_fma(vec_splat(-2.25f), d[0], d[4]), odd = vec_fma(vec_splat(-2.25f), d[2], d[6]);
    vec even2 = vec_fma(vec_splat(-0.25f), d[0], d[4]), odd2 = vec_fma(vec_splat(-0.25f), d[2], d[6]);
    v[0] = vec_fma(vec_splat(0.5f), even, odd);
    v[1] = vec_fma(vec_splat(-0.5f), even, odd);
    v[2] = vec_fma(vec_splat(1.5f), even2, odd2);
    v[3] = vec_fma(vec_splat(-1.5f), even2, odd2);
}

/* v = Bt of the even elements of d, behind it Vinv of the odd ones */
static INLINE void input_line_2(const vec *d, vec *v)
{
    input_half_2(d, v);
    v[4] = vec_fma(vec_splat(0.5625f), d[0], vec_fma(vec_splat(-2.5f), d[4], d[8]));
    input_half_2(d + 1, v + 5);
}

/* u = G of the outer elements of g, behind it the one between them */
static INLINE void filter_line_2(const vec *g, vec *u)
{
    u[0] = vec_fma(vec_splat(0.5f), g[2], g[0]);
    u[1] = vec_fma(vec_splat(-0.5f), g[2], g[0]);
    u[2] = vec_fma(vec_splat(1.5f), g[2], g[0]);
    u[3] = vec_fma(vec_splat(-1.5f), g[2], g[0]);
    u[4] = g[2];
    u[5] = g[1];
}

/* y = At m */
static INLINE void output_line_2(const vec *m, vec *y)
{
    vec even = m[1] - m[0], odd = m[0] + m[1], even2 = m[2] - m[3], odd2 = m[2] + m[3];
    y[0] = vec_fma(vec_splat(3), even, even2);
    y[1] = odd - odd2;
    y[2] = vec_fma(vec_splat(3), even2, even);
    y[3] = vec_fma(vec_splat(-16), m[4], vec_fma(vec_splat(-9), odd2, odd));
}

/* What y[i] is to be multiplied with in each direction. */
static INLINE double output_scale(int i, int stride)
{
    const double one[TILE] = {-1 / 18.28125, -1 / 12.1875, -1 / 12.1875, -1 / 18.28125};
    const double two[TILE] = {1 / 6.0, -1 / 4.0, 1 / 8.0, -1 / 16.0};
    return stride == 1 ? one[i] : two[i];
}

static INLINE void input_line(const vec *d, vec *v, int stride)
{
    if (stride == 1)
        input_line_1(d, v);
    else
        input_line_2(d, v);
}

static INLINE void filter_line(const vec *g, vec *u, int stride)
{
    if (stride == 1)
        filter_line_1(g, u);
    else
        filter_line_2(g, u);
}

static INLINE void output_line(const vec *m, vec *y, int stride)
{
    if (stride == 1)
        output_line_1(m, y);
    else
        output_line_2(m, y);
}

/* ---- inputs --------------------------------------------------------------------------------- */

typedef float patch_row[PATCH * DN_BLOCK];

/* The rows of a patch of one channel block, whose first element is at (y, x): in place, or in `room`
 * with zeros for what lies outside the map and its padding columns. */
static INLINE void patch_rows(const struct dn_view *in, int block, int y, int x, patch_row *room,
                              const float **rows, int patch)
{
    bool beside = x < -in->pad || x + patch > in->w + in->pad;
    for (int i = 0; i < patch; i++, y++) {
        bool exists = y >= 0 && y < in->h;
        if (exists && !beside) {
            rows[i] = dn_view_at(in, block, y, x);
            continue;
        }
        memset(room[i], 0, sizeof room[i]);
        int x0 = dn_max(x, 0), x1 = dn_min(x + patch, in->w);
        if (exists && x0 < x1)
            memcpy(room[i] + (x0 - x) * DN_BLOCK, dn_view_at(in, block, y, x0),
                   (size_t)(x1 - x0) * DN_BLOCK * sizeof(float));
        rows[i] = room[i];
    }
}

static INLINE void inputs(const struct dn_winograd *g, int tile, int stride)
{
    const struct dn_conv *v = g->job->conv;
    const int patch = dn_winograd_form(stride).patch;
    int y, x;
    dn_winograd_at(g, tile, &y, &x);
    ptrdiff_t plane = dn_winograd_plane(g->tiles);
    float *out = g->inputs + tile * DN_WINOGRAD_INPUTS;
    for (int c = g->c0; c < g->c1; c += DN_BLOCK) {
        patch_row room[PATCH];
        const float *rows[PATCH];
        patch_rows(&g->job->in, c / DN_BLOCK, y * stride - v->pad_y, x * stride - v->pad_x, room, rows, patch);
        for (int lane = 0; lane < DN_BLOCK; lane += LANES, out += LANES) {
            vec half[PATCH][PATCH];
            for (int j = 0; j < patch; j++) {
                vec d[PATCH];
                UNROLL(9)
                for (int i = 0; i < patch; i++)
                    d[i] = vec_load(rows[i] + j * DN_BLOCK + lane);
                input_line(d, half[j], stride);
            }
            float *at = out;
            for (int i = 0; i < patch; i++, at += patch * plane) {
                vec d[PATCH], t[PATCH];
                UNROLL(9)
                for (int j = 0; j < patch; j++)
                    d[j] = half[j][i];
                input_line(d, t, stride);
                UNROLL(9)
                for (int j = 0; j < patch; j++)
                    vec_store(at + j * plane, t[j]);
            }
        }
    }
}

static void inputs_1(const struct dn_winograd *g, int tile)
{
    inputs(g, tile, 1);
}

static void inputs_2(const struct dn_winograd *g, int tile)
{
    inputs(g, tile, 2);
}

/* ---- filters -------------------------------------------------------------------------------- */

/* Channels ahead that are asked for where filters are not near: beside the stores, which all miss the nearest cache, the
 * processor does not find them in time by itself (on one Zen 5 core 88 cycles per channel instead of 67). */
enum { FILTERS_AHEAD = 8 };

static INLINE void filters(const float *packed, int channels, float *transformed, bool near, int stride)
{
    const ptrdiff_t plane = DN_WINOGRAD_FILTER_PLANE;
    for (int c = 0; c < channels; c++, packed += 9 * DN_BLOCK) {
        UNROLL(9)
        for (int i = 0; i < 9 && !near; i++)
            __builtin_prefetch(packed + (FILTERS_AHEAD * 9 + i) * DN_BLOCK, 0, 3);
        for (int lane = 0; lane < DN_BLOCK; lane += LANES, transformed += LANES) {
            vec half[3][SIDE];
            UNROLL(3)
            for (int j = 0; j < 3; j++) {
                vec g[3];
                UNROLL(3)
                for (int i = 0; i < 3; i++)
                    g[i] = vec_load(packed + (3 * i + j) * DN_BLOCK + lane);
                filter_line(g, half[j], stride);
            }
            UNROLL(6)
            for (int i = 0; i < SIDE; i++) {
                vec g[3] = {half[0][i], half[1][i], half[2][i]}, t[SIDE];
                filter_line(g, t, stride);
                UNROLL(6)
                for (int j = 0; j < SIDE; j++)
                    vec_store(transformed + (i * SIDE + j) * plane, t[j]);
            }
        }
    }
}

static void filters_1(const float *packed, int channels, float *transformed, bool near)
{
    filters(packed, channels, transformed, near, 1);
}

static void filters_2(const float *packed, int channels, float *transformed, bool near)
{
    filters(packed, channels, transformed, near, 2);
}

/* Raw filters of some channels, LANES filters after the others: filters often lie so far apart that 16 of them do not fit
 * their places in the nearest cache. */
static void pack_near(const struct dn_raw_filters *f, int channels, float *packed)
{
    static const float zeros[DN_WINOGRAD_NEAR];
    const int values = channels * 9;
    int value = 0;
    for (int lane = 0; lane < DN_BLOCK; lane += LANES) {
        const float *rows[LANES], *at[LANES];
        UNROLL(16)
        for (int i = 0; i < LANES; i++)
            rows[i] = lane + i < f->lanes ? f->first + (size_t)(lane + i) * f->fan_in : zeros;
        for (value = 0; value + LANES <= values; value += LANES) {
            vec square[LANES];
            UNROLL(16)
            for (int i = 0; i < LANES; i++)
                at[i] = rows[i] + value;
            vec_transpose(at, square);
            UNROLL(16)
            for (int i = 0; i < LANES; i++)
                vec_store(packed + (value + i) * DN_BLOCK + lane, square[i]);
        }
    }
    for (; value < values; value++)
        gather_value(f, (size_t)value, packed + value * DN_BLOCK);
}

/* ---- outputs -------------------------------------------------------------------------------- */

/* The outputs of a tile: which of them lie in the job's rectangle, and what becomes of them. */
struct target {
    const struct dn_conv_job *job;
    int block, y, x;        /* of the tile's first output */
    int y0, y1, x0, x1;     /* those to store, counted in the tile */
    bool far;               /* past the caches, see outputs() */
    struct fused activation;
};

static INLINE void store_row(const struct target *t, const struct norm *n, float *out, const vec *y, int i, int stride)
{
    UNROLL(4)
    for (int j = 0; j < TILE; j++) {
        if (j < t->x0 || j >= t->x1)
            continue;
        const vec scale = vec_splat((float)(output_scale(i, stride) * output_scale(j, stride)));
        vec x = activated(vec_fma(y[j], scale, -n->mean) * n->scale + n->bias, t->activation);
        if (t->far)
            vec_stream(out + j * DN_BLOCK, x);
        else
            vec_store(out + j * DN_BLOCK, x);
    }
}

/* Sums of a tile and an output block, points `point` floats apart. */
static INLINE void output_tile(const struct target *t, const float *m, ptrdiff_t point, int stride)
{
    const int side = dn_winograd_form(stride).side;
    const float *vectors = t->job->vectors + (ptrdiff_t)t->block * DN_CONV_VECTORS;
    for (int lane = 0; lane < DN_BLOCK; lane += LANES) {
        const struct norm n = norm(vectors + lane);
        vec half[SIDE][TILE];
        UNROLL(6)
        for (int j = 0; j < side; j++) {
            vec d[SIDE];
            UNROLL(6)
            for (int i = 0; i < side; i++)
                d[i] = vec_load(m + (i * side + j) * point + lane);
            output_line(d, half[j], stride);
        }
        UNROLL(4)
        for (int i = 0; i < TILE; i++) {
            vec d[SIDE], y[TILE];
            if (i < t->y0 || i >= t->y1)
                continue;
            UNROLL(6)
            for (int j = 0; j < side; j++)
                d[j] = half[j][i];
            output_line(d, y, stride);
            store_row(t, &n, dn_view_at(&t->job->out, t->block, t->y + i, t->x) + lane, y, i, stride);
        }
    }
}

/* Activations that are not applied to the sums in registers. */
static void activate_tile(const struct dn_winograd *g, const struct target *t)
{
    for (int y = t->y0; y < t->y1; y++)
        g->rows->activate(g->job->conv->activation, dn_view_at(&g->job->out, t->block, t->y + y, t->x + t->x0),
                          (size_t)(t->x1 - t->x0) * DN_BLOCK);
}

/* With several threads other cores have mostly read last what lay in the map's place, and writing such lines
 * through the caches is slow (two Zen 5 cores: 6 GB/s, past them 50): all Winograd layers of YOLOv2 took 5 % more
 * time. Outputs that are activated in their place are read again at once. */
static INLINE void outputs(const struct dn_winograd_strip *s, int stride)
{
    const struct dn_winograd *g = s->group;
    const enum dn_activation a = g->job->conv->activation;
    struct target t = {.job = g->job, .far = g->job->threads > 1 && !dn_conv_activates(g->job->conv)};
    const float *m = s->products;
    const ptrdiff_t point = s->tiles * DN_WINOGRAD_BLOCKS * DN_BLOCK;
    t.activation = fused(a);
    for (int tile = s->tile; tile < s->tile + s->tiles; tile++) {
        dn_winograd_at(g, tile, &t.y, &t.x);
        t.y0 = dn_max(0, g->job->rect.y0 - t.y);
        t.y1 = dn_min(TILE, g->job->rect.y1 - t.y);
        t.x0 = dn_max(0, g->job->rect.x0 - t.x);
        t.x1 = dn_min(TILE, g->job->rect.x1 - t.x);
        for (int b = 0; b < DN_WINOGRAD_BLOCKS; b++, m += DN_BLOCK) {
            t.block = s->block + b;
            if (b >= s->blocks)
                continue;
            output_tile(&t, m, point, stride);
            if (dn_conv_activates(g->job->conv))
                activate_tile(g, &t);
        }
    }
    if (t.far)
        stream_end();
}

static void outputs_1(const struct dn_winograd_strip *s)
{
    outputs(s, 1);
}

static void outputs_2(const struct dn_winograd_strip *s)
{
    outputs(s, 2);
}

#endif
