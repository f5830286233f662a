/* [Gaussian_yolo]: a yolo head that also predicts the deviation of each box coordinate. Output and
 * activations: head.h. Format section 3.33. */
#include "layer/head.h"

#include <string.h>

#include "layer/types.h"

enum { COORDS = 9 /* x, y, w, h, each followed by its deviation, and objectness */ };

static const char *const points[] = {"center", "left_top", "right_bottom"};

static int parse_point(struct dn_build *b)
{
    const char *name = dn_key_text(b, "yolo_point", points[0]);
    size_t length = strcspn(name, "#");
    for (int i = 0; i < 3; i++)
        if (strlen(points[i]) == length && memcmp(points[i], name, length) == 0)
            return i;
    dn_build_fail(b, "yolo_point",
                  "yolo_point=%s is unknown; known are center, left_top and right_bottom", name);
    return 0;
}

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    struct dn_head *head = &l->u.head;
    head->coords = 4;
    head->yolo_point = parse_point(b);
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
        dn_head_logistic(run, first, 4);
        dn_head_logistic(run, first + 5, 1);
        dn_head_logistic(run, first + 7, planes - 7);
        dn_head_scale(run, first);
        dn_head_scale(run, first + 2);
    }
}

const struct dn_layer_ops dn_ops_gaussian_yolo = {
    .type = DN_GAUSSIAN_YOLO,
    .names = {"Gaussian_yolo"},
    .parse = parse,
    .span = dn_span_same,
    .run = run,
};
