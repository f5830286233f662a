/* Loops for the layers that have no kernel of their own: one call per row of one channel block.
 *
 * The bodies are plain loops over the 16 channels of a pixel, which every compiler turns into
 * vector instructions, and whose results do not depend on how rows are split among threads. */
#ifndef DN_LAYER_ROWS_H
#define DN_LAYER_ROWS_H

#include "kernel/parallel.h"
#include "layer/layer.h"

struct dn_each_row {
    const struct dn_run *run;
    int blocks;
    void (*work)(const struct dn_run *run, int block, int y);
};

static inline void dn_each_row_item(void *context, int item, int thread)
{
    (void)thread;
    const struct dn_each_row *each = context;
    each->work(each->run, item % each->blocks, each->run->rect.y0 + item / each->blocks);
}

/* Calls work(run, block, y) for blocks [0, blocks) and the rows of run->rect, in any order. */
static inline void dn_each_row(const struct dn_run *run, int blocks,
                               void (*work)(const struct dn_run *run, int block, int y))
{
    struct dn_each_row each = {run, blocks, work};
    dn_parallel((run->rect.y1 - run->rect.y0) * blocks, run->threads, dn_each_row_item, &each);
}

/* Applies the layer's activation to the piece of the output that run computes. */
static inline void dn_run_activation(const struct dn_run *run)
{
    if (run->layer->activation != DN_LINEAR)
        dn_activate(run->kernels, run->layer->activation, &run->out, run->rect, run->threads);
}

/* Channels in use of a block of a map with c channels. */
static inline int dn_lanes(int c, int block)
{
    int left = c - block * DN_BLOCK;
    return left < DN_BLOCK ? left : DN_BLOCK;
}

/* Zeroes the channels above c in the last block of the output, for layers that write single
 * channels: the memory may hold anything, and kernels that read the map want finite values. */
static inline void dn_run_clear_lanes(const struct dn_run *run)
{
    int first = run->out.c % DN_BLOCK, block = run->out.c / DN_BLOCK;
    if (first == 0 || run->out.layout == DN_PLANAR)
        return;
    for (int y = run->rect.y0; y < run->rect.y1; y++) {
        float *v = dn_view_at(&run->out, block, y, run->rect.x0);
        for (int x = run->rect.x0; x < run->rect.x1; x++, v += DN_BLOCK)
            for (int i = first; i < DN_BLOCK; i++)
                v[i] = 0;
    }
}

/* A whole blocked map without padding columns in c * h * w floats, c rounded up to 16. */
static inline struct dn_view dn_view_dense(float *data, int c, int h, int w)
{
    struct dn_view v = {.data = data, .c = c, .h = h, .w = w, .rows = h, .layout = DN_BLOCKED};
    v.block = (ptrdiff_t)w * DN_BLOCK;
    v.row = v.block * dn_blocks(c);
    return v;
}

/* The element at position `i` of the map's values in planar order. */
static inline float *dn_view_flat(const struct dn_view *v, int i)
{
    int plane = v->h * v->w;
    return dn_view_element(v, i / plane, i % plane / v->w, i % v->w);
}

/* Whether the earlier layer is a vector without rows and columns; the input (-1) is not. */
static inline bool dn_build_flat(const struct dn_build *b, int layer)
{
    return layer >= 0 && b->layers[layer].flat;
}

/* Fails when the layer reads a head's output, which is planar: kernels want blocked maps. */
static inline enum dn_status dn_build_blocked(struct dn_build *b, const struct dn_layer *l)
{
    for (int i = 0; i < l->n_in && !b->err->status; i++)
        if (l->in[i] >= 0 && b->layers[l->in[i]].out_layout == DN_PLANAR)
            dn_build_fail(b, NULL, "cannot read the detections of layer %d", l->in[i]);
    return b->err->status;
}

/* For parse functions of layers that change values but no shape: one input, the previous layer. */
static inline enum dn_status dn_build_same(struct dn_build *b, struct dn_layer *l)
{
    l->flat = dn_build_flat(b, b->index - 1);
    dn_build_inputs(b, l, NULL, 0);
    dn_build_blocked(b, l);
    return dn_build_shape(b, l, l->c, l->h, l->w);
}

/* For layers that are another name for the map before them; never the first one of a net. */
static inline enum dn_status dn_build_alias(struct dn_build *b, struct dn_layer *l)
{
    if (b->index == 0)
        return dn_build_fail(b, NULL, "cannot be the first layer: it passes on the one before it");
    l->alias = true;
    l->out_layout = b->layers[b->index - 1].out_layout;
    l->flat = dn_build_flat(b, b->index - 1);
    dn_build_inputs(b, l, NULL, 0);
    return dn_build_shape(b, l, l->c, l->h, l->w);
}

#endif
