/* Pooling: hands rows of blocks to the kernels. */
#include "kernel/rows.h"
#include "kernel/table.h"

struct job {
    const struct dn_row_kernels *kernels;
    const struct dn_pool *pool;
    const struct dn_view *in, *out;
    int x0, x1;
};

static void piece(const void *context, int block, int y)
{
    const struct job *j = context;
    struct dn_pool_row row = {j->pool, j->in, dn_view_at(j->out, block, y, j->x0), block, y, j->x0,
                              j->x1};
    j->kernels->pool(&row);
}

void dn_pool_run(const struct dn_kernels *k, const struct dn_pool *pool, const struct dn_view *in,
                 const struct dn_view *out, struct dn_rect rect, int threads)
{
    struct job j = {k->rows, pool, in, out, rect.x0, rect.x1};
    dn_row_pieces(dn_blocks(out->c), rect, threads, piece, &j);
}
