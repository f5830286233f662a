/* The printed lines of a detector: exact texts, hostile names, memory that runs out. */
#include "support/scarce.h"
#include "support/suite.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/report.h"

enum { CLASSES = 3, DETS = 3 };

static char *names[CLASSES];
static float prob[DETS][CLASSES];
static detection dets[DETS];
static darknet_report report;
static struct dn_error err;

/* In array order: a cat right, a dog in the middle that may be a cat too, nothing on the left. */
static void make_report(void)
{
    static char dog[] = "dog", cat[] = "cat", sofa[] = "sofa";
    static const float values[DETS][CLASSES] = {{0, .307f, .1f}, {.756f, .4f, 0}, {.2f, 0, .004f}};
    static const box boxes[DETS] = {
        {.75f, .5f, .25f, .5f}, {.5f, .25f, .125f, .25f}, {.125f, .125f, .5f, .125f}};
    memset(&err, 0, sizeof err);
    memcpy(prob, values, sizeof prob);
    names[0] = dog;
    names[1] = cat;
    names[2] = sofa;
    for (int i = 0; i < DETS; i++)
        dets[i] = (detection){.bbox = boxes[i], .classes = CLASSES, .prob = prob[i]};
    report = (darknet_report){.dets = dets,
                              .n = DETS,
                              .thresh = .25f,
                              .names = names,
                              .classes = CLASSES,
                              .w = 800,
                              .h = 400,
                              .relative = 1,
                              .filename = "a/b.jpg",
                              .frame = 7};
}

