/* The best classes: choice, order, and printed lines of both dialects. */
#include "support/scarce.h"
#include "support/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/top.h"

enum { N = 40 };

static float values[N];
static int indices[N + 5];
static struct dn_error err;

static void make_values(unsigned seed)
{
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 28) / 16; /* few values: many are equal */
    }
}

START_TEST(test_the_first_k_of_a_stable_sort)
{
    for (int k = 0; k <= N; k++) {
        make_values((unsigned)_i);
        dn_top(values, N, k, indices);
        for (int i = 0; i < k; i++) {
            int above = 0;
            for (int j = 0; j < N; j++)
                above += values[j] > values[indices[i]] ||
                         (values[j] == values[indices[i]] && j < indices[i]);
            ck_assert_int_eq(above, i);
        }
    }
}
END_TEST

START_TEST(test_more_than_there_are_leaves_minus_1)
{
    make_values(3);
    dn_top(values, N, N + 5, indices);
    for (int i = 0; i < N + 5; i++)
        ck_assert_int_eq(indices[i] < 0, i >= N);
    dn_top(values, 0, 2, indices);
    ck_assert_int_eq(indices[0], -1);
    dn_top(values, N, 0, NULL);
}
END_TEST

START_TEST(test_numbers_come_before_nan)
{
    const float v[] = {NAN, .1f, NAN, -INFINITY, .2f};
    const int expected[] = {4, 1, 3, 0, 2};
    dn_top(v, 5, 5, indices);
    ck_assert_mem_eq(indices, expected, sizeof expected);
}
END_TEST

/* ---- lines ---------------------------------------------------------------------------------- */

static char animal[] = "animal", thing[] = "thing", dog[] = "dog", cat[] = "cat";
static char *names[] = {animal, thing, dog, cat};
static const float conditional[] = {.8f, .2f, .75f, .25f};
static int parent[] = {-1, -1, 0, 0}, child[] = {1, -1, -1, -1};
static const struct dn_tree tree = {.n = 4, .parent = parent, .child = child};
static struct dn_top_report report;

static void make_report(void)
{
    memset(&err, 0, sizeof err);
    report = (struct dn_top_report){
        .values = conditional, .n = 4, .names = names, .names_n = 4, .top = 3, .dialect = DN_STOCK};
}

static void assert_lines(const char *expected)
{
    char *text = dn_top_text(&report, &err);
    ck_assert_msg(text != NULL, "%s", err.text);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(test_lines_of_stock)
{
    assert_lines("80.00%: animal\n75.00%: dog\n25.00%: cat\n");
    report.top = 9;
    assert_lines("80.00%: animal\n75.00%: dog\n25.00%: cat\n20.00%: thing\n");
    report.top = 0;
    assert_lines("");
    report.top = -1;
    assert_lines("");
}
END_TEST

START_TEST(test_lines_of_alexeyab)
{
    report.dialect = DN_ALEXEYAB;
    assert_lines("animal: 0.800000\ndog: 0.750000\ncat: 0.250000\n");
}
END_TEST

START_TEST(test_a_hierarchy_multiplies_down_and_stock_keeps_only_leaves)
{
    report.tree = &tree;
    assert_lines("60.00%: dog\n20.00%: thing\n20.00%: cat\n");
    report.dialect = DN_ALEXEYAB;
    assert_lines("0, animal: 0.800000, parent: Root \n2, dog: 0.600000, parent: animal \n"
                 "1, thing: 0.200000, parent: Root \n");
    ck_assert_float_eq(conditional[2], .75f);
}
END_TEST

START_TEST(test_a_class_without_a_name_is_an_error)
{
    report.names_n = 2;
    ck_assert_ptr_null(dn_top_text(&report, &err));
    ck_assert_int_eq(err.status, DN_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "class 2"));
    make_report();
    report.top = 1;
    report.names_n = 1;
    assert_lines("80.00%: animal\n");
}
END_TEST

START_TEST(test_without_memory_there_is_an_error_and_nothing_leaks)
{
    bool failed = true;
    for (int nth = 0; failed; nth++) {
        make_report();
        scarce_begin(nth);
        char *text = dn_top_text(&report, &err);
        failed = scarce_end();
        bool without = text == NULL;
        free(text);
        ck_assert_int_eq(scarce_blocks(), 0);
        ck_assert(failed || !without);
        ck_assert_int_eq(err.status == DN_NO_MEMORY, without);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("detect/top");
    TCase *t = tcase_create("top");
    tcase_add_checked_fixture(t, make_report, NULL);
    tcase_add_loop_test(t, test_the_first_k_of_a_stable_sort, 1, 20);
    tcase_add_test(t, test_more_than_there_are_leaves_minus_1);
    tcase_add_test(t, test_numbers_come_before_nan);
    tcase_add_test(t, test_lines_of_stock);
    tcase_add_test(t, test_lines_of_alexeyab);
    tcase_add_test(t, test_a_hierarchy_multiplies_down_and_stock_keeps_only_leaves);
    tcase_add_test(t, test_a_class_without_a_name_is_an_error);
    tcase_add_test(t, test_without_memory_there_is_an_error_and_nothing_leaks);
    suite_add_tcase(s, t);
    return s;
}
