/* [maxpool]: the largest element of a window, and the variants of the alexeyab dialect: the maximum
 * over channels, and a pool at stride 1 followed by a blur that makes up for the stride.
 *
 * `padding` is the total of both sides and defaults to size-1, so that the output has
 * ceil(extent/stride) rows. Format section 3.5. */
#include "layer/pool.h"

#include <float.h>
#include <limits.h>

#include "base/size.h"
#include "layer/blur.h"
#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/types.h"

/* Positions of the window along one axis. */
static int pooled(struct dn_build *b, int extent, int padding, int size, int stride)
{
    int reach = extent - size + padding;
    if (reach < 0) {
        dn_build_fail(b, "size", "size=%d does not fit %d rows or columns with padding=%d", size,
                      extent, padding);
        return 0;
    }
    return reach / stride + 1;
}

enum dn_status dn_pool_parse(struct dn_build *b, struct dn_layer *l, bool average)
{
    const int max = DN_KEY_WINDOW_MAX;
    int stride = dn_key_int(b, "stride", 1, 1, max);
    int size = dn_key_int(b, "size", stride, 1, max);
    int padding = dn_key_int(b, "padding", size - 1, 0, max);
    struct dn_pool pool = {.size_y = size, .size_x = size, .average = average};
    pool.stride_y = dn_key_int(b, "stride_y", stride, 1, max);
    pool.stride_x = dn_key_int(b, "stride_x", stride, 1, max);
    pool.offset_y = pool.offset_x = padding / 2;
    l->u.pool.pool = pool;
    l->u.pool.pooled_h = pooled(b, l->h, padding, size, pool.stride_y);
    l->u.pool.pooled_w = pooled(b, l->w, padding, size, pool.stride_x);
    dn_build_inputs(b, l, NULL, 0);
    return dn_build_blocked(b, l);
}

struct dn_span dn_pool_span(const struct dn_layer *l, int k, int axis, struct dn_span out)
{
    const struct dn_pool *p = &l->u.pool.pool;
    if (l->u.pool.depth)
        return dn_span_same(l, k, axis, out);
    return axis ? dn_span_window(out, p->stride_x, p->offset_x, p->size_x, 1, l->w)
                : dn_span_window(out, p->stride_y, p->offset_y, p->size_y, 1, l->h);
}

static enum dn_status parse_blur(struct dn_build *b, struct dn_layer *l)
{
    struct dn_pool *p = &l->u.pool.pool;
    int mode = l->u.pool.antialiasing, stride = p->stride_x;
    if (p->stride_x != p->stride_y)
        return dn_build_fail(b, "antialiasing",
                             "antialiasing=%d with stride_x=%d and stride_y=%d: they must be equal",
                             mode, p->stride_x, p->stride_y);
    l->whole = true;
    l->u.pool.blur_stride = stride;
    p->stride_x = p->stride_y = 1;
    /* The parse left the strided size; at stride 1 every position of the window counts. */
    int padding = dn_key_int(b, "padding", p->size_x - 1, 0, DN_KEY_WINDOW_MAX);
    l->u.pool.pooled_h = pooled(b, l->h, padding, p->size_y, 1);
    l->u.pool.pooled_w = pooled(b, l->w, padding, p->size_x, 1);
    return dn_build_shape(b, l, l->c, dn_blur_size(mode, stride, l->u.pool.pooled_h),
                          dn_blur_size(mode, stride, l->u.pool.pooled_w));
}

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    bool depth = dn_key_flag(b, "maxpool_depth", false);
    int channels = dn_key_int(b, "out_channels", 1, 1, depth ? l->c : INT_MAX);
    if (dn_pool_parse(b, l, false))
        return b->err->status;
    l->u.pool.antialiasing = dn_key_int(b, "antialiasing", 0, 0, 2);
    if (depth) {
        if (l->u.pool.antialiasing)
            return dn_build_fail(b, "antialiasing",
                                 "antialiasing=%d cannot be combined with maxpool_depth=1",
                                 l->u.pool.antialiasing);
        l->u.pool.depth = channels;
        return dn_build_shape(b, l, channels, l->h, l->w);
    }
    if (l->u.pool.antialiasing)
        return parse_blur(b, l);
    return dn_build_shape(b, l, l->c, l->u.pool.pooled_h, l->u.pool.pooled_w);
}

/* out[g] = max over channels k with k mod out_c == g. */
static void depth_row(const struct dn_run *run, int block, int y)
{
    int depth = run->layer->u.pool.depth;
    for (int g = block * DN_BLOCK; g < dn_min(depth, (block + 1) * DN_BLOCK); g++)
        for (int x = run->rect.x0; x < run->rect.x1; x++) {
            float max = -FLT_MAX;
            for (int k = g; k < run->in[0].c; k += depth) {
                float v = *dn_view_element(&run->in[0], k, y, x);
                max = v > max ? v : max;
            }
            *dn_view_element(&run->out, g, y, x) = max;
        }
}

static void run_blurred(const struct dn_run *run)
{
    const struct dn_layer *l = run->layer;
    struct dn_view map =
        dn_view_dense(run->workspace, l->c, l->u.pool.pooled_h, l->u.pool.pooled_w);
    struct dn_blur blur = {l->u.pool.antialiasing, l->u.pool.blur_stride, 0, dn_blocks(l->c)};
    dn_pool_run(run->kernels, &l->u.pool.pool, &run->in[0], &map, dn_rect_whole(&map),
                run->threads);
    dn_blur_run(&blur, &map, &run->out, run->threads);
}

static void run(const struct dn_run *run)
{
    if (run->layer->u.pool.depth) {
        dn_run_clear_lanes(run);
        dn_each_row(run, dn_blocks(run->layer->out_c), depth_row);
    } else if (run->layer->u.pool.antialiasing) {
        run_blurred(run);
    } else {
        dn_pool_run(run->kernels, &run->layer->u.pool.pool, &run->in[0], &run->out, run->rect,
                    run->threads);
    }
}

static size_t workspace(const struct dn_layer *l, struct dn_rect rect, int threads, int thrift)
{
    (void)rect, (void)threads, (void)thrift;
    if (!l->u.pool.antialiasing)
        return 0;
    return (size_t)dn_blocks(l->c) * DN_BLOCK * (size_t)l->u.pool.pooled_h *
           (size_t)l->u.pool.pooled_w * sizeof(float);
}

const struct dn_layer_ops dn_ops_maxpool = {
    .type = DN_MAXPOOL,
    .names = {"maxpool", "max"},
    .parse = parse,
    .span = dn_pool_span,
    .run = run,
    .workspace = workspace,
};
