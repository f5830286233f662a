/* [activation]: one activation function on every value. Format section 3.20. */
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    l->activation = dn_key_activation(b, "linear");
    return dn_build_same(b, l);
}

static void run(const struct dn_run *run)
{
    dn_copy(&run->in[0], &run->out, run->rect, run->threads);
    dn_run_activation(run);
}

const struct dn_layer_ops dn_ops_activation = {
    .type = DN_ACTIVATION,
    .names = {"activation"},
    .parse = parse,
    .span = dn_span_same,
    .run = run,
};
