/* See decode.h. The arithmetic is float32 as stock writes it, with exp in double. */
#include "detect/decode.h"

#include "base/size.h"

#include <math.h>
#include <stdlib.h>

detection *dn_detections_new(int n, int classes, int mask, struct dn_error *err)
{
    const size_t values = (size_t)classes + (size_t)dn_max(0, mask);
    detection *dets = calloc((size_t)n, sizeof *dets + values * sizeof(float));
    if (!dets) {
        dn_fail(err, DN_NO_MEMORY, "no memory for %d detections of %d classes", n, classes);
        return NULL;
    }
    float *value = (float *)(dets + n);
    for (int i = 0; i < n; i++, value += values) {
        dets[i].classes = classes;
        dets[i].prob = value;
        dets[i].mask = mask > 0 ? value + classes : NULL;
    }
    return dets;
}

size_t dn_detection_bytes(int classes, int mask)
{
    return sizeof(detection) + ((size_t)classes + (size_t)dn_max(0, mask)) * sizeof(float) + 2 * sizeof(int);
}

static float above(float value, float thresh)
{
    return value > thresh ? value : 0;
}

/* ---- yolo, Gaussian_yolo -------------------------------------------------------------------- */

/* Planes of one anchor. The five box values stand `step` planes apart; in a Gaussian head the
 * deviations of x, y, w and h stand between them. */
struct planes {
    size_t size; /* floats of one plane */
    int step, classes, all;
};

static struct planes yolo_planes(const struct dn_layer *l)
{
    struct planes p = {.size = (size_t)l->out_h * (size_t)l->out_w};
    p.step = l->ops->type == DN_GAUSSIAN_YOLO ? 2 : 1;
    p.classes = 4 * p.step + 1;
    p.all = p.classes + l->u.head.classes;
    return p;
}

/* Values of anchor `a` at a cell: v[e * p.size] is entry e. */
static const float *values_at(const float *out, const struct planes *p, int a, int cell)
{
    return out + (size_t)a * (size_t)p->all * p->size + cell;
}

static float side(const struct dn_head *head, float v, float anchor, int net)
{
    if (head->new_coords)
        return v * v * 4 * anchor / (float)net;
    return (float)(exp(v) * anchor / net);
}

static box yolo_box(const struct dn_layer *l, const float *v, int a, int cell,
                    const struct dn_fit *fit)
{
    const struct dn_head *head = &l->u.head;
    const float *anchor = &head->anchors[2 * head->mask[a]];
    struct planes p = yolo_planes(l);
    size_t step = (size_t)p.step * p.size;
    box b;
    b.x = ((float)(cell % l->out_w) + v[0]) / (float)l->out_w;
    b.y = ((float)(cell / l->out_w) + v[step]) / (float)l->out_h;
    b.w = side(head, v[2 * step], anchor[0], fit->net_w);
    b.h = side(head, v[3 * step], anchor[1], fit->net_h);
    float towards = head->yolo_point == 1 ? .5f : head->yolo_point == 2 ? -.5f : 0;
    b.x += towards * b.w;
    b.y += towards * b.h;
    return b;
}

/* 1 minus the mean deviation of the box; 1 for heads without deviations. */
static float certainty(const float *v, const struct planes *p)
{
    if (p->step == 1)
        return 1;
    return 1 - (v[p->size] + v[3 * p->size] + v[5 * p->size] + v[7 * p->size]) / 4;
}

static void decode_yolo(const struct dn_layer *l, const float *out, const struct dn_decode *how,
                        detection *dets)
{
    const struct dn_head *head = &l->u.head;
    struct planes p = yolo_planes(l);
    for (int cell = 0; cell < l->out_h * l->out_w; cell++)
        for (int a = 0; a < head->n; a++) {
            const float *v = values_at(out, &p, a, cell);
            float objectness = v[4 * (size_t)p.step * p.size];
            if (!(objectness > how->thresh))
                continue;
            const float *class = v + (size_t)p.classes * p.size;
            float sure = certainty(v, &p);
            detection *d = dets++;
            d->bbox = dn_box_on_photo(yolo_box(l, v, a, cell, &how->fit), &how->fit);
            d->objectness = objectness;
            d->classes = head->classes;
            for (int c = 0; c < head->classes; c++)
                d->prob[c] = above(objectness * class[(size_t)c * p.size] * sure, how -> thresh);
        }
}

static int count_yolo(const struct dn_layer *l, const float *out, float thresh)
{
    struct planes p = yolo_planes(l);
    int n = 0;
    for (int a = 0; a < l->u.head.n; a++) {
        const float *objectness = values_at(out, &p, a, 0) + 4 * (size_t)p.step * p.size;
        for (size_t cell = 0; cell < p.size; cell++)
            n += objectness[cell] > thresh;
    }
    return n;
}

/* ---- region --------------------------------------------------------------------------------- */

static box region_box(const struct dn_layer *l, const float *v, int a, int cell)
{
    const float *anchor = &l->u.head.anchors[2 * a];
    size_t plane = (size_t)l->out_h * (size_t)l->out_w;
    return (box){
        .x = ((float)(cell % l->out_w) + v[0]) / (float)l->out_w,
        .y = ((float)(cell / l->out_w) + v[plane]) / (float)l->out_h,
        .w = (float)(exp(v[2 * plane]) * anchor[0] / l->out_w),
        .h = (float)(exp(v[3 * plane]) * anchor[1] / l->out_h),
    };
}

/* Absolute probabilities of a hierarchy's classes; `class` is the plane of the first at the cell.
 */
