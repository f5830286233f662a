/* Detections drawn over a photo: laid over its rows on their way from its file into a new one. */
#ifndef DN_IMAGE_ANNOTATE_H
#define DN_IMAGE_ANNOTATE_H

#include "darknet.h"
#include "image/draw.h"

/* A detection that is above the threshold, in pixels of the picture. */
struct dn_mark {
    struct dn_patch patch;
    const detection *found;
    int best; /* class */
};

struct dn_drawing {
    const darknet_report *report;
    int dialect;
    int line, letters;     /* pixels */
    struct dn_mark *marks; /* [n], in the report's order */
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
