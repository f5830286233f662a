/* [region]: the head of YOLOv2 and YOLO9000. Anchors in cells. Output and activations: head.h.
 * Format section 3.31. */
#include "layer/head.h"

#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/softmax.h"
#include "layer/types.h"

static const char *const ignored[] = {
    "jitter",     "thresh",     "coord_scale", "object_scale", "noobject_scale", "mask_scale",
    "class_scale", "rescore",   "log",         "sqrt",         "bias_match",     "absolute",
    "random",     "max",        "focal_loss",  NULL};

static enum dn_status parse_map(struct dn_build *b, struct dn_head *head)
{
    const char *path = dn_key_text(b, "map", NULL);
    struct dn_error why = {0};
    if (!path || b->err->status)
        return b->err->status;
    if (dn_map_read(path, &head->map, &head->map_n, &why))
        return dn_build_fail(b, "map", "%s", why.text);
    for (int i = 0; i < head->map_n; i++)
        if (head->map[i] < 0 || head->map[i] >= head->classes)
            return dn_build_fail(b, "map", "map=%s has the class %d; allowed are 0 to %d", path,
                                 head->map[i], head->classes - 1);
    return DN_OK;
}

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    struct dn_head *head = &l->u.head;
    head->coords = dn_key_int(b, "coords", 4, 4, DN_KEY_WINDOW_MAX);
    head->softmax = dn_key_flag(b, "softmax", false);
    if (b->dialect == DN_STOCK)
        head->background = dn_key_flag(b, "background", false);
    head->classfix = dn_key_int(b, "classfix", 0, -1, 2);
    head->scale_x_y = 1;
    dn_key_ignore(b, ignored);
    if (dn_head_anchors(b, head) || dn_build_tree(b, head->classes, &head->tree) ||
        parse_map(b, head))
        return b->err->status;
    return dn_head_shape(b, l, head->coords + 1 + head->classes);
}

static void softmax_row(const struct dn_run *run, int anchor, int y)
{
    const struct dn_head *head = &run->layer->u.head;
    int first = anchor * (head->coords + 1 + head->classes) + head->coords;
    struct dn_softmax all = {first + !head->background, head->classes + head->background, 1};
    if (head->tree)
        dn_softmax_tree_row(run, head->tree, first + 1, 1, y);
    else
        dn_softmax_row(run, &all, y);
}

static void run(const struct dn_run *run)
{
    const struct dn_head *head = &run->layer->u.head;
    int planes = head->coords + 1 + head->classes;
    dn_copy(&run->in[0], &run->out, run->rect, run->threads);
    for (int first = 0; first < head->n * planes; first += planes) {
        dn_head_logistic(run, first, 2);
        if (!head->background)
            dn_head_logistic(run, first + head->coords, 1);
        if (!head->tree && !head->softmax && run->layer->dialect == DN_STOCK)
            dn_head_logistic(run, first + head->coords + !head->background, head->classes);
    }
    if (head->tree || head->softmax)
        dn_each_row(run, head->n, softmax_row);
}

const struct dn_layer_ops dn_ops_region = {
    .type = DN_REGION,
    .names = {"region"},
    .parse = parse,
    .run = run,
};
