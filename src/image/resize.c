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
    f->first = dn_max(0, -f->left);
    f->seen = dn_min(f->scaled_w - f->first, f->w - dn_max(0, f->left));
}

size_t dn_fitter_bytes(int in_w, int c, int w)
{
    return (size_t)c * ((size_t)in_w + 2 * (size_t)w) * sizeof(float);
}

enum dn_status dn_fitter_open(struct dn_fitter *f, const struct dn_pixels *in, enum dn_fit fit,
                              int w, int h, struct dn_error *err)
{
    *f = (struct dn_fitter){.in = *in, .w = w, .h = h, .crop = fit == DN_FIT_CROP};
    choose_size(f, fit);
    f->step_x = (float)(in->w - 1) / (float)(f->scaled_w - 1);
    f->step_y = f->scaled_h > 1 ? (float)(in->h - 1) / (float)(f->scaled_h - 1) : 0;
    f->line = malloc(dn_fitter_bytes(in->w, in->c, w));
    if (!f->line)
        return dn_fail(err, DN_NO_MEMORY, "no memory for the rows of a photo %d wide", in->w);
    f->part[0] = f->line + (size_t)in->c * (size_t)in->w;
    f->part[1] = f->part[0] + (size_t)in->c * (size_t)w;
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
        float *out = part + (size_t)c * (size_t)f->w - f->first;
        for (int x = f->first; x < f->first + f->seen; x++) {
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

/* The columns of one channel of a row of the scaled photo that are seen. */
static void blend(const struct dn_fitter *f, int top, float share, int c, float *out)
{
    size_t offset = (size_t)c * (size_t)f->w;
    bool two = f->have >= 2 && top == f->have - 2;
    const float *a = (two ? f->part[0] : f->part[1]) + offset, *b = f->part[1] + offset;
    for (int x = 0; x < f->seen; x++) {
        float v = (1 - share) * a[x];
        out[x] = two ? v + share * b[x] : v;
    }
}

enum dn_status dn_fitter_row(void *fitter, int y, float *row, ptrdiff_t plane, struct dn_error *err)
{
    struct dn_fitter *f = fitter;
    int inside = f->crop ? dn_max(0, dn_min(y - f->top, f->scaled_h - 1)) : y - f->top;
    if (inside < 0 || inside >= f->scaled_h || f->seen < f->w)
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
        blend(f, top, share, c, row + c * plane + dn_max(0, f->left));
    return DN_OK;
}
