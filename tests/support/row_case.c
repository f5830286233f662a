#include "support/row_case.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "support/guard.h"

static unsigned next(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static int between(unsigned *state, int low, int high)
{
    return low + (int)(next(state) % (unsigned)(high - low + 1));
}

/* Mostly in [-4, 4); now and then a zero of either sign, tiny or large. */
static float value(unsigned *state)
{
    float x = (float)next(state) / (float)(1 << 21) - 4;
    switch (next(state) % 32) {
    case 0:
        return 0;
    case 1:
        return -0.0f;
    case 2:
        return x * 1e-40f;
    case 3:
        return x * 1e8f;
    case 4:
        return x * 20;
    default:
        return x;
    }
}

void row_map_open(struct row_map *m, struct dn_view shape, struct dn_rect part, unsigned *seed)
{
    struct dn_view v = shape;
    bool blocked = v.layout == DN_BLOCKED;
    v.y0 = dn_max(0, part.y0 - between(seed, 0, 2));
    v.x0 = dn_max(0, part.x0 - between(seed, 0, 2));
    v.rows = dn_max(1, part.y1 - part.y0) + between(seed, 0, 2);
    int columns = part.x1 - v.x0 + 2 * v.pad, step = blocked ? DN_BLOCK : 1;
    int blocks = blocked ? dn_blocks(v.c) : v.c;
    if (blocked) {
        v.block = (ptrdiff_t)columns * step;
        v.row = v.block * blocks;
    } else {
        v.row = columns;
        v.block = v.row * v.rows;
    }
    m->bytes = sizeof(float) * (size_t)(columns * step * blocks * v.rows);
    m->floats = guard_alloc(m->bytes);
    for (size_t i = 0; i < m->bytes / sizeof(float); i++)
        m->floats[i] = value(seed);
    v.data = m->floats + v.pad * step;
    m->v = v;
}

void row_map_close(struct row_map *m)
{
    if (m->floats)
        guard_free(m->floats, m->bytes);
}

static struct dn_rect inputs_of(const struct dn_pool *p, struct dn_rect r, int h, int w)
{
    struct dn_rect in = {
        r.y0 * p->stride_y - p->offset_y, (r.y1 - 1) * p->stride_y - p->offset_y + p->size_y,
        r.x0 * p->stride_x - p->offset_x, (r.x1 - 1) * p->stride_x - p->offset_x + p->size_x};
    in.y0 = dn_min(dn_max(in.y0, 0), h - 1), in.x0 = dn_min(dn_max(in.x0, 0), w - 1);
    in.y1 = dn_max(in.y0 + 1, dn_min(in.y1, h)), in.x1 = dn_max(in.x0 + 1, dn_min(in.x1, w));
    return in;
}

static void random_pool(struct dn_pool *p, unsigned *seed)
{
    static const int sizes[] = {1, 2, 2, 2, 3, 3, 4, 5, 9, 13, 16, 17};
    p->size_x = p->size_y = sizes[between(seed, 0, 11)];
    p->stride_x = p->stride_y = between(seed, 0, 1) ? 1 : between(seed, 1, 4);
    if (between(seed, 0, 4) == 0) {
        p->size_y = between(seed, 1, 6);
        p->stride_y = between(seed, 1, 3);
    }
    p->offset_x = p->offset_y = between(seed, 0, p->size_x / 2);
    p->average = between(seed, 0, 4) == 0;
}

static void open_outputs(struct row_case *c)
{
    c->fresh = malloc(c->out.bytes);
    if (!c->fresh)
        abort();
    memcpy(c->fresh, c->out.floats, c->out.bytes);
}

/* All maps of the case, for an output of this shape; the rectangle is already chosen. */
static void open_maps(struct row_case *c, struct dn_view out, struct dn_view in, unsigned *seed)
{
    struct dn_rect from = c->rect;
    if (c->kind == ROW_POOL)
        from = inputs_of(&c->pool, c->rect, in.h, in.w);
    row_map_open(&c->a, in, from, seed);
    row_map_open(&c->b, in, from, seed);
    row_map_open(&c->out, out, c->rect, seed);
    c->scale_bytes = sizeof(float) * (size_t)dn_blocks(out.c) * DN_BLOCK;
    c->scale = guard_alloc(c->scale_bytes);
    for (int i = 0; i < dn_blocks(out.c) * DN_BLOCK; i++)
        c->scale[i] = value(seed);
    open_outputs(c);
}

/* A map in which the windows of an h x w output exist. */
static struct dn_view pool_input(const struct dn_pool *p, struct dn_view out, unsigned *seed)
{
    struct dn_view in = out;
    int over = between(seed, 0, p->size_x);
    in.h = dn_max(1, (out.h - 1) * p->stride_y - p->offset_y + p->size_y - dn_min(over, p->size_y));
    in.w = dn_max(1, (out.w - 1) * p->stride_x - p->offset_x + p->size_x - over);
    in.pad = between(seed, 0, 2);
    return in;
}

static int cut(unsigned *seed, int low, int high)
{
    return between(seed, 0, 1) ? low : between(seed, low, high);
}

void row_case_random(struct row_case *c, enum row_kind kind, unsigned seed)
{
    unsigned state = seed * 2654435761u + 12345u * (unsigned)kind;
    *c = (struct row_case){.kind = kind, .alpha = 1, .beta = 1};
    int width = between(&state, 0, 1) ? 8 : 45;
    struct dn_view out = {.c = between(&state, 1, 50),
                          .h = between(&state, 1, 9),
                          .w = between(&state, 1, width),
                          .pad = between(&state, 0, 1)};
    if (kind == ROW_COPY || kind == ROW_ACTIVATE)
        out.layout = between(&state, 0, 1) ? DN_BLOCKED : DN_PLANAR;
    struct dn_view in = out;
    if (kind == ROW_COPY) {
        in.layout = between(&state, 0, 1) ? DN_BLOCKED : DN_PLANAR;
        in.c += between(&state, 0, 20);
    }
    out.pad = out.layout == DN_PLANAR ? 0 : out.pad;
    in.pad = in.layout == DN_PLANAR ? 0 : in.pad;
    c->activation = (enum dn_activation)(seed % DN_ACTIVATIONS);
    if (between(&state, 0, 2) == 0) {
        c->alpha = value(&state);
        c->beta = value(&state);
    }
    random_pool(&c->pool, &state);
    if (kind == ROW_POOL)
        in = pool_input(&c->pool, out, &state);
    c->rect.y0 = cut(&state, 0, out.h - 1);
    c->rect.x0 = cut(&state, 0, out.w - 1);
    c->rect.y1 = between(&state, 0, 1) ? out.h : between(&state, c->rect.y0 + 1, out.h);
    c->rect.x1 = between(&state, 0, 1) ? out.w : between(&state, c->rect.x0 + 1, out.w);
    open_maps(c, out, in, &state);
}

void row_case_pool(struct row_case *c, const struct dn_pool *pool, int channels, int h, int w,
                   unsigned seed)
{
    struct dn_view out = {.c = channels, .h = h, .w = w};
    *c = (struct row_case){.kind = ROW_POOL, .pool = *pool, .rect = dn_rect_whole(&out)};
    open_maps(c, out, pool_input(pool, out, &seed), &seed);
}

void row_case_close(struct row_case *c)
{
    row_map_close(&c->a);
    row_map_close(&c->b);
    row_map_close(&c->out);
    guard_free(c->scale, c->scale_bytes);
    free(c->fresh);
}

void row_case_reset(struct row_case *c)
{
    memcpy(c->out.floats, c->fresh, c->out.bytes);
}

void row_case_run(struct row_case *c, const struct dn_kernels *k, struct dn_rect rect, int threads)
{
    const struct dn_view *a = &c->a.v, *b = &c->b.v, *out = &c->out.v;
    switch (c->kind) {
    case ROW_ACTIVATE:
        dn_activate(k, c->activation, out, rect, threads);
        break;
    case ROW_POOL:
        dn_pool_run(k, &c->pool, a, out, rect, threads);
        break;
    case ROW_ADD:
        dn_add(k, a, c->alpha, b, c->beta, out, rect, threads);
        break;
    case ROW_MULTIPLY:
        dn_multiply(k, a, b, out, rect, threads);
        break;
    case ROW_SCALE:
        dn_scale_channels(k, a, c->scale, out, rect, threads);
        break;
    default:
        dn_copy(a, out, rect, threads);
        break;
    }
}

static double softplus(double x)
{
    return x > 30 ? x : log1p(exp(x));
}

double row_activation_model(enum dn_activation a, double x)
{
    double n = floor(x);
    switch (a) {
    case DN_LOGISTIC:
        return 1 / (1 + exp(-x));
    case DN_LOGGY:
        return tanh(x / 2); /* = 2/(1+e^-x) - 1, which loses digits near 0 */
    case DN_RELU:
        return x > 0 ? x : 0;
    case DN_RELU6:
        return fmin(fmax(x, 0), 6);
    case DN_ELU:
        return x >= 0 ? x : expm1(x);
    case DN_SELU:
        return x >= 0 ? 1.0507 * x : 1.0507 * 1.6732 * expm1(x);
    case DN_RELIE:
        return x > 0 ? x : 0.01 * x;
    case DN_RAMP:
        return fmax(x, 0) + 0.1 * x;
    case DN_LEAKY:
    case DN_REVLEAKY:
        return x > 0 ? x : 0.1 * x;
    case DN_TANH:
        return tanh(x);
    case DN_PLSE:
        return x < -4 ? 0.01 * (x + 4) : x > 4 ? 0.01 * (x - 4) + 1 : 0.125 * x + 0.5;
    case DN_STAIR:
        return fmod(n, 2) != 0 ? (x - n) + floor(x / 2) : floor(x / 2);
    case DN_HARDTAN:
        return fmin(fmax(x, -1), 1);
    case DN_LHTAN:
        return x < 0 ? 0.001 * x : x > 1 ? 0.001 * (x - 1) + 1 : x;
    /* x/2 (1 + tanh u) without the digits that 1 + tanh u loses left of 0 */
    case DN_GELU:
        return x / (1 + exp(-2 * (0.797885 * x + 0.035677 * x * x * x)));
    case DN_SWISH:
        return x / (1 + exp(-x));
    case DN_MISH:
        return x * tanh(softplus(x));
    case DN_HARD_MISH:
        return x > 0 ? x : x > -2 ? x * x / 2 + x : 0;
    default:
        return x;
    }
}

/* What `out` held before the run. */
static double fresh(const struct row_case *c, int channel, int y, int x)
{
    return (double)c->fresh[dn_view_element(&c->out.v, channel, y, x) - c->out.floats];
}

static double normalize_model(const struct row_case *c, int channel, int y, int x)
{
    double sum = 1e-4, max = -INFINITY, mine = 0;
    for (int i = 0; i < c->out.v.c; i++)
        max = fmax(max, fresh(c, i, y, x));
    for (int i = 0; i < c->out.v.c; i++) {
        double v = fresh(c, i, y, x);
        if (c->activation == DN_NORMALIZE_CHANNELS)
            v = fmax(v, 0);
        else
            v = (double)expf((float)(c->activation == DN_NORMALIZE_CHANNELS_SOFTMAX ? v : v - max));
        sum += v;
        mine = i == channel ? v : mine;
    }
    return mine / sum;
}

static double activation_model(const struct row_case *c, int channel, int y, int x,
                               double *tolerance)
{
    double before = fresh(c, channel, y, x), result;
    if (c->activation >= DN_NORMALIZE_CHANNELS) {
        result = normalize_model(c, channel, y, x);
        *tolerance = 1e-5 * fabs(result) + 1e-40;
    } else {
        result = row_activation_model(c->activation, before);
        *tolerance = 0x1p-22 * (fabs(result) + fmin(fabs(before), 1)) + 1e-44;
    }
    return result;
}

static double pool_model(const struct row_case *c, int channel, int y, int x, double *tolerance)
{
    const struct dn_pool *p = &c->pool;
    double sum = 0, size = 0, max = -(double)FLT_MAX;
    int count = 0;
    for (int u = x * p->stride_x - p->offset_x, i = 0; i < p->size_x; i++, u++)
        for (int v = y * p->stride_y - p->offset_y, j = 0; j < p->size_y; j++, v++) {
            if (u < 0 || v < 0 || u >= c->a.v.w || v >= c->a.v.h)
                continue;
            double e = (double)*dn_view_element(&c->a.v, channel, v, u);
            max = e > max ? e : max;
            sum += e;
            size += fabs(e);
            count++;
        }
    *tolerance = p->average ? (count + 2) * 0x1p-24 * size + 1e-44 : 0;
    return p->average ? sum / count : max;
}

double row_case_model(const struct row_case *c, int channel, int y, int x, double *tolerance)
{
    *tolerance = 0;
    if (c->kind == ROW_ACTIVATE)
        return activation_model(c, channel, y, x, tolerance);
    if (c->kind == ROW_POOL)
        return pool_model(c, channel, y, x, tolerance);
    float a = *dn_view_element(&c->a.v, channel, y, x);
    float b = c->kind == ROW_COPY ? 0 : *dn_view_element(&c->b.v, channel, y, x);
    switch (c->kind) {
    case ROW_ADD:
        a *= c->alpha, b *= c->beta;
        return (double)(a + b);
    case ROW_MULTIPLY:
        return (double)(a * b);
    case ROW_SCALE:
        return (double)(a * c->scale[channel]);
    default:
        return (double)a;
    }
}

const char *row_case_text(const struct row_case *c)
{
    static const char *const kinds[] = {"activate", "pool", "add", "multiply", "scale", "copy"};
    static char text[300];
    const struct dn_pool *p = &c->pool;
    int n = snprintf(text, sizeof text, "%s %dx%dx%d %s, rows %d-%d of a ring of %d, columns %d-%d",
                     kinds[c->kind], c->out.v.c, c->out.v.h, c->out.v.w,
                     c->out.v.layout == DN_BLOCKED ? "blocked" : "planar", c->rect.y0, c->rect.y1,
                     c->out.v.rows, c->rect.x0, c->rect.x1);
    if (c->kind == ROW_ACTIVATE)
        snprintf(text + n, sizeof text - (size_t)n, ", activation %d", (int)c->activation);
    if (c->kind == ROW_POOL)
        snprintf(text + n, sizeof text - (size_t)n,
                 ", %s of %dx%d stride %dx%d offset %dx%d in %dx%d",
                 p->average ? "mean" : "maximum", p->size_y, p->size_x, p->stride_y, p->stride_x,
                 p->offset_y, p->offset_x, c->a.v.h, c->a.v.w);
    return text;
}
