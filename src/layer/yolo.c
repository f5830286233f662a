/* [yolo]: the head of YOLOv3, v4 and v7. Anchors in pixels of the network's input. Output and
 * activations: head.h. Format section 3.32. */
#include "layer/head.h"

#include "layer/types.h"

enum { COORDS = 5 /* x, y, w, h, objectness */ };

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    struct dn_head *head = &l->u.head;
    head->coords = 4;
    head->new_coords = dn_key_flag(b, "new_coords", false);
    if (dn_head_anchors(b, head) || dn_head_mask(b, head) || dn_head_yolo_keys(b, head))
        return b->err->status;
    return dn_head_shape(b, l, COORDS + head->classes);
}

static void run(const struct dn_run *run)
{
    const struct dn_head *head = &run->layer->u.head;
    int planes = COORDS + head->classes;
    dn_copy(&run->in[0], &run->out, run->rect, run->threads);
    for (int first = 0; first < head->n * planes; first += planes) {
        if (!head->new_coords) {
            dn_head_logistic(run, first, 2);
            dn_head_logistic(run, first + 4, planes - 4);
        }
        dn_head_scale(run, first);
        dn_head_scale(run, first + 1);
    }
}

const struct dn_layer_ops dn_ops_yolo = {
    .type = DN_YOLO,
    .names = {"yolo"},
    .parse = parse,
    .span = dn_span_same,
    .run = run,
};
