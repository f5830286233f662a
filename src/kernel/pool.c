/* Pooling: hands rows of blocks to the kernels. */
#include "kernel/rows.h"
#include "kernel/table.h"

struct job {
    const struct dn_row_kernels *kernels;
    const struct dn_pool *pool;
    const struct dn_view *in, *out;
};

static void pool_piece(const void *context, struct dn_piece p)
{
    const struct job *j = context;
    struct dn_pool_row row = {j->pool, j->in, dn_view_at(j->out, p.block, p.y, p.x0), p.block, p.y, p.x0, p.x1};
    j->kernels->pool(&row);
}

void dn_pool_run(const struct dn_kernels *k, const struct dn_pool *pool, const struct dn_view *in,
                 const struct dn_view *out, struct dn_rect rect, int threads)
{
    struct job j = {k->rows, pool, in, out};
    dn_row_pieces(dn_blocks(out->c), rect, threads, pool_piece, &j);
}
