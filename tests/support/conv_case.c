#include "support/conv_case.h"

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

/* Mostly in [-1, 1); sometimes zero, sometimes so small that products underflow. */
static float value(unsigned *state)
{
    float x = (float)next(state) / (float)(1 << 23) - 1;
    unsigned kind = next(state) % 64;
    return kind == 0 ? 0 : kind == 1 ? x * 1e-30f : x;
}

static struct dn_view map(int c, int h, int w, int pad, enum dn_layout layout, size_t *bytes)
{
    struct dn_view v = {.c = c, .h = h, .w = w, .rows = h, .pad = pad, .layout = layout};
    v.row = layout == DN_PLANAR ? w : (ptrdiff_t)(w + 2 * pad) * DN_BLOCK * dn_blocks(c);
    v.block = layout == DN_PLANAR ? (ptrdiff_t)w * h : (ptrdiff_t)(w + 2 * pad) * DN_BLOCK;
    *bytes = sizeof(float) * (size_t)(layout == DN_PLANAR ? v.block * c : v.row * h);
    v.data = guard_alloc(*bytes);
    return v;
}

static int out_size(int in, int pad, int k, int dilation, int stride)
{
    return (in + 2 * pad - (k - 1) * dilation - 1) / stride + 1;
}

void conv_case_open(struct conv_case *c, const struct dn_conv *conv, int h, int w, unsigned seed)
{
    struct dn_conv v = *conv;
    int oh = out_size(h, v.pad_y, v.kh, v.dilation, v.stride_y);
    int ow = out_size(w, v.pad_x, v.kw, v.dilation, v.stride_x);
    int right = (ow - 1) * v.stride_x - v.pad_x + (v.kw - 1) * v.dilation - (w - 1);
    int pad = v.in_layout == DN_PLANAR ? 0 : dn_max(0, dn_max(v.pad_x, right));
    v.h = oh;
    v.w = ow;
    *c = (struct conv_case){.conv = v, .h = h, .w = w};
    c->in = map(v.c, h, w, pad, v.in_layout, &c->in_bytes);
    for (size_t i = 0; i < c->in_bytes / sizeof(float); i++)
        c->in.data[i] = value(&seed);
    c->in.data += pad * DN_BLOCK;
    if (v.in_layout == DN_BLOCKED)
        for (int y = 0; y < h; y++)
            for (int b = 0; b < dn_blocks(v.c); b++) {
                memset(dn_view_at(&c->in, b, y, -pad), 0, sizeof(float) * (size_t)pad * DN_BLOCK);
                memset(dn_view_at(&c->in, b, y, w), 0, sizeof(float) * (size_t)pad * DN_BLOCK);
            }
    c->raw_bytes = sizeof(float) * (size_t)(v.n * (v.c / v.groups) * v.kh * v.kw);
    c->raw = guard_alloc(c->raw_bytes);
    for (size_t i = 0; i < c->raw_bytes / sizeof(float); i++)
        c->raw[i] = value(&seed);
    c->vector_bytes = sizeof(float) * (size_t)dn_blocks(v.n) * 3 * DN_BLOCK;
    c->vectors = guard_alloc(c->vector_bytes);
    memset(c->vectors, 0, c->vector_bytes);
    for (int n = 0; n < v.n; n++)
        for (int i = 0; i < 3; i++)
            c->vectors[(n / DN_BLOCK * 3 + i) * DN_BLOCK + n % DN_BLOCK] = value(&seed);
    c->out = map(v.n, oh, ow, 1, DN_BLOCKED, &c->out_bytes);
    c->out_floats = c->out.data;
    c->out.data += DN_BLOCK;
    conv_case_wipe(c);
}

void conv_case_close(struct conv_case *c)
{
    guard_free(c->in.data - c->in.pad * DN_BLOCK, c->in_bytes);
    guard_free(c->raw, c->raw_bytes);
    guard_free(c->vectors, c->vector_bytes);
    guard_free(c->out_floats, c->out_bytes);
}

static void random_channels(struct dn_conv *v, unsigned *seed)
{
    static const int sizes[] = {1, 3, 8, 15, 16, 17, 32, 40, 64, 100};
    int kind = between(seed, 0, 7);
    v->groups = 1;
    v->c = sizes[between(seed, 0, 9)];
    v->n = sizes[between(seed, 0, 9)];
    if (kind == 0) { /* several blocks of input channels */
        v->c = between(seed, 250, 400);
        v->n = between(seed, 1, 40);
    } else if (kind == 1) { /* depthwise */
        v->groups = v->n = v->c;
    } else if (kind == 2) { /* groups of any size */
        v->groups = between(seed, 2, 5);
        v->c = v->groups * between(seed, 1, 20);
        v->n = v->groups * between(seed, 1, 20);
    } else if (kind == 3) { /* groups of whole blocks */
        v->groups = between(seed, 2, 3);
        v->c = v->groups * between(seed, 1, 40);
        v->n = v->groups * DN_BLOCK * between(seed, 1, 3);
    } else if (kind == 4) {
        v->in_layout = DN_PLANAR;
        v->c = between(seed, 1, 4);
    }
}

