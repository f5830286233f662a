/* Resizing and fitting a photo into a network's input, row by row. Format sections 5.2 to 5.5.
 *
 * A source hands out the photo's rows in order, as planar floats; two rows, already resized,
 * are kept as far as they are in the output. So a photo of any height needs the memory of a few rows, and the result
 * has the same bits as resizing the whole photo at once. */
#ifndef DN_IMAGE_RESIZE_H
#define DN_IMAGE_RESIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum dn_fit { DN_FIT_LETTERBOX, DN_FIT_STRETCH, DN_FIT_CROP };

/* Where rows come from: `next` writes the next row's channels, channel c at row + c * w. row NULL:
 * nobody looks at this one. */
struct dn_pixels {
    int w, h, c;
    enum dn_status (*next)(void *context, float *row, struct dn_error *err);
    void *context;
};

struct dn_fitter {
    struct dn_pixels in;
    int w, h; /* of the output */
    int scaled_w, scaled_h;
    int left, top; /* of the scaled photo in the output; negative where it is cropped */
    int first, seen; /* columns of the scaled photo that are in the output: the first one, their number */
    bool crop;     /* what is missing above and below repeats the edge; else it is gray */
    float step_x, step_y;
    int have;       /* rows taken from the source */
    float *line;    /* [c][in.w] the last of them */
    float *part[2]; /* [c][w] rows have - 2 and have - 1, resized to the width: the columns that are seen */
};

/* The size that a photo of w x h gets when it is letterboxed into out_w x out_h. */
void dn_letterbox_size(int w, int h, int out_w, int out_h, int *new_w, int *new_h);

/* Bytes that a fitter takes: a row of the photo, and two of the output, however it is fitted. */
size_t dn_fitter_bytes(int in_w, int c, int w);

/* Fits `in` into w x h. Free with dn_fitter_close, also after a failure. */
enum dn_status dn_fitter_open(struct dn_fitter *f, const struct dn_pixels *in, enum dn_fit fit,
                              int w, int h, struct dn_error *err);
void dn_fitter_close(struct dn_fitter *f);

/* Row y of the output, channel c at row + c * plane. Rows must be asked for from the top. `fitter`
 * is the struct dn_fitter: this is the read function of struct dn_rows (exec/exec.h). */
enum dn_status dn_fitter_row(void *fitter, int y, float *row, ptrdiff_t plane,
                             struct dn_error *err);

#endif
