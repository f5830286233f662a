/* The entry points of convolution: sizes, packing, and the split of a job into pieces.
 *
 * A piece is a pair of output blocks times a few rows, computed by one thread from registers and
 * cache. Small maps are cut between output blocks only, so that a filter is read once; large ones
 * every eight rows too, so that the input rows of a piece stay in cache over the output blocks. Between, each
 * thread has rows of its own, which it has mostly written itself and no other core reads. */
#include "kernel/conv.h"

#include "kernel/parallel.h"
#include "kernel/table.h"
#include "kernel/winograd.h"

static size_t block_floats(const struct dn_conv *v, int block)
{
    int c0, c1;
    dn_conv_inputs(v, block, &c0, &c1);
    size_t channels = dn_conv_depthwise(v) ? 1 : (size_t)(c1 - c0);
    return channels * (size_t)v->kh * (size_t)v->kw * DN_BLOCK;
}

size_t dn_conv_packed_floats(const struct dn_conv *conv, int block0, int block1)
{
    size_t floats = 0;
    if (conv->groups == 1)
        return (size_t)(block1 - block0) * block_floats(conv, 0);
    for (int b = block0; b < block1; b++)
        floats += block_floats(conv, b);
    return floats;
}

struct pack {
    const struct dn_conv_kernels *kernels;
    const struct dn_conv *conv;
    int block0;
    const float *raw;
    float *packed;
};

static void pack_block(void *context, int item, int thread)
{
    (void)thread;
    const struct pack *p = context;
    const struct dn_conv *v = p->conv;
    size_t fan_in = (size_t)(v->c / v->groups) * (size_t)v->kh * (size_t)v->kw;
    p->kernels->pack(v, p->block0 + item, p->raw + (size_t)item * DN_BLOCK * fan_in,
                     p->packed + dn_conv_packed_floats(v, p->block0, p->block0 + item));
}

void dn_conv_pack(const struct dn_kernels *k, const struct dn_conv *conv, int block0, int block1,
                  const float *raw, float *packed, int threads)
{
    struct dn_conv flat = {.c = conv->c * conv->kh * conv->kw, .n = conv->n, .groups = 1, .kh = 1, .kw = 1};
    struct pack p = {k->conv, dn_conv_is_winograd(conv) ? &flat : conv, block0, raw, packed};
    dn_parallel(block1 - block0, threads, pack_block, &p);
}

size_t dn_conv_workspace(const struct dn_conv *conv, struct dn_rect rect, int threads, int thrift)
{
    return dn_conv_is_winograd(conv) ? dn_winograd_workspace(conv, rect, threads, thrift) : 0;
}

enum {
    SMALL = 40 * 40, /* pixels */
    OWN_ROWS = 16    /* at least for each thread */
};

struct pieces {
    const struct dn_kernels *kernels;
    const struct dn_conv_job *job;
    int blocks, rows; /* of a piece */
    int columns;      /* pieces that differ only in their blocks */
    int bands;        /* of `rows` rows */
    int parts;        /* side by side */
};

static void run_piece(void *context, int item, int thread)
{
    (void)thread;
    const struct pieces *p = context;
    const struct dn_conv_job *job = p->job;
    int b = job->block0 + item % p->columns * p->blocks;
    int end = dn_min(b + p->blocks, job->block1);
    struct dn_rect rect = job->rect;
    int band = item / p->columns % p->bands, part = item / p->columns / p->bands;
    rect.y0 += band * p->rows;
    rect.y1 = dn_min(rect.y0 + p->rows, job->rect.y1);
    rect.x0 = job->rect.x0 + dn_share(job->rect.x1 - job->rect.x0, part, p->parts);
    rect.x1 = job->rect.x0 + dn_share(job->rect.x1 - job->rect.x0, part + 1, p->parts);
    p->kernels->conv->piece(job, p->kernels->rows, b, end, rect);
}

static void run_direct(const struct dn_kernels *k, const struct dn_conv_job *job)
{
    int height = job->rect.y1 - job->rect.y0, width = job->rect.x1 - job->rect.x0;
    struct pieces p = {k, job, .blocks = dn_conv_depthwise(job->conv) ? 8 : 2};
    int owners = dn_max(1, dn_min(job->threads, height / OWN_ROWS));
    p.rows = (size_t)height * (size_t)width > SMALL ? 8 : dn_ceil_div(height, owners);
    p.columns = dn_ceil_div(job->block1 - job->block0, p.blocks);
    p.parts = dn_row_parts(job->rect, job->threads);
    if (p.columns * p.parts < 2 * job->threads)
        p.rows = dn_min(p.rows, dn_ceil_div(height, dn_ceil_div(2 * job->threads, p.columns * p.parts)));
    p.bands = dn_ceil_div(height, p.rows);
    dn_parallel(p.columns * p.bands * p.parts, job->threads, run_piece, &p);
}

const char *dn_conv_name(const struct dn_conv *conv)
{
    if (dn_conv_is_winograd(conv))
        return "winograd";
    if (conv->in_layout == DN_PLANAR)
        return "planar";
    return dn_conv_depthwise(conv) ? "depthwise" : "direct";
}

void dn_conv_run(const struct dn_kernels *k, const struct dn_conv_job *job)
{
    const struct dn_conv *v = job->conv;
    if (job->rect.y1 <= job->rect.y0 || job->rect.x1 <= job->rect.x0 || job->block0 >= job->block1)
        return;
    if (dn_conv_is_winograd(v))
        dn_winograd_run(k, job);
    else
        run_direct(k, job);
    if (dn_across_channels(v->activation) && job->block1 == dn_blocks(v->n))
        dn_activate(k, v->activation, &job->out, job->rect, job->threads);
}
