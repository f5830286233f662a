/* Writing pictures row by row: PNG when the name ends in .png, else JPEG. The file appears under
 * its name only when it is complete. */
#ifndef DN_IMAGE_WRITER_H
#define DN_IMAGE_WRITER_H

#include "base/file.h"

struct dn_writer {
    struct dn_output out;
    int w, h;
    int png; /* else JPEG */
    void *encoder;
};

/* Free with dn_writer_abandon, also after a failure or a commit. */
enum dn_status dn_writer_open(struct dn_writer *w, const char *path, int width, int height,
                              struct dn_error *err);
enum dn_status dn_writer_row(struct dn_writer *w, const unsigned char *rgb, struct dn_error *err);
enum dn_status dn_writer_commit(struct dn_writer *w, struct dn_error *err);
void dn_writer_abandon(struct dn_writer *w);

/* Bytes that writing a picture of this name and width takes. */
size_t dn_writer_bytes(const char *path, int width);

#endif
