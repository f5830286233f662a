/* Which layers run with Winograd, and the nest of loops over groups of tiles, pairs of output blocks,
 * blocks of input channels and strips of tiles.
 *
 * Threads share as little as possible: a core reads slowly what another one has just written, and writes even
 * more slowly what another one has read. They take different groups of tiles, and each transforms inputs and
 * filters for itself; with many pairs of output blocks, who is done computes some of them for the other's group.
 * Only with at most as many tiles as pairs of output blocks they take different blocks of all tiles, since
 * filters would else be transformed for too few tiles; also where nothing but a block of transformed inputs is kept,
 * which then each of them has for itself. Prefetchers run so far behind the end of one thread's
 * products that the other one's filters need a distance: without it, their transforms took twice as long.
 *
 * Filters are packed, or, where whoever reads them from the file has no time to pack them, as they come from there, and then
 * arranged as they are transformed. Where threads take different output blocks of all tiles they may read them themselves.
 *
 * Workspace, where all inputs are few enough to be kept, so that they are transformed once however many slices
 * of filters follow, and where they are not:
 *
 *     [inputs of all groups]  [per thread: a distance][filters of a pair of output blocks][products of a group]
 *                     [per thread: a distance][filters of a pair of output blocks][products][inputs of a group]
 *
 * Without thrift there are two places for filters: those that come next are transformed while the ones before them are
 * multiplied. Their stores miss the nearest cache, and waiting for them took a quarter of the time (19x19, 1024 channels).
 * Where inputs are kept and threads take output blocks, more thrift halves the filters: they are those of one output block.
 * Inputs are those of all channels, or, with the most thrift, of one block of channels, which is then transformed again for
 * each pair of output blocks. */
#include "kernel/winograd.h"

#include "kernel/parallel.h"
#include "kernel/table.h"

enum {
    FILTER_FLOATS = DN_WINOGRAD_FILTERS * DN_WINOGRAD_FILTER_PLANE, /* of an output block, transformed */
    MOST_KEPT = 104, /* tiles, so few that the inputs of all are kept */
    PARTS_EACH = 4,  /* items at least for each of several threads, of */
    GROUPS_EACH = 2, /* at least for each of several threads, of at least a strip */
    PAIRS = 8,       /* so many that sharing out those of a group is worth another loop */
    APART = 96 << 8, /* floats between what different threads write: 96 KB */
    TAPS = 9
};

/* Smaller maps than these are faster directly (measured): with few tiles the transforms of filters weigh
 * more than the multiplications that are saved, which are fewer at stride 2. */
static const int least_map[DN_WINOGRAD_STRIDES] = {7, 19};

