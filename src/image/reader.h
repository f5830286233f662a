/* Reading photos row by row: JPEG, PNG and PNM by scanline, everything else as a whole.
 *
 * Rows are RGB bytes, upright (the EXIF orientation of a JPEG is applied), alpha dropped, 16 bits
 * cut to 8, gray and CMYK converted: as stock sees them when it is built with OpenCV. */
#ifndef DN_IMAGE_READER_H
#define DN_IMAGE_READER_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

struct dn_reader {
    int w, h;
    size_t bytes; /* that it takes while it is open, buffers of the decoder included */

    /* of the formats: next decodes one row into `row`, close frees `decoder` */
    enum dn_status (*next)(struct dn_reader *r, unsigned char *row, struct dn_error *err);
    void (*close)(struct dn_reader *r);
    void *decoder;
    const char *path;
    FILE *file;
    unsigned char *whole;   /* the whole photo, where it cannot be had by rows */
    int y;                  /* rows delivered */
    int orientation;        /* EXIF: 1 to 8 */
    int stored_w, stored_h; /* before the orientation is applied */
};

/* Opens a photo and reads its header; nothing large is allocated before the first row. `path` must
 * live as long as the reader. On failure nothing needs to be closed. */
enum dn_status dn_reader_open(struct dn_reader *r, const char *path, struct dn_error *err);
void dn_reader_close(struct dn_reader *r);

/* The next row, 3 * w bytes. */
enum dn_status dn_reader_row(struct dn_reader *r, unsigned char *row, struct dn_error *err);

/* For the formats: fill w, h, bytes, orientation, next, close and decoder from r->file. */
enum dn_status dn_jpeg_open(struct dn_reader *r, struct dn_error *err);
enum dn_status dn_png_open(struct dn_reader *r, struct dn_error *err);
enum dn_status dn_pnm_open(struct dn_reader *r, struct dn_error *err);
enum dn_status dn_stb_open(struct dn_reader *r, struct dn_error *err);

enum { DN_PHOTO_SIDE = 1 << 16 }; /* most rows or columns */

/* Fails for sizes that are zero or too large to count in an int. */
enum dn_status dn_reader_check(const struct dn_reader *r, long long w, long long h,
                               struct dn_error *err);

#endif
