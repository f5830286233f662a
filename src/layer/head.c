/* What the detection heads share: anchors, masks, the shape check, and activations of planes. */
#include "layer/head.h"

#include <stdlib.h>
#include <string.h>

#include "layer/keys.h"

enum dn_status dn_head_anchors(struct dn_build *b, struct dn_head *head)
{
    int n;
    head->classes = dn_key_int(b, "classes", 20, 1, DN_KEY_CHANNELS_MAX);
    head->total = head->n = dn_key_int(b, "num", 1, 1, DN_KEY_WINDOW_MAX);
    float *list = dn_key_floats(b, "anchors", &n);
    if (n > 2 * head->total)
        dn_build_fail(b, "anchors", "anchors has %d numbers; num=%d allows at most %d", n,
                      head->total, 2 * head->total);
    if (b->err->status) {
        free(list);
        return b->err->status;
    }
    head->anchors = malloc(2 * (size_t)head->total * sizeof *head->anchors);
    if (!head->anchors)
        dn_fail(b->err, DN_NO_MEMORY, "%s: no memory for %d anchors", b->path, head->total);
    for (int i = 0; head->anchors && i < 2 * head->total; i++)
        head->anchors[i] = i < n ? list[i] : .5f;
    free(list);
    return b->err->status;
}

enum dn_status dn_head_mask(struct dn_build *b, struct dn_head *head)
{
    int n;
    head->mask = dn_key_ints(b, "mask", &n);
    if (b->err->status)
        return b->err->status;
    for (int i = 0; i < n; i++)
        if (head->mask[i] < 0 || head->mask[i] >= head->total)
            return dn_build_fail(b, "mask", "mask=%d is not one of the %d anchors, 0 to %d",
                                 head->mask[i], head->total, head->total - 1);
    if (head->mask) {
        head->n = n;
        return DN_OK;
    }
    head->n = head->total;
    head->mask = malloc((size_t)head->n * sizeof *head->mask);
    if (!head->mask)
        return dn_fail(b->err, DN_NO_MEMORY, "%s: no memory for %d anchors", b->path, head->n);
    for (int i = 0; i < head->n; i++)
        head->mask[i] = i;
    return DN_OK;
}

enum dn_status dn_head_shape(struct dn_build *b, struct dn_layer *l, int planes)
{
    const struct dn_head *head = &l->u.head;
    int64_t wanted = (int64_t)head->n * planes;
    if (b->err->status)
        return b->err->status;
    if (l->c != wanted)
        return dn_build_fail(b, NULL,
                             "reads %d channels, but %d anchors of %d values (classes=%d) need "
                             "filters=%lld in the layer before",
                             l->c, head->n, planes, head->classes, (long long)wanted);
    l->out_layout = DN_PLANAR;
    dn_build_inputs(b, l, NULL, 0);
    return dn_build_shape(b, l, l->c, l->h, l->w);
}

static const struct {
    const char *name;
    enum dn_nms kind;
} nms_kinds[] = {
    {"default", DN_NMS_DEFAULT},
    {"greedynms", DN_NMS_GREEDY},
    {"diounms", DN_NMS_DIOU},
    {"cornersnms", DN_NMS_CORNERS},
};

static enum dn_nms nms_kind(struct dn_build *b)
{
    const char *name = dn_key_text(b, "nms_kind", "default");
    size_t length = strcspn(name, "#");
    for (size_t i = 0; i < sizeof nms_kinds / sizeof *nms_kinds; i++)
        if (strlen(nms_kinds[i].name) == length && memcmp(nms_kinds[i].name, name, length) == 0)
            return nms_kinds[i].kind;
    dn_build_fail(b, "nms_kind",
                  "nms_kind=%s is unknown; known are default, greedynms, diounms and cornersnms",
                  name);
    return DN_NMS_DEFAULT;
}

enum dn_status dn_head_yolo_keys(struct dn_build *b, struct dn_head *head)
{
    static const char *const ignored[] = {
        "max", "jitter", "random", "map", "ignore_thresh", "truth_thresh", "show_details",
        "counters_per_class", "label_smooth_eps", "objectness_smooth", "iou_normalizer",
        "obj_normalizer", "cls_normalizer", "uc_normalizer", "delta_normalizer", "iou_loss",
        "iou_thresh_kind", "iou_thresh", "max_delta", "focal_loss", "resize", "beta1",
        "embedding_layer", "track_ciou_norm", "track_history_size", "sim_thresh", "dets_for_track",
        "dets_for_show", NULL};
    head->scale_x_y = dn_key_float(b, "scale_x_y", 1);
    head->beta_nms = dn_key_float(b, "beta_nms", .6f);
    head->nms = nms_kind(b);
    dn_key_ignore(b, ignored);
    return b->err->status;
}

void dn_head_logistic(const struct dn_run *run, int first, int n)
{
    struct dn_view planes = dn_view_channels(run->out, first, n);
    dn_activate(run->kernels, DN_LOGISTIC, &planes, run->rect, run->threads);
}

void dn_head_scale(const struct dn_run *run, int plane)
{
    float scale = run->layer->u.head.scale_x_y, shift = -.5f * (scale - 1);
    for (int y = run->rect.y0; y < run->rect.y1; y++) {
        float *v = dn_view_at(&run->out, plane, y, 0);
        for (int x = run->rect.x0; x < run->rect.x1; x++)
            v[x] = v[x] * scale + shift;
    }
}
