/* Photos for tests: one smooth picture, written in every way that a file can hold it. */
#ifndef DN_TESTS_PHOTO_H
#define DN_TESTS_PHOTO_H

#include <stdbool.h>
#include <stddef.h>

/* The picture's RGB value at (x, y). */
void photo_pixel(int x, int y, unsigned char rgb[3]);

/* A folder of this process, made at the first call, and a path in it; valid until the fourth call
 * after this one. */
const char *photo_path(const char *name);

enum photo_colours { PHOTO_GRAY = 1, PHOTO_RGB = 3, PHOTO_CMYK = 4 };

struct photo_jpeg {
    int w, h;
    enum photo_colours colours;
    bool progressive;
    int orientation; /* EXIF; 0: the file has none */
    int across,
        down; /* samples of the first component for one of the others; 0: libjpeg's choice */
};
void photo_write_jpeg(const char *path, const struct photo_jpeg *jpeg);

struct photo_png {
    int w, h;
    int colour_type, depth; /* of libpng */
    bool interlaced;
};
void photo_write_png(const char *path, const struct photo_png *png);

/* A whole file; free the bytes. */
unsigned char *photo_read(const char *path, size_t *size);
void photo_write(const char *path, const void *bytes, size_t size);

#endif
