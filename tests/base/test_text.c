/* Numbers in texts: Darknet's prefixes, and no locale. */
#include "support/suite.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

START_TEST(integers_are_prefixes)
{
    static const struct {
        const char *text;
        int value, used; /* used: characters; 0: no number */
    } cases[] = {
        {"0", 0, 1}, {"42", 42, 2}, {"-7", -7, 2}, {"+7", 7, 2}, {"40#32", 40, 2}, {"0.9", 0, 1}, {"1e3", 1, 1},
        {"  5,6", 5, 3}, {"\t5", 5, 2}, {"007", 7, 3}, {"2147483647", INT_MAX, 10}, {"-2147483648", INT_MIN, 11},
        {"2147483648", 0, 0}, {"-2147483649", 0, 0}, {"99999999999999999999999", 0, 0}, {"", 0, 0}, {"-", 0, 0},
        {"+-3", 0, 0}, {"x1", 0, 0}, {".5", 0, 0}, {"\n5", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *end = NULL;
        int value = 77;
        bool number = dn_parse_int(cases[i].text, &value, &end);
        ck_assert_msg(number == (cases[i].used > 0), "'%s'", cases[i].text);
        ck_assert_msg(value == (number ? cases[i].value : 77), "'%s' is %d", cases[i].text, value);
        ck_assert_msg(!number || end == cases[i].text + cases[i].used, "'%s'", cases[i].text);
    }
}
END_TEST

static void check_float(const char *text, float expected, int used)
{
    const char *end = NULL;
    float value = 77;
    ck_assert_msg(dn_parse_float(text, &value, &end), "'%s'", text);
    ck_assert_msg(value == expected, "'%s' is %.9g, not %.9g", text, (double)value, (double)expected);
    ck_assert_msg(end == text + used, "'%s' ends after %d characters", text, (int)(end - text));
}

START_TEST(decimal_numbers_may_have_fraction_and_exponent)
{
    check_float("1", 1, 1);
    check_float("-0.5", -.5f, 4);
    check_float(".25", .25f, 3);
    check_float("3.", 3, 2);
    check_float("1e3", 1000, 3);
    check_float("1E-3x", .001f, 4);
    check_float("+2.5e+1", 25, 7);
    check_float("7e", 7, 1);
    check_float("7e+", 7, 1);
    check_float("0.57,1", .57f, 4);
    check_float(" 10#20", 10, 3);
}
END_TEST

START_TEST(no_number_is_no_number)
{
    static const char *const texts[] = {"", ".", "-", "e5", "x", "-.e1", "inf", "nan"};
    float value = 77;
    ck_assert(!dn_parse_float(texts[_i], &value, NULL) && value == 77);
}
END_TEST

START_TEST(extreme_numbers_become_zero_or_infinity)
{
    char zeros[600];
    check_float("0e99999", 0, 7);
    check_float("0e-99999", 0, 8);
    check_float("1e99999", INFINITY, 7);
    check_float("1e-99999", 0, 8);
    check_float("-1e99999999999", -INFINITY, 14);
    check_float("1e-99999999999", 0, 14);
    snprintf(zeros, sizeof zeros, "1%0400de-400", 0);
    check_float(zeros, 1, 406);
    snprintf(zeros, sizeof zeros, "0.%0400d1e401", 0);
    check_float(zeros, 1, 407);
    check_float("1e-45", 1e-45f, 5);
}
END_TEST

/* Every float that printf writes with nine digits is read back. */
START_TEST(printed_floats_are_read_back)
{
    unsigned seed = 1;
    for (int i = 0; i < 20000; i++) {
        char text[40];
        seed = seed * 1664525u + 1013904223u;
        float value = ldexpf((float)(int)seed, (int)(seed >> 7) % 40 - 50);
        snprintf(text, sizeof text, i % 2 ? "%.9g" : "%.12f", (double)value);
        float read = 0, strtof_read = strtof(text, NULL);
        ck_assert(dn_parse_float(text, &read, NULL));
        ck_assert_msg(read == strtof_read || fabsf(read - strtof_read) <= fabsf(strtof_read) * 1.2e-7f, "%s is read as %.9g", text,
                      (double)read);
    }
}
END_TEST

START_TEST(a_locale_with_commas_changes_nothing)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C.UTF-8"};
    for (int i = 0; i < 4 && !setlocale(LC_NUMERIC, names[i]);)
        i++;
    check_float("0.57", .57f, 4);
    check_float("1,5", 1, 1);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("base/text");
    TCase *t = tcase_create("text");
    tcase_add_test(t, integers_are_prefixes);
    tcase_add_test(t, decimal_numbers_may_have_fraction_and_exponent);
    tcase_add_loop_test(t, no_number_is_no_number, 0, 8);
    tcase_add_test(t, extreme_numbers_become_zero_or_infinity);
    tcase_add_test(t, printed_floats_are_read_back);
    tcase_add_test(t, a_locale_with_commas_changes_nothing);
    suite_add_tcase(s, t);
    return s;
}
