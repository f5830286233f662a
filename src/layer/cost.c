/* [cost]: a training layer. At inference it computes nothing, but it is a layer that others can
 * count and name: its output is as many zeros as its input has values. Format section 3.13. */
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    static const char *const ignored[] = {"type", "scale", "ratio", "noobj", "thresh", NULL};
    dn_key_ignore(b, ignored);
    l->flat = 1;
    dn_build_inputs(b, l, NULL, 0);
    return dn_build_shape(b, l, (int64_t)l->c * l->h * l->w, 1, 1);
}

static void run(const struct dn_run *run)
{
    dn_run_clear_lanes(run);
    for (int i = 0; i < run->layer->out_c; i++)
        *dn_view_element(&run->out, i, 0, 0) = 0;
}

const struct dn_layer_ops dn_ops_cost = {
    .type = DN_COST,
    .names = {"cost"},
    .parse = parse,
    .run = run,
};
