/* BMP, TGA, GIF (its first picture) and PSD, through stb_image: decoded as a whole.
 *
 * stb_image takes what is missing at a file's end for zeros, so the reads are watched here. */
#include <stdbool.h>
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
#define STBI_NO_PNM /* the library reads beyond 16-bit gray ones */
#define STBI_NO_PIC
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS DN_PHOTO_SIDE
#include <stb_image.h>
#pragma GCC diagnostic pop

enum {
    REFILL = 128
}; /* what stb_image asks for when it fills its buffer, so that less is no error */

struct source {
    FILE *file;
    bool cut; /* bytes were wanted behind the end */
};

static int read_bytes(void *context, char *to, int n)
{
    struct source *s = context;
    int got = (int)fread(to, 1, (size_t)n, s->file);
    if (got == 0 || (got < n && n != REFILL))
        s->cut = true;
    return got;
}

static void skip_bytes(void *context, int n)
{
    struct source *s = context;
    fseek(s->file, n, SEEK_CUR);
}

static int at_end(void *context)
{
    struct source *s = context;
    int c = getc(s->file);
    if (c != EOF)
        ungetc(c, s->file);
    return c == EOF;
}

static const stbi_io_callbacks reads = {read_bytes, skip_bytes, at_end};

static void close_other(struct dn_reader *r)
{
    stbi_image_free(r->decoder);
}

static enum dn_status decode(struct dn_reader *r, struct dn_error *err)
{
    struct source source = {.file = r->file};
    int w, h, channels;
    rewind(r->file);
    r->decoder = stbi_load_from_callbacks(&reads, &source, &w, &h, &channels, 3);
    if (source.cut)
        return dn_fail(err, DN_INVALID, "%s: ends before its last row", r->path);
    if (!r->decoder)
        return dn_fail(err, DN_INVALID, "%s: is not a sound photo: %s", r->path,
                       stbi_failure_reason());
    if (w != r->stored_w || h != r->stored_h)
        return dn_fail(err, DN_INVALID, "%s: changed while it was read", r->path);
    return DN_OK;
}

static enum dn_status next(struct dn_reader *r, unsigned char *row, struct dn_error *err)
{
    size_t line = 3 * (size_t)r->stored_w;
    if (!r->decoder && decode(r, err))
        return err->status;
    memcpy(row, (unsigned char *)r->decoder + (size_t)(r->y - 1) * line, line);
    return DN_OK;
}

enum dn_status dn_stb_open(struct dn_reader *r, struct dn_error *err)
{
    struct source source = {.file = r->file};
    int w, h, channels, gif = getc(r->file) == 'G';
    rewind(r->file);
    if (!stbi_info_from_callbacks(&reads, &source, &w, &h, &channels))
        return dn_fail(err, DN_INVALID,
                       "%s: is not a photo in a known format (JPEG, PNG, BMP, TGA, GIF, PSD, PNM)",
                       r->path);
    if (dn_reader_check(r, w, h, err))
        return err->status;
    r->w = w;
    r->h = h;
    r->next = next;
    r->close = close_other;
    /* decoded, and once more while channels are converted; a GIF also has its background and marks
     */
    int per_pixel = gif ? 12 : channels == 3 ? 3 : channels + 3;
    r->bytes = (size_t)per_pixel * (size_t)w * (size_t)h;
    return DN_OK;
}
