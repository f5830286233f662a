/* Images in memory: the functions of darknet.h on planar float pictures. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "compat/engine.h"
#include "compat/error.h"
#include "image/annotate.h"
#include "image/resize.h"
#include "image/window.h"
#include "image/writer.h"

static size_t values(image im)
{
    return (size_t)im.w * (size_t)im.h * (size_t)im.c;
}

image make_image(int w, int h, int c)
{
    struct dn_error *err = dn_error_begin();
    image im = {.w = w, .h = h, .c = c};
    size_t plane, n;
    if (w < 1 || h < 1 || c < 1 || !dn_mul((size_t)w, (size_t)h, &plane) ||
        !dn_mul(plane, (size_t)c, &n) || n > (size_t)1 << 32) {
        dn_fail(err, DN_INVALID, "an image of %dx%dx%d cannot be made; each must be at least 1, and their product at most 2^32",
                w, h, c);
        return (image){0};
    }
    im.data = calloc(n, sizeof *im.data);
    if (im.data)
        return im;
    dn_fail(err, DN_NO_MEMORY, "no memory for an image of %dx%dx%d", w, h, c);
    return (image){0};
}

void free_image(image im)
{
    free(im.data);
}

/* DN_OK when there is one; `caller` is what it was given to. */
static enum dn_status check(image im, const char *caller, struct dn_error *err)
{
    return im.data ? DN_OK : dn_fail(err, DN_INVALID, "%s: there is no image, its data is NULL", caller);
}

image copy_image(image im)
{
    if (check(im, "copy_image", dn_error_begin()))
        return (image){0};
    image copy = make_image(im.w, im.h, im.c);
    if (copy.data)
        memcpy(copy.data, im.data, values(im) * sizeof *im.data);
    return copy;
}

void rgbgr_image(image im)
{
    size_t plane = (size_t)im.w * (size_t)im.h;
    for (size_t i = 0; im.c >= 3 && i < plane; i++) {
        float red = im.data[i];
        im.data[i] = im.data[2 * plane + i];
        im.data[2 * plane + i] = red;
    }
}

/* An image as a source of rows. */
struct image_rows {
    image im;
    int y;
};

static enum dn_status next_row(void *context, float *row, struct dn_error *err)
{
    struct image_rows *r = context;
    (void)err;
    for (int c = 0; row && c < r->im.c; c++)
        memcpy(row + (size_t)c * (size_t)r->im.w,
               r->im.data + ((size_t)c * (size_t)r->im.h + (size_t)r->y) * (size_t)r->im.w,
               (size_t)r->im.w * sizeof *row);
    r->y++;
    return DN_OK;
}

static struct dn_pixels pixels_of(struct image_rows *rows)
{
    return (struct dn_pixels){
        .w = rows->im.w, .h = rows->im.h, .c = rows->im.c, .next = next_row, .context = rows};
}

/* All rows of a fit into an image of the size wanted. */
static void fit_into(image im, enum dn_fit fit, image out, struct dn_error *err)
{
    struct image_rows rows = {.im = im};
    struct dn_pixels pixels = pixels_of(&rows);
    struct dn_fitter fitter;
    if (!dn_fitter_open(&fitter, &pixels, fit, out.w, out.h, err)) {
        ptrdiff_t plane = (ptrdiff_t)out.w * out.h;
        for (int y = 0; y < out.h; y++)
            dn_fitter_row(&fitter, y, out.data + (ptrdiff_t)y * out.w, plane, err);
        dn_fitter_close(&fitter);
    }
}

static image fit_new(image im, enum dn_fit fit, int w, int h, const char *caller)
{
    if (check(im, caller, dn_error_begin()))
        return (image){0};
    image out = make_image(w, h, im.c);
    if (!out.data)
        return out;
    struct dn_error *err = dn_error_begin();
    fit_into(im, fit, out, err);
    if (!err->status)
        return out;
    free_image(out);
    return (image){0};
}

image resize_image(image im, int w, int h)
{
    return fit_new(im, DN_FIT_STRETCH, w, h, "resize_image");
}

image letterbox_image(image im, int w, int h)
{
    return fit_new(im, DN_FIT_LETTERBOX, w, h, "letterbox_image");
}

/* Leaves what is beside the photo as it was, as stock does. */
void letterbox_image_into(image im, int w, int h, image boxed)
{
    struct dn_error *err = dn_error_begin();
    int new_w, new_h;
    if (check(im, "letterbox_image_into", err) || check(boxed, "letterbox_image_into", err))
        return;
    if (boxed.w < w || boxed.h < h || boxed.c < im.c) {
        dn_fail(err, DN_INVALID, "an image of %dx%dx%d cannot take one of %dx%dx%d",
                boxed.w, boxed.h, boxed.c, w, h, im.c);
        return;
    }
    dn_letterbox_size(im.w, im.h, w, h, &new_w, &new_h);
    image scaled = resize_image(im, new_w, new_h);
    int left = (w - new_w) / 2, top = (h - new_h) / 2;
    for (int c = 0; scaled.data && c < im.c; c++)
        for (int y = 0; y < new_h; y++)
            memcpy(boxed.data +
                       ((size_t)c * (size_t)boxed.h + (size_t)(y + top)) * (size_t)boxed.w + left,
                   scaled.data + ((size_t)c * (size_t)new_h + (size_t)y) * (size_t)new_w,
                   (size_t)new_w * sizeof(float));
    free_image(scaled);
}

