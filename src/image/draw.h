/* Boxes and labels over a picture, as rectangles of one colour: what is drawn is listed first and
 * then laid over each row of the picture, so the picture itself need not be in memory. */
#ifndef DN_IMAGE_DRAW_H
#define DN_IMAGE_DRAW_H

#include <stddef.h>

#include "base/status.h"

/* Columns [x0, x1) of rows [y0, y1), clipped to the picture. */
struct dn_patch {
    int x0, y0, x1, y1;
    unsigned char rgb[3];
};

struct dn_drawing {
    int w, h; /* of the picture */
    struct dn_patch *patches; /* later ones lie over earlier ones */
    int n, room;
};

void dn_drawing_free(struct dn_drawing *d);

/* The outline of a box `line` pixels thick, growing inwards. */
enum dn_status dn_draw_box(struct dn_drawing *d, struct dn_patch box, int line, struct dn_error *err);

/* Text of `height` pixels on a background of the colour of `at`, its lower left corner at (at.x0,
 * at.y0), or below that corner where there is no room above. Letters are black or white, whichever
 * is easier to read; characters outside ASCII become "?". */
enum dn_status dn_draw_label(struct dn_drawing *d, struct dn_patch at, int height, const char *text,
                             struct dn_error *err);

/* Lays everything over row y, 3 * w bytes. */
void dn_draw_row(const struct dn_drawing *d, int y, unsigned char *row);

/* The colour of one of n classes: far apart for neighbours, always the same for a class. */
void dn_class_colour(int class, int n, unsigned char rgb[3]);

#endif
