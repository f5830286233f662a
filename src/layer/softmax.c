/* [softmax]: probabilities within groups of values, or within the groups of a class hierarchy.
 *
 * The output is one vector in the order of the planar input. Format section 3.14. */
#include "layer/softmax.h"

#include "base/size.h"
#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/types.h"

enum { COLUMNS = 64 }; /* pixels side by side, so that planes are read in whole cache lines and a call does many */

static void softmax_columns(const struct dn_run *run, const struct dn_softmax *s, int y, int x0,
                            int n)
{
    const struct dn_view *v = &run->out;
    float max[COLUMNS], sum[COLUMNS] = {0};
    for (int c = s->first; c < s->first + s->n; c++) {
        const float *p = dn_view_element(v, c, y, x0);
        for (int i = 0; i < n; i++)
            max[i] = c == s->first || p[i] > max[i] ? p[i] : max[i];
    }
    for (int c = s->first; c < s->first + s->n; c++) {
        float *p = dn_view_element(v, c, y, x0);
        for (int i = 0; i < n; i++)
            p[i] = p[i] / s->temperature - max[i] / s->temperature;
        dn_exp_array(run->kernels, p, (size_t)n);
        for (int i = 0; i < n; i++)
            sum[i] += p[i];
    }
    for (int c = s->first; c < s->first + s->n; c++) {
        float *p = dn_view_element(v, c, y, x0);
        for (int i = 0; i < n; i++)
            p[i] /= sum[i];
    }
}

void dn_softmax_row(const struct dn_run *run, const struct dn_softmax *s, int y)
{
    for (int x = 0; x < run->out.w; x += COLUMNS)
        softmax_columns(run, s, y, x, dn_min(COLUMNS, run->out.w - x));
}

void dn_softmax_tree_row(const struct dn_run *run, const struct dn_tree *tree, int first,
                         float temperature, int y)
{
    for (int g = 0; g < tree->groups; g++) {
        struct dn_softmax s = {first + tree->group_offset[g], tree->group_size[g], temperature};
        dn_softmax_row(run, &s, y);
    }
}

enum dn_status dn_build_tree(struct dn_build *b, int classes, struct dn_tree **tree)
{
    const char *path = dn_key_text(b, "tree", NULL);
    if (!path || b->err->status)
        return b->err->status;
    struct dn_error why = {0};
    if (dn_tree_read(path, tree, &why))
        return dn_build_fail(b, "tree", "%s", why.text);
    if ((*tree)->n != classes)
        return dn_build_fail(b, "tree", "tree=%s has %d classes; there are %d values for them",
                             path, (*tree)->n, classes);
    return DN_OK;
}

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    static const char *const ignored[] = {"spatial", "noloss", NULL};
    int groups = dn_key_int(b, "groups", 1, 1, DN_KEY_CHANNELS_MAX);
    float temperature = dn_key_float(b, "temperature", 1);
    int64_t n = (int64_t)l->c * l->h * l->w;
    dn_key_ignore(b, ignored);
    l->flat = 1;
    l->u.softmax.groups = groups;
    l->u.softmax.temperature = temperature;
    dn_build_inputs(b, l, NULL, 0);
    if (dn_build_shape(b, l, n, 1, 1) || dn_build_tree(b, (int)n, &l->u.softmax.tree))
        return b->err->status;
    if (n % groups != 0)
        return dn_build_fail(b, "groups", "groups=%d does not divide the %d values evenly", groups,
                             (int)n);
    if (!(temperature > 0 || temperature < 0))
        return dn_build_fail(b, "temperature", "temperature=%g is not allowed; it must not be 0",
                             (double)temperature);
    return DN_OK;
}

static void run(const struct dn_run *run)
{
    const struct dn_layer *l = run->layer;
    dn_run_clear_lanes(run);
    for (int i = 0; i < l->out_c; i++)
        *dn_view_element(&run->out, i, 0, 0) = *dn_view_flat(&run->in[0], i);
    if (l->u.softmax.tree) {
        dn_softmax_tree_row(run, l->u.softmax.tree, 0, l->u.softmax.temperature, 0);
        return;
    }
    int n = l->out_c / l->u.softmax.groups;
    for (int g = 0; g < l->u.softmax.groups; g++) {
        struct dn_softmax s = {g * n, n, l->u.softmax.temperature};
        dn_softmax_row(run, &s, 0);
    }
}

const struct dn_layer_ops dn_ops_softmax = {
    .type = DN_SOFTMAX,
    .names = {"softmax", "soft"},
    .parse = parse,
    .run = run,
};
