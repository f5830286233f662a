/* See report.h: one function per format, over a struct dn_print. */
#include "detect/report.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"

#define JSON_THRESH .005f

/* ---- stock ---------------------------------------------------------------------------------- */

static void print_stock(const darknet_report *r, FILE *out)
{
    for (int i = 0; i < r->n; i++)
        for (int c = 0; c < r->classes; c++)
            if (r->dets[i].prob[c] > r->thresh)
                fprintf(out, "%s: %.0f%%\n", r->names[c], (double)(r->dets[i].prob[c] * 100));
}

/* ---- alexeyab ------------------------------------------------------------------------------- */

/* A detection and its most likely class. */
struct found {
    const detection *det;
    int index, best; /* place in report->dets; class */
};

static box fractions(const darknet_report *r, box b)
{
    if (r->relative)
        return b;
    float w = (float)r->w, h = (float)r->h;
    return (box){b.x / w, b.y / h, b.w / w, b.h / h};
}

static float left_edge(const detection *d)
{
    return d->bbox.x - d->bbox.w / 2;
}

/* By left edge; the index makes qsort's order that of a stable sort. */
static int by_left_edge(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    float l = left_edge(x->det), m = left_edge(y->det);
    if (l != m)
        return l < m ? -1 : 1;
    return x->index - y->index;
}

static bool is_hidden(const char *name)
{
    return strncmp(name, "dont_show", strlen("dont_show")) == 0;
}

/* The most likely class above the threshold that may be shown, or -1. */
static int best_class(const darknet_report *r, const detection *d)
{
    int best = -1;
    for (int c = 0; c < r->classes; c++)
        if (d->prob[c] > (best < 0 ? r->thresh : d->prob[best]) && !is_hidden(r->names[c]))
            best = c;
    return best;
}

static void print_class(const darknet_report *r, const detection *d, int class, bool extended,
                        FILE *out)
{
    fprintf(out, "%s: %.0f%%", r->names[class], (double)(d->prob[class] * 100));
    if (!extended) {
        fputc('\n', out);
        return;
    }
    float w = r->relative ? (float)r->w : 1, h = r->relative ? (float)r->h : 1;
    box b = d->bbox;
    fprintf(out, "\t(left_x: %4.0f   top_y: %4.0f   width: %4.0f   height: %4.0f)\n",
            (double)roundf((b.x - b.w / 2) * w), (double)roundf((b.y - b.h / 2) * h),
            (double)roundf(b.w * w), (double)roundf(b.h * h));
}

static enum dn_status print_alexeyab(const darknet_report *r, bool extended, FILE *out,
                                     struct dn_error *err)
{
    struct found *found = malloc((size_t)r->n * sizeof *found + 1);
    int n = 0;
    if (!found)
        return dn_fail(err, DN_NO_MEMORY, "no memory for a list of %d detections", r->n);
    for (int i = 0; i < r->n; i++) {
        found[n] = (struct found){&r->dets[i], i, best_class(r, &r->dets[i])};
        n += found[n].best >= 0;
    }
    qsort(found, (size_t)n, sizeof *found, by_left_edge);
    for (int i = 0; i < n; i++) {
        const detection *d = found[i].det;
        print_class(r, d, found[i].best, extended, out);
        for (int c = 0; c < r->classes; c++)
            if (c != found[i].best && d->prob[c] > r->thresh)
                print_class(r, d, c, extended, out);
    }
    free(found);
    return DN_OK;
}

static void print_labels(const darknet_report *r, FILE *out)
{
    for (int i = 0; i < r->n; i++) {
        const detection *d = &r->dets[i];
        int best = -1;
        for (int c = 0; c < r->classes; c++)
            if (d->prob[c] > (best < 0 ? r->thresh : d->prob[best]))
                best = c;
        if (best < 0)
            continue;
        box b = fractions(r, d->bbox);
        fprintf(out, "%d %2.4f %2.4f %2.4f %2.4f\n", best, (double)b.x, (double)b.y, (double)b.w,
                (double)b.h);
    }
}

/* ---- JSON ----------------------------------------------------------------------------------- */

/* A string in quotes. Bytes above 127 pass: the file's encoding is its reader's business. */
static void print_string(const char *s, FILE *out)
{
    fputc('"', out);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < ' ')
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void print_item(const darknet_report *r, const detection *d, int class, FILE *out)
{
    box b = fractions(r, d->bbox);
    fprintf(out, "  {\"class_id\":%d, \"name\":", class);
    print_string(r->names[class], out);
    fprintf(out,
            ", \"relative_coordinates\":{\"center_x\":%f, \"center_y\":%f, \"width\":%f, "
            "\"height\":%f}, \"confidence\":%f}",
            (double)b.x, (double)b.y, (double)b.w, (double)b.h, (double)d->prob[class]);
}

static void print_json(const darknet_report *r, FILE *out)
{
    bool first = true;
    fprintf(out, "{\n \"frame_id\":%lld, \n ", r->frame);
    if (r->filename) {
        fputs("\"filename\":", out);
        print_string(r->filename, out);
        fputs(", \n ", out);
    }
    fputs("\"objects\": [ \n", out);
    for (int i = 0; i < r->n; i++)
        for (int c = 0; c < r->classes; c++) {
            if (!(r->dets[i].prob[c] > JSON_THRESH))
                continue;
            if (!first)
                fputs(", \n", out);
            first = false;
            print_item(r, &r->dets[i], c, out);
        }
    fputs("\n ] \n}", out);
}

/* ---- all formats ---------------------------------------------------------------------------- */

char *dn_report(const darknet_report *r, enum darknet_text format, struct dn_error *err)
{
    struct dn_print p;
    if (r->n > 0 && (!r->dets || (!r->names && format != DARKNET_TEXT_LABELS))) {
        dn_fail(err, DN_INVALID, "a report of %d detections needs %s", r->n,
                r->dets ? "the names of their classes" : "an array of them");
        return NULL;
    }
    if (dn_print_begin(&p, err))
        return NULL;
    switch (format) {
    case DARKNET_TEXT_STOCK:
        print_stock(r, p.out);
        break;
    case DARKNET_TEXT_ALEXEYAB:
    case DARKNET_TEXT_EXTENDED:
        print_alexeyab(r, format == DARKNET_TEXT_EXTENDED, p.out, err);
        break;
    case DARKNET_TEXT_JSON:
        print_json(r, p.out);
        break;
    case DARKNET_TEXT_LABELS:
        print_labels(r, p.out);
        break;
    default:
        dn_fail(err, DN_INVALID, "text format %d is unknown; known are %d to %d", (int)format,
                DARKNET_TEXT_STOCK, DARKNET_TEXT_LABELS);
    }
    return dn_print_end(&p, err);
}
