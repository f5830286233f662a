/* See draw.h. Letters come from stb_easy_font, which makes rectangles and needs no file. */
#include "image/draw.h"

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

enum { TEXT_MAX = 128, LETTER_HEIGHT = 10 };

/* What stb_easy_font writes for each corner of a rectangle. */
struct corner {
    float x, y, z;
    unsigned char colour[4];
};

enum dn_status dn_canvas_open(struct dn_canvas *canvas, struct dn_error *err)
{
    canvas->letters = malloc(DN_CANVAS_BYTES);
    return canvas->letters ? DN_OK : dn_fail(err, DN_NO_MEMORY, "no memory to draw labels");
}

void dn_canvas_close(struct dn_canvas *canvas)
{
    free(canvas->letters);
    canvas->letters = NULL;
}

static void fill(struct dn_canvas *c, int x0, int x1, const unsigned char rgb[3])
{
    x0 = dn_max(x0, 0);
    x1 = dn_min(x1, c->w);
    if (x0 < x1)
        c->fill(c, x0, x1, rgb);
}

void dn_draw_box(struct dn_canvas *c, const struct dn_patch *box, int line)
{
    if (c->y < box->y0 || c->y >= box->y1)
        return;
    if (c->y < box->y0 + line || c->y >= box->y1 - line) {
        fill(c, box->x0, box->x1, box->rgb);
        return;
    }
    fill(c, box->x0, dn_min(box->x0 + line, box->x1), box->rgb);
    fill(c, dn_max(box->x1 - line, box->x0), box->x1, box->rgb);
}

/* The row's part of letters whose upper left corner is (x0, y0). */
static void draw_letters(struct dn_canvas *c, int x0, int y0, int scale, char *text,
                         const unsigned char rgb[3])
{
    const struct corner *corners = c->letters;
    int rectangles = stb_easy_font_print(0, 0, text, NULL, c->letters, DN_CANVAS_BYTES);
    for (int i = 0; i < rectangles; i++) {
        const struct corner *a = &corners[4 * i], *b = &corners[4 * i + 2];
        if (c->y >= y0 + (int)a->y * scale && c->y < y0 + (int)b->y * scale)
            fill(c, x0 + (int)a->x * scale, x0 + (int)b->x * scale, rgb);
    }
}

void dn_draw_label(struct dn_canvas *c, const struct dn_patch *at, int height, const char *text)
{
    static const unsigned char black[3] = {0, 0, 0}, white[3] = {255, 255, 255};
    int scale =
        dn_max(1, (height + LETTER_HEIGHT / 2) / LETTER_HEIGHT); /* whole: strokes of one width */
    int margin = 2 * scale, tall = (LETTER_HEIGHT + 2) * scale;
    int top = at->y0 >= tall ? at->y0 - tall : 0, left = at->x0;
    if (c->y < top || c->y >= top + tall)
        return;
    char line[TEXT_MAX];
    size_t n = 0;
    for (; text[n] && n < sizeof line - 1; n++)
        line[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    line[n] = 0;
    int width = stb_easy_font_width(line) * scale + 2 * margin;
    if (left + width > c->w)
        left = dn_max(0, c->w - width);
    bool dark = 3 * at->rgb[0] + 6 * at->rgb[1] + at->rgb[2] < 1200;
    fill(c, left, left + width, at->rgb);
    draw_letters(c, left + margin, top + margin, scale, line, dark ? white : black);
}

void dn_class_colour(int class, int n, unsigned char rgb[3])
{
    static const unsigned char ramp[6][3] = {{255, 0, 255}, {0, 0, 255},   {0, 255, 255},
                                             {0, 255, 0},   {255, 255, 0}, {255, 0, 0}};
    n = dn_max(n, 1);
    double at = (double)((long long)class * 123457 % n) / n * 5;
    int below = (int)at, above = dn_min(below + 1, 5);
    for (int c = 0; c < 3; c++)
        rgb[c] =
            (unsigned char)((1 - (at - below)) * ramp[below][c] + (at - below) * ramp[above][c]);
}