float *network_predict_image(network *net, image im)
{
    struct dn_error *err = dn_error_begin();
    struct dn_engine *engine = dn_engine_of(net);
    struct image_rows rows = {.im = im};
    struct dn_pixels pixels = pixels_of(&rows);
    struct dn_fitter fitter = {0};
    if (!check(im, "network_predict_image", err) && im.c < engine->graph.c)
        dn_fail(err, DN_INVALID, "the image has %d channels; %s wants %d", im.c, engine->graph.path, engine->graph.c);
    rows.im.c = pixels.c = engine->graph.c;
    if (!err->status && !dn_fitter_open(&fitter, &pixels, DN_FIT_LETTERBOX, engine->graph.w,
                                        engine->graph.h, err)) {
        struct dn_rows source = {.read = dn_fitter_row, .context = &fitter};
        dn_engine_run(engine, &source, err);
    }
    dn_fitter_close(&fitter);
    return err->status ? NULL : net->output;
}

/* ---- pictures out --------------------------------------------------------------------------- */

static unsigned char byte_of(float v)
{
    return (unsigned char)(v > 0 ? v < 1 ? 255 * v : 255 : 0); /* 0 also where it is no number */
}

static void row_bytes(image im, int y, unsigned char *row)
{
    for (int x = 0; x < im.w; x++)
        for (int c = 0; c < 3; c++) {
            int k = im.c >= 3 ? c : 0;
            row[3 * x + c] =
                byte_of(im.data[((size_t)k * (size_t)im.h + (size_t)y) * (size_t)im.w + (size_t)x]);
        }
}

static enum dn_status save(image im, const char *path, struct dn_error *err)
{
    struct dn_writer w;
    unsigned char *row = malloc(3 * (size_t)im.w + 1);
    if (!im.data)
        dn_fail(err, DN_INVALID, "%s: there is no image to save", path);
    else if (!row)
        dn_fail(err, DN_NO_MEMORY, "%s: no memory for a row", path);
    else {
        dn_writer_open(&w, path, im.w, im.h, err);
        for (int y = 0; y < im.h && !err->status; y++) {
            row_bytes(im, y, row);
            dn_writer_row(&w, row, err);
        }
        if (!err->status)
            dn_writer_commit(&w, err);
        dn_writer_abandon(&w);
    }
    free(row);
    return err->status;
}

void save_image(image im, const char *name)
{
    struct dn_error *err = dn_error_begin();
    size_t n = strlen(name);
    char *path = malloc(n + sizeof ".jpg");
    if (!path) {
        dn_fail(err, DN_NO_MEMORY, "%s: no memory for a file name", name);
        return;
    }
    memcpy(path, name, n);
    memcpy(path + n, ".jpg", sizeof ".jpg");
    save(im, path, err);
    free(path);
}

int show_image(image im, const char *name, int ms)
{
#ifdef DN_OPENCV
    struct dn_error *err = dn_error_begin();
    size_t line = 3 * (size_t)im.w;
    unsigned char *rgb = im.data ? malloc(line * (size_t)im.h) : NULL;
    if (!rgb) {
        dn_fail(err, DN_INVALID, "%s: there is no image to show, or no memory for it", name);
        return 0;
    }
    for (int y = 0; y < im.h; y++)
        row_bytes(im, y, rgb + (size_t)y * line);
    int key = dn_window_show(rgb, im.w, im.h, name, ms);
    free(rgb);
    if (key == -2)
        dn_fail(err, DN_IO, "%s: no window can be opened", name);
    return key < 0 ? 0 : key;
#else
    (void)ms;
    save_image(im, name);
    return 0;
#endif
}

static void fill_floats(struct dn_canvas *canvas, int x0, int x1, const unsigned char rgb[3])
{
    image im = *(image *)canvas->context;
    for (int c = 0; c < im.c; c++) {
        float *row = im.data + ((size_t)c * (size_t)im.h + (size_t)canvas->y) * (size_t)im.w;
        for (int x = x0; x < x1; x++)
            row[x] = (float)rgb[c < 3 ? c : 2] / 255;
    }
}

void draw_detections(image im, detection *dets, int num, float thresh, char **names,
                     image **alphabet, int classes)
{
    darknet_report report = {.dets = dets,
                             .n = num,
                             .thresh = thresh,
                             .names = names,
                             .classes = classes,
                             .w = im.w,
                             .h = im.h,
                             .relative = 1};
    struct dn_canvas canvas = {.w = im.w, .h = im.h, .fill = fill_floats, .context = &im};
    (void)alphabet;
    struct dn_error *err = dn_error_begin();
    struct dn_drawing drawing;
    if (!dn_drawing_open(&drawing, &report, DARKNET_STOCK, im.w, im.h, err) && !dn_canvas_open(&canvas, err))
        for (; canvas.y < im.h; canvas.y++)
            dn_drawing_row(&drawing, &canvas);
    dn_canvas_close(&canvas);
    dn_drawing_close(&drawing);
}

image **load_alphabet(void)
{
    return NULL;
}
