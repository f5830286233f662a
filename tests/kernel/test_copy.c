/* Copies between layouts, and pad columns. */
#include <check.h>
#include <string.h>

#include "kernel/kernel.h"
#include "support/row_case.h"
#include "support/suite.h"

static const enum dn_layout layouts[] = {DN_BLOCKED, DN_PLANAR};

/* Shapes on both sides of the 4 and the 16 that copies work in. */
START_TEST(a_copy_to_another_layout_and_back_is_the_map)
{
    for (int i = 0; i < 4; i++)
        for (int w = 1; w < 40; w += w < 20 ? 1 : 5) {
            struct dn_view shape = {.c = _i, .h = 2, .w = w, .layout = layouts[i / 2]};
            struct row_map a, b, c;
            unsigned seed = (unsigned)(w + 100 * _i);
            row_map_open(&a, shape, dn_rect_whole(&shape), &seed);
            row_map_open(&c, shape, dn_rect_whole(&shape), &seed);
            shape.layout = layouts[i % 2];
            row_map_open(&b, shape, dn_rect_whole(&shape), &seed);
            dn_copy(&a.v, &b.v, dn_rect_whole(&shape), 1);
            dn_copy(&b.v, &c.v, dn_rect_whole(&shape), 2);
            for (int n = 0; n < _i; n++)
                for (int y = 0; y < 2; y++)
                    for (int x = 0; x < w; x++) {
                        float *from = dn_view_element(&a.v, n, y, x);
                        if (memcmp(from, dn_view_element(&b.v, n, y, x), sizeof(float)) ||
                            memcmp(from, dn_view_element(&c.v, n, y, x), sizeof(float)))
                            ck_abort_msg("layouts %d %d, width %d: channel %d, row %d, column %d",
                                         layouts[i / 2], layouts[i % 2], w, n, y, x);
                    }
            row_map_close(&a), row_map_close(&b), row_map_close(&c);
        }
}
END_TEST

START_TEST(a_copy_leaves_the_channels_above_the_last_one_alone)
{
    for (int i = 0; i < 2; i++) {
        struct dn_view shape = {.c = 16, .h = 1, .w = 9, .layout = layouts[i]};
        struct row_map a, b;
        unsigned seed = 3;
        row_map_open(&a, shape, dn_rect_whole(&shape), &seed);
        shape.layout = DN_BLOCKED;
        shape.c = _i;
        row_map_open(&b, shape, dn_rect_whole(&shape), &seed);
        for (size_t j = 0; j < b.bytes / sizeof(float); j++)
            b.floats[j] = 1234;
        dn_copy(&a.v, &b.v, dn_rect_whole(&shape), 1);
        for (int x = 0; x < 9; x++)
            for (int n = _i; n < DN_BLOCK; n++)
                ck_assert_float_eq(*dn_view_element(&b.v, n, 0, x), 1234);
        row_map_close(&a), row_map_close(&b);
    }
}
END_TEST

START_TEST(zeroing_pads_zeroes_all_of_them_and_nothing_else)
{
    struct dn_view shape = {.c = 33, .h = 7, .w = 5, .pad = _i};
    struct row_map m;
    unsigned seed = 9;
    row_map_open(&m, shape, dn_rect_whole(&shape), &seed);
    for (size_t i = 0; i < m.bytes / sizeof(float); i++)
        m.floats[i] = 1;
    dn_view_zero_pad(&m.v);
    size_t pads = (size_t)(2 * _i * DN_BLOCK * 3 * m.v.rows);
    double sum = 0;
    for (size_t i = 0; i < m.bytes / sizeof(float); i++)
        sum += (double)m.floats[i];
    ck_assert_double_eq(sum, (double)(m.bytes / sizeof(float) - pads));
    for (int b = 0; b < 3; b++)
        for (int y = m.v.y0; y < m.v.y0 + m.v.rows; y++)
            for (int x = -_i; x < 5 + _i; x++)
                ck_assert_float_eq(dn_view_at(&m.v, b, y, x)[7], x < 0 || x >= 5 ? 0 : 1);
    row_map_close(&m);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("copies");
    TCase *t = tcase_create("laws");
    tcase_add_loop_test(t, a_copy_to_another_layout_and_back_is_the_map, 1, 36);
    tcase_add_loop_test(t, a_copy_leaves_the_channels_above_the_last_one_alone, 1, 16);
    tcase_add_loop_test(t, zeroing_pads_zeroes_all_of_them_and_nothing_else, 0, 4);
    suite_add_tcase(s, t);
    return s;
}
