/* [route]: the channels of earlier layers, one after the other.
 *
 * A route of one layer, or of a channel group that begins on a block, is another name for the same
 * memory. For the others the planner lets the inputs write into the parts of the output where their
 * lifetimes allow; run copies what did not. */
#include "layer/layer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "layer/types.h"

static const char *const ignored[] = {"stream", "wait_stream", NULL};

/* Channels of input k that the route takes: a contiguous group of them. */
static int taken(const struct dn_layer *l, int channels)
{
    return channels / l->u.route.groups;
}

static enum dn_status parse_shape(struct dn_build *b, struct dn_layer *l)
{
    int64_t channels = 0, flat = 0;
    int c, h, w, first_h = 0, first_w = 0;
    bool same = true;
    for (int i = 0; i < l->n_in; i++) {
        dn_build_shape_of(b, l->in[i], &c, &h, &w);
        if (c % l->u.route.groups)
            return dn_build_fail(b, "groups", "groups=%d does not divide the %d channels of layer %d",
                                 l->u.route.groups, c, l->in[i]);
        if (i == 0) {
            first_h = h;
            first_w = w;
        }
        same = same && h == first_h && w == first_w;
        channels += taken(l, c);
        flat += (int64_t)taken(l, c) * h * w;
    }
    if (same)
        return dn_build_shape(b, l, channels, first_h, first_w);
    l->flat = 1;
    l->whole = true;
    return dn_build_shape(b, l, flat, 1, 1);
}

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    int n, *list = dn_key_ints(b, "layers", &n);
    if (!list && !b->err->status)
        dn_build_fail(b, NULL, "needs the key layers: the numbers of one or more earlier layers");
    for (int i = 0; i < n; i++)
        list[i] = dn_build_layer(b, "layers", list[i]);
    l->u.route.groups = dn_key_int(b, "groups", 1, 1, 1 << 24);
    l->u.route.group_id = dn_key_int(b, "group_id", 0, 0, l->u.route.groups - 1);
    dn_key_ignore(b, ignored);
    if (!b->err->status && !dn_build_inputs(b, l, list, n) && !parse_shape(b, l)) {
        l->concat = l->u.route.groups == 1 && !l->flat && n > 1;
        l->alias_channel = l->u.route.group_id * l->out_c;
        l->alias = n == 1 && l->alias_channel % DN_BLOCK == 0;
        if (l->alias)
            l->out_layout = dn_build_input_layout(b, l->in[0]);
    }
    free(list);
    return b->err->status;
}

/* Copies `count` channels from `first` of `in` to `to` of `out`, in runs of channels that are
 * neighbours in both. */
static void copy_channels(const struct dn_view *in, int first, int count, const struct dn_view *out,
                          int to, struct dn_rect rect)
{
    int step = in->layout == DN_BLOCKED ? DN_BLOCK : 1;
    for (int y = rect.y0; y < rect.y1; y++)
        for (int c = 0, run; c < count; c += run) {
            run = dn_min(DN_BLOCK - (to + c) % DN_BLOCK, step - (first + c) % step);
            run = dn_min(run, count - c);
            const float *s = dn_view_element(in, first + c, y, rect.x0);
            float *d = dn_view_element(out, to + c, y, rect.x0);
            for (int x = rect.x0; x < rect.x1; x++, s += step, d += DN_BLOCK)
                memcpy(d, s, (size_t)run * sizeof *d);
        }
}

static void run_flat(const struct dn_run *r)
{
    int to = 0;
    for (int k = 0; k < r->layer->n_in; k++) {
        const struct dn_view *in = &r->in[k];
        int count = taken(r->layer, in->c), first = r->layer->u.route.group_id * count;
        for (int c = first; c < first + count; c++)
            for (int y = 0; y < in->h; y++)
                for (int x = 0; x < in->w; x++)
                    *dn_view_element(&r->out, to++, 0, 0) = *dn_view_element(in, c, y, x);
    }
}

static void run(const struct dn_run *r)
{
    const struct dn_layer *l = r->layer;
    if (l->flat) {
        run_flat(r);
        return;
    }
    int to = 0;
    for (int k = 0; k < l->n_in; k++) {
        const struct dn_view *in = &r->in[k];
        int count = taken(l, in->c), first = l->u.route.group_id * count;
        bool in_place = in->layout == DN_BLOCKED && to % DN_BLOCK == 0 &&
                        in->data == dn_view_channels(r->out, to, count).data;
        if (!in_place)
            copy_channels(in, first, count, &r->out, to, r->rect);
        to += count;
    }
}

const struct dn_layer_ops dn_ops_route = {
    .type = DN_ROUTE,
    .names = {"route"},
    .parse = parse,
    .span = dn_span_same,
    .run = run,
};
