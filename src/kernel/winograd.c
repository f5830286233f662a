/* Which layers run with Winograd, and the nest of loops over groups of tiles, blocks of input
 * channels, pairs of output blocks and strips of tiles.
 *
 * Workspace: [inputs of a group][per thread: filters of a pair of output blocks][products]. The
 * inputs are shared by all threads; each thread transforms the filters that it multiplies with. */
#include "kernel/winograd.h"

#include "kernel/parallel.h"
#include "kernel/table.h"

enum {
    FILTER_FLOATS = DN_WINOGRAD_BLOCKS * DN_WINOGRAD_POINTS * DN_WINOGRAD_FILTER_POINT,
    PRODUCT_FLOATS = DN_WINOGRAD_STRIP * DN_WINOGRAD_BLOCKS * DN_WINOGRAD_POINTS * DN_BLOCK,
    TAPS = 9
};

bool dn_conv_is_winograd(const struct dn_conv *v)
{
    return !v->exact && v->kh == 3 && v->kw == 3 && v->stride_y == 1 && v->stride_x == 1 &&
           v->dilation == 1 && v->groups == 1 && v->in_layout == DN_BLOCKED && v->c >= 32 &&
           v->n >= 32 && v->h >= 7 && v->w >= 7;
}

/* The tiles that a rectangle touches, as a rectangle of tiles. */
static struct dn_rect tiles_of(struct dn_rect r)
{
    return (struct dn_rect){r.y0 / DN_WINOGRAD_TILE, dn_ceil_div(r.y1, DN_WINOGRAD_TILE),
                            r.x0 / DN_WINOGRAD_TILE, dn_ceil_div(r.x1, DN_WINOGRAD_TILE)};
}

/* Rows and columns of tiles in a group: whole rows of tiles where they fit, all groups of about the
 * same size. */
static void group_size(struct dn_rect tiles, int *rows, int *columns)
{
    int height = tiles.y1 - tiles.y0, width = tiles.x1 - tiles.x0;
    *columns = dn_ceil_div(width, dn_ceil_div(width, DN_WINOGRAD_GROUP));
    *rows = dn_min(height, DN_WINOGRAD_GROUP / *columns);
    *rows = dn_ceil_div(height, dn_ceil_div(height, *rows));
}

static size_t input_floats(int tiles)
{
    return DN_WINOGRAD_POINTS * (size_t)dn_winograd_point(tiles);
}

size_t dn_winograd_workspace(struct dn_rect rect, int threads)
{
    struct dn_rect tiles = tiles_of(rect);
    int rows, columns;
    if (rect.y1 <= rect.y0 || rect.x1 <= rect.x0)
        return 0;
    group_size(tiles, &rows, &columns);
    size_t floats = input_floats(rows * columns) +
                    (size_t)threads * (FILTER_FLOATS + PRODUCT_FLOATS);
    return floats * sizeof(float);
}

/* One group of tiles and one block of input channels. */
struct nest {
    const struct dn_kernels *kernels;
    struct dn_winograd group;
    float *scratch;  /* of all threads */
    int part_rows;   /* rows of tiles that share a transform of filters in one thread */
    int pairs;       /* pairs of output blocks */
};

static void transform_tile(void *context, int item)
{
    const struct nest *n = context;
    n->kernels->winograd->inputs(&n->group, item);
}

/* Where the packed filters of an output block for input channels from c on lie. */
static const float *packed_filters(const struct dn_conv_job *job, int block, int c)
{
    size_t size = (size_t)job->conv->c * TAPS;
    return job->packed + ((size_t)(block - job->block0) * size + (size_t)c * TAPS) * DN_BLOCK;
}

/* Spreads the prefetching of the filters that the next pair needs over the points of all strips. */
static void plan_prefetch(const struct nest *n, struct dn_winograd_strip *s, int strips)
{
    const struct dn_conv_job *job = n->group.job;
    int block = s->block + DN_WINOGRAD_BLOCKS, c = n->group.c0;
    if (block >= job->block1) {
        block = job->block0;
        c = n->group.c1;
    }
    s->next_share = 0;
    if (c >= job->conv->c)
        return;
    int bytes = dn_min(DN_WINOGRAD_INPUTS, job->conv->c - c) * TAPS * DN_BLOCK * (int)sizeof(float);
    s->next_share = dn_ceil_div(bytes, strips * DN_WINOGRAD_POINTS);
    for (int b = 0; b < DN_WINOGRAD_BLOCKS; b++)
        s->next[b] = (const char *)packed_filters(job, dn_min(block + b, job->block1 - 1), c);
}

