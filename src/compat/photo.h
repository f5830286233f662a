/* A photo on its way from its file into a network's input, row by row. */
#ifndef DN_COMPAT_PHOTO_H
#define DN_COMPAT_PHOTO_H

#include "compat/engine.h"
#include "image/reader.h"
#include "image/resize.h"

/* A reader's RGB rows as planar floats of the channels that the network wants. */
struct dn_photo_rows {
    struct dn_reader reader;
    unsigned char *bytes;
    int channels;
    bool luma;         /* one channel: the brightness; else the red one, as in stock */
    float values[256]; /* of a byte */
};

/* Must not move while it is open. */
struct dn_photo {
    struct dn_photo_rows rows;
    struct dn_fitter fitter; /* its rows, by dn_fitter_row(), are the network's */
};

/* fit: enum darknet_fit. Fails when reading the photo takes more than a budget has for it. Close in either
 * case. Reads only what does not change from one prediction to the next, so any thread may call it. */
enum dn_status dn_photo_open(struct dn_photo *photo, const struct dn_engine *engine, const char *path, int fit,
                             struct dn_error *err);
void dn_photo_close(struct dn_photo *photo);

#endif