bool dn_conv_is_winograd(const struct dn_conv *v)
{
    return !v->exact && v->kh == 3 && v->kw == 3 && v->stride_y == v->stride_x &&
           v->stride_y <= DN_WINOGRAD_STRIDES && v->dilation == 1 && v->groups == 1 &&
           v->in_layout == DN_BLOCKED && v->c >= 32 && v->n >= 32 &&
           dn_min(v->h, v->w) >= least_map[v->stride_y - 1];
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

/* Transformed inputs of a block of channels. */
static size_t input_floats(struct dn_winograd_form f, int tiles)
{
    return (size_t)(f.patch * f.patch) * (size_t)dn_winograd_plane(tiles);
}

/* The products of a tile. */
static size_t product_floats(struct dn_winograd_form f)
{
    return (size_t)dn_winograd_points(f) * DN_WINOGRAD_BLOCKS * DN_BLOCK;
}

/* How a job is cut up and its workspace used. */
struct cut {
    int tiles;  /* of the rectangle */
    int groups; /* of tiles, computed together by one thread */
    int group;  /* tiles of the largest one */
    int shares; /* threads that take part */
    bool kept;  /* the inputs of all tiles are, for all slices of filters */
    bool blocks; /* threads take output blocks of all tiles, not groups of tiles */
    bool shared; /* threads take pairs of output blocks of a group */
    bool again; /* inputs are transformed for each pair of output blocks */
    int each;   /* output blocks that are computed together */
    int turns;  /* 2: filters are transformed while those before them are multiplied */
    size_t inputs; /* floats of the inputs of a group */
    size_t apart;  /* before each share: floats that nobody uses */
    size_t share;  /* of each thread: filters and products, and inputs that are not kept */
};

/* The transformed filters of a thread, once. */
static size_t filter_floats(const struct cut *c)
{
    return FILTER_FLOATS * (size_t)c->each;
}

static size_t filters_of_turns(const struct cut *c)
{
    return filter_floats(c) * (size_t)c->turns;
}

/* Groups of at most `most` tiles, as many for each thread; some for each, so that who is faster can do
 * more of them, unless their filters would be transformed for too few tiles. */
static int groups_of(int tiles, int most, int threads)
{
    int each = dn_ceil_div(dn_ceil_div(tiles, threads), most);
    if (threads > 1)
        each = dn_max(each, dn_min(GROUPS_EACH, tiles / threads / DN_WINOGRAD_STRIP));
    return dn_min(tiles, each * threads);
}

/* For a job of so many output blocks; one of all of them needs the most workspace. Groups are so large that the
 * transforms of filters cost little; at stride 2 a tile has more than twice as many products for a filter, and inputs. */
static struct cut cut_of(const struct dn_conv *v, struct dn_rect rect, int threads, int thrift, int blocks)
{
    static const int most[DN_WINOGRAD_STRIDES][DN_THRIFT_LEVELS] = {{104, 104, 104, 26, 26}, {52, 52, 52, 26, 13}};
    const struct dn_winograd_form form = dn_winograd_form(v->stride_y);
    struct dn_rect t = tiles_of(rect);
    struct cut c = {.tiles = (t.y1 - t.y0) * (t.x1 - t.x0)};
    int chunks = dn_ceil_div(v->c, DN_WINOGRAD_INPUTS), pairs = pairs_of(dn_blocks(v->n));
    const int group = most[v->stride_y - 1][thrift];
    c.again = thrift == DN_THRIFT_LEVELS - 1 && chunks > 1;
    const bool few = thrift <= 2 && c.tiles <= MOST_KEPT;
    c.blocks = pairs >= threads && (threads == 1 || pairs >= c.tiles) &&
               (few || (c.again && c.tiles <= group && pairs_of(blocks) >= threads));
    c.kept = few && (thrift <= 1 || c.blocks);
    c.each = c.kept && thrift == 2 ? 1 : DN_WINOGRAD_BLOCKS;
    c.turns = thrift == 0 ? 2 : 1;
    c.shared = c.blocks || (c.kept && pairs >= PAIRS);
    c.groups = c.blocks   ? 1
               : c.shared ? dn_min(threads, c.tiles)
                          : groups_of(c.tiles, group, threads);
    c.group = dn_ceil_div(c.tiles, c.groups);
    c.shares = c.shared ? threads : dn_min(threads, c.groups);
    c.inputs = input_floats(form, c.group) * (size_t)(c.again ? 1 : chunks);
    int products = chunks > 1 ? c.group : dn_min(c.group, DN_WINOGRAD_STRIP);
    c.apart = threads > 1 && thrift < DN_THRIFT_LEVELS - 1 ? APART : 0;
    c.share = c.apart + filters_of_turns(&c) + product_floats(form) * (size_t)products + (c.kept ? 0 : c.inputs);
    return c;
}

static size_t kept_floats(const struct cut *c)
{
    return c->kept ? (size_t)c->groups * c->inputs : 0;
}

size_t dn_winograd_workspace(const struct dn_conv *conv, struct dn_rect rect, int threads, int thrift)
{
    if (rect.y1 <= rect.y0 || rect.x1 <= rect.x0)
        return 0;
    struct cut c = cut_of(conv, rect, threads, thrift, dn_blocks(conv->n));
    return (kept_floats(&c) + (size_t)c.shares * c.share) * sizeof(float);
}

struct dn_conv_sharing dn_conv_sharing(const struct dn_conv *conv, struct dn_rect rect, int threads, int thrift)
{
    struct cut c = cut_of(conv, rect, threads, thrift, dn_blocks(conv->n));
    return (struct dn_conv_sharing){c.group, c.kept, c.blocks, c.again, c.each, c.turns == 2};
}

size_t dn_filter_part_floats(struct dn_filter_part part)
{
    return (size_t)part.blocks * DN_BLOCK * (size_t)part.channels * TAPS;
}

struct nest {
    const struct dn_winograd_kernels *kernels;
    const struct dn_winograd_transforms *transforms;
    const struct dn_conv_job *job;
    struct cut cut;
    struct dn_winograd group; /* what all groups have in common */
    int pairs;                /* of output blocks, or single ones: cut.each */
    int parts;                /* of a group that is shared, computed for a pair at a time */
};

static float *share_of(const struct nest *n, int share)
{
    return (float *)n->job->workspace + kept_floats(&n->cut) + (size_t)share * n->cut.share + n->cut.apart;
}

/* Where the filters of an output block begin, and the packed ones for input channels from c on. */
static const float *filters_of(const struct dn_conv_job *job, int block)
{
    return job->filters + (size_t)(block - job->block0) * (size_t)job->conv->c * TAPS * DN_BLOCK;
}

static const float *packed_filters(const struct dn_conv_job *job, int block, int c)
{
    return filters_of(job, block) + (size_t)c * TAPS * DN_BLOCK;
}

/* A group of tiles, and the inputs that are transformed for it. */
struct tiles {
    const struct nest *nest;
    struct dn_winograd group;
    int first, end; /* those of it to compute */
    float *inputs;
    float *filters; /* of each turn, and products behind them */
    float *read;    /* filters of a pair of output blocks */
    float *near;    /* some of them packed */
    int turn;
    bool goes_on;   /* with the next pair of output blocks after this one */
    bool ready;     /* the filters of the turn are transformed */
};

/* How many channels from c on are computed together. */
static int channels_from(const struct tiles *t, int c)
{
    return dn_min(DN_WINOGRAD_INPUTS, t->nest->job->conv->c - c);
}

static void select_channels(struct tiles *t, int c)
{
    size_t block = t->nest->cut.again ? 0 : (size_t)(c / DN_WINOGRAD_INPUTS);
    t->group.c0 = c;
    t->group.c1 = c + channels_from(t, c);
    t->group.inputs = t->inputs + input_floats(t->group.form, t->group.tiles) * block;
}

static void transform_inputs(struct tiles *t, int c)
{
    select_channels(t, c);
    for (int tile = 0; tile < t->group.tiles; tile++)
        t->nest->transforms->inputs(&t->group, tile);
}

/* The channels that are read with channel c. */
static void read_range(const struct dn_conv_job *job, int c, int *from, int *to)
{
    *from = c / job->reader->part.channels * job->reader->part.channels;
    *to = dn_min(*from + job->reader->part.channels, job->conv->c);
}

/* A block of input channels, of up to cut.each output blocks. */
struct piece {
    int block, c;
};

static struct piece after(const struct tiles *t, struct piece p)
{
    const struct piece same = {p.block, p.c + DN_WINOGRAD_INPUTS}, other = {p.block + t->nest->cut.each, 0};
    return same.c < t->nest->job->conv->c ? same : other;
}

static int blocks_of(const struct tiles *t, struct piece p)
{
    return dn_min(t->nest->cut.each, t->nest->job->block1 - p.block);
}

/* Filters that have to be read, if the channels are the first that are read at a time. */
static void read_filters(const struct tiles *t, struct piece p)
{
    const struct dn_filter_reader *reader = t->nest->job->reader;
    int from, to, first = dn_max(p.block, reader->block0), end = p.block + blocks_of(t, p);
    if (p.c % reader->part.channels || first >= end)
        return;
    read_range(t->nest->job, p.c, &from, &to);
    reader->read(reader->context, first, end, from, to, t->read);
}

/* Those that have been read of a block of the piece. */
static struct dn_raw_filters filters_read(const struct tiles *t, struct piece p, int block)
{
    const struct dn_conv_job *job = t->nest->job;
    const int before = block - dn_max(p.block, job->reader->block0);
    int from, to;
    read_range(job, p.c, &from, &to);
    struct dn_raw_filters f = dn_raw_filters(job->conv, block, t->read);
    f.fan_in = (size_t)(to - from) * TAPS;
    f.first += (size_t)before * DN_BLOCK * f.fan_in + (size_t)(p.c - from) * TAPS;
    return f;
}

static float *filters_of_turn(const struct tiles *t)
{
    return t->filters + (size_t)t->turn * filter_floats(&t->nest->cut);
}

/* The filters of a piece, for the place of this turn. */
static struct dn_winograd_filters filters_to_transform(const struct tiles *t, struct piece p)
{
    const struct dn_conv_job *job = t->nest->job;
    struct dn_winograd_filters f = {.kernels = t->nest->kernels, .transforms = t->nest->transforms, .near = t->near,
                                    .channels = channels_from(t, p.c), .blocks = blocks_of(t, p),
                                    .transformed = filters_of_turn(t)};
    if (job->reader)
        read_filters(t, p);
    for (int b = 0, block = p.block; b < f.blocks; b++, block++)
        if (job->raw)
            f.raw[b] = dn_raw_filters(job->conv, block, filters_of(job, block) + p.c * TAPS);
        else if (job->reader && block >= job->reader->block0)
            f.raw[b] = filters_read(t, p, block);
        else
            f.packed[b] = packed_filters(job, block, p.c);
    return f;
}

/* Raw filters of DN_BLOCK channels at a time are packed before the first of them is transformed. */
void dn_winograd_transform(struct dn_winograd_filters *f, int n)
{
    for (int some; n > 0 && f->done < f->channels * f->blocks; n -= some, f->done += some) {
        const int b = f->done / f->channels, c = f->done % f->channels, first = c / DN_BLOCK * DN_BLOCK;
        float *transformed = f->transformed + (size_t)b * FILTER_FLOATS + (size_t)c * DN_BLOCK;
        some = dn_min(n, f->channels - c);
        if (f->packed[b]) {
            f->transforms->filters(f->packed[b] + (ptrdiff_t)c * TAPS * DN_BLOCK, some, transformed, false);
            continue;
        }
        some = dn_min(some, first + DN_BLOCK - c);
        struct dn_raw_filters raw = f->raw[b];
        raw.first += first * TAPS;
        if (c == first)
            f->kernels->pack(&raw, dn_min(DN_BLOCK, f->channels - c), f->near);
        f->transforms->filters(f->near + (ptrdiff_t)(c - first) * TAPS * DN_BLOCK, some, transformed, true);
    }
}

/* Spreads the transforms of the filters that come next, and the prefetching of those after them, over the points of all
 * strips. */
static void plan_ahead(struct tiles *t, struct piece p, int strips, struct dn_winograd_ahead *a)
{
    const struct dn_conv_job *job = t->nest->job;
    const int end = job->reader ? dn_min(job->reader->block0, job->block1) : job->block1;
    const int points = strips * dn_winograd_points(t->group.form);
    *a = (struct dn_winograd_ahead){0};
    p = after(t, p);
    if (t->nest->cut.turns == 2 && p.block < job->block1 && (p.c > 0 || t->goes_on)) {
        t->turn = 1 - t->turn;
        a->next = filters_to_transform(t, p);
        a->share = dn_ceil_div(a->next.channels * a->next.blocks, points);
        p = after(t, p);
    }
    if (p.block >= end || job->raw)
        return;
    a->later_share = dn_ceil_div(channels_from(t, p.c) * TAPS, points); /* DN_BLOCK floats are a line */
    a->later_blocks = dn_min(blocks_of(t, p), end - p.block);
    for (int b = 0; b < a->later_blocks; b++)
        a->later[b] = (const char *)packed_filters(job, p.block + b, p.c);
}

static void transform_all(struct dn_winograd_filters *f)
{
    dn_winograd_transform(f, f->channels * f->blocks);
}

/* The products of a block of input channels; after the last one, the outputs. */
static void run_channels(struct tiles *t, struct dn_winograd_strip *s)
{
    const struct dn_winograd_transforms *k = t->nest->transforms;
    const struct dn_winograd *g = &t->group;
    const bool one = g->job->conv->c <= DN_WINOGRAD_INPUTS, last = g->c1 == g->job->conv->c;
    const struct piece piece = {s->block, g->c0};
    float *products = t->filters + filters_of_turns(&t->nest->cut);
    int left = dn_ceil_div(t->end - t->first, DN_WINOGRAD_STRIP);
    if (!t->ready) {
        struct dn_winograd_filters f = filters_to_transform(t, piece);
        transform_all(&f);
    }
    s->filters = filters_of_turn(t);
    plan_ahead(t, piece, left, &s->ahead);
    for (s->tile = t->first; left > 0; left--, s->tile += s->tiles) {
        s->tiles = dn_ceil_div(t->end - s->tile, left);
        s->products = products + (one ? 0 : (size_t)(s->tile - t->first) * product_floats(g->form));
        t->nest->kernels->multiply(s);
        if (last)
            k->outputs(s);
    }
    transform_all(&s->ahead.next);
    t->ready = s->ahead.next.blocks > 0;
}

static void run_pair(struct tiles *t, int pair)
{
    const struct dn_conv_job *job = t->nest->job;
    _Alignas(64) float near[DN_WINOGRAD_NEAR];
    struct dn_winograd_strip s = {.group = &t->group};
    t->near = near;
    s.block = job->block0 + pair * t->nest->cut.each;
    s.blocks = blocks_of(t, (struct piece){s.block, 0});
    for (int c = 0; c < job->conv->c; c += DN_WINOGRAD_INPUTS) {
        if (t->nest->cut.again)
            transform_inputs(t, c);
        else
            select_channels(t, c);
        run_channels(t, &s);
    }
}

static struct tiles group_of(const struct nest *n, int group, int thread)
{
    const struct cut *cut = &n->cut;
    struct tiles t = {.nest = n, .group = n->group, .filters = share_of(n, thread)};
    t.inputs = cut->kept ? (float *)n->job->workspace + (size_t)group * cut->inputs
                         : t.filters + cut->share - cut->apart - cut->inputs;
    if (n->job->reader)
        t.read = n->job->reader->buffers + (size_t)thread * dn_filter_part_floats(n->job->reader->part);
    t.group.first = dn_share(cut->tiles, group, cut->groups);
    t.group.tiles = t.end = dn_share(cut->tiles, group + 1, cut->groups) - t.group.first;
    return t;
}

/* All output blocks, at a group of tiles. */
static void run_group(void *context, int item, int thread)
{
    const struct nest *n = context;
    struct tiles t = group_of(n, item, thread);
    t.goes_on = true;
    bool done = n->cut.again || (n->cut.kept && n->job->again);
    for (int c = 0; c < n->job->conv->c && !done; c += DN_WINOGRAD_INPUTS)
        transform_inputs(&t, c);
    for (int pair = 0; pair < n->pairs; pair++)
        run_pair(&t, pair);
}

/* A block of channels of a tile. */
static void keep_inputs(void *context, int item, int thread)
{
    const struct nest *n = context;
    int blocks = dn_ceil_div(n->job->conv->c, DN_WINOGRAD_INPUTS), tile = item / blocks;
    struct tiles t = group_of(n, ((tile + 1) * n->cut.groups - 1) / n->cut.tiles, thread);
    select_channels(&t, item % blocks * DN_WINOGRAD_INPUTS);
    n->transforms->inputs(&t.group, tile - t.group.first);
}

/* A pair of output blocks, at a part of a group. */
static void run_part(void *context, int item, int thread)
{
    const struct nest *n = context;
    struct tiles t = group_of(n, item / n->parts / n->pairs, thread);
    int part = item % n->parts;
    t.first = dn_share(t.group.tiles, part, n->parts);
    t.end = dn_share(t.group.tiles, part + 1, n->parts);
    run_pair(&t, item / n->parts % n->pairs);
}

/* Inputs first, unless the job before has left them there. */
static void run_shared(struct nest *n)
{
    const struct cut *cut = &n->cut;
    int threads = n->job->threads, items = dn_ceil_div(n->job->conv->c, DN_WINOGRAD_INPUTS) * cut->tiles;
    if (cut->kept && !n->job->again)
        dn_parallel(items, threads, keep_inputs, n);
    n->parts = 1;
    if (cut->groups == 1 && !n->job->reader)
        n->parts = dn_min(dn_ceil_div(PARTS_EACH * threads, n->pairs), dn_ceil_div(cut->tiles, DN_WINOGRAD_STRIP));
    dn_parallel(cut->groups * n->pairs * n->parts, threads, run_part, n);
}

void dn_winograd_run(const struct dn_kernels *k, const struct dn_conv_job *job)
{
    struct nest n = {.kernels = k->winograd, .job = job};
    n.transforms = &k->winograd->transforms[job->conv->stride_y - 1];
    n.cut = cut_of(job->conv, job->rect, job->threads, job->thrift, job->block1 - job->block0);
    n.pairs = dn_ceil_div(job->block1 - job->block0, n.cut.each);
    n.group = (struct dn_winograd){.job = job, .form = dn_winograd_form(job->conv->stride_y), .rows = k->rows};
    n.group.order = dn_winograd_order(job->rect, tiles_of(job->rect), dn_row_parts(job->rect, job->threads) > 1);
    if (n.cut.shared && job->threads > 1) /* one thread goes on from pair to pair, whose filters it then knows beforehand */
        run_shared(&n);
    else
        dn_parallel(n.cut.groups, job->threads, run_group, &n);
}
