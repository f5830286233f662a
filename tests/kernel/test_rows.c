/* Laws of all row kernels: activations of maps, pooling, sums, products, copies. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "support/row_case.h"
#include "support/suite.h"

enum { CASES = 300, BATCHES = 5 };

static struct row_case c;
static float *expected;

static void open_case(int kind, int seed)
{
    row_case_random(&c, (enum row_kind)kind, (unsigned)seed);
    expected = malloc(c.out.bytes);
    ck_assert_ptr_nonnull(expected);
}

/* Iterations of a test take turns over the kinds; each has a batch of seeds. */
static int first_seed(int iteration)
{
    return iteration / ROW_KINDS * (CASES / BATCHES);
}

static void close_case(void)
{
    free(expected);
    row_case_close(&c);
}

/* The scalar result, and a fresh output. */
static void expect_scalar(void)
{
    row_case_run(&c, dn_kernels("scalar"), c.rect, 1);
    memcpy(expected, c.out.floats, c.out.bytes);
    row_case_reset(&c);
}

static void assert_expected(const char *what)
{
    for (size_t i = 0; i < c.out.bytes / sizeof(float); i++)
        if (memcmp(c.out.floats + i, expected + i, sizeof(float)))
            ck_abort_msg("%s: %s: %a instead of %a at float %zu", what, row_case_text(&c),
                         (double)c.out.floats[i], (double)expected[i], i);
}

START_TEST(the_scalar_kernels_compute_what_the_plainest_loops_do)
{
    for (int seed = first_seed(_i); seed < first_seed(_i + ROW_KINDS); seed++) {
        open_case(_i % ROW_KINDS, seed);
        row_case_run(&c, dn_kernels("scalar"), c.rect, 1);
        for (int n = 0; n < c.out.v.c; n++)
            for (int y = c.rect.y0; y < c.rect.y1; y++)
                for (int x = c.rect.x0; x < c.rect.x1; x++) {
                    double tolerance, model = row_case_model(&c, n, y, x, &tolerance);
                    double got = (double)*dn_view_element(&c.out.v, n, y, x);
                    bool close = fabs(got - model) <= tolerance || isnan(model);
                    if (!close)
                        ck_abort_msg("%s: %.9g instead of %.9g at channel %d, row %d, column %d",
                                     row_case_text(&c), got, model, n, y, x);
                }
        close_case();
    }
}
END_TEST

START_TEST(no_kernel_writes_beyond_its_rectangle)
{
    for (int seed = first_seed(_i); seed < first_seed(_i + ROW_KINDS); seed++) {
        open_case(_i % ROW_KINDS, seed);
        row_case_run(&c, dn_kernels(NULL), c.rect, 1);
        /* What lies in the rectangle becomes fresh again, lanes above the last channel included. */
        int blocks = c.out.v.layout == DN_BLOCKED ? dn_blocks(c.out.v.c) : c.out.v.c;
        size_t step = c.out.v.layout == DN_BLOCKED ? DN_BLOCK : 1;
        for (int b = 0; b < blocks; b++)
            for (int y = c.rect.y0; y < c.rect.y1; y++) {
                float *row = dn_view_at(&c.out.v, b, y, c.rect.x0);
                memcpy(row, c.fresh + (row - c.out.floats),
                       (size_t)(c.rect.x1 - c.rect.x0) * step * sizeof *row);
            }
        memcpy(expected, c.fresh, c.out.bytes);
        assert_expected("outside");
        close_case();
    }
}
END_TEST

START_TEST(every_instruction_set_gives_the_scalar_bytes)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    for (int seed = first_seed(_i); seed < first_seed(_i + ROW_KINDS); seed++) {
        open_case(_i % ROW_KINDS, seed);
        expect_scalar();
        for (int i = 0; i < sets; i++) {
            row_case_run(&c, dn_kernels(names[i]), c.rect, 1);
            assert_expected(names[i]);
            row_case_reset(&c);
        }
        close_case();
    }
}
END_TEST

