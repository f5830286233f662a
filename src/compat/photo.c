/* Photos from files: predicting and drawing by rows, and what that takes. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "compat/ahead.h"
#include "compat/error.h"
#include "compat/photo.h"
#include "image/annotate.h"
#include "image/writer.h"

enum { ROUNDING = 20 << 10 }; /* bytes: blocks begin and end within pages */

static enum dn_status next_row(void *context, float *row, struct dn_error *err)
{
    struct dn_photo_rows *p = context;
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

static enum dn_status open_rows(struct dn_photo_rows *p, const char *path, int channels, bool luma,
                                struct dn_pixels *pixels, struct dn_error *err)
{
    *p = (struct dn_photo_rows){.channels = channels, .luma = luma && channels == 1};
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

static void close_rows(struct dn_photo_rows *p)
{
    free(p->bytes);
    if (p->reader.path)
        dn_reader_close(&p->reader);
}

/* What reading takes while the network runs, and fitting it into w columns of c channels. */
static size_t reading_bytes(const struct dn_reader *r, int c, int w)
{
    return r->bytes + (size_t)r->w * 3 + dn_fitter_bytes(r->w, c, w);
}

size_t darknet_photo_bytes(const char *photo, const char *picture)
{
    struct dn_reader reader;
    if (dn_reader_open(&reader, photo, dn_error_begin()))
        return 0;
    size_t read = reading_bytes(&reader, 3, 0);
    size_t drawn = picture ? reader.bytes + (size_t)reader.w * 3 + DN_CANVAS_BYTES +
                                 dn_writer_bytes(picture, reader.w)
                           : 0;
    dn_reader_close(&reader);
    return (read > drawn ? read : drawn) + ROUNDING;
}

static enum dn_status check_budget(const struct dn_engine *engine, const struct dn_reader *reader,
                                   struct dn_error *err)
{
    size_t bytes = reading_bytes(reader, engine->graph.c, engine->graph.w);
    if (!engine->budget || bytes <= engine->photo)
        return DN_OK;
    return dn_fail(err, DN_BUDGET,
                   "%s: reading this photo takes %.1f MB; %.1f MB of the budget are planned for it",
                   reader->path, (double)bytes / (1 << 20), (double)engine->photo / (1 << 20));
}

enum dn_status dn_photo_open(struct dn_photo *photo, const struct dn_engine *engine, const char *path, int fit,
                             struct dn_error *err)
{
    const struct dn_graph *g = &engine->graph;
    struct dn_pixels pixels;
    photo->fitter = (struct dn_fitter){0};
    photo->rows = (struct dn_photo_rows){0};
    if (fit < DARKNET_LETTERBOX || fit > DARKNET_CENTER_CROP)
        return dn_fail(err, DN_INVALID, "%s: fit %d is unknown; known are %d to %d", path, fit, DARKNET_LETTERBOX,
                       DARKNET_CENTER_CROP);
    if (!open_rows(&photo->rows, path, g->c, g->dialect == DN_ALEXEYAB, &pixels, err) &&
        !check_budget(engine, &photo->rows.reader, err))
        dn_fitter_open(&photo->fitter, &pixels, (enum dn_fit)fit, g->w, g->h, err);
    return err->status;
}

void dn_photo_close(struct dn_photo *photo)
{
    dn_fitter_close(&photo->fitter);
    close_rows(&photo->rows);
}

/* Rows of the current photo; after the last one its successor is begun with. */
struct current {
    struct dn_engine *engine;
    struct dn_fitter *fitter; /* NULL: the rows are read ahead */
    bool complete;
};

static enum dn_status current_row(void *context, int y, float *row, ptrdiff_t plane, struct dn_error *err)
{
    struct current *current = context;
    struct dn_engine *engine = current->engine;
    if (current->fitter ? dn_fitter_row(current->fitter, y, row, plane, err) : dn_ahead_row(engine, y, row, plane, err))
        return err->status;
    current->complete = y == engine->graph.h - 1;
    if (current->complete) {
        dn_ahead_end(engine);
        dn_ahead_begin(engine);
    }
    return DN_OK;
}

static void predict(struct dn_engine *engine, struct dn_fitter *fitter, struct dn_error *err)
{
    struct current current = {engine, fitter, false};
    struct dn_rows source = {.read = current_row, .context = &current};
    if (!err->status && !dn_engine_run(engine, &source, err) && engine->photo &&
        dn_engine_gives_back(engine)) /* it may be drawn on */
        dn_exec_release(&engine->exec, dn_engine_afterwards(engine->net, 0));
    if (!current.complete)
        dn_ahead_end(engine);
}

float *network_predict_file(network *net, const char *path, int fit, int *w, int *h)
{
    struct dn_error *err = dn_error_begin();
    struct dn_engine *engine = dn_engine_of(net);
    struct dn_photo photo;
    int unused = 0;
    if (dn_engine_check(engine, err))
        return NULL;
    w = w ? w : &unused;
    h = h ? h : &unused;
    if (dn_ahead_take(engine, path, fit, w, h, err)) {
        predict(engine, NULL, err);
        return err->status ? NULL : net->output;
    }
    if (!dn_photo_open(&photo, engine, path, fit, err)) {
        *w = photo.rows.reader.w;
        *h = photo.rows.reader.h;
        predict(engine, &photo.fitter, err);
    }
    dn_photo_close(&photo);
    return err->status ? NULL : net->output;
}

int network_read_ahead(network *net, const char *path, int fit)
{
    struct dn_engine *engine = dn_engine_of(net);
    struct dn_ahead *a = &engine->ahead;
    free(a->next);
    a->next = path && a->bytes && engine->options.read_ahead ? strdup(path) : NULL;
    a->next_fit = fit;
    return a->next != NULL;
}

int darknet_annotate(const darknet_report *report, const char *in, const char *out, int dialect)
{
    return dn_annotate_file(report, in, out, dialect, dn_error_begin()) == DN_OK;
}

image load_image(char *filename, int w, int h, int c)
{
    struct dn_error *err = dn_error_begin();
    struct dn_photo_rows rows;
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
