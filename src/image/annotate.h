/* Detections drawn over a photo: laid over its rows on their way from its file into a new one. */
#ifndef DN_IMAGE_ANNOTATE_H
#define DN_IMAGE_ANNOTATE_H

#include "darknet.h"
#include "image/draw.h"

/* Draws the detections of a report over row canvas->y, in the dialect's style. */
void dn_annotate_row(struct dn_canvas *canvas, const darknet_report *report, int dialect);

/* Reads the photo `in`, writes it as `out` with the drawing over it. */
enum dn_status dn_annotate_file(const darknet_report *report, const char *in, const char *out,
                                int dialect, struct dn_error *err);

#endif
