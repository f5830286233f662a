/* Binary PNM (P5 gray, P6 colour) by rows. 16-bit samples keep their upper byte; the largest value
 * that the header names is checked, not scaled with, as in stock. */
#include <stdlib.h>

#include "image/reader.h"

enum { BUFFER = 4096 };

struct decoder {
    int channels, bytes; /* of a sample */
    unsigned char *line;
};

static void close_pnm(struct dn_reader *r)
{
    struct decoder *d = r->decoder;
    if (d)
        free(d->line);
    free(d);
}

static enum dn_status next(struct dn_reader *r, unsigned char *row, struct dn_error *err)
{
    const struct decoder *d = r->decoder;
    size_t pixel = (size_t)(d->channels * d->bytes), n = pixel * (size_t)r->stored_w;
    if (fread(d->line, 1, n, r->file) != n)
        return dn_fail(err, DN_INVALID, "%s: ends in row %d of %d", r->path, r->y, r->stored_h);
    for (int x = 0; x < r->stored_w; x++)
        for (int c = 0; c < 3; c++)
            row[3 * x + c] =
                d->line[(size_t)x * pixel + (size_t)(d->channels == 3 ? c * d->bytes : 0)];
    return DN_OK;
}

/* A number of the header, after spaces and comments; -1 where there is none or it is too long. */
static long long read_number(FILE *f)
{
    long long v = -1;
    int c = getc(f);
    while (c == ' ' || (c >= '\t' && c <= '\r') || c == '#')
        if (c == '#')
            while (c != '\n' && c != EOF)
                c = getc(f);
        else
            c = getc(f);
    for (; c >= '0' && c <= '9' && v < 1 << 30; c = getc(f))
        v = (v < 0 ? 0 : v) * 10 + c - '0';
    return c == ' ' || (c >= '\t' && c <= '\r') ? v : -1; /* one space ends a number */
}

enum dn_status dn_pnm_open(struct dn_reader *r, struct dn_error *err)
{
    getc(r->file); /* "P5" or "P6" */
    int channels = getc(r->file) == '6' ? 3 : 1;
    long long w = read_number(r->file), h = read_number(r->file), most = read_number(r->file);
    if (w < 0 || h < 0 || most < 1 || most > 65535)
        return dn_fail(
            err, DN_INVALID,
            "%s: is not a sound PNM: its header lacks width, height or a maximum up to 65535",
            r->path);
    if (dn_reader_check(r, w, h, err))
        return err->status;
    struct decoder *d = r->decoder = calloc(1, sizeof *d);
    r->next = next;
    r->close = close_pnm;
    r->w = (int)w;
    r->h = (int)h;
    if (d) {
        *d = (struct decoder){.channels = channels, .bytes = most > 255 ? 2 : 1};
        d->line = malloc((size_t)(channels * d->bytes) * (size_t)w);
        r->bytes = BUFFER + (size_t)(channels * d->bytes) * (size_t)w;
    }
    if (!d || !d->line)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for a row", r->path);
    return DN_OK;
}