START_TEST(rectangles_and_threads_do_not_change_the_bytes)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    for (int seed = first_seed(_i); seed < first_seed(_i + ROW_KINDS); seed++) {
        open_case(_i % ROW_KINDS, seed);
        expect_scalar();
        struct dn_rect r = c.rect;
        int ys[] = {r.y0, (r.y0 + r.y1 + 1) / 2, r.y1}, xs[] = {r.x0, (2 * r.x0 + r.x1) / 3, r.x1};
        for (int i = 0; i < sets; i++) {
            for (int part = 0; part < 4; part++) {
                struct dn_rect quarter = {ys[part / 2], ys[part / 2 + 1], xs[part % 2],
                                          xs[part % 2 + 1]};
                row_case_run(&c, dn_kernels(names[i]), quarter, 1 + part % 2);
            }
            assert_expected(names[i]);
            row_case_reset(&c);
        }
        close_case();
    }
}
END_TEST

/* They are cut into columns. */
START_TEST(threads_do_not_change_the_bytes_of_a_wide_band)
{
    struct dn_pool pool = {2, 2, 2, 2, 0, 0, false};
    row_case_pool(&c, &pool, 40, 9, 209, 1);
    expected = malloc(c.out.bytes);
    ck_assert_ptr_nonnull(expected);
    row_case_reset(&c);
    expect_scalar();
    for (int threads = 2; threads <= 5; threads++) {
        row_case_run(&c, dn_kernels(NULL), c.rect, threads);
        assert_expected("the best kernels");
        row_case_reset(&c);
    }
    close_case();
}
END_TEST

START_TEST(a_sum_may_replace_its_first_map)
{
    open_case(ROW_ADD, _i);
    row_case_run(&c, dn_kernels(NULL), c.rect, 1);
    dn_add(dn_kernels(NULL), &c.a.v, c.alpha, &c.b.v, c.beta, &c.a.v, c.rect, 2);
    for (int n = 0; n < c.out.v.c; n++)
        for (int y = c.rect.y0; y < c.rect.y1; y++)
            for (int x = c.rect.x0; x < c.rect.x1; x++)
                ck_assert_float_eq(*dn_view_element(&c.a.v, n, y, x),
                                   *dn_view_element(&c.out.v, n, y, x));
    close_case();
}
END_TEST

START_TEST(an_empty_rectangle_writes_nothing)
{
    for (int i = 0; i < ROW_KINDS; i++) {
        open_case(i, 1);
        memcpy(expected, c.fresh, c.out.bytes);
        row_case_run(&c, dn_kernels(NULL),
                     (struct dn_rect){c.rect.y0, c.rect.y0, c.rect.x0, c.rect.x1}, 2);
        row_case_run(&c, dn_kernels(NULL),
                     (struct dn_rect){c.rect.y0, c.rect.y1, c.rect.x0, c.rect.x0}, 2);
        assert_expected("empty");
        close_case();
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("row kernels");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, the_scalar_kernels_compute_what_the_plainest_loops_do, 0,
                        BATCHES * ROW_KINDS);
    tcase_add_loop_test(t, no_kernel_writes_beyond_its_rectangle, 0, BATCHES * ROW_KINDS);
    tcase_add_loop_test(t, every_instruction_set_gives_the_scalar_bytes, 0, BATCHES * ROW_KINDS);
    tcase_add_loop_test(t, rectangles_and_threads_do_not_change_the_bytes, 0, BATCHES * ROW_KINDS);
    tcase_add_test(t, threads_do_not_change_the_bytes_of_a_wide_band);
    tcase_add_loop_test(t, a_sum_may_replace_its_first_map, 0, 40);
    tcase_add_test(t, an_empty_rectangle_writes_nothing);
    suite_add_tcase(s, t);
    return s;
}
