/* [detection]: the head of YOLOv1, on the vector that a connected layer leaves. Layout of the
 * vector: head.h. Format section 3.34. */
#include "layer/head.h"

#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/softmax.h"
#include "layer/types.h"

static const char *const ignored[] = {"object_scale", "noobject_scale", "class_scale",
                                      "coord_scale",  "jitter",         "rescore",
                                      "forced",       "random",         "reorg",
                                      "max",          NULL};

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    struct dn_head *head = &l->u.head;
    int64_t found = (int64_t)l->c * l->h * l->w;
    head->coords = dn_key_int(b, "coords", 1, 1, DN_KEY_WINDOW_MAX);
    head->classes = dn_key_int(b, "classes", 1, 1, DN_KEY_CHANNELS_MAX);
    head->n = head->total = dn_key_int(b, "num", 1, 1, DN_KEY_WINDOW_MAX);
    head->side = dn_key_int(b, "side", 7, 1, DN_KEY_WINDOW_MAX);
    head->softmax = dn_key_flag(b, "softmax", false);
    head->square_root = dn_key_flag(b, "sqrt", false);
    head->scale_x_y = 1;
    dn_key_ignore(b, ignored);
    if (head->coords < 4)
        dn_build_fail(b, "coords", "coords=%d is not allowed; a box has at least 4", head->coords);
    int64_t cell = (int64_t)(1 + head->coords) * head->n + head->classes;
    int64_t wanted = (int64_t)head->side * head->side * cell;
    if (!b->err->status && found != wanted)
        return dn_build_fail(b, NULL,
                             "reads %lld values; side=%d, num=%d, coords=%d and classes=%d need "
                             "%lld of them",
                             (long long)found, head->side, head->n, head->coords, head->classes,
                             (long long)wanted);
    l->flat = 1;
    l->out_layout = DN_PLANAR;
    dn_build_inputs(b, l, NULL, 0);
    return dn_build_shape(b, l, found, 1, 1);
}

static void run(const struct dn_run *run)
{
    const struct dn_layer *l = run->layer;
    const struct dn_head *head = &l->u.head;
    for (int i = 0; i < l->out_c; i++)
        *dn_view_element(&run->out, i, 0, 0) = *dn_view_flat(&run->in[0], i);
    for (int cell = 0; head->softmax && cell < head->side * head->side; cell++) {
        struct dn_softmax s = {cell * head->classes, head->classes, 1};
        dn_softmax_row(run, &s, 0);
    }
}

const struct dn_layer_ops dn_ops_detection = {
    .type = DN_DETECTION,
    .names = {"detection"},
    .parse = parse,
    .run = run,
};
