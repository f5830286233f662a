/* Pooling: windows of all sizes, and which of equal or meaningless elements counts. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "kernel/kernel.h"
#include "support/row_case.h"
#include "support/suite.h"

enum { LARGEST = 20 };

static void expect_model(struct row_case *c, const char *name)
{
    row_case_reset(c);
    row_case_run(c, dn_kernels(name), c->rect, 1);
    for (int n = 0; n < c->out.v.c; n++)
        for (int y = 0; y < c->out.v.h; y++)
            for (int x = 0; x < c->out.v.w; x++) {
                double tolerance, model = row_case_model(c, n, y, x, &tolerance);
                double got = (double)*dn_view_element(&c->out.v, n, y, x);
                if (!(fabs(got - model) <= tolerance || isnan(model)))
                    ck_abort_msg("%s: %s: %.9g instead of %.9g at channel %d, row %d, column %d",
                                 name, row_case_text(c), got, model, n, y, x);
            }
}

START_TEST(windows_of_every_size_and_stride_agree_with_the_plainest_loop)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names), size = _i;
    for (int stride = 1; stride <= 3; stride++)
        for (int offset = 0; offset <= size / 2; offset += size > 4 ? size / 2 : 1)
            for (int w = 1; w <= 2 * size + 3; w += size / 3 + 1) {
                struct dn_pool p = {size, size, stride, stride, offset, offset, w % 5 == 4};
                struct row_case c;
                row_case_pool(&c, &p, 20, 3, w, (unsigned)w);
                for (int k = 0; k < sets; k++)
                    expect_model(&c, names[k]);
                row_case_close(&c);
            }
}
END_TEST

/* One row of one block of each, all elements 0 or what `set` puts there. */
struct tiny {
    float in[9 * DN_BLOCK], out[9 * DN_BLOCK];
};

static float maximum(struct tiny *t, int h, int w, int size, const char *name)
{
    struct dn_view in = {.data = t->in,
                         .row = w * DN_BLOCK,
                         .block = w * DN_BLOCK,
                         .c = DN_BLOCK,
                         .h = h,
                         .w = w,
                         .rows = h};
    struct dn_view out = {.data = t->out,
                          .row = DN_BLOCK,
                          .block = DN_BLOCK,
                          .c = DN_BLOCK,
                          .h = 1,
                          .w = 1,
                          .rows = 1};
    struct dn_pool p = {size, size, 1, 1, 0, 0, false};
    dn_pool_run(dn_kernels(name), &p, &in, &out, dn_rect_whole(&out), 1);
    return t->out[5];
}

START_TEST(of_zeros_of_both_signs_the_first_one_down_the_columns_is_the_maximum)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    for (int k = 0; k < sets; k++)
        for (int first = 0; first < 4; first++) {
            struct tiny t = {{0}, {0}};
            for (int i = 0; i < 4; i++) /* element i down the columns */
                t.in[(i % 2 * 2 + i / 2) * DN_BLOCK + 5] = i < first ? -1 : i == first ? -0.0f : 0;
            ck_assert_msg(signbit(maximum(&t, 2, 2, 2, names[k])), "%s, place %d", names[k], first);
        }
}
END_TEST

START_TEST(elements_that_are_not_numbers_are_skipped)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    for (int k = 0; k < sets; k++)
        for (int size = 2; size <= 5; size++) /* a 3x3 map in a window of 4 or 5 is clipped */
            for (int place = 0; place < dn_min(size, 3) * dn_min(size, 3); place++) {
                struct tiny t = {{0}, {0}};
                int side = dn_min(size, 3);
                for (int i = 0; i < side * side; i++)
                    t.in[i * DN_BLOCK + 5] = i == place ? NAN : -7;
                ck_assert_float_eq(maximum(&t, side, side, size, names[k]), -7);
            }
}
END_TEST

START_TEST(a_window_beside_the_map_or_without_numbers_gives_the_least_float)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    struct dn_pool p = {2, 2, 1, 1, -1, -1, false}; /* begins below and right of a 1x1 map */
    for (int k = 0; k < sets; k++) {
        struct row_case c;
        row_case_pool(&c, &p, 16, 1, 1, 3);
        c.a.v.h = c.a.v.w = 1;
        row_case_run(&c, dn_kernels(names[k]), c.rect, 1);
        ck_assert_float_eq(c.out.v.data[0], -FLT_MAX);
        row_case_close(&c);
        struct tiny t = {{0}, {0}};
        t.in[5] = NAN;
        ck_assert_float_eq(maximum(&t, 1, 1, 1, names[k]), -FLT_MAX);
    }
}
END_TEST

START_TEST(pad_columns_are_never_read)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    for (int k = 0; k < sets; k++) {
        float in[3 * 5 * DN_BLOCK], out[3 * 3 * DN_BLOCK];
        struct dn_view v = {.data = in + DN_BLOCK,
                            .row = 5 * DN_BLOCK,
                            .block = 5 * DN_BLOCK,
                            .c = 16,
                            .h = 3,
                            .w = 3,
                            .rows = 3,
                            .pad = 1};
        struct dn_view to = {.data = out,
                             .row = 3 * DN_BLOCK,
                             .block = 3 * DN_BLOCK,
                             .c = 16,
                             .h = 3,
                             .w = 3,
                             .rows = 3};
        struct dn_pool p = {_i, _i, 1, 1, _i / 2, _i / 2, false};
        for (size_t i = 0; i < sizeof in / sizeof *in; i++)
            in[i] = 1e30f;
        for (int y = 0; y < 3; y++)
            memset(in + (y * 5 + 1) * DN_BLOCK, 0, 3 * DN_BLOCK * sizeof *in);
        dn_pool_run(dn_kernels(names[k]), &p, &v, &to, dn_rect_whole(&to), 1);
        for (size_t i = 0; i < sizeof out / sizeof *out; i++)
            ck_assert_float_eq(out[i], 0);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("pooling");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, windows_of_every_size_and_stride_agree_with_the_plainest_loop, 1,
                        LARGEST + 1);
    tcase_add_test(t, of_zeros_of_both_signs_the_first_one_down_the_columns_is_the_maximum);
    tcase_add_test(t, elements_that_are_not_numbers_are_skipped);
    tcase_add_test(t, a_window_beside_the_map_or_without_numbers_gives_the_least_float);
    tcase_add_loop_test(t, pad_columns_are_never_read, 1, 8);
    suite_add_tcase(s, t);
    return s;
}
