/* See draw.h. Letters come from stb_easy_font, which makes rectangles and needs no file. */
#include "image/draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_easy_font.h>
#pragma GCC diagnostic pop

enum { TEXT_MAX = 256, BYTES_PER_LETTER = 512, LETTER_HEIGHT = 10 };

/* What stb_easy_font writes for each corner of a rectangle. */
struct corner {
    float x, y, z;
    unsigned char colour[4];
};

void dn_drawing_free(struct dn_drawing *d)
{
    free(d->patches);
    memset(d, 0, sizeof *d);
}

static enum dn_status add(struct dn_drawing *d, struct dn_patch p, struct dn_error *err)
{
    p.x0 = dn_max(p.x0, 0);
    p.y0 = dn_max(p.y0, 0);
    p.x1 = dn_min(p.x1, d->w);
    p.y1 = dn_min(p.y1, d->h);
    if (p.x0 >= p.x1 || p.y0 >= p.y1)
        return DN_OK;
    if (d->n == d->room) {
        int room = d->room ? 2 * d->room : 64;
        struct dn_patch *patches = realloc(d->patches, (size_t)room * sizeof *patches);
        if (!patches)
            return dn_fail(err, DN_NO_MEMORY, "no memory to draw boxes");
        d->patches = patches;
        d->room = room;
    }
    d->patches[d->n++] = p;
    return DN_OK;
}

enum dn_status dn_draw_box(struct dn_drawing *d, struct dn_patch box, int line, struct dn_error *err)
{
    struct dn_patch top = box, bottom = box, left = box, right = box;
    top.y1 = dn_min(box.y0 + line, box.y1);
    bottom.y0 = dn_max(box.y1 - line, box.y0);
    left.x1 = dn_min(box.x0 + line, box.x1);
    right.x0 = dn_max(box.x1 - line, box.x0);
    if (add(d, top, err) || add(d, bottom, err) || add(d, left, err) || add(d, right, err))
        return err->status;
    return DN_OK;
}

static enum dn_status add_letters(struct dn_drawing *d, struct dn_patch at, float scale, char *text,
                                  struct dn_error *err)
{
    size_t bytes = (strlen(text) + 1) * BYTES_PER_LETTER;
    struct corner *corners = malloc(bytes);
    if (!corners)
        return dn_fail(err, DN_NO_MEMORY, "no memory to draw boxes");
    int rectangles = stb_easy_font_print(0, 0, text, NULL, corners, (int)bytes);
    for (int i = 0; i < rectangles && !err->status; i++) {
        const struct corner *a = &corners[4 * i], *b = &corners[4 * i + 2];
        struct dn_patch p = at;
        p.x0 = at.x0 + (int)lroundf(a->x * scale);
        p.y0 = at.y0 + (int)lroundf(a->y * scale);
        p.x1 = dn_max(p.x0 + 1, at.x0 + (int)lroundf(b->x * scale));
        p.y1 = dn_max(p.y0 + 1, at.y0 + (int)lroundf(b->y * scale));
        add(d, p, err);
    }
    free(corners);
    return err->status;
}

enum dn_status dn_draw_label(struct dn_drawing *d, struct dn_patch at, int height, const char *text,
                             struct dn_error *err)
{
    char line[TEXT_MAX];
    size_t n = 0;
    for (; text[n] && n < sizeof line - 1; n++)
        line[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    line[n] = 0;
    float scale = (float)height / LETTER_HEIGHT;
    int margin = dn_max(1, height / 5), width = (int)((float)stb_easy_font_width(line) * scale) + 2 * margin;
    struct dn_patch back = at, ink;
    back.y1 = at.y0;
    back.y0 = at.y0 - height - 2 * margin;
    if (back.y0 < 0) {
        back.y1 -= back.y0;
        back.y0 = 0;
    }
    if (back.x0 + width > d->w)
        back.x0 = dn_max(0, d->w - width);
    back.x1 = back.x0 + width;
    ink = back;
    ink.x0 += margin;
    ink.y0 += margin;
    bool dark = 3 * back.rgb[0] + 6 * back.rgb[1] + back.rgb[2] < 1200;
    memset(ink.rgb, dark ? 255 : 0, sizeof ink.rgb);
    return add(d, back, err) ? err->status : add_letters(d, ink, scale, line, err);
}

void dn_draw_row(const struct dn_drawing *d, int y, unsigned char *row)
{
    for (int i = 0; i < d->n; i++) {
        const struct dn_patch *p = &d->patches[i];
        for (int x = p->x0; y >= p->y0 && y < p->y1 && x < p->x1; x++)
            memcpy(row + 3 * x, p->rgb, 3);
    }
}

void dn_class_colour(int class, int n, unsigned char rgb[3])
{
    static const unsigned char ramp[6][3] = {{255, 0, 255}, {0, 0, 255}, {0, 255, 255},
                                             {0, 255, 0},   {255, 255, 0}, {255, 0, 0}};
    n = dn_max(n, 1);
    double at = (double)((long long)class * 123457 % n) / n * 5;
    int below = (int)at, above = dn_min(below + 1, 5);
    for (int c = 0; c < 3; c++)
        rgb[c] = (unsigned char)((1 - (at - below)) * ramp[below][c] + (at - below) * ramp[above][c]);
}
