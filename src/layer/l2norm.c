/* [l2norm]: every pixel's channels divided by their Euclidean length; a zero pixel gives NaN, as in
 * stock. Format section 3.20. */
#include "layer/rows.h"

#include <math.h>

#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    return dn_build_same(b, l);
}

static void normalize_row(const struct dn_run *run, int block, int y)
{
    (void)block;
    for (int x = run->rect.x0; x < run->rect.x1; x++) {
        float sum = 0;
        for (int c = 0; c < run->out.c; c++) {
            float v = *dn_view_element(&run->in[0], c, y, x);
            sum += v * v;
        }
        float length = sqrtf(sum);
        for (int c = 0; c < run->out.c; c++)
            *dn_view_element(&run->out, c, y, x) = *dn_view_element(&run->in[0], c, y, x) / length;
    }
}

static void run(const struct dn_run *run)
{
    dn_run_clear_lanes(run);
    dn_each_row(run, 1, normalize_row);
}

const struct dn_layer_ops dn_ops_l2norm = {
    .type = DN_L2NORM,
    .names = {"l2norm"},
    .parse = parse,
    .span = dn_span_same,
    .run = run,
};
