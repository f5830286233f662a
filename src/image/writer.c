/* See writer.h. */
#include "image/writer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jpeglib.h>
#include <png.h>

enum { QUALITY = 80 };
/* What the libraries were seen to allocate, of a picture and of each of its columns. */
enum { JPEG_BYTES = 32 << 10, JPEG_COLUMN = 32, PNG_BYTES = 290 << 10, PNG_COLUMN = 13 };

struct jpeg_encoder {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf back;
};

struct png_encoder {
    png_structp png;
    png_infop info;
};

static void jpeg_fail_back(j_common_ptr jpeg)
{
    struct jpeg_encoder *e = jpeg->client_data;
    longjmp(e->back, 1);
}

static void stay_quiet(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void png_fail_back(png_structp png, png_const_charp text)
{
    (void)text;
    longjmp(png_jmpbuf(png), 1);
}

static void png_stay_quiet(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static enum dn_status fail(const struct dn_writer *w, struct dn_error *err)
{
    int reason = errno;
    return dn_fail(err, DN_IO, "%s: the picture of %dx%d cannot be written: %s", w->out.path, w->w,
                   w->h, reason ? strerror(reason) : "it is too large for its format");
}

static enum dn_status begin_jpeg(struct dn_writer *w, struct dn_error *err)
{
    struct jpeg_encoder *e = w->encoder = calloc(1, sizeof *e);
    if (!e)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for a JPEG encoder", w->out.path);
    e->jpeg.err = jpeg_std_error(&e->errors);
    e->errors.error_exit = jpeg_fail_back;
    e->errors.output_message = stay_quiet;
    e->jpeg.client_data = e;
    if (setjmp(e->back))
        return fail(w, err);
    jpeg_create_compress(&e->jpeg);
    e->jpeg.client_data = e;
    jpeg_stdio_dest(&e->jpeg, w->out.file);
    e->jpeg.image_width = (JDIMENSION)w->w;
    e->jpeg.image_height = (JDIMENSION)w->h;
    e->jpeg.input_components = 3;
    e->jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&e->jpeg);
    jpeg_set_quality(&e->jpeg, QUALITY, TRUE);
    jpeg_start_compress(&e->jpeg, TRUE);
    return DN_OK;
}

static enum dn_status begin_png(struct dn_writer *w, struct dn_error *err)
{
    struct png_encoder *e = w->encoder = calloc(1, sizeof *e);
    if (e)
        e->png =
            png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, png_fail_back, png_stay_quiet);
    if (e && e->png)
        e->info = png_create_info_struct(e->png);
    if (!e || !e->info)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for a PNG encoder", w->out.path);
    if (setjmp(png_jmpbuf(e->png)))
        return fail(w, err);
    png_init_io(e->png, w->out.file);
    png_set_IHDR(e->png, e->info, (png_uint_32)w->w, (png_uint_32)w->h, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(e->png, e->info);
    return DN_OK;
}

static int is_png(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && !strcasecmp(path + n - 4, ".png");
}

enum dn_status dn_writer_open(struct dn_writer *w, const char *path, int width, int height,
                              struct dn_error *err)
{
    memset(w, 0, sizeof *w);
    w->w = width;
    w->h = height;
    w->png = is_png(path);
    if (dn_output_open(&w->out, path, err))
        return err->status;
    errno = 0;
    return w->png ? begin_png(w, err) : begin_jpeg(w, err);
}

enum dn_status dn_writer_row(struct dn_writer *w, const unsigned char *rgb, struct dn_error *err)
{
    if (w->png) {
        struct png_encoder *e = w->encoder;
        if (setjmp(png_jmpbuf(e->png)))
            return fail(w, err);
        png_write_row(e->png, rgb);
        return DN_OK;
    }
    struct jpeg_encoder *e = w->encoder;
    JSAMPROW row = (JSAMPROW)(uintptr_t)rgb;
    if (setjmp(e->back))
        return fail(w, err);
    jpeg_write_scanlines(&e->jpeg, &row, 1);
    return DN_OK;
}

static enum dn_status finish(struct dn_writer *w, struct dn_error *err)
{
    if (w->png) {
        struct png_encoder *e = w->encoder;
        if (setjmp(png_jmpbuf(e->png)))
            return fail(w, err);
        png_write_end(e->png, e->info);
        return DN_OK;
    }
    struct jpeg_encoder *e = w->encoder;
    if (setjmp(e->back))
        return fail(w, err);
    jpeg_finish_compress(&e->jpeg);
    return DN_OK;
}

enum dn_status dn_writer_commit(struct dn_writer *w, struct dn_error *err)
{
    return finish(w, err) ? err->status : dn_output_commit(&w->out, err);
}

void dn_writer_abandon(struct dn_writer *w)
{
    if (w->encoder && w->png) {
        struct png_encoder *e = w->encoder;
        png_destroy_write_struct(&e->png, &e->info);
    } else if (w->encoder) {
        struct jpeg_encoder *e = w->encoder;
        jpeg_destroy_compress(&e->jpeg);
    }
    free(w->encoder);
    w->encoder = NULL;
    dn_output_abandon(&w->out);
}

size_t dn_writer_bytes(const char *path, int width)
{
    return is_png(path) ? PNG_BYTES + (size_t)width * PNG_COLUMN
                        : JPEG_BYTES + (size_t)width * JPEG_COLUMN;
}
