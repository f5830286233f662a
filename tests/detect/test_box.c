/* Boxes: laws of overlap, and photos that come back from the network's input unchanged. */
#include "support/suite.h"

#include <math.h>

#include "detect/box.h"

static unsigned seed;

static float uniform(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / 16777216.f;
}

static box any_box(void)
{
    return (box){uniform(), uniform(), .05f + uniform(), .05f + uniform()};
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static double model_iou(box a, box b)
{
    double w = smaller(a.x + a.w / 2., b.x + b.w / 2.) - larger(a.x - a.w / 2., b.x - b.w / 2.);
    double h = smaller(a.y + a.h / 2., b.y + b.h / 2.) - larger(a.y - a.h / 2., b.y - b.h / 2.);
    double both = w > 0 && h > 0 ? w * h : 0;
    return both / ((double)a.w * a.h + (double)b.w * b.h - both);
}

START_TEST(test_iou_is_shared_area_over_covered_area)
{
    seed = 1;
    for (int i = 0; i < 1000; i++) {
        box a = any_box(), b = any_box();
        ck_assert_double_eq_tol(dn_box_iou(a, b), model_iou(a, b), 1e-5);
        ck_assert_float_eq(dn_box_iou(a, b), dn_box_iou(b, a));
        ck_assert_float_eq_tol(dn_box_iou(a, a), 1, 1e-5f);
    }
}
END_TEST

START_TEST(test_iou_of_boxes_apart_or_empty_is_0)
{
    box a = {.2f, .2f, .2f, .2f}, beside = {.7f, .2f, .2f, .2f}, below = {.2f, .7f, .2f, .2f};
    box point = {.2f, .2f, 0, 0};
    ck_assert_float_eq(dn_box_iou(a, beside), 0);
    ck_assert_float_eq(dn_box_iou(a, below), 0);
    ck_assert_float_eq(dn_box_iou(a, point), 0);
    ck_assert_float_eq(dn_box_iou(point, point), 0);
}
END_TEST

START_TEST(test_diou_is_iou_less_the_distance)
{
    seed = 2;
    for (int i = 0; i < 1000; i++) {
        box a = any_box(), b = any_box();
        float iou = dn_box_iou(a, b), diou = dn_box_diou(a, b, .6f);
        ck_assert(diou <= iou);
        ck_assert(diou > iou - 1);
        ck_assert_float_eq_tol(dn_box_diou(a, a, .6f), 1, 1e-5f);
    }
    box a = {.5f, .5f, .4f, .2f}, b = {.7f, .6f, .4f, .2f};
    /* around both: 0.6 x 0.3; d2 = 0.05, c2 = 0.45 */
    ck_assert_float_eq_tol(dn_box_diou(a, b, 1), dn_box_iou(a, b) - .05f / .45f, 1e-6f);
    ck_assert_float_eq_tol(dn_box_diou(a, b, .6f), dn_box_iou(a, b) - powf(.05f / .45f, .6f),
                           1e-6f);
}
END_TEST

START_TEST(test_diou_of_two_points_at_one_place_is_their_iou)
{
    box point = {.3f, .3f, 0, 0};
    ck_assert_float_eq(dn_box_diou(point, point, .6f), 0);
}
END_TEST

static void assert_box(box found, double x, double y, double w, double h, double tolerance)
{
    ck_assert_double_eq_tol(found.x, x, tolerance);
    ck_assert_double_eq_tol(found.y, y, tolerance);
    ck_assert_double_eq_tol(found.w, w, tolerance);
    ck_assert_double_eq_tol(found.h, h, tolerance);
}

START_TEST(test_a_stretched_photo_keeps_its_fractions)
{
    struct dn_fit fit = {.w = 640, .h = 480, .net_w = 416, .net_h = 320, .relative = true};
    box b = {.25f, .5f, .125f, .75f};
    assert_box(dn_box_on_photo(b, &fit), .25, .5, .125, .75, 1e-9);
    fit.relative = false;
    assert_box(dn_box_on_photo(b, &fit), 160, 240, 80, 360, 1e-4);
}
END_TEST

/* The photo as a whole, as it lies in a letterboxed input, is the photo as a whole again. */
START_TEST(test_the_letterboxed_photo_is_the_whole_photo)
{
    static const int sizes[][4] = {/* photo, input */
                                   {640, 480, 416, 416}, {480, 640, 416, 416}, {416, 416, 416, 416},
                                   {100, 10, 608, 352},  {10, 100, 352, 608},  {1, 1, 320, 160},
                                   {767, 1023, 320, 320}};
    const int *s = sizes[_i];
    struct dn_fit fit = {s[0], s[1], s[2], s[3], .letter = true, .relative = true};
    double scale = smaller((double)s[2] / s[0], (double)s[3] / s[1]);
    double w = floor(s[0] * scale + 1e-9) / s[2], h = floor(s[1] * scale + 1e-9) / s[3];
    box whole = {.5f, .5f, (float)w, (float)h},
        corner = {.5f - (float)w / 2, .5f + (float)h / 2, 0, 0};
    assert_box(dn_box_on_photo(whole, &fit), .5, .5, 1, 1, 1e-5);
    assert_box(dn_box_on_photo(corner, &fit), 0, 1, 0, 0, 1e-5);
    fit.relative = false;
    assert_box(dn_box_on_photo(whole, &fit), s[0] / 2., s[1] / 2., s[0], s[1], 1e-2);
}
END_TEST

START_TEST(test_a_photo_too_thin_for_the_input_gives_finite_boxes)
{
    struct dn_fit fit = {100000, 1, 416, 416, .letter = true, .relative = false};
    box b = dn_box_on_photo((box){.5f, .5f, .5f, .5f}, &fit);
    ck_assert(isfinite(b.x) && isfinite(b.y) && isfinite(b.w) && isfinite(b.h));
    fit = (struct dn_fit){2147483647, 2147483647, 2147483647, 2147483647, true, false};
    b = dn_box_on_photo((box){.5f, .5f, .5f, .5f}, &fit);
    ck_assert(isfinite(b.x) && isfinite(b.y) && isfinite(b.w) && isfinite(b.h));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("detect/box");
    TCase *t = tcase_create("box");
    tcase_add_test(t, test_iou_is_shared_area_over_covered_area);
    tcase_add_test(t, test_iou_of_boxes_apart_or_empty_is_0);
    tcase_add_test(t, test_diou_is_iou_less_the_distance);
    tcase_add_test(t, test_diou_of_two_points_at_one_place_is_their_iou);
    tcase_add_test(t, test_a_stretched_photo_keeps_its_fractions);
    tcase_add_loop_test(t, test_the_letterboxed_photo_is_the_whole_photo, 0, 7);
    tcase_add_test(t, test_a_photo_too_thin_for_the_input_gives_finite_boxes);
    suite_add_tcase(s, t);
    return s;
}
