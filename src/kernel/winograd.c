/* Which layers run with Winograd, and the nest of loops over groups of tiles, blocks of input
 * channels, pairs of output blocks and strips of tiles.
 *
 * Threads share as little as possible, since a core reads slowly what another one has just written.
 * With few tiles they take different output blocks, and the transformed inputs of all channels are
 * kept in workspace, so that they are computed once however many slices of filters follow:
 *
 *     [channel block][inputs of all tiles]  [per thread: filters of a pair of output blocks][products]
 *
 * Else they take different tiles, and each transforms inputs and filters for itself, a group of tiles
 * and a block of channels at a time:
 *
 *     [per thread: inputs of a group][filters of a pair of output blocks][products] */
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

static int pairs_of(int blocks)
{
    return dn_ceil_div(blocks, DN_WINOGRAD_BLOCKS);
}

static size_t input_floats(int tiles)
{
    return DN_WINOGRAD_POINTS * (size_t)dn_winograd_point(tiles);
}

/* How a job is cut up and its workspace used. */
struct cut {
    int tiles;  /* of the rectangle */
    int shares; /* threads that take part */
    int group;  /* most tiles whose inputs are transformed together */
    bool kept;  /* inputs of all channels, one group; threads take output blocks */
    size_t inputs, share; /* floats of all kept inputs, of each thread */
};

/* Equal groups of at most 104, 52 or 26 tiles. */
static struct cut cut_of(const struct dn_conv *v, struct dn_rect rect, int threads, int thrift)
{
    struct dn_rect t = tiles_of(rect);
    struct cut c = {.tiles = (t.y1 - t.y0) * (t.x1 - t.x0)};
    c.kept = thrift == 0 && c.tiles <= DN_WINOGRAD_GROUP && pairs_of(dn_blocks(v->n)) >= threads;
    c.share = FILTER_FLOATS + PRODUCT_FLOATS;
    if (c.kept) {
        c.shares = threads;
        c.group = c.tiles;
        c.inputs = input_floats(c.tiles) * (size_t)dn_ceil_div(v->c, DN_WINOGRAD_INPUTS);
        return c;
    }
    c.shares = dn_min(threads, c.tiles);
    int tiles = dn_ceil_div(c.tiles, c.shares);
    c.group = dn_ceil_div(tiles, dn_ceil_div(tiles, DN_WINOGRAD_GROUP >> dn_max(0, thrift - 1)));
    c.share += input_floats(c.group);
    return c;
}

size_t dn_winograd_workspace(const struct dn_conv *conv, struct dn_rect rect, int threads, int thrift)
{
    if (rect.y1 <= rect.y0 || rect.x1 <= rect.x0)
        return 0;
    struct cut c = cut_of(conv, rect, threads, thrift);
    return (c.inputs + (size_t)c.shares * c.share) * sizeof(float);
}

struct dn_conv_sharing dn_conv_sharing(const struct dn_conv *conv, struct dn_rect rect, int threads, int thrift)
{
    struct cut c = cut_of(conv, rect, threads, thrift);
    return (struct dn_conv_sharing){c.group, c.kept};
}

struct nest {
    const struct dn_kernels *kernels;
    const struct dn_conv_job *job;
    struct cut cut;
    struct dn_winograd group; /* what all groups have in common */
    int pairs;                /* of output blocks */
};

static float *share_of(const struct nest *n, int share)
{
    return (float *)n->job->workspace + n->cut.inputs + (size_t)share * n->cut.share;
}

/* Where the packed filters of an output block for input channels from c on lie. */
static const float *packed_filters(const struct dn_conv_job *job, int block, int c)
{
    size_t size = (size_t)job->conv->c * TAPS;
    return job->packed + ((size_t)(block - job->block0) * size + (size_t)c * TAPS) * DN_BLOCK;
}

/* Consecutive pairs of output blocks. */
struct span {
    int first, end;
};

/* Spreads the prefetching of the filters that the next pair needs over the points of all strips. */
static void plan_prefetch(struct dn_winograd_strip *s, struct span pairs, int strips)
{
    const struct dn_conv_job *job = s->group->job;
    int block = s->block + DN_WINOGRAD_BLOCKS, c = s->group->c0;
    if (block >= dn_min(job->block0 + pairs.end * DN_WINOGRAD_BLOCKS, job->block1)) {
        block = job->block0 + pairs.first * DN_WINOGRAD_BLOCKS;
        c = s->group->c1;
    }
    s->next_share = 0;
    if (c >= job->conv->c)
        return;
    int bytes = dn_min(DN_WINOGRAD_INPUTS, job->conv->c - c) * TAPS * DN_BLOCK * (int)sizeof(float);
    s->next_share = dn_ceil_div(bytes, strips * DN_WINOGRAD_POINTS);
    for (int b = 0; b < DN_WINOGRAD_BLOCKS; b++)
        s->next[b] = (const char *)packed_filters(job, dn_min(block + b, job->block1 - 1), c);
}