static void activate(const struct nest *n, int block, int blocks, int ty0, int ty1)
{
    const struct dn_conv_job *job = n->group.job;
    enum dn_activation a = job->conv->activation;
    if (n->group.c1 < job->conv->c || dn_conv_fuses(a) || dn_across_channels(a))
        return;
    struct dn_view done = dn_view_channels(job->out, block * DN_BLOCK, blocks * DN_BLOCK);
    struct dn_rect r = {dn_max(job->rect.y0, ty0 * DN_WINOGRAD_TILE),
                        dn_min(job->rect.y1, ty1 * DN_WINOGRAD_TILE),
                        dn_max(job->rect.x0, n->group.tx * DN_WINOGRAD_TILE),
                        dn_min(job->rect.x1, (n->group.tx + n->group.columns) * DN_WINOGRAD_TILE)};
    dn_activate(n->kernels, a, &done, r, 1);
}

/* A pair of output blocks, and a part of the group's rows of tiles. */
static void run_part(void *context, int item)
{
    const struct nest *n = context;
    const struct dn_winograd *g = &n->group;
    const struct dn_winograd_kernels *k = n->kernels->winograd;
    float *filters = n->scratch + (size_t)dn_thread() * (FILTER_FLOATS + PRODUCT_FLOATS);
    int row = item / n->pairs * n->part_rows, end = dn_min(row + n->part_rows, g->rows);
    struct dn_winograd_strip s = {.group = g, .filters = filters, .products = filters + FILTER_FLOATS};
    s.block = g->job->block0 + item % n->pairs * DN_WINOGRAD_BLOCKS;
    s.blocks = dn_min(DN_WINOGRAD_BLOCKS, g->job->block1 - s.block);
    for (int b = 0; b < s.blocks; b++)
        k->filters(packed_filters(g->job, s.block + b, g->c0), g->c1 - g->c0,
                   filters + b * (FILTER_FLOATS / DN_WINOGRAD_BLOCKS));
    s.tile = row * g->columns;
    int left = dn_ceil_div((end - row) * g->columns, DN_WINOGRAD_STRIP);
    for (plan_prefetch(n, &s, left); left > 0; left--, s.tile += s.tiles) {
        s.tiles = dn_ceil_div(end * g->columns - s.tile, left);
        k->multiply(&s);
        k->outputs(&s);
        for (int b = 0; b < DN_WINOGRAD_BLOCKS && s.next_share; b++)
            s.next[b] += s.next_share * DN_WINOGRAD_POINTS;
    }
    activate(n, s.block, s.blocks, g->ty + row, g->ty + end);
}

static void run_group(struct nest *n)
{
    const struct dn_conv_job *job = n->group.job;
    struct dn_winograd *g = &n->group;
    for (g->c0 = 0; g->c0 < job->conv->c; g->c0 = g->c1) {
        g->c1 = dn_min(g->c0 + DN_WINOGRAD_INPUTS, job->conv->c);
        dn_parallel(g->rows * g->columns, job->threads, transform_tile, n);
        int parts = 1;
        if (job->threads > 1 && n->pairs < 2 * job->threads)
            parts = dn_min(g->rows, dn_ceil_div(2 * job->threads, n->pairs));
        n->part_rows = dn_ceil_div(g->rows, parts);
        dn_parallel(n->pairs * dn_ceil_div(g->rows, n->part_rows), job->threads, run_part, n);
    }
}

void dn_winograd_run(const struct dn_kernels *k, const struct dn_conv_job *job)
{
    struct dn_rect tiles = tiles_of(job->rect);
    int rows, columns;
    group_size(tiles, &rows, &columns);
    struct nest n = {.kernels = k, .group = {.job = job, .inputs = job->workspace}};
    n.scratch = n.group.inputs + input_floats(rows * columns);
    n.pairs = dn_ceil_div(job->block1 - job->block0, DN_WINOGRAD_BLOCKS);
    for (n.group.ty = tiles.y0; n.group.ty < tiles.y1; n.group.ty += rows) {
        for (n.group.tx = tiles.x0; n.group.tx < tiles.x1; n.group.tx += columns) {
            n.group.rows = dn_min(rows, tiles.y1 - n.group.ty);
            n.group.columns = dn_min(columns, tiles.x1 - n.group.tx);
            run_group(&n);
        }
    }
}
