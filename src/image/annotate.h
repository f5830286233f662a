/* Detections drawn over a photo: patches from a report, laid over the photo's rows on their way from
 * its file into a new one. */
#ifndef DN_IMAGE_ANNOTATE_H
#define DN_IMAGE_ANNOTATE_H

#include "darknet.h"
#include "image/draw.h"

/* What to draw for the detections of a report over a picture of w x h, in the dialect's style.
 * Free with dn_drawing_free, also after a failure. */
enum dn_status dn_annotations(const darknet_report *report, int w, int h, int dialect,
                              struct dn_drawing *drawing, struct dn_error *err);

/* Reads the photo `in`, writes it as `out` with the drawing over it. */
enum dn_status dn_annotate_file(const darknet_report *report, const char *in, const char *out, int dialect,
                                struct dn_error *err);

#endif