/* A group of tiles, a block of input channels, and some pairs of output blocks. */
static void run_pairs(const struct dn_winograd_kernels *k, const struct dn_winograd *g, struct span pairs,
                      float *filters)
{
    struct dn_winograd_strip s = {.group = g, .filters = filters, .products = filters + FILTER_FLOATS};
    for (int pair = pairs.first; pair < pairs.end; pair++) {
        s.block = g->job->block0 + pair * DN_WINOGRAD_BLOCKS;
        s.blocks = dn_min(DN_WINOGRAD_BLOCKS, g->job->block1 - s.block);
        for (int b = 0; b < s.blocks; b++)
            k->filters(packed_filters(g->job, s.block + b, g->c0), g->c1 - g->c0,
                       filters + b * (FILTER_FLOATS / DN_WINOGRAD_BLOCKS));
        int left = dn_ceil_div(g->tiles, DN_WINOGRAD_STRIP);
        s.tile = 0;
        for (plan_prefetch(&s, pairs, left); left > 0; left--, s.tile += s.tiles) {
            s.tiles = dn_ceil_div(g->tiles - s.tile, left);
            k->multiply(&s);
            k->outputs(&s);
            for (int b = 0; b < DN_WINOGRAD_BLOCKS && s.next_share; b++)
                s.next[b] += s.next_share * DN_WINOGRAD_POINTS;
        }
    }
}

static void select_channels(struct dn_winograd *g, int c)
{
    g->c0 = c;
    g->c1 = dn_min(c + DN_WINOGRAD_INPUTS, g->job->conv->c);
}

static void run_tiles(void *context, int share)
{
    const struct nest *n = context;
    const struct dn_winograd_kernels *k = n->kernels->winograd;
    struct dn_winograd g = n->group;
    int end = dn_share(n->cut.tiles, share + 1, n->cut.shares);
    float *filters = share_of(n, share);
    g.inputs = filters + FILTER_FLOATS + PRODUCT_FLOATS;
    g.first = dn_share(n->cut.tiles, share, n->cut.shares);
    for (int left = dn_ceil_div(end - g.first, n->cut.group); left > 0; left--, g.first += g.tiles) {
        g.tiles = dn_ceil_div(end - g.first, left);
        for (int c = 0; c < n->job->conv->c; c += DN_WINOGRAD_INPUTS) {
            select_channels(&g, c);
            for (int tile = 0; tile < g.tiles; tile++)
                k->inputs(&g, tile);
            run_pairs(k, &g, (struct span){0, n->pairs}, filters);
        }
    }
}

/* The kept inputs of a block of channels. */
static struct dn_winograd kept_group(const struct nest *n, int c)
{
    struct dn_winograd g = n->group;
    g.tiles = n->cut.tiles;
    g.inputs = (float *)n->job->workspace + input_floats(g.tiles) * (size_t)(c / DN_WINOGRAD_INPUTS);
    select_channels(&g, c);
    return g;
}

static void keep_inputs(void *context, int item)
{
    const struct nest *n = context;
    struct dn_winograd g = kept_group(n, item / n->cut.tiles * DN_WINOGRAD_INPUTS);
    n->kernels->winograd->inputs(&g, item % n->cut.tiles);
}

static void run_blocks(void *context, int share)
{
    const struct nest *n = context;
    struct span pairs = {dn_share(n->pairs, share, n->cut.shares), dn_share(n->pairs, share + 1, n->cut.shares)};
    for (int c = 0; c < n->job->conv->c; c += DN_WINOGRAD_INPUTS) {
        struct dn_winograd g = kept_group(n, c);
        run_pairs(n->kernels->winograd, &g, pairs, share_of(n, share));
    }
}

void dn_winograd_run(const struct dn_kernels *k, const struct dn_conv_job *job)
{
    struct dn_rect tiles = tiles_of(job->rect);
    struct nest n = {.kernels = k, .job = job, .pairs = pairs_of(job->block1 - job->block0)};
    n.cut = cut_of(job->conv, job->rect, job->threads, job->thrift);
    n.group = (struct dn_winograd){.job = job, .rows = k->rows, .ty = tiles.y0, .tx = tiles.x0,
                                   .columns = tiles.x1 - tiles.x0};
    if (!n.cut.kept) {
        dn_parallel(n.cut.shares, job->threads, run_tiles, &n);
        return;
    }
    int items = dn_ceil_div(job->conv->c, DN_WINOGRAD_INPUTS) * n.cut.tiles;
    if (!job->again)
        dn_parallel(items, job->threads, keep_inputs, &n);
    dn_parallel(n.cut.shares, job->threads, run_blocks, &n);
}
