/* Names, data files, printed lines and written files through the public API. */
#include "support/scarce.h"
#include "support/folder.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "darknet.h"

static char folder[] = "/tmp/dn-text-XXXXXX";
static char data[64], names[64];

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(data, sizeof data, "%s/x.data", folder);
    snprintf(names, sizeof names, "%s/x.names", folder);
}

static void remove_folder(void)
{
    unlink(data);
    unlink(names);
    rmdir(folder);
}

static void fill(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static void fill_data(const char *format)
{
    char text[200];
    snprintf(text, sizeof text, format, names);
    fill(data, text);
}

static void assert_error(const char *what)
{
    ck_assert_msg(strstr(darknet_last_error(), what), "'%s' does not name '%s'",
                  darknet_last_error(), what);
}

/* ---- metadata ------------------------------------------------------------------------------- */

static void assert_no_metadata(const char *what)
{
    metadata m = get_metadata(data);
    ck_assert_int_eq(m.classes, 0);
    ck_assert_ptr_null(m.names);
    assert_error(what);
}

START_TEST(test_metadata_has_names_for_its_classes)
{
    fill(names, "dog\ncat\nsofa\n");
    static const char *const formats[] = {"classes=3\nnames=%s\n", "classes = 2\nlabels = %s\n",
                                          "names=%s\n", "names=%s\nlabels=none\n"};
    static const int classes[] = {3, 2, 2, 2};
    fill_data(formats[_i]);
    metadata m = get_metadata(data);
    ck_assert_msg(m.names != NULL, "%s", darknet_last_error());
    ck_assert_int_eq(m.classes, classes[_i]);
    ck_assert_str_eq(m.names[0], "dog");
    ck_assert_str_eq(m.names[1], "cat");
    free_labels(m.names);
}
END_TEST

START_TEST(test_metadata_that_lacks_something_is_empty_and_says_why)
{
    assert_no_metadata(data);
    fill(names, "dog\ncat\n");
    fill_data("classes=3\nnames=%s\n");
    assert_no_metadata("has 2 names; 3 classes need");
    fill_data("classes=many\nnames=%s\n");
    assert_no_metadata("classes=many");
    fill_data("classes=-1\nnames=%s\n");
    assert_no_metadata("classes=-1");
    fill(data, "classes=2\n");
    assert_no_metadata("neither the key names nor the key labels");
    fill_data("names=%s\n");
    unlink(names);
    assert_no_metadata(names);
}
END_TEST

/* ---- names and data ------------------------------------------------------------------------- */

START_TEST(test_names_must_be_as_many_as_classes)
{
    int n = -1;
    fill(names, "dog\ncat\n");
    char **list = darknet_names(names, 2, &n);
    ck_assert_ptr_nonnull(list);
    ck_assert_int_eq(n, 2);
    free_labels(list);
    ck_assert_ptr_null(darknet_names(names, 3, NULL));
    assert_error("has 2 names; 3 classes need");
    list = get_labels(names);
    ck_assert_str_eq(list[1], "cat");
    ck_assert_str_eq(darknet_last_error(), "");
    free_labels(list);
    free_labels(NULL);
}
END_TEST

START_TEST(test_an_absent_key_is_no_error_and_an_absent_file_is)
{
    fill(data, "top=5\n");
    char *value = darknet_data(data, "top");
    ck_assert_str_eq(value, "5");
    free(value);
    ck_assert_ptr_null(darknet_data(data, "names"));
    ck_assert_str_eq(darknet_last_error(), "");
    unlink(data);
    ck_assert_ptr_null(darknet_data(data, "top"));
    assert_error(data);
}
END_TEST

START_TEST(test_numbers_of_a_data_file_are_numbers_or_errors)
{
    fill(data, "# top=1\n top = 5\nmany=abc\nnone=0\nlarge=99999999999\n");
    ck_assert_int_eq(darknet_data_number(data, "top", 1), 5);
    ck_assert_int_eq(darknet_data_number(data, "classes", 2), 2);
    ck_assert_str_eq(darknet_last_error(), "");
    ck_assert_int_eq(darknet_data_number(data, "many", 1), 0);
    assert_error(":3: many=abc: the value must be a whole number from 1 to 2147483647");
    ck_assert_int_eq(darknet_data_number(data, "none", 1), 0);
    assert_error(":4: none=0");
    ck_assert_int_eq(darknet_data_number(data, "large", 1), 0);
    assert_error(":5: large=99999999999");
    unlink(data);
    ck_assert_int_eq(darknet_data_number(data, "top", 1), 0);
    assert_error(data);
}
END_TEST

/* ---- files ---------------------------------------------------------------------------------- */

START_TEST(test_writing_replaces_a_file_as_a_whole)
{
    fill(data, "old and longer\n");
    ck_assert_int_eq(darknet_write(data, "new=1\n", 6), 1);
    char *value = darknet_data(data, "new");
    ck_assert_str_eq(value, "1");
    free(value);
    ck_assert_int_eq(folder_files(folder), 1);
    ck_assert_int_eq(darknet_write(data, "", 0), 1);
}
END_TEST

START_TEST(test_a_file_that_cannot_be_written_is_an_error)
{
    char path[100];
    snprintf(path, sizeof path, "%s/missing/x", folder);
    ck_assert_int_eq(darknet_write(path, "x", 1), 0);
    assert_error(path);
    ck_assert_int_eq(darknet_write("/dev/full", "x", 1), 0);
    assert_error("/dev/full");
    ck_assert_int_eq(folder_files(folder), 0);
}
END_TEST

START_TEST(test_texts_and_label_paths_come_through)
{
    float prob = .5f;
    char *name = "dog";
    detection det = {.bbox = {.5f, .5f, .5f, .5f}, .classes = 1, .prob = &prob};
    darknet_report report = {.dets = &det,
                             .n = 1,
                             .thresh = .25f,
                             .names = &name,
                             .classes = 1,
                             .w = 10,
                             .h = 10,
                             .relative = 1};
    char *text = darknet_format(&report, DARKNET_TEXT_STOCK), *path = darknet_label_path("a.jpg");
    ck_assert_str_eq(text, "dog: 50%\n");
    ck_assert_str_eq(path, "a.txt");
    free(text);
    free(path);
    report.names = NULL;
    ck_assert_ptr_null(darknet_format(&report, DARKNET_TEXT_STOCK));
    assert_error("names");
}
END_TEST

static void print_all(const darknet_report *r, FILE *out)
{
    for (int format = DARKNET_TEXT_STOCK; format <= DARKNET_TEXT_LABELS; format++) {
        char *text = darknet_format(r, (enum darknet_text)format);
        fputs(text, out);
        free(text);
    }
}

START_TEST(test_lines_printed_to_a_file_are_those_of_the_texts)
{
    float prob[3][2] = {{.5f, .4f}, {0, .9f}, {.3f, .3f}};
    char *list[] = {"dog", "cat"}, *expected;
    size_t size;
    detection dets[3];
    for (int i = 0; i < 3; i++)
        dets[i] = (detection){.bbox = {.5f - .1f * (float)i, .5f, .5f, .5f}, .classes = 2, .prob = prob[i]};
    darknet_report r = {.dets = dets, .n = 3, .thresh = .25f, .names = list, .classes = 2, .w = 10, .h = 10,
                        .relative = 1, .filename = "a.jpg"};
    FILE *text = open_memstream(&expected, &size);
    print_all(&r, text);
    fclose(text);
    darknet_file file;
    ck_assert_ptr_eq(darknet_file_open(&file, data), file.stream);
    for (int format = DARKNET_TEXT_STOCK; format <= DARKNET_TEXT_LABELS; format++)
        ck_assert_int_eq(darknet_print(&r, (enum darknet_text)format, file.stream), 1);
    ck_assert_int_eq(access(data, F_OK), -1);
    ck_assert_int_eq(darknet_file_close(&file, 1), 1);
    ck_assert_int_eq(folder_files(folder), 1);
    char seen[4096];
    FILE *in = fopen(data, "r");
    ck_assert_uint_eq(fread(seen, 1, sizeof seen, in), size);
    ck_assert_mem_eq(seen, expected, size);
    fclose(in);
    free(expected);
}
END_TEST

START_TEST(test_a_file_that_is_given_up_is_not_there)
{
    darknet_file file;
    char path[100];
    ck_assert_ptr_nonnull(darknet_file_open(&file, data));
    fputs("half", file.stream);
    ck_assert_int_eq(darknet_file_close(&file, 0), 1);
    ck_assert_int_eq(darknet_file_close(&file, 0), 1);
    ck_assert_int_eq(folder_files(folder), 0);
    snprintf(path, sizeof path, "%s/missing/x", folder);
    ck_assert_ptr_null(darknet_file_open(&file, path));
    assert_error(path);
    ck_assert_ptr_nonnull(darknet_file_open(&file, "/dev/full"));
    fputs("x", file.stream);
    ck_assert_int_eq(darknet_file_close(&file, 1), 0);
    assert_error("/dev/full");
}
END_TEST

START_TEST(test_a_sentence_stays_until_the_next_call_that_reports_failures)
{
    fill(names, "dog\n");
    ck_assert_ptr_null(darknet_names(names, 3, NULL));
    do_nms_sort(NULL, 0, 1, .5f);
    box_iou((box){0}, (box){0});
    rgbgr_image((image){0});
    free_image((image){0});
    free_detections(NULL, 0);
    free_labels(NULL);
    ck_assert_ptr_null(load_alphabet());
    assert_error("has 1 names");
    free_labels(darknet_names(names, 1, NULL));
    ck_assert_str_eq(darknet_last_error(), "");
}
END_TEST

START_TEST(test_metadata_without_memory_is_empty_and_nothing_leaks)
{
    bool failed = true;
    fill(names, "dog\ncat\n");
    fill_data("classes=2\nnames=%s\n");
    for (int nth = 0; failed; nth++) {
        scarce_begin(nth);
        metadata m = get_metadata(data);
        failed = scarce_end();
        bool without = m.names == NULL;
        free_labels(m.names);
        ck_assert_int_eq(scarce_blocks(), 0);
        ck_assert_int_eq(without, failed);
        ck_assert_int_eq(*darknet_last_error() != 0, failed);
    }
}
END_TEST

START_TEST(test_writing_without_memory_leaves_the_file_as_it_was)
{
    bool failed = true;
    for (int nth = 0; failed; nth++) {
        fill(data, "old=1\n");
        scarce_begin(nth);
        int written = darknet_write(data, "new=1\n", 6);
        failed = scarce_end();
        ck_assert_int_eq(scarce_blocks(), 0);
        ck_assert(written || failed);
        ck_assert_int_eq(folder_files(folder), 1);
        char *value = darknet_data(data, written ? "new" : "old");
        ck_assert_str_eq(value, "1");
        free(value);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("compat/text");
    TCase *t = tcase_create("text");
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_loop_test(t, test_metadata_has_names_for_its_classes, 0, 4);
    tcase_add_test(t, test_metadata_that_lacks_something_is_empty_and_says_why);
    tcase_add_test(t, test_names_must_be_as_many_as_classes);
    tcase_add_test(t, test_an_absent_key_is_no_error_and_an_absent_file_is);
    tcase_add_test(t, test_numbers_of_a_data_file_are_numbers_or_errors);
    tcase_add_test(t, test_writing_replaces_a_file_as_a_whole);
    tcase_add_test(t, test_a_file_that_cannot_be_written_is_an_error);
    tcase_add_test(t, test_texts_and_label_paths_come_through);
    tcase_add_test(t, test_lines_printed_to_a_file_are_those_of_the_texts);
    tcase_add_test(t, test_a_file_that_is_given_up_is_not_there);
    tcase_add_test(t, test_a_sentence_stays_until_the_next_call_that_reports_failures);
    tcase_add_test(t, test_metadata_without_memory_is_empty_and_nothing_leaks);
    tcase_add_test(t, test_writing_without_memory_leaves_the_file_as_it_was);
    suite_add_tcase(s, t);
    return s;
}
