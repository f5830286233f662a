/* See reader.h. The format is told by the first bytes, never by the name. */
#include "image/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum dn_status dn_reader_check(const struct dn_reader *r, long long w, long long h,
                               struct dn_error *err)
{
    if (w < 1 || h < 1)
        return dn_fail(err, DN_INVALID, "%s: the photo is %lldx%lld and has no pixels", r->path, w,
                       h);
    if (w > DN_PHOTO_SIDE || h > DN_PHOTO_SIDE || w * h > (1LL << 29))
        return dn_fail(err, DN_INVALID,
                       "%s: the photo is %lldx%lld; at most %d a side and 2^29 pixels are read",
                       r->path, w, h, DN_PHOTO_SIDE);
    return DN_OK;
}

static enum dn_status open_file(struct dn_reader *r, struct dn_error *err)
{
    struct stat info;
    r->file = fopen(r->path, "rbe");
    if (!r->file)
        return dn_fail(err, DN_IO, "%s: cannot be opened: %s", r->path, strerror(errno));
    if (fstat(fileno(r->file), &info) == 0 && S_ISDIR(info.st_mode))
        return dn_fail(err, DN_IO, "%s: is a folder, not a photo", r->path);
    return DN_OK;
}

static enum dn_status open_format(struct dn_reader *r, struct dn_error *err)
{
    unsigned char magic[8];
    size_t n = fread(magic, 1, sizeof magic, r->file);
    if (n == 0)
        return dn_fail(err, DN_INVALID, "%s: is empty", r->path);
    rewind(r->file);
    if (n >= 3 && !memcmp(magic, "\xff\xd8\xff", 3))
        return dn_jpeg_open(r, err);
    if (n == 8 && !memcmp(magic, "\x89PNG\r\n\x1a\n", 8))
        return dn_png_open(r, err);
    if (n >= 2 && magic[0] == 'P' && (magic[1] == '5' || magic[1] == '6'))
        return dn_pnm_open(r, err);
    return dn_stb_open(r, err);
}

enum dn_status dn_reader_open(struct dn_reader *r, const char *path, struct dn_error *err)
{
    *r = (struct dn_reader){.path = path, .orientation = 1};
    if (open_file(r, err) || open_format(r, err)) {
        dn_reader_close(r);
        return err->status;
    }
    r->stored_w = r->w;
    r->stored_h = r->h;
    if (r->orientation > 4) {
        r->w = r->stored_h;
        r->h = r->stored_w;
    }
    if (r->orientation > 2)
        r->bytes += 3 * (size_t)r->w * (size_t)r->h;
    return DN_OK;
}

void dn_reader_close(struct dn_reader *r)
{
    if (r->close)
        r->close(r);
    if (r->file)
        fclose(r->file);
    free(r->whole);
    memset(r, 0, sizeof *r);
}

/* Turned photos are decoded as a whole first. */
static enum dn_status decode_whole(struct dn_reader *r, struct dn_error *err)
{
    size_t line = 3 * (size_t)r->stored_w;
    r->whole = malloc(line * (size_t)r->stored_h);
    if (!r->whole)
        return dn_fail(err, DN_NO_MEMORY,
                       "%s: no memory for %zu bytes: a turned photo is decoded as a whole", r->path,
                       line * (size_t)r->stored_h);
    for (int y = 0; y < r->stored_h; y++)
        if (r->next(r, r->whole + (size_t)y * line, err))
            return err->status;
    return DN_OK;
}

static void turn_row(const struct dn_reader *r, int y, unsigned char *row)
{
    int o = r->orientation, last_x = r->stored_w - 1, last_y = r->stored_h - 1;
    for (int x = 0; x < r->w; x++) {
        int sx = o > 4 ? y : x, sy = o > 4 ? x : y;
        if (o == 3 || o == 7 || o == 8)
            sx = last_x - sx;
        if (o == 3 || o == 4 || o == 6 || o == 7)
            sy = last_y - sy;
        memcpy(row + 3 * x, r->whole + 3 * ((size_t)sy * (size_t)r->stored_w + (size_t)sx), 3);
    }
}

static void mirror_row(unsigned char *row, int w)
{
    for (int a = 0, b = w - 1; a < b; a++, b--)
        for (int c = 0; c < 3; c++) {
            unsigned char left = row[3 * a + c];
            row[3 * a + c] = row[3 * b + c];
            row[3 * b + c] = left;
        }
}

enum dn_status dn_reader_row(struct dn_reader *r, unsigned char *row, struct dn_error *err)
{
    if (r->orientation > 2) {
        if (!r->whole && decode_whole(r, err))
            return err->status;
        turn_row(r, r->y++, row);
        return DN_OK;
    }
    r->y++;
    if (r->next(r, row, err))
        return err->status;
    if (r->orientation == 2)
        mirror_row(row, r->w);
    return DN_OK;
}
