/* Fitting photos by rows: the bits of the reference's arithmetic on a whole photo. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "image/resize.h"

static unsigned seed;

static int random_below(int n)
{
    seed = seed * 1103515245 + 12345;
    return (int)(seed >> 8) % n;
}

/* Planar pictures. */
struct whole {
    int w, h, c;
    float *at;
};

static struct whole make_whole(int w, int h, int c)
{
    return (struct whole){w, h, c, calloc((size_t)(w * h * c), sizeof(float))};
}

static struct whole random_whole(int w, int h, int c)
{
    struct whole p = make_whole(w, h, c);
    for (int i = 0; i < w * h * c; i++)
        p.at[i] = (float)(random_below(256) / 255.);
    return p;
}

static float *value(const struct whole *p, int x, int y, int c)
{
    return &p->at[(c * p->h + y) * p->w + x];
}

/* As the format describes it: first all rows, then all columns. The last row is the photo's last
 * row, also where rounding would let stock weigh it with nearly nothing. */
static struct whole resize_whole(const struct whole *in, int w, int h)
{
    struct whole part = make_whole(w, in->h, in->c), out = make_whole(w, h, in->c);
    float ws = (float)(in->w - 1) / (float)(w - 1), hs = (float)(in->h - 1) / (float)(h - 1);
    for (int c = 0; c < in->c; c++) {
        for (int y = 0; y < in->h; y++)
            for (int x = 0; x < w; x++) {
                if (x == w - 1 || in->w == 1) {
                    *value(&part, x, y, c) = *value(in, in->w - 1, y, c);
                    continue;
                }
                float sx = (float)x * ws, dx = sx - (float)(int)sx;
                *value(&part, x, y, c) =
                    (1 - dx) * *value(in, (int)sx, y, c) + dx * *value(in, (int)sx + 1, y, c);
            }
        for (int y = 0; y < h; y++) {
            float sy = h > 1 ? (float)y * hs : 0, dy = sy - (float)(int)sy;
            for (int x = 0; x < w; x++) {
                float v = (1 - dy) * *value(&part, x, (int)sy, c);
                if ((int)sy < in->h - 1)
                    v += dy * *value(&part, x, (int)sy + 1, c);
                *value(&out, x, y, c) = v;
            }
        }
    }
    free(part.at);
    return out;
}

static int clamp(int v, int n)
{
    return v < 0 ? 0 : v < n ? v : n - 1;
}

/* The scaled photo in the middle of w x h, on gray, or with its edge repeated when it is cropped.
 */
static struct whole paste_whole(const struct whole *scaled, enum dn_fit fit, int w, int h)
{
    struct whole out = make_whole(w, h, scaled->c);
    int left = (w - scaled->w) / 2, top = (h - scaled->h) / 2;
    for (int c = 0; c < out.c; c++)
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                int sx = x - left, sy = y - top;
                bool in = sx >= 0 && sx < scaled->w && sy >= 0 && sy < scaled->h;
                *value(&out, x, y, c) =
                    in || fit == DN_FIT_CROP
                        ? *value(scaled, clamp(sx, scaled->w), clamp(sy, scaled->h), c)
                        : .5f;
            }
    return out;
}

static struct whole fit_whole(const struct whole *in, enum dn_fit fit, int w, int h)
{
    int sw = w, sh = h;
    if (fit == DN_FIT_LETTERBOX) {
        bool wide = (float)w / (float)in->w < (float)h / (float)in->h;
        sw = wide ? w : in->w * h / in->h;
        sh = wide ? in->h * w / in->w : h;
    }
    if (fit == DN_FIT_CROP) {
        sw = in->w < in->h ? w : in->w * w / in->h;
        sh = in->w < in->h ? in->h * w / in->w : w;
    }
    struct whole scaled = resize_whole(in, sw > 0 ? sw : 1, sh > 0 ? sh : 1);
    struct whole out = paste_whole(&scaled, fit, w, h);
    free(scaled.at);
    return out;
}

/* A source that counts, so that no row is asked for twice or in another order. */
struct counted {
    const struct whole *from;
    int rows;
};

static enum dn_status next(void *context, float *row, struct dn_error *err)
{
    struct counted *s = context;
    if (s->rows == s->from->h)
        return dn_fail(err, DN_INVALID, "there is no row %d", s->rows);
    for (int c = 0; row && c < s->from->c; c++)
        memcpy(row + c * s->from->w, value(s->from, 0, s->rows, c),
               (size_t)s->from->w * sizeof *row);
    s->rows++;
    return DN_OK;
}

