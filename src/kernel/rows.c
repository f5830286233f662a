/* Sums and products of maps, and the cutting of rectangles into pieces for threads.
 *
 * These kernels move more than they compute: a piece is a row of one block, so that the loops inside
 * run over contiguous memory, and a thread takes about 16 KB of them at a time. */
#include "kernel/rows.h"

#include "base/size.h"
#include "kernel/parallel.h"
#include "kernel/table.h"

enum { PIXELS_AT_ONCE = 256 };

struct pieces {
    int blocks, first_row, count, batch;
    void (*work)(const void *context, int block, int y);
    const void *context;
};

static void run_batch(void *context, int item)
{
    const struct pieces *p = context;
    for (int i = item * p->batch; i < dn_min((item + 1) * p->batch, p->count); i++)
        p->work(p->context, i % p->blocks, p->first_row + i / p->blocks);
}

void dn_row_pieces(int blocks, struct dn_rect rect, int threads,
                   void (*work)(const void *context, int block, int y), const void *context)
{
    int rows = rect.y1 - rect.y0, columns = rect.x1 - rect.x0;
    if (rows <= 0 || columns <= 0 || blocks <= 0)
        return;
    struct pieces p = {blocks, rect.y0, rows * blocks, dn_ceil_div(PIXELS_AT_ONCE, columns), work,
                       context};
    dn_parallel(dn_ceil_div(p.count, p.batch), threads, run_batch, &p);
}

/* Two maps and what becomes of them. */
struct two {
    const struct dn_row_kernels *kernels;
    const struct dn_view *a, *b, *out;
    float alpha, beta;
    const float *scale;
    int x0;
    size_t n; /* floats of a piece */
};

static size_t piece_floats(struct dn_rect rect)
{
    return (size_t)(rect.x1 - rect.x0) * DN_BLOCK;
}

static void add_piece(const void *context, int block, int y)
{
    const struct two *t = context;
    t->kernels->add(dn_view_at(t->a, block, y, t->x0), t->alpha, dn_view_at(t->b, block, y, t->x0),
                    t->beta, dn_view_at(t->out, block, y, t->x0), t->n);
}

void dn_add(const struct dn_kernels *k, const struct dn_view *a, float alpha,
            const struct dn_view *b, float beta, const struct dn_view *out, struct dn_rect rect,
            int threads)
{
    struct two t = {k->rows, a, b, out, alpha, beta, NULL, rect.x0, piece_floats(rect)};
    dn_row_pieces(dn_blocks(out->c), rect, threads, add_piece, &t);
}

static void multiply_piece(const void *context, int block, int y)
{
    const struct two *t = context;
    t->kernels->multiply(dn_view_at(t->a, block, y, t->x0), dn_view_at(t->b, block, y, t->x0),
                         dn_view_at(t->out, block, y, t->x0), t->n);
}

void dn_multiply(const struct dn_kernels *k, const struct dn_view *a, const struct dn_view *b,
                 const struct dn_view *out, struct dn_rect rect, int threads)
{
    struct two t = {k->rows, a, b, out, 0, 0, NULL, rect.x0, piece_floats(rect)};
    dn_row_pieces(dn_blocks(out->c), rect, threads, multiply_piece, &t);
}

static void scale_piece(const void *context, int block, int y)
{
    const struct two *t = context;
    t->kernels->scale(dn_view_at(t->a, block, y, t->x0), t->scale + (ptrdiff_t)block * DN_BLOCK,
                      dn_view_at(t->out, block, y, t->x0), t->n);
}

void dn_scale_channels(const struct dn_kernels *k, const struct dn_view *in, const float *scale,
                       const struct dn_view *out, struct dn_rect rect, int threads)
{
    struct two t = {k->rows, in, NULL, out, 0, 0, scale, rect.x0, piece_floats(rect)};
    dn_row_pieces(dn_blocks(out->c), rect, threads, scale_piece, &t);
}
