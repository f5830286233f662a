/* Detection heads: what their outputs hold, and the parse steps they share.
 *
 * The output of a head is planar and in stock's order whatever the dialect, with the activations of
 * the forward pass applied; the decoders in src/detect start from there. h x w cells, planes
 * numbered within an anchor (a of head.n):
 *
 *   yolo           planes a*(5+classes)+e: 0 x, 1 y, 2 w, 3 h, 4 objectness, 5.. classes.
 *                  Logistic on all but 2 and 3; with new_coords nothing. Then x and y become
 *                  v*scale_x_y - (scale_x_y-1)/2.
 *   Gaussian_yolo  planes a*(9+classes)+e: 0 x, 1 its deviation, 2 y, 3, 4 w, 5, 6 h, 7,
 *                  8 objectness, 9.. classes. Logistic on all but 4 and 6, then scale_x_y on 0, 2.
 *   region         planes a*(coords+1+classes)+e: 0 x, 1 y, 2 w, 3 h, up to coords-1 mask, coords
 *                  objectness, then classes. Logistic on x, y and objectness. Classes: softmax
 *                  within tree groups, or over all with softmax=1; otherwise logistic in stock and
 *                  unchanged in alexeyab. With background the plane `coords` is a class too: no
 *                  objectness is squashed, and the softmax runs over classes+1 planes. alexeyab
 *                  keeps its values transposed and squashes x and y when it decodes; the numbers
 *                  are the same.
 *   detection      one vector: classes [cell][classes], confidence [cell][n], boxes
 *                  [cell][n][coords], cells row by row, side*side of them. Unchanged, but classes
 *                  go through softmax with softmax=1.
 *
 * Where stock's CPU code is broken (class hierarchies), its GPU formula is what counts. Format
 * sections 3.31 to 3.34. */
#ifndef DN_LAYER_HEAD_H
#define DN_LAYER_HEAD_H

#include "layer/layer.h"

/* Reads `classes`, `num` and `anchors`: total and n become num, missing anchors 0.5, more than num
 * pairs are an error. */
enum dn_status dn_head_anchors(struct dn_build *b, struct dn_head *head);

/* Reads `mask`, whose numbers must be anchors; without the key all anchors are used. */
enum dn_status dn_head_mask(struct dn_build *b, struct dn_head *head);

/* Input and shape of a head with `planes` planes per anchor; fails unless the input has
 * head.n * planes channels. */
enum dn_status dn_head_shape(struct dn_build *b, struct dn_layer *l, int planes);

/* Reads scale_x_y, nms_kind, beta_nms and marks the training keys of both yolo types as known. */
enum dn_status dn_head_yolo_keys(struct dn_build *b, struct dn_head *head);

/* Logistic function in place on planes [first, first + n) of the run's output. */
void dn_head_logistic(const struct dn_run *run, int first, int n);

/* v = v * scale_x_y - (scale_x_y - 1) / 2 in place on one plane of the run's output. */
void dn_head_scale(const struct dn_run *run, int plane);

#endif