static struct whole fit_rows(const struct whole *in, enum dn_fit fit, int w, int h)
{
    struct counted source = {.from = in};
    struct dn_pixels pixels = {in->w, in->h, in->c, next, &source};
    struct dn_fitter f;
    struct dn_error err = {0};
    struct whole out = make_whole(w, h, in->c);
    ck_assert_int_eq(dn_fitter_open(&f, &pixels, fit, w, h, &err), DN_OK);
    for (int y = 0; y < h; y++)
        ck_assert_msg(!dn_fitter_row(&f, y, value(&out, 0, y, 0), (ptrdiff_t)w * h, &err), "%s",
                      err.text);
    const float *end = (f.part[0] > f.part[1] ? f.part[0] : f.part[1]) + in->c * w;
    ck_assert_uint_eq(dn_fitter_bytes(in->w, in->c, w), (size_t)((const char *)end - (const char *)f.line));
    dn_fitter_close(&f);
    return out;
}

static void fits_alike(int w, int h, int c, enum dn_fit fit, int out_w, int out_h)
{
    struct whole in = random_whole(w, h, c);
    struct whole a = fit_whole(&in, fit, out_w, out_h), b = fit_rows(&in, fit, out_w, out_h);
    int n = out_w * out_h * c, i = 0;
    while (i < n && !memcmp(&a.at[i], &b.at[i], sizeof(float)))
        i++;
    ck_assert_msg(i == n, "%dx%dx%d into %dx%d, fit %d: value %d is %.9g, not %.9g", w, h, c, out_w, out_h, (int)fit, i,
                  i < n ? (double)b.at[i] : 0, i < n ? (double)a.at[i] : 0);
    free(in.at);
    free(a.at);
    free(b.at);
}

START_TEST(test_rows_have_the_bits_of_the_whole)
{
    seed = (unsigned)_i;
    for (int i = 0; i < 300; i++) {
        int most = i % 10 ? 40 : 400;
        int w = 1 + random_below(most), h = 1 + random_below(most);
        fits_alike(w, h, 1 + 2 * random_below(2), (enum dn_fit)_i, 1 + random_below(most),
                   1 + random_below(most));
    }
}
END_TEST

START_TEST(test_extreme_shapes_fit)
{
    static const int shapes[][4] = {
        {1, 1, 1, 1},       {1, 1, 416, 416}, {1, 300, 20, 20}, {300, 1, 20, 20}, {2, 2, 1, 1},
        {500, 3, 8, 8},     {3, 500, 8, 8},   {7, 7, 7, 7},     {17, 9, 1, 30},   {17, 9, 30, 1},
        {100, 240, 9, 416}, {9, 960, 9, 608}, {9, 58, 9, 224}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        fits_alike(shapes[i][0], shapes[i][1], 3, (enum dn_fit)_i, shapes[i][2], shapes[i][3]);
}
END_TEST

START_TEST(test_the_same_size_is_the_same_photo)
{
    struct whole in = random_whole(31, 17, 3), out = fit_rows(&in, (enum dn_fit)_i, 31, 17);
    if (_i != DN_FIT_CROP)
        ck_assert_mem_eq(in.at, out.at, sizeof(float) * 31 * 17 * 3);
    free(in.at);
    free(out.at);
}
END_TEST

/* Stock blackens the last row of such heights. */
START_TEST(test_the_last_row_is_the_photos_last_row)
{
    static const int heights[][2] = {{240, 416}, {960, 608}, {58, 224}};
    for (int i = 0; i < 3; i++) {
        struct whole in = random_whole(5, heights[i][0], 1),
                     out = fit_rows(&in, DN_FIT_STRETCH, 5, heights[i][1]);
        for (int x = 0; x < 5; x++)
            ck_assert_float_eq_tol(*value(&out, x, heights[i][1] - 1, 0),
                                   *value(&in, x, heights[i][0] - 1, 0), 1e-3f);
        free(in.at);
        free(out.at);
    }
}
END_TEST

START_TEST(test_a_source_that_fails_stops_the_fit)
{
    struct whole in = random_whole(4, 6, 1), out = make_whole(4, 12, 1);
    struct counted source = {.from = &in, .rows = 3};
    struct dn_pixels pixels = {4, 6, 1, next, &source};
    struct dn_fitter f;
    struct dn_error err = {0};
    ck_assert_int_eq(dn_fitter_open(&f, &pixels, DN_FIT_STRETCH, 4, 12, &err), DN_OK);
    int y = 0;
    while (y < 12 && !dn_fitter_row(&f, y, value(&out, 0, y, 0), 48, &err))
        y++;
    ck_assert_int_lt(y, 12);
    ck_assert_str_eq(err.text, "there is no row 6");
    dn_fitter_close(&f);
    free(in.at);
    free(out.at);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("image/resize");
    TCase *t = tcase_create("fits");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_rows_have_the_bits_of_the_whole, 0, 3);
    tcase_add_loop_test(t, test_extreme_shapes_fit, 0, 3);
    tcase_add_loop_test(t, test_the_same_size_is_the_same_photo, 0, 3);
    tcase_add_test(t, test_the_last_row_is_the_photos_last_row);
    tcase_add_test(t, test_a_source_that_fails_stops_the_fit);
    suite_add_tcase(s, t);
    return s;
}
