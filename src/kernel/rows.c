/* Sums and products of maps, and the cutting of rectangles into pieces for threads.
 *
 * These kernels move more than they compute: a piece is a row of one block, so that the loops inside
 * run over contiguous memory, and a thread takes about 16 KB of them at a time. */
#include "kernel/rows.h"

#include "base/size.h"
#include "kernel/parallel.h"
#include "kernel/table.h"

enum { PIXELS_AT_ONCE = 256, PART_COLUMNS = 52 /* at least: four tiles of a direct convolution */ };

struct pieces {
    int blocks, parts, count, batch;
    struct dn_rect rect;
    void (*work)(const void *context, struct dn_piece piece);
    const void *context;
};

int dn_row_parts(struct dn_rect rect, int threads)
{
    int width = rect.x1 - rect.x0;
    return width >= 2 * (rect.y1 - rect.y0) && width / threads >= PART_COLUMNS ? threads : 1;
}

static void run_batch(void *context, int item, int thread)
{
    (void)thread;
    const struct pieces *p = context;
    const int rows = p->rect.y1 - p->rect.y0, width = p->rect.x1 - p->rect.x0;
    for (int i = item * p->batch; i < dn_min((item + 1) * p->batch, p->count); i++) {
        int row = i / p->blocks, part = row / rows;
        p->work(p->context, (struct dn_piece){i % p->blocks, p->rect.y0 + row % rows,
                                              p->rect.x0 + dn_share(width, part, p->parts),
                                              p->rect.x0 + dn_share(width, part + 1, p->parts)});
    }
}

void dn_row_pieces(int blocks, struct dn_rect rect, int threads,
                   void (*work)(const void *context, struct dn_piece piece), const void *context)
{
    int rows = rect.y1 - rect.y0, columns = rect.x1 - rect.x0;
    if (rows <= 0 || columns <= 0 || blocks <= 0)
        return;
    struct pieces p = {.blocks = blocks, .parts = dn_row_parts(rect, threads), .rect = rect, .work = work,
                       .context = context};
    p.count = p.parts * rows * blocks;
    p.batch = dn_ceil_div(PIXELS_AT_ONCE, columns / p.parts);
    dn_parallel(dn_ceil_div(p.count, p.batch), threads, run_batch, &p);
}

/* Two maps and what becomes of them. */
struct two {
    const struct dn_row_kernels *kernels;
    const struct dn_view *a, *b, *out;
    float alpha, beta;
    const float *scale;
};

static size_t piece_floats(struct dn_piece p)
{
    return (size_t)(p.x1 - p.x0) * DN_BLOCK;
}

static float *piece_at(const struct dn_view *v, struct dn_piece p)
{
    return dn_view_at(v, p.block, p.y, p.x0);
}

static void add_piece(const void *context, struct dn_piece p)
{
    const struct two *t = context;
    t->kernels->add(piece_at(t->a, p), t->alpha, piece_at(t->b, p), t->beta, piece_at(t->out, p),
                    piece_floats(p));
}

void dn_add(const struct dn_kernels *k, const struct dn_view *a, float alpha,
            const struct dn_view *b, float beta, const struct dn_view *out, struct dn_rect rect,
            int threads)
{
    struct two t = {k->rows, a, b, out, alpha, beta, NULL};
    dn_row_pieces(dn_blocks(out->c), rect, threads, add_piece, &t);
}

static void multiply_piece(const void *context, struct dn_piece p)
{
    const struct two *t = context;
    t->kernels->multiply(piece_at(t->a, p), piece_at(t->b, p), piece_at(t->out, p), piece_floats(p));
}

void dn_multiply(const struct dn_kernels *k, const struct dn_view *a, const struct dn_view *b,
                 const struct dn_view *out, struct dn_rect rect, int threads)
{
    struct two t = {k->rows, a, b, out, 0, 0, NULL};
    dn_row_pieces(dn_blocks(out->c), rect, threads, multiply_piece, &t);
}

static void scale_piece(const void *context, struct dn_piece p)
{
    const struct two *t = context;
    t->kernels->scale(piece_at(t->a, p), t->scale + (ptrdiff_t)p.block * DN_BLOCK, piece_at(t->out, p),
                      piece_floats(p));
}

void dn_scale_channels(const struct dn_kernels *k, const struct dn_view *in, const float *scale,
                       const struct dn_view *out, struct dn_rect rect, int threads)
{
    struct two t = {k->rows, in, NULL, out, 0, 0, scale};
    dn_row_pieces(dn_blocks(out->c), rect, threads, scale_piece, &t);
}
