/* [implicit]: a map that is learnt instead of computed: its weights. It reads no other layer.
 * Format section 3.23. */
#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    static const char *const ignored[] = {"mean", "std", NULL};
    int filters = dn_key_int(b, "filters", 128, 1, DN_KEY_CHANNELS_MAX);
    int atoms = dn_key_int(b, "atoms", 1, 1, DN_KEY_WINDOW_MAX);
    dn_key_ignore(b, ignored);
    if (dn_build_shape(b, l, filters, atoms, 1))
        return b->err->status;
    l->file_head = l->params = dn_layer_outputs(l);
    return DN_OK;
}

static void load_params(const struct dn_layer *l, const float *head, const float *tail,
                        float *params)
{
    (void)tail;
    for (size_t i = 0; i < l->params; i++)
        params[i] = head ? head[i] : 0;
}

static void run(const struct dn_run *run)
{
    dn_run_clear_lanes(run);
    for (int i = 0; i < (int)run->layer->params; i++)
        *dn_view_flat(&run->out, i) = run->params[i];
}

const struct dn_layer_ops dn_ops_implicit = {
    .type = DN_IMPLICIT,
    .names = {"implicit"},
    .parse = parse,
    .run = run,
    .load_params = load_params,
};
