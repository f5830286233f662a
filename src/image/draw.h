/* Boxes and labels, one row of the picture at a time: nothing is kept between rows, so any number
 * of detections is drawn over a picture of any size in the memory of a row. */
#ifndef DN_IMAGE_DRAW_H
#define DN_IMAGE_DRAW_H

#include <stdbool.h>

#include "base/status.h"

/* Row y of a picture of w x h. fill paints columns [x0, x1), which are inside the picture. */
struct dn_canvas {
    int w, h, y;
    void (*fill)(struct dn_canvas *canvas, int x0, int x1, const unsigned char rgb[3]);
    void *context;
    void *letters; /* scratch of dn_canvas_open */
};

/* Columns [x0, x1) of rows [y0, y1); may reach beyond the picture. */
struct dn_patch {
    int x0, y0, x1, y1;
    unsigned char rgb[3];
};

/* Allocates the scratch memory of labels, DN_CANVAS_BYTES; close in either case. */
enum { DN_CANVAS_BYTES = 48 << 10 };
enum dn_status dn_canvas_open(struct dn_canvas *canvas, struct dn_error *err);
void dn_canvas_close(struct dn_canvas *canvas);

/* The outline of a box `line` pixels thick, growing inwards. */
void dn_draw_box(struct dn_canvas *canvas, const struct dn_patch *box, int line);

/* Text of `height` pixels on a background of the colour of `at`, its lower left corner at (at.x0,
 * at.y0), or below that corner where there is no room above. Letters are black or white, whichever
 * is easier to read; characters outside ASCII become "?". */
void dn_draw_label(struct dn_canvas *canvas, const struct dn_patch *at, int height,
                   const char *text);

/* The colour of one of n classes: far apart for neighbours, always the same for a class. */
void dn_class_colour(int class, int n, unsigned char rgb[3]);

#endif
