/* [normalization]: every value divided by a power of the energy of its neighbour channels.
 *
 * The energy is a running sum with a quirk that must be kept: the sum of channel 0 leaves out the
 * channel size/2, which is subtracted later all the same. Format section 3.18. */
#include "layer/rows.h"

#include <math.h>

#include "layer/keys.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    l->u.lrn.alpha = dn_key_float(b, "alpha", 1e-4f);
    l->u.lrn.beta = dn_key_float(b, "beta", .75f);
    l->u.lrn.kappa = dn_key_float(b, "kappa", 1);
    l->u.lrn.size = dn_key_int(b, "size", 5, 1, DN_KEY_WINDOW_MAX);
    if (l->u.lrn.size / 2 > l->c)
        return dn_build_fail(b, "size", "size=%d is too large for %d channels; at most %d fit",
                             l->u.lrn.size, l->c, 2 * l->c + 1);
    return dn_build_same(b, l);
}

static float energy(const struct dn_run *run, int c, int y, int x)
{
    float v = *dn_view_element(&run->in[0], c, y, x);
    return run->layer->u.lrn.alpha * (v * v);
}

static void normalize_pixel(const struct dn_run *run, int y, int x)
{
    const struct dn_layer *l = run->layer;
    int size = l->u.lrn.size;
    float sum = l->u.lrn.kappa;
    for (int c = 0; c < size / 2; c++)
        sum += energy(run, c, y, x);
    for (int c = 0; c < l->out_c; c++) {
        int leaves = c - (size - 1) / 2 - 1, enters = c + size / 2;
        if (c > 0 && leaves >= 0)
            sum -= energy(run, leaves, y, x);
        if (c > 0 && enters < l->out_c)
            sum += energy(run, enters, y, x);
        *dn_view_element(&run->out, c, y, x) =
            *dn_view_element(&run->in[0], c, y, x) * powf(sum, -l->u.lrn.beta);
    }
}

static void normalize_row(const struct dn_run *run, int block, int y)
{
    (void)block;
    for (int x = run->rect.x0; x < run->rect.x1; x++)
        normalize_pixel(run, y, x);
}

static void run(const struct dn_run *run)
{
    dn_run_clear_lanes(run);
    dn_each_row(run, 1, normalize_row);
}

const struct dn_layer_ops dn_ops_normalization = {
    .type = DN_NORMALIZATION,
    .names = {"normalization", "lrn"},
    .parse = parse,
    .span = dn_span_same,
    .run = run,
};
