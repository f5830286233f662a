/* Photos from files: predicting and drawing by rows, and what that takes. */
#include <stdlib.h>

#include "base/size.h"
#include "compat/engine.h"
#include "compat/error.h"
#include "image/annotate.h"
#include "image/reader.h"
#include "image/resize.h"
#include "image/writer.h"

enum { WIDEST_INPUT = 1024 }; /* columns of a network's input, for the memory of fitted rows */

/* A reader's RGB rows as planar floats of the channels that the network wants. */
struct photo_rows {
    struct dn_reader reader;
    unsigned char *bytes;
    int channels;
    bool luma;         /* one channel: the brightness; else the red one, as in stock */
    float values[256]; /* of a byte */
};

static enum dn_status next_row(void *context, float *row, struct dn_error *err)
{
    struct photo_rows *p = context;
    int w = p->reader.w;
    if (dn_reader_row(&p->reader, p->bytes, err))
        return err->status;
    if (!row)
        return DN_OK;
    for (int x = 0; x < w && p->luma; x++) {
        const unsigned char *rgb = p->bytes + 3 * x;
        row[x] = p->values[(77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8];
    }
    for (int c = 0; c < p->channels && !p->luma; c++)
        for (int x = 0; x < w; x++)
            row[c * w + x] = p->values[p->bytes[3 * x + c]];
    return DN_OK;
}

static enum dn_status open_rows(struct photo_rows *p, const char *path, int channels, bool luma,
                                struct dn_pixels *pixels, struct dn_error *err)
{
    *p = (struct photo_rows){.channels = channels, .luma = luma && channels == 1};
    for (int i = 0; i < 256; i++)
        p->values[i] = (float)(i / 255.);
    if (channels > 3)
        return dn_fail(err, DN_UNSUPPORTED, "%s: a photo has 3 channels; the network wants %d",
                       path, channels);
    if (dn_reader_open(&p->reader, path, err))
        return err->status;
    p->bytes = malloc(3 * (size_t)p->reader.w);
    if (!p->bytes)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for a row", path);
    *pixels = (struct dn_pixels){
        .w = p->reader.w, .h = p->reader.h, .c = channels, .next = next_row, .context = p};
    return DN_OK;
}

static void close_rows(struct photo_rows *p)
{
    free(p->bytes);
    if (p->reader.path)
        dn_reader_close(&p->reader);
}

/* What reading and fitting take while the network runs. */
static size_t reading_bytes(const struct dn_reader *r)
{
    return r->bytes + (size_t)r->w * 3 * (1 + sizeof(float)) + 2 * 3 * sizeof(float) * WIDEST_INPUT;
}

size_t darknet_photo_bytes(const char *photo, const char *picture)
{
    struct dn_reader reader;
    if (dn_reader_open(&reader, photo, dn_error_begin()))
        return 0;
    size_t read = reading_bytes(&reader);
    size_t drawn = picture ? reader.bytes + (size_t)reader.w * 3 + DN_CANVAS_BYTES +
                                 dn_writer_bytes(picture, reader.w)
                           : 0;
    dn_reader_close(&reader);
    return read > drawn ? read : drawn;
}

static enum dn_status check_budget(const struct dn_engine *engine, const struct dn_reader *reader,
                                   struct dn_error *err)
{
    size_t bytes = reading_bytes(reader);
    if (!engine->budget || bytes <= engine->photo)
        return DN_OK;
    return dn_fail(err, DN_BUDGET,
                   "%s: reading this photo takes %.1f MB; %.1f MB of the budget are planned for it",
                   reader->path, (double)bytes / (1 << 20), (double)engine->photo / (1 << 20));
}

float *network_predict_file(network *net, const char *path, int fit, int *w, int *h)
{
    struct dn_error *err = dn_error_begin();
    struct dn_engine *engine = dn_engine_of(net);
    const struct dn_graph *g = &engine->graph;
    struct photo_rows rows;
    struct dn_pixels pixels;
    struct dn_fitter fitter = {0};
    bool luma = g->dialect == DN_ALEXEYAB;
    if (!open_rows(&rows, path, g->c, luma, &pixels, err) &&
        !check_budget(engine, &rows.reader, err) &&
        !dn_fitter_open(&fitter, &pixels, (enum dn_fit)fit, g->w, g->h, err)) {
        struct dn_rows source = {dn_fitter_row, &fitter};
        if (w)
            *w = pixels.w;
        if (h)
            *h = pixels.h;
        dn_engine_run(engine, &source, err);
        if (engine->photo) /* it may be drawn on */
            dn_exec_release(&engine->exec, dn_engine_afterwards(net, 0));
    }
    dn_fitter_close(&fitter);
    close_rows(&rows);
    return err->status ? NULL : net->output;
}

int darknet_annotate(const darknet_report *report, const char *in, const char *out, int dialect)
{
    return dn_annotate_file(report, in, out, dialect, dn_error_begin()) == DN_OK;
}

image load_image(char *filename, int w, int h, int c)
{
    struct dn_error *err = dn_error_begin();
    struct photo_rows rows;
    struct dn_pixels pixels;
    image im = {0};
    int channels = c >= 1 && c <= 3 ? c : 3;
    if (!open_rows(&rows, filename, channels, true, &pixels, err)) {
        im = make_image(pixels.w, pixels.h, channels);
        size_t plane = (size_t)pixels.w * (size_t)pixels.h;
        float *row = malloc((size_t)channels * (size_t)pixels.w * sizeof *row);
        if (!im.data || !row)
            dn_fail(err, DN_NO_MEMORY, "%s: no memory for %zu values", filename,
                    plane * (size_t)channels);
        for (int y = 0; y < pixels.h && !err->status && !next_row(&rows, row, err); y++)
            for (int k = 0; k < channels; k++)
                for (int x = 0; x < pixels.w; x++)
                    im.data[(size_t)k * plane + (size_t)y * (size_t)pixels.w + (size_t)x] =
                        row[k * pixels.w + x];
        free(row);
    }
    close_rows(&rows);
    if (err->status) {
        free_image(im);
        return (image){0};
    }
    if (w && h && (w != im.w || h != im.h)) {
        image resized = resize_image(im, w, h);
        free_image(im);
        im = resized;
    }
    return im;
}

image load_image_color(char *filename, int w, int h)
{
    return load_image(filename, w, h, 3);
}
