/* See report.h: one function per format, each printing to a FILE. */
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

/* By left edge; those with the same one in the order of the report. */
static bool is_behind(const darknet_report *r, int a, int b)
{
    float x = left_edge(&r->dets[a]), y = left_edge(&r->dets[b]);
    return x != y ? x > y : a > b;
}

/* Restores the heap list[0 .. n), largest first, below entry i. */
static void sink(const darknet_report *r, int *list, int n, int i)
{
    for (int k; (k = 2 * i + 1) < n; i = k) {
        if (k + 1 < n && is_behind(r, list[k + 1], list[k]))
            k++;
        if (!is_behind(r, list[k], list[i]))
            return;
        int t = list[i];
        list[i] = list[k];
        list[k] = t;
    }
}

/* A heap sort: the C library's may allocate. */
static void sort_by_left_edge(const darknet_report *r, int *list, int n)
{
    for (int i = n / 2 - 1; i >= 0; i--)
        sink(r, list, n, i);
    while (n > 1) {
        int t = list[--n];
        list[n] = list[0];
        list[0] = t;
        sink(r, list, n, 0);
    }
}

static bool is_hidden(const char *name)
{
    return strncmp(name, "dont_show", strlen("dont_show")) == 0;
}

/* The most likely class above the threshold, `shown`: that may be shown; or -1. */
static int best_class(const darknet_report *r, const detection *d, bool shown)
{
    int best = -1;
    for (int c = 0; c < r->classes; c++)
        if (d->prob[c] > (best < 0 ? r->thresh : d->prob[best]) && !(shown && is_hidden(r->names[c])))
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
    int *list = malloc((size_t)r->n * sizeof *list + 1), n = 0;
    if (!list)
        return dn_fail(err, DN_NO_MEMORY, "no memory for a list of %d detections", r->n);
    for (int i = 0; i < r->n; i++)
        if (best_class(r, &r->dets[i], true) >= 0)
            list[n++] = i;
    sort_by_left_edge(r, list, n);
    for (int i = 0; i < n; i++) {
        const detection *d = &r->dets[list[i]];
        int best = best_class(r, d, true);
        print_class(r, d, best, extended, out);
        for (int c = 0; c < r->classes; c++)
            if (c != best && d->prob[c] > r->thresh)
                print_class(r, d, c, extended, out);
    }
    free(list);
    return DN_OK;
}

static void print_labels(const darknet_report *r, FILE *out)
{
    for (int i = 0; i < r->n; i++) {
        const detection *d = &r->dets[i];
        int best = best_class(r, d, false);
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

/* JSON has no infinity and no NaN: a detection with such numbers is not in it. */
static bool is_in_json(const darknet_report *r, const detection *d, int class)
{
    box b = fractions(r, d->bbox);
    return d->prob[class] > JSON_THRESH && isfinite(d->prob[class]) && isfinite(b.x) && isfinite(b.y) &&
           isfinite(b.w) && isfinite(b.h);
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
            if (!is_in_json(r, &r->dets[i], c))
                continue;
            if (!first)
                fputs(", \n", out);
            first = false;
            print_item(r, &r->dets[i], c, out);
        }
    fputs("\n ] \n}", out);
}

/* ---- all formats ---------------------------------------------------------------------------- */

static enum dn_status print(const darknet_report *r, enum darknet_text format, FILE *out,
                            struct dn_error *err)
{
    switch (format) {
    case DARKNET_TEXT_STOCK:
        print_stock(r, out);
        break;
    case DARKNET_TEXT_ALEXEYAB:
    case DARKNET_TEXT_EXTENDED:
        print_alexeyab(r, format == DARKNET_TEXT_EXTENDED, out, err);
        break;
    case DARKNET_TEXT_JSON:
        print_json(r, out);
        break;
    case DARKNET_TEXT_LABELS:
        print_labels(r, out);
        break;
    default:
        dn_fail(err, DN_INVALID, "text format %d is unknown; known are %d to %d", (int)format,
                DARKNET_TEXT_STOCK, DARKNET_TEXT_LABELS);
    }
    return err->status;
}

static enum dn_status check(const darknet_report *r, enum darknet_text format, struct dn_error *err)
{
    if (r->n > 0 && (!r->dets || (!r->names && format != DARKNET_TEXT_LABELS)))
        dn_fail(err, DN_INVALID, "a report of %d detections needs %s", r->n,
                r->dets ? "the names of their classes" : "an array of them");
    return err->status;
}

char *dn_report(const darknet_report *r, enum darknet_text format, struct dn_error *err)
{
    struct dn_print p;
    if (check(r, format, err) || dn_print_begin(&p, err))
        return NULL;
    print(r, format, p.out, err);
    return dn_print_end(&p, err);
}

enum dn_status dn_report_print(const darknet_report *r, enum darknet_text format, FILE *out,
                               struct dn_error *err)
{
    struct dn_numbers numbers;
    if (check(r, format, err) || dn_numbers_begin(&numbers, err))
        return err->status;
    print(r, format, out, err);
    dn_numbers_end(&numbers);
    return err->status;
}
