/* [empty]: another name for the map before it. Format section 3.24. */
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    return dn_build_alias(b, l);
}

const struct dn_layer_ops dn_ops_empty = {
    .type = DN_EMPTY,
    .names = {"empty", "silence"},
    .parse = parse,
    .span = dn_span_same,
};
