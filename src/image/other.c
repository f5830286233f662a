/* All other formats, through stb_image: decoded as a whole. */
#include <stdlib.h>
#include <string.h>

#include "image/reader.h"

#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_NO_JPEG
#define STBI_NO_PNG
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS DN_PHOTO_SIDE
#include <stb_image.h>
#pragma GCC diagnostic pop

static void close_other(struct dn_reader *r)
{
    stbi_image_free(r->decoder);
}

static enum dn_status next(struct dn_reader *r, unsigned char *row, struct dn_error *err)
{
    size_t line = 3 * (size_t)r->stored_w;
    if (!r->decoder) {
        int w, h, channels;
        rewind(r->file);
        r->decoder = stbi_load_from_file(r->file, &w, &h, &channels, 3);
        if (!r->decoder)
            return dn_fail(err, DN_INVALID, "%s: is not a sound photo: %s", r->path, stbi_failure_reason());
    }
    memcpy(row, (unsigned char *)r->decoder + (size_t)(r->y - 1) * line, line);
    return DN_OK;
}

enum dn_status dn_stb_open(struct dn_reader *r, struct dn_error *err)
{
    int w, h, channels;
    if (!stbi_info_from_file(r->file, &w, &h, &channels))
        return dn_fail(err, DN_INVALID, "%s: is not a photo in a known format (JPEG, PNG, BMP, TGA, GIF, PSD, PNM)",
                       r->path);
    if (dn_reader_check(r, w, h, err))
        return err->status;
    r->w = w;
    r->h = h;
    r->next = next;
    r->close = close_other;
    r->bytes = 4 * (size_t)w * (size_t)h; /* decoded, and once more while channels are converted */
    return DN_OK;
}