void conv_case_random(struct conv_case *c, unsigned seed)
{
    static const enum dn_activation activations[] = {DN_LINEAR, DN_LEAKY, DN_RELU};
    unsigned shape = seed * 2654435761u + 1;
    struct dn_conv v = {.exact = true, .dilation = 1};
    random_channels(&v, &shape);
    v.kh = between(&shape, 1, 4);
    v.kw = between(&shape, 0, 3) ? v.kh : between(&shape, 1, 6);
    v.stride_x = between(&shape, 0, 1) ? 1 : between(&shape, 1, 4);
    v.stride_y = between(&shape, 0, 3) ? v.stride_x : between(&shape, 1, 3);
    v.dilation = between(&shape, 0, 3) ? 1 : between(&shape, 2, 3);
    v.pad_y = between(&shape, 0, v.kh / 2) * v.dilation;
    v.pad_x = between(&shape, 0, v.kw / 2) * v.dilation;
    v.activation = activations[between(&shape, 0, 2)];
    int h = between(&shape, 1, 7) + dn_max(0, (v.kh - 1) * v.dilation + 1 - 2 * v.pad_y);
    int w = between(&shape, 1, between(&shape, 0, 1) ? 8 : 45) +
            dn_max(0, (v.kw - 1) * v.dilation + 1 - 2 * v.pad_x);
    conv_case_open(c, &v, h, w, seed);
}

void conv_case_random_winograd(struct conv_case *c, unsigned seed)
{
    static const enum dn_activation activations[] = {DN_LINEAR, DN_LEAKY, DN_RELU, DN_MISH, DN_LOGISTIC};
    unsigned shape = seed * 2654435761u + 7;
    int stride = between(&shape, 1, 2), least = stride == 1 ? 9 : 39;
    struct dn_conv v = {.groups = 1, .kh = 3, .kw = 3, .stride_y = stride, .stride_x = stride, .dilation = 1};
    v.c = between(&shape, 32, between(&shape, 0, 1) ? 60 : 200 / stride);
    v.n = between(&shape, 32, 100 / stride);
    v.pad_y = between(&shape, 0, 3) ? 1 : between(&shape, 0, 2);
    v.pad_x = between(&shape, 0, 3) ? 1 : between(&shape, 0, 2);
    v.activation = activations[between(&shape, 0, 4)];
    int h = between(&shape, least, least + 13);
    conv_case_open(c, &v, h, between(&shape, least, least + (between(&shape, 0, 3) ? 16 : 61)), seed);
}

void conv_case_wipe(struct conv_case *c)
{
    memset(c->out_floats, 0xb7, c->out_bytes);
}

void conv_case_run(struct conv_case *c, const struct dn_kernels *k, struct dn_rect rect, int block0,
                   int block1, int threads)
{
    const struct dn_conv *v = &c->conv;
    if (block0 >= block1)
        return;
    size_t fan_in = (size_t)(v->c / v->groups * v->kh * v->kw),
           first = fan_in * DN_BLOCK * (size_t)block0;
    size_t raw_bytes =
        sizeof(float) * fan_in * (size_t)(dn_min(v->n, block1 * DN_BLOCK) - block0 * DN_BLOCK);
    size_t packed_bytes = sizeof(float) * dn_conv_packed_floats(v, block0, block1);
    size_t workspace_bytes = dn_align_up(dn_conv_workspace(v, rect, threads, c->thrift), DN_ALIGN);
    float *raw = guard_alloc(raw_bytes), *packed = guard_alloc(packed_bytes);
    void *workspace = workspace_bytes ? guard_alloc(workspace_bytes) : NULL;
    memcpy(raw, c->raw + first, raw_bytes);
    dn_conv_pack(k, v, block0, block1, raw, packed, threads);
    struct dn_conv_job job = {.conv = v, .in = c->in, .out = c->out, .rect = rect, .block0 = block0, .block1 = block1,
                              .filters = c->unpacked ? raw : packed, .vectors = c->vectors, .workspace = workspace,
                              .threads = threads, .thrift = c->thrift, .raw = c->unpacked};
    dn_conv_run(k, &job);
    guard_free(raw, raw_bytes);
    guard_free(packed, packed_bytes);
    if (workspace)
        guard_free(workspace, workspace_bytes);
}

double conv_case_model(const struct conv_case *c, int n, int oy, int ox, double *spread)
{
    const struct dn_conv *v = &c->conv;
    int in = v->c / v->groups, c0 = n / (v->n / v->groups) * in;
    double sum = 0, size = 0;
    for (int i = 0; i < in; i++)
        for (int ky = 0; ky < v->kh; ky++)
            for (int kx = 0; kx < v->kw; kx++) {
                int y = oy * v->stride_y - v->pad_y + ky * v->dilation;
                int x = ox * v->stride_x - v->pad_x + kx * v->dilation;
                if (y < 0 || y >= c->h || x < 0 || x >= c->w)
                    continue;
                double term = (double)c->raw[((n * in + i) * v->kh + ky) * v->kw + kx] *
                              (double)*dn_view_element(&c->in, c0 + i, y, x);
                sum += term;
                size += fabs(term);
            }
    const float *vectors = c->vectors + n / DN_BLOCK * 3 * DN_BLOCK + n % DN_BLOCK;
    double mean = vectors[0], scale = vectors[DN_BLOCK], bias = vectors[2 * DN_BLOCK];
    double result = (sum - mean) * scale + bias;
    *spread = (size + fabs(mean)) * fabs(scale) + fabs(bias);
    if (v->activation == DN_LEAKY)
        return result > 0 ? result : 0.1 * result;
    return v->activation == DN_RELU && result < 0 ? 0 : result;
}

const char *conv_case_text(const struct conv_case *c)
{
    static char text[200];
    const struct dn_conv *v = &c->conv;
    snprintf(text, sizeof text,
             "%d->%d groups %d, %dx%d stride %dx%d dilation %d pad %dx%d, %s %dx%d, activation %d",
             v->c, v->n, v->groups, v->kh, v->kw, v->stride_y, v->stride_x, v->dilation, v->pad_y,
             v->pad_x, v->in_layout == DN_PLANAR ? "planar" : "blocked", c->h, c->w,
             (int)v->activation);
    return text;
}
