/* [dropout]: nothing at inference; another name for the map before it. Format section 3.12. */
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    static const char *const ignored[] = {"probability", "dropblock", "dropblock_size_rel",
                                          "dropblock_size_abs", NULL};
    dn_key_ignore(b, ignored);
    return dn_build_alias(b, l);
}

const struct dn_layer_ops dn_ops_dropout = {
    .type = DN_DROPOUT,
    .names = {"dropout"},
    .parse = parse,
    .span = dn_span_same,
};
