/* See resize.h. Bilinear with aligned corners, horizontally first, float32 as in the reference. */
#include "image/resize.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

void dn_letterbox_size(int w, int h, int out_w, int out_h, int *new_w, int *new_h)
{
    if ((float)out_w / (float)w < (float)out_h / (float)h) {
        *new_w = out_w;
        *new_h = (int)((int64_t)h * out_w / w);
    } else {
        *new_h = out_h;
        *new_w = (int)((int64_t)w * out_h / h);
    }
    *new_w = dn_max(1, *new_w);
    *new_h = dn_max(1, *new_h);
}

static void choose_size(struct dn_fitter *f, enum dn_fit fit)
{
    int w = f->in.w, h = f->in.h;
    f->scaled_w = f->w;
    f->scaled_h = f->h;
    if (fit == DN_FIT_LETTERBOX)
        dn_letterbox_size(w, h, f->w, f->h, &f->scaled_w, &f->scaled_h);
    if (fit == DN_FIT_CROP) { /* the smaller side becomes the output's width */
        f->scaled_w = w < h ? f->w : (int)((int64_t)w * f->w / h);
        f->scaled_h = w < h ? (int)((int64_t)h * f->w / w) : f->w;
    }
    f->left = (f->w - f->scaled_w) / 2;
    f->top = (f->h - f->scaled_h) / 2;
}

static size_t floats(const struct dn_fitter *f)
{
    return (size_t)f->in.c * ((size_t)f->in.w + 2 * (size_t)f->scaled_w);
}

size_t dn_fitter_bytes(const struct dn_pixels *in, enum dn_fit fit, int w, int h)
{
    struct dn_fitter f = {.in = *in, .w = w, .h = h};
    choose_size(&f, fit);
    return floats(&f) * sizeof(float);
}

enum dn_status dn_fitter_open(struct dn_fitter *f, const struct dn_pixels *in, enum dn_fit fit,
                              int w, int h, struct dn_error *err)
{
    *f = (struct dn_fitter){.in = *in, .w = w, .h = h, .crop = fit == DN_FIT_CROP};
    choose_size(f, fit);
    f->step_x = (float)(in->w - 1) / (float)(f->scaled_w - 1);
    f->step_y = f->scaled_h > 1 ? (float)(in->h - 1) / (float)(f->scaled_h - 1) : 0;
    f->line = malloc(floats(f) * sizeof *f->line);
    if (!f->line)
        return dn_fail(err, DN_NO_MEMORY, "no memory for the rows of a photo %d wide", in->w);
    f->part[0] = f->line + (size_t)in->c * (size_t)in->w;
    f->part[1] = f->part[0] + (size_t)in->c * (size_t)f->scaled_w;
    return DN_OK;
}

void dn_fitter_close(struct dn_fitter *f)
{
    free(f->line);
    memset(f, 0, sizeof *f);
}

static void resize_line(const struct dn_fitter *f, float *part)
{
    for (int c = 0; c < f->in.c; c++) {
        const float *in = f->line + (size_t)c * (size_t)f->in.w;
        float *out = part + (size_t)c * (size_t)f->scaled_w;
        for (int x = 0; x < f->scaled_w; x++) {
            if (x == f->scaled_w - 1 || f->in.w == 1) {
                out[x] = in[f->in.w - 1];
                continue;
            }
            float at = (float)x * f->step_x;
            int left = dn_min((int)at, f->in.w - 2);
            float share = at - (float)left;
            out[x] = (1 - share) * in[left] + share * in[left + 1];
        }
    }
}

static enum dn_status take_rows(struct dn_fitter *f, int rows, struct dn_error *err)
{
    while (f->have < rows) {
        bool skipped = f->have < rows - 2;
        if (f->in.next(f->in.context, skipped ? NULL : f->line, err))
            return err->status;
        f->have++;
        if (skipped)
            continue;
        float *oldest = f->part[0];
        f->part[0] = f->part[1];
        f->part[1] = oldest;
        resize_line(f, oldest);
    }
    return DN_OK;
}

/* One channel of a row of the scaled photo, into `scaled` from column `first` on. */
static void blend(const struct dn_fitter *f, int top, float share, int c, int first, int n,
                  float *out)
{
    size_t offset = (size_t)c * (size_t)f->scaled_w + (size_t)first;
    bool two = f->have >= 2 && top == f->have - 2;
    const float *a = (two ? f->part[0] : f->part[1]) + offset, *b = f->part[1] + offset;
    for (int x = 0; x < n; x++) {
        float v = (1 - share) * a[x];
        out[x] = two ? v + share * b[x] : v;
    }
}

enum dn_status dn_fitter_row(void *fitter, int y, float *row, ptrdiff_t plane, struct dn_error *err)
{
    struct dn_fitter *f = fitter;
    int inside = f->crop ? dn_max(0, dn_min(y - f->top, f->scaled_h - 1)) : y - f->top,
        first = dn_max(0, -f->left), x0 = dn_max(0, f->left);
    int n = dn_min(f->scaled_w - first, f->w - x0);
    if (inside < 0 || inside >= f->scaled_h || n < f->w)
        for (int c = 0; c < f->in.c; c++)
            for (int x = 0; x < f->w; x++)
                row[c * plane + x] = .5f;
    if (inside < 0 || inside >= f->scaled_h)
        return DN_OK;
    float at = (float)inside * f->step_y;
    int top = dn_min((int)at, f->in.h - 1);
    float share = at - (float)top;
    if (take_rows(f, dn_min(top + 2, f->in.h), err))
        return err->status;
    for (int c = 0; c < f->in.c; c++)
        blend(f, top, share, c, first, n, row + c * plane + x0);
    return DN_OK;
}
