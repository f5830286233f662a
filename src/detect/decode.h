/* From the output of a head to candidate detections.
 *
 *     head output (layer/head.h) -> dn_decode -> detection[] -> nms.h -> report.h
 *
 * The decoders only read: asking twice gives the same (stock multiplies class hierarchies in
 * place). How many candidates there are, and their order, is stock's; region heads follow the
 * dialect of the network. Format sections 3.31 to 3.34. */
#ifndef DN_DETECT_DECODE_H
#define DN_DETECT_DECODE_H

#include "base/status.h"
#include "detect/box.h"
#include "layer/layer.h"

enum { DN_MAP_IDS = 200 }; /* length of the id list that callers of get_network_boxes pass */

struct dn_decode {
    struct dn_fit fit;
    float thresh, hier;
    const int *map;     /* [DN_MAP_IDS] classes of a hierarchy, or NULL */
    bool stretch_first; /* [detection]: pixels of a stretched photo whatever `fit` says, as stock's
                           get_network_boxes has them */
};

/* Candidates of a head whose output is `out`: those above the threshold of a yolo head, all of the
 * other heads. */
int dn_decode_count(const struct dn_layer *l, const float *out, float thresh);

/* The most that dn_decode_count may ever be. */
int dn_decode_most(const struct dn_layer *l);

/* Fills dets[0 .. dn_decode_count). Each has a zeroed prob of at least head.classes floats, and a
 * mask of head.coords - 4 floats or NULL. scratch: head.classes floats. */
void dn_decode(const struct dn_layer *l, const float *out, const struct dn_decode *how,
               detection *dets, float *scratch);

/* n zeroed detections, each with `classes` probabilities and `mask` mask values (NULL for 0), all in one block, which
 * free() gives back: a block for each array, as in stock, would take 16 bytes more. NULL and an error without memory. */
detection *dn_detections_new(int n, int classes, int mask, struct dn_error *err);

/* Bytes of such a detection, and two int for its place in a list of them. */
size_t dn_detection_bytes(int classes, int mask);

#endif
