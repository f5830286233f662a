/* PNG by rows, through libpng; an interlaced file is decoded as a whole. */
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "image/reader.h"

enum { OVERHEAD = 62 << 10 }; /* mostly the window of the compression */

struct decoder {
    png_structp png;
    png_infop info;
    char text[128];
    unsigned char *whole; /* interlaced */
    int y;
};

static void fail_back(png_structp png, png_const_charp text)
{
    struct decoder *d = png_get_error_ptr(png);
    snprintf(d->text, sizeof d->text, "%s", text);
    longjmp(png_jmpbuf(png), 1);
}

static void ignore_warning(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static void close_png(struct dn_reader *r)
{
    struct decoder *d = r->decoder;
    if (!d)
        return;
    png_destroy_read_struct(&d->png, &d->info, NULL);
    free(d->whole);
    free(d);
}

static enum dn_status fail(struct dn_reader *r, struct dn_error *err)
{
    const struct decoder *d = r->decoder;
    return dn_fail(err, DN_INVALID, "%s: is not a sound PNG: %s", r->path, d->text);
}

/* All passes over a buffer of the whole photo. */
static enum dn_status read_interlaced(struct dn_reader *r, struct dn_error *err)
{
    struct decoder *d = r->decoder;
    size_t line = 3 * (size_t)r->stored_w;
    int passes = png_set_interlace_handling(d->png);
    png_start_read_image(d->png);
    d->whole = calloc((size_t)r->stored_h, line);
    if (!d->whole)
        return dn_fail(err, DN_NO_MEMORY,
                       "%s: no memory for %zu bytes: an interlaced PNG is decoded as a whole",
                       r->path, line * (size_t)r->stored_h);
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < r->stored_h; y++)
            png_read_row(d->png, d->whole + (size_t)y * line, NULL);
    return DN_OK;
}

static enum dn_status next(struct dn_reader *r, unsigned char *row, struct dn_error *err)
{
    struct decoder *d = r->decoder;
    if (setjmp(png_jmpbuf(d->png)))
        return fail(r, err);
    if (png_get_interlace_type(d->png, d->info) == PNG_INTERLACE_NONE) {
        png_read_row(d->png, row, NULL);
        return DN_OK;
    }
    if (!d->whole && read_interlaced(r, err))
        return err->status;
    memcpy(row, d->whole + 3 * (size_t)r->stored_w * (size_t)d->y++, 3 * (size_t)r->stored_w);
    return DN_OK;
}

/* Texts and profiles may unpack to gigabytes and say nothing about pixels. */
static void skip_extras(png_structp png)
{
    static const png_byte names[] = "iCCP\0tEXt\0zTXt\0iTXt\0sPLT\0eXIf\0hIST\0pCAL\0";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, (int)(sizeof names / 5));
}

enum dn_status dn_png_open(struct dn_reader *r, struct dn_error *err)
{
    struct decoder *d = calloc(1, sizeof *d);
    if (!d)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for a PNG decoder", r->path);
    r->decoder = d;
    r->close = close_png;
    r->next = next;
    d->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, d, fail_back, ignore_warning);
    d->info = d->png ? png_create_info_struct(d->png) : NULL;
    if (!d->info)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for a PNG decoder", r->path);
    if (setjmp(png_jmpbuf(d->png)))
        return fail(r, err);
    png_init_io(d->png, r->file);
    skip_extras(d->png);
    png_read_info(d->png, d->info);
    if (dn_reader_check(r, png_get_image_width(d->png, d->info),
                        png_get_image_height(d->png, d->info), err))
        return err->status;
    png_set_expand(d->png);
    png_set_strip_16(d->png);
    png_set_strip_alpha(d->png);
    png_set_gray_to_rgb(d->png);
    r->w = (int)png_get_image_width(d->png, d->info);
    r->h = (int)png_get_image_height(d->png, d->info);
    r->bytes = OVERHEAD + 16 * (size_t)r->w;
    if (png_get_interlace_type(d->png, d->info) != PNG_INTERLACE_NONE)
        r->bytes += 3 * (size_t)r->w * (size_t)r->h;
    return DN_OK;
}
