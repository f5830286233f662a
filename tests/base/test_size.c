/* Sizes that cannot wrap; error sentences. */
#include "support/suite.h"

#include <stdint.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"

START_TEST(products_that_do_not_fit_are_seen)
{
    static const size_t edges[] = {0, 1, 2, 3, 64, (size_t)1 << 31, (size_t)1 << 32, SIZE_MAX / 3, SIZE_MAX / 2, SIZE_MAX - 1, SIZE_MAX};
    enum { N = sizeof edges / sizeof *edges };
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            size_t a = edges[i], b = edges[k], out = 0;
            bool product = a == 0 || b <= SIZE_MAX / a;
            ck_assert_int_eq(dn_mul(a, b, &out), product);
            ck_assert(!product || out == a * b);
        }
}
END_TEST

START_TEST(alignment_rounds_up)
{
    for (size_t n = 0; n < 300; n++) {
        size_t up = dn_align_up(n, DN_ALIGN);
        ck_assert(up % DN_ALIGN == 0 && up >= n && up < n + DN_ALIGN);
    }
    for (int a = 0; a < 50; a++)
        for (int b = 1; b < 9; b++)
            ck_assert(dn_ceil_div(a, b) * b >= a && (dn_ceil_div(a, b) - 1) * b < a);
    ck_assert(dn_min(-1, 2) == -1 && dn_min(2, -1) == -1 && dn_max(-1, 2) == 2 && dn_max(2, -1) == 2);
}
END_TEST

START_TEST(the_first_failure_is_the_one_that_is_told)
{
    struct dn_error err = {0};
    ck_assert_int_eq(dn_fail(&err, DN_INVALID, "%s:%d: the first", "a.cfg", 3), DN_INVALID);
    ck_assert_int_eq(dn_fail(&err, DN_NO_MEMORY, "the second"), DN_INVALID);
    ck_assert_int_eq(err.status, DN_INVALID);
    ck_assert_str_eq(err.text, "a.cfg:3: the first");
}
END_TEST

START_TEST(long_sentences_are_cut)
{
    struct dn_error err = {0};
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    dn_fail(&err, DN_IO, "%s", text);
    ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("base/size");
    TCase *t = tcase_create("size");
    tcase_add_test(t, products_that_do_not_fit_are_seen);
    tcase_add_test(t, alignment_rounds_up);
    tcase_add_test(t, the_first_failure_is_the_one_that_is_told);
    tcase_add_test(t, long_sentences_are_cut);
    suite_add_tcase(s, t);
    return s;
}