static const float *hierarchy(const struct dn_layer *l, const float *class, float *scratch)
{
    size_t plane = (size_t)l->out_h * (size_t)l->out_w;
    for (int c = 0; c < l->u.head.classes; c++)
        scratch[c] = class[(size_t)c * plane];
    dn_tree_predictions(l->u.head.tree, scratch, 1, 0);
    return scratch;
}

static void hierarchy_probs(const struct dn_layer *l, const float *p, float objectness,
                            const struct dn_decode *how, float *prob)
{
    const struct dn_head *head = &l->u.head;
    if (how->map) {
        for (int i = 0; i < DN_MAP_IDS && i < head->classes; i++)
            if (how->map[i] >= 0 && how->map[i] < head->classes)
                prob[i] = above(objectness * p[how->map[i]], how->thresh);
    } else if (l->dialect == DN_STOCK) {
        prob[dn_tree_top(head->tree, p, 1, how->hier)] = above(objectness, how->thresh);
    } else if (objectness > how->thresh) {
        for (int c = head->classes - 1; c >= 0; c--)
            if (p[c] > .5f) {
                prob[c] = p[c];
                break;
            }
    }
}

/* One candidate. The background of a head that has one is no class: it stands where others have the
 * objectness, which is 1 then. In the alexeyab dialect every one has objectness 1, and classfix=-1
 * drops those whose own is below 0.5. */
static void region_candidate(const struct dn_layer *l, const float *v, const struct dn_decode *how,
                             detection *d, float *scratch)
{
    const struct dn_head *head = &l->u.head;
    size_t plane = (size_t)l->out_h * (size_t)l->out_w;
    float objectness = head->background ? 1 : v[(size_t)head->coords * plane];
    const float *class = v + (size_t)(head->coords + 1) * plane;
    if (l->dialect == DN_ALEXEYAB && head->classfix == -1 && objectness < .5f)
        objectness = 0;
    d->classes = head->classes;
    d->objectness = l->dialect == DN_STOCK ? above(objectness, how->thresh) : 1;
    for (int i = 0; d->mask && i < head->coords - 4; i++)
        d->mask[i] = v[(size_t)(4 + i) * plane];
    if (head->tree)
        hierarchy_probs(l, hierarchy(l, class, scratch), objectness, how, d->prob);
    else if (d->objectness != 0)
        for (int c = 0; c < head->classes; c++)
            d->prob[c] = above(objectness * class[(size_t)c * plane], how -> thresh);
}

static void decode_region(const struct dn_layer *l, const float *out, const struct dn_decode *how,
                          detection *dets, float *scratch)
{
    const struct dn_head *head = &l->u.head;
    int cells = l->out_h * l->out_w;
    size_t anchor = (size_t)(head->coords + 1 + head->classes) * (size_t)cells;
    for (int a = 0; a < head->n; a++)
        for (int cell = 0; cell < cells; cell++) {
            const float *v = out + (size_t)a * anchor + cell;
            detection *d = &dets[l->dialect == DN_STOCK ? a * cells + cell : cell * head->n + a];
            d->bbox = dn_box_on_photo(region_box(l, v, a, cell), &how->fit);
            region_candidate(l, v, how, d, scratch);
        }
}

/* ---- detection ------------------------------------------------------------------------------ */

static void decode_detection(const struct dn_layer *l, const float *out,
                             const struct dn_decode *how, detection *dets)
{
    const struct dn_head *head = &l->u.head;
    struct dn_fit fit = how->fit;
    size_t cells = (size_t)head->side * (size_t)head->side, n = (size_t)head->n;
    const float *confidences = out + cells * (size_t)head->classes;
    const float *boxes = confidences + cells * n;
    if (how->stretch_first)
        fit.letter = fit.relative = false;
    for (size_t i = 0; i < cells * n; i++) {
        int cell = (int)(i / n);
        const float *v = boxes + i * (size_t)head->coords;
        const float *class = out + (size_t)cell * (size_t)head->classes;
        detection *d = &dets[i];
        box b = {.x = (v[0] + (float)(cell % head->side)) / (float)head->side,
                 .y = (v[1] + (float)(cell / head->side)) / (float)head->side,
                 .w = head->square_root ? v[2] * v[2] : v[2],
                 .h = head->square_root ? v[3] * v[3] : v[3]};
        d->bbox = dn_box_on_photo(b, &fit);
        d->objectness = confidences[i];
        d->classes = head->classes;
        for (int c = 0; c < head->classes; c++)
            d->prob[c] = above(confidences[i] * class[c], how -> thresh);
    }
}

/* ---- all heads ------------------------------------------------------------------------------ */

int dn_decode_most(const struct dn_layer *l)
{
    const struct dn_head *head = &l->u.head;
    switch (l->ops->type) {
    case DN_YOLO:
    case DN_GAUSSIAN_YOLO:
    case DN_REGION:
        return l->out_h * l->out_w * head->n;
    case DN_DETECTION:
        return head->side * head->side * head->n;
    default:
        return 0;
    }
}

int dn_decode_count(const struct dn_layer *l, const float *out, float thresh)
{
    bool selects = l->ops->type == DN_YOLO || l->ops->type == DN_GAUSSIAN_YOLO;
    return selects ? count_yolo(l, out, thresh) : dn_decode_most(l);
}

void dn_decode(const struct dn_layer *l, const float *out, const struct dn_decode *how,
               detection *dets, float *scratch)
{
    switch (l->ops->type) {
    case DN_YOLO:
    case DN_GAUSSIAN_YOLO:
        decode_yolo(l, out, how, dets);
        break;
    case DN_REGION:
        decode_region(l, out, how, dets, scratch);
        break;
    case DN_DETECTION:
        decode_detection(l, out, how, dets);
        break;
    default:
        break;
    }
}
