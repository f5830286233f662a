/* Boxes: overlap, and the way from the network's input back to the photo.
 *
 * src/detect uses the public structs box and detection of darknet.h: they are what it makes. */
#ifndef DN_DETECT_BOX_H
#define DN_DETECT_BOX_H

#include <stdbool.h>

#include "darknet.h"

/* Intersection over union; 0 where the boxes do not meet or both are empty (stock: NaN for two
 * empty ones). Format section 6.2. */
float dn_box_iou(box a, box b);

/* iou - (d2 / c2)^beta: d2 the squared distance of the centres, c2 the squared diagonal of the box
 * around both. Where c2 is 0: iou. */
float dn_box_diou(box a, box b, float beta);

/* A photo and how it was fitted into the network's input of net_w x net_h pixels. All sizes are at
 * least 1. */
struct dn_fit {
    int w, h;         /* of the photo */
    int net_w, net_h; /* of the input */
    bool letter;      /* aspect ratio kept, centred; else stretched */
    bool relative;    /* wanted are fractions of the photo, else pixels */
};

/* Turns fractions of the input into fractions or pixels of the photo. Format section 6.1: the
 * borders count in exact halves, although the photo was pasted at whole pixels. */
box dn_box_on_photo(box b, const struct dn_fit *fit);

#endif
