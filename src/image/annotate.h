/* Detections drawn over a photo: laid over its rows on their way from its file into a new one. */
#ifndef DN_IMAGE_ANNOTATE_H
#define DN_IMAGE_ANNOTATE_H

#include "darknet.h"
#include "image/draw.h"

/* A detection that is above the threshold. Small, because there may be tens of thousands, for which a plan has room:
 * see dn_detection_bytes() (detect/decode.h). */
struct dn_mark {
    int found; /* of the report's detections */
    int best;  /* class */
};

struct dn_drawing {
    const darknet_report *report;
    int dialect;
    int w, h;               /* of the picture */
    int line, letters;      /* pixels */
    float scale_x, scale_y; /* pixels of a box's unit */
    struct dn_mark *marks;  /* [n], in the report's order */
    int n;
};

/* Prepares drawing a report, in the dialect's style, over a picture of w x h. The report must outlive the
 * drawing. Free with dn_drawing_close, also after a failure. */
enum dn_status dn_drawing_open(struct dn_drawing *drawing, const darknet_report *report, int dialect, int w,
                               int h, struct dn_error *err);
void dn_drawing_close(struct dn_drawing *drawing);

/* Draws over row canvas->y. */
void dn_drawing_row(const struct dn_drawing *drawing, struct dn_canvas *canvas);

/* Reads the photo `in`, writes it as `out` with the drawing over it. */
enum dn_status dn_annotate_file(const darknet_report *report, const char *in, const char *out,
                                int dialect, struct dn_error *err);

#endif