static void assert_text(enum darknet_text format, const char *expected)
{
    char *text = dn_report(&report, format, &err);
    ck_assert_msg(text != NULL, "%s", err.text);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(test_stock_prints_every_class_above_the_threshold_in_array_order)
{
    assert_text(DARKNET_TEXT_STOCK, "cat: 31%\ndog: 76%\ncat: 40%\n");
    report.thresh = .756f;
    assert_text(DARKNET_TEXT_STOCK, "");
}
END_TEST

START_TEST(test_alexeyab_prints_from_left_to_right_the_best_class_first)
{
    assert_text(DARKNET_TEXT_ALEXEYAB, "dog: 76%\ncat: 40%\ncat: 31%\n");
    prob[1][2] = .9f;
    prob[2][0] = .5f;
    assert_text(DARKNET_TEXT_ALEXEYAB, "dog: 50%\nsofa: 90%\ndog: 76%\ncat: 40%\ncat: 31%\n");
}
END_TEST

START_TEST(test_alexeyab_keeps_array_order_at_one_left_edge)
{
    dets[1].bbox = dets[2].bbox = dets[0].bbox;
    prob[2][2] = .9f;
    assert_text(DARKNET_TEXT_ALEXEYAB, "cat: 31%\ndog: 76%\ncat: 40%\nsofa: 90%\n");
}
END_TEST

START_TEST(test_alexeyab_never_puts_a_hidden_class_first)
{
    static char hidden[] = "dont_show_dogs";
    names[0] = hidden;
    assert_text(DARKNET_TEXT_ALEXEYAB, "cat: 40%\ndont_show_dogs: 76%\ncat: 31%\n");
    prob[1][1] = 0;
    assert_text(DARKNET_TEXT_ALEXEYAB, "cat: 31%\n");
}
END_TEST

static const char extended[] =
    "dog: 76%\t(left_x:  350   top_y:   50   width:  100   height:  100)\n"
    "cat: 40%\t(left_x:  350   top_y:   50   width:  100   height:  100)\n"
    "cat: 31%\t(left_x:  500   top_y:  100   width:  200   height:  200)\n";
static const char labels[] = "1 0.7500 0.5000 0.2500 0.5000\n0 0.5000 0.2500 0.1250 0.2500\n";
static const char json[] =
    "{\n \"frame_id\":7, \n \"filename\":\"a/b.jpg\", \n \"objects\": [ \n"
    "  {\"class_id\":1, \"name\":\"cat\", \"relative_coordinates\":{\"center_x\":0.750000, "
    "\"center_y\":0.500000, \"width\":0.250000, \"height\":0.500000}, \"confidence\":0.307000}, \n"
    "  {\"class_id\":0, \"name\":\"dog\", \"relative_coordinates\":{\"center_x\":0.500000, "
    "\"center_y\":0.250000, \"width\":0.125000, \"height\":0.250000}, \"confidence\":0.756000}"
    "\n ] \n}";

/* What the JSON holds is above 0.005, whatever the threshold was. */
static void drop_the_faint(void)
{
    prob[0][2] = prob[1][1] = prob[2][0] = 0;
}

START_TEST(test_the_other_formats)
{
    assert_text(DARKNET_TEXT_EXTENDED, extended);
    assert_text(DARKNET_TEXT_LABELS, labels);
    drop_the_faint();
    assert_text(DARKNET_TEXT_JSON, json);
}
END_TEST

START_TEST(test_boxes_in_pixels_print_the_same)
{
    report.relative = 0;
    for (int i = 0; i < DETS; i++) {
        box b = dets[i].bbox;
        dets[i].bbox = (box){b.x * 800, b.y * 400, b.w * 800, b.h * 400};
    }
    assert_text(DARKNET_TEXT_EXTENDED, extended);
    assert_text(DARKNET_TEXT_LABELS, labels);
    drop_the_faint();
    assert_text(DARKNET_TEXT_JSON, json);
}
END_TEST

START_TEST(test_nothing_found_is_an_empty_text)
{
    report.n = 0;
    report.dets = NULL;
    report.names = NULL;
    assert_text(DARKNET_TEXT_STOCK, "");
    assert_text(DARKNET_TEXT_ALEXEYAB, "");
    assert_text(DARKNET_TEXT_LABELS, "");
    report.filename = NULL;
    assert_text(DARKNET_TEXT_JSON, "{\n \"frame_id\":7, \n \"objects\": [ \n\n ] \n}");
}
END_TEST

START_TEST(test_json_escapes_what_would_end_its_strings)
{
    static char name[] = "\"a\\b\n\x01\xc3\xa9";
    drop_the_faint();
    report.n = 1;
    names[1] = name;
    char *text = dn_report(&report, DARKNET_TEXT_JSON, &err);
    ck_assert_ptr_nonnull(strstr(text, "\"name\":\"\\\"a\\\\b\\u000a\\u0001\xc3\xa9\", "));
    free(text);
}
END_TEST

START_TEST(test_json_has_no_numbers_that_are_none)
{
    float *const fields[] = {&dets[1].bbox.x, &dets[1].bbox.y, &dets[1].bbox.w, &dets[1].bbox.h, &prob[1][0]};
    static const float values[] = {INFINITY, -INFINITY, NAN};
    drop_the_faint();
    *fields[_i % 5] = values[_i / 5];
    char *text = dn_report(&report, DARKNET_TEXT_JSON, &err);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_null(strstr(text, "inf"));
    ck_assert_ptr_null(strstr(text, "nan"));
    ck_assert_ptr_null(strstr(text, "dog"));
    ck_assert_ptr_nonnull(strstr(text, "cat"));
    free(text);
}
END_TEST

START_TEST(test_reports_that_cannot_be_printed_say_why)
{
    report.names = NULL;
    assert_text(DARKNET_TEXT_LABELS, labels);
    ck_assert_ptr_null(dn_report(&report, DARKNET_TEXT_STOCK, &err));
    ck_assert_int_eq(err.status, DN_INVALID);
    make_report();
    report.dets = NULL;
    ck_assert_ptr_null(dn_report(&report, DARKNET_TEXT_LABELS, &err));
    ck_assert_int_eq(err.status, DN_INVALID);
    make_report();
    ck_assert_ptr_null(dn_report(&report, (enum darknet_text)99, &err));
    ck_assert_int_eq(err.status, DN_INVALID);
}
END_TEST

/* Makes a locale with decimal commas from the system's sources and sets it in this process. */
static bool set_comma_locale(void)
{
    char folder[] = "/tmp/dn-locale-XXXXXX", command[200];
    if (!mkdtemp(folder))
        return false;
    snprintf(command, sizeof command,
             "localedef -i de_DE -f UTF-8 --no-archive %s/de_DE.UTF-8 >%s/log 2>&1", folder,
             folder);
    bool made = system(command) == 0;
    setenv("LOCPATH", folder, 1);
    made = made && setlocale(LC_ALL, "de_DE.UTF-8");
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 && made;
}

START_TEST(test_numbers_have_points_in_every_locale)
{
    char number[8];
    if (!set_comma_locale()) {
        puts("skipped: no locale with decimal commas, and localedef cannot make one");
        return;
    }
    assert_text(DARKNET_TEXT_LABELS, labels);
    snprintf(number, sizeof number, "%.1f", .5);
    ck_assert_str_eq(number, "0,5");
}
END_TEST

START_TEST(test_without_memory_there_is_an_error_and_nothing_leaks)
{
    bool failed = true;
    for (int nth = 0; failed; nth++) {
        make_report();
        scarce_begin(nth);
        char *text = dn_report(&report, (enum darknet_text)_i, &err);
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
    Suite *s = suite_create("detect/report");
    TCase *t = tcase_create("report");
    tcase_add_checked_fixture(t, make_report, NULL);
    tcase_add_test(t, test_stock_prints_every_class_above_the_threshold_in_array_order);
    tcase_add_test(t, test_alexeyab_prints_from_left_to_right_the_best_class_first);
    tcase_add_test(t, test_alexeyab_keeps_array_order_at_one_left_edge);
    tcase_add_test(t, test_alexeyab_never_puts_a_hidden_class_first);
    tcase_add_test(t, test_the_other_formats);
    tcase_add_test(t, test_boxes_in_pixels_print_the_same);
    tcase_add_test(t, test_nothing_found_is_an_empty_text);
    tcase_add_test(t, test_json_escapes_what_would_end_its_strings);
    tcase_add_loop_test(t, test_json_has_no_numbers_that_are_none, 0, 15);
    tcase_add_test(t, test_reports_that_cannot_be_printed_say_why);
    tcase_add_test(t, test_numbers_have_points_in_every_locale);
    tcase_add_loop_test(t, test_without_memory_there_is_an_error_and_nothing_leaks, 0,
                        DARKNET_TEXT_LABELS + 1);
    suite_add_tcase(s, t);
    return s;
}
