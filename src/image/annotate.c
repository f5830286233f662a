/* See annotate.h. Line widths and labels as the two dialects have them, format section 6.5, 6.6. */
#include "image/annotate.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "image/reader.h"
#include "image/writer.h"

enum { LABEL_MAX = 128, SMALLEST_LETTERS = 10 };
enum { MOST_SHOWN = 1000 }; /* of a probability: heads without a logistic may give any number */

static int best_class(const darknet_report *r, const detection *d)
{
    int best = -1;
    for (int c = 0; c < r->classes; c++)
        if (d->prob[c] > r->thresh && (best < 0 || d->prob[c] > d->prob[best]))
            best = c;
    return best;
}

/* Adds a name to the list in `label`, as far as there is room. */
static void append(char *label, const char *text)
{
    size_t n = strlen(label);
    const char *comma = n ? ", " : "";
    while (*comma && n < LABEL_MAX - 1)
        label[n++] = *comma++;
    while (*text && n < LABEL_MAX - 1)
        label[n++] = *text++;
    label[n] = 0;
}

/* Stock lists the names of all classes found, the other dialect the best one with its probability,
 * then the others. */
static void write_label(const darknet_report *r, const detection *d, int best, int dialect,
                        char *label)
{
    char first[LABEL_MAX];
    int hundredths = (int)(fminf(fmaxf(d->prob[best], 0), MOST_SHOWN) * 100 + .5f);
    label[0] = 0;
    if (dialect == DARKNET_ALEXEYAB) {
        snprintf(first, sizeof first, "%s: %d.%02d", r->names[best], hundredths / 100,
                 hundredths % 100);
        append(label, first);
    }
    for (int c = 0; c < r->classes; c++)
        if (d->prob[c] > r->thresh && (dialect == DARKNET_STOCK || c != best))
            append(label, r->names[c]);
}

/* Without its colour. */
static struct dn_patch patch_of(const struct dn_drawing *d, box b)
{
    float edges[4] = {(b.x - b.w / 2) * d->scale_x, (b.y - b.h / 2) * d->scale_y, (b.x + b.w / 2) * d->scale_x,
                      (b.y + b.h / 2) * d->scale_y};
    int at[4];
    for (int i = 0; i < 4; i++) {
        float most = i % 2 ? (float)d->h : (float)d->w;
        at[i] = edges[i] > 0 ? edges[i] < most ? (int)edges[i] : (int)most : 0;
    }
    return (struct dn_patch){
        .x0 = at[0], .y0 = at[1], .x1 = dn_max(at[2], at[0] + 1), .y1 = dn_max(at[3], at[1] + 1)};
}

static size_t count_marks(const darknet_report *report)
{
    size_t n = 0;
    for (int i = 0; i < report->n; i++)
        n += best_class(report, &report->dets[i]) >= 0;
    return n;
}

enum dn_status dn_drawing_open(struct dn_drawing *d, const darknet_report *report, int dialect, int w,
                               int h, struct dn_error *err)
{
    *d = (struct dn_drawing){.report = report, .dialect = dialect, .w = w, .h = h};
    d->scale_x = report->relative ? (float)w : (float)w / (float)dn_max(1, report->w);
    d->scale_y = report->relative ? (float)h : (float)h / (float)dn_max(1, report->h);
    if (dialect != DARKNET_STOCK && dialect != DARKNET_ALEXEYAB)
        return dn_fail(err, DN_INVALID, "dialect %d is unknown; known are %d and %d", dialect, DARKNET_STOCK,
                       DARKNET_ALEXEYAB);
    if (report->n > 0 && (!report->dets || !report->names))
        return dn_fail(err, DN_INVALID, "%d detections cannot be drawn without %s", report->n,
                       report->dets ? "the names of their classes" : "an array of them");
    d->line = dn_max(1, (int)((double)h * (dialect == DARKNET_ALEXEYAB ? .002 : .006)));
    d->letters = dn_max(SMALLEST_LETTERS, (int)(h * .03));
    size_t n = count_marks(report);
    d->marks = malloc((n + 1) * sizeof *d->marks);
    if (!d->marks)
        return dn_fail(err, DN_NO_MEMORY, "no memory to draw %zu boxes", n);
    for (int i = 0; i < report->n; i++) {
        int best = best_class(report, &report->dets[i]);
        if (best >= 0)
            d->marks[d->n++] = (struct dn_mark){i, best};
    }
    return DN_OK;
}

void dn_drawing_close(struct dn_drawing *d)
{
    free(d->marks);
    d->marks = NULL;
}

/* All labels come after all boxes: a line must not cross a name. */
void dn_drawing_row(const struct dn_drawing *d, struct dn_canvas *canvas)
{
    for (int i = 0; i < 2 * d->n; i++) {
        const struct dn_mark *mark = &d->marks[i < d->n ? i : i - d->n];
        const detection *found = &d->report->dets[mark->found];
        struct dn_patch patch = patch_of(d, found->bbox);
        char label[LABEL_MAX];
        if (canvas->y < patch.y0 - 2 * d->letters || canvas->y >= dn_max(patch.y1, 2 * d->letters))
            continue;
        dn_class_colour(mark->best, d->report->classes, patch.rgb);
        if (i < d->n) {
            dn_draw_box(canvas, &patch, d->line);
            continue;
        }
        write_label(d->report, found, mark->best, d->dialect, label);
        dn_draw_label(canvas, &patch, d->letters, label);
    }
}

static void fill_bytes(struct dn_canvas *canvas, int x0, int x1, const unsigned char rgb[3])
{
    unsigned char *row = canvas->context;
    for (int x = x0; x < x1; x++)
        memcpy(row + 3 * x, rgb, 3);
}

static enum dn_status copy_rows(struct dn_reader *in, struct dn_writer *out,
                                const struct dn_drawing *drawing, struct dn_error *err)
{
    unsigned char *row = malloc(3 * (size_t)in->w);
    struct dn_canvas canvas = {.w = in->w, .h = in->h, .fill = fill_bytes, .context = row};
    if (!row)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for a row", in->path);
    dn_canvas_open(&canvas, err);
    for (; canvas.y < in->h && !err->status && !dn_reader_row(in, row, err); canvas.y++) {
        dn_drawing_row(drawing, &canvas);
        dn_writer_row(out, row, err);
    }
    dn_canvas_close(&canvas);
    free(row);
    return err->status;
}

enum dn_status dn_annotate_file(const darknet_report *report, const char *in, const char *out,
                                int dialect, struct dn_error *err)
{
    struct dn_reader reader;
    struct dn_writer writer = {0};
    struct dn_drawing drawing;
    if (dn_reader_open(&reader, in, err))
        return err->status;
    if (!dn_drawing_open(&drawing, report, dialect, reader.w, reader.h, err) &&
        !dn_writer_open(&writer, out, reader.w, reader.h, err) &&
        !copy_rows(&reader, &writer, &drawing, err))
        dn_writer_commit(&writer, err);
    dn_drawing_close(&drawing);
    dn_writer_abandon(&writer);
    dn_reader_close(&reader);
    return err->status;
}
