/* Non-maximum suppression, in place: of overlapping boxes only the best keeps its probability.
 *
 * Stock prints detections in the order that its suppression leaves, so that order is part of the
 * contract (format section 6.3): entries without objectness go to the end by swaps, the others are
 * sorted, stably, by each class in turn. Nothing is allocated, nothing can fail. */
#ifndef DN_DETECT_NMS_H
#define DN_DETECT_NMS_H

#include "darknet.h"
#include "layer/layer.h"

/* When a box is too close to a better one. */
struct dn_nms_rule {
    enum dn_nms kind; /* default and corners: iou > thresh; greedy: diou with beta 0.6 > thresh;
                         diou: diou with `beta` > thresh */
    float thresh, beta;
};

/* Class by class: a suppressed box loses the probability of that class. prob has at least `classes`
 * entries. */
void dn_nms_sort(detection *dets, int total, int classes, struct dn_nms_rule rule);

/* Over all classes at once, by objectness: a suppressed box loses everything. */
void dn_nms_objectness(detection *dets, int total, int classes, float thresh);

#endif
