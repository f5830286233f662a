/* Names, .data files and label paths: what the format says, hostile files, memory that runs out. */
#include "support/scarce.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detect/names.h"

static char path[] = "/tmp/dn-names-XXXXXX";
static struct dn_error err;

static void make_path(void)
{
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_path(void)
{
    unlink(path);
}

static void fill(const char *text, size_t size)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
    memset(&err, 0, sizeof err);
}

static void fill_text(const char *text)
{
    fill(text, strlen(text));
}

static void assert_names(const char *text, int n, const char *const *expected)
{
    int found = -1;
    fill_text(text);
    char **names = dn_names_read(path, &found, &err);
    ck_assert_msg(names != NULL, "%s", err.text);
    ck_assert_int_eq(found, n);
    for (int i = 0; i < n; i++)
        ck_assert_str_eq(names[i], expected[i]);
    ck_assert_ptr_null(names[n]);
    dn_names_free(names);
}

START_TEST(test_a_line_is_a_name)
{
    assert_names("dog\ntraffic light\n", 2, (const char *const[]){"dog", "traffic light"});
    assert_names("dog\ncat", 2, (const char *const[]){"dog", "cat"});
    assert_names("", 0, NULL);
}
END_TEST

START_TEST(test_blank_lines_count_and_spaces_stay)
{
    assert_names("\n  dog \n\n", 3, (const char *const[]){"", "  dog ", ""});
}
END_TEST

START_TEST(test_windows_line_ends_are_no_part_of_names)
{
    assert_names("dog\r\ncat\r\n\r\n", 3, (const char *const[]){"dog", "cat", ""});
    assert_names("a\rb\nc\r", 2, (const char *const[]){"a\rb", "c"});
}
END_TEST

static void assert_value(const char *text, const char *key, const char *expected)
{
    char *value;
    fill_text(text);
    ck_assert_int_eq(dn_data_read(path, key, &value, &err), DN_OK);
    if (expected)
        ck_assert_msg(value && !strcmp(value, expected), "%s is '%s'", key,
                      value ? value : "absent");
    else
        ck_assert_msg(!value, "%s is '%s'", key, value);
    free(value);
}

START_TEST(test_data_files_follow_the_rules_of_options)
{
    static const char text[] = "classes = 80\n# names = comment\n;names=comment\n"
                               " names =data/my names.list \r\n\n names=second\nempty=\n"
                               "alone\na=b=c\n=5\nempty=full\n";
    assert_value(text, "classes", "80");
    assert_value(text, "names", "data/mynames.list");
    assert_value(text, "alone", NULL);
    assert_value(text, "a", "b=c");
    assert_value(text, "empty", "full");
    assert_value(text, "class", NULL);
    assert_value(text, "", "5");
    assert_value("names=x", "names", "x");
    assert_value("", "names", NULL);
}
END_TEST

START_TEST(test_files_that_are_none_are_named_in_the_error)
{
    char *value = path;
    static const char *const bad[] = {"/nonexistent/names", "/tmp"};
    for (int i = 0; i < 2; i++) {
        memset(&err, 0, sizeof err);
        ck_assert_ptr_null(dn_names_read(bad[i], NULL, &err));
        ck_assert_ptr_nonnull(strstr(err.text, bad[i]));
        memset(&err, 0, sizeof err);
        ck_assert_int_ne(dn_data_read(bad[i], "names", &value, &err), DN_OK);
        ck_assert_ptr_null(value);
    }
    fill("dog\0cat\n", 8);
    ck_assert_ptr_null(dn_names_read(path, NULL, &err));
    ck_assert_int_eq(err.status, DN_INVALID);
}
END_TEST

START_TEST(test_random_bytes_never_harm)
{
    unsigned seed = 7;
    char text[200];
    for (int round = 0; round < 300; round++) {
        size_t n = (size_t)(round % (int)sizeof text);
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = "=#;\n\r ab"[seed >> 29];
        }
        fill(text, n);
        int found = 0;
        char *value;
        char **names = dn_names_read(path, &found, &err);
        ck_assert_ptr_nonnull(names);
        int lines = 0;
        for (size_t i = 0; i < n; i++)
            lines += text[i] == '\n';
        ck_assert_int_eq(found, lines + (n > 0 && text[n - 1] != '\n'));
        dn_names_free(names);
        ck_assert_int_eq(dn_data_read(path, "a", &value, &err), DN_OK);
        free(value);
    }
}
END_TEST

static void assert_labels(const char *image, const char *expected)
{
    struct dn_error none = {0};
    char *found = dn_label_path(image, &none);
    ck_assert_str_eq(found, expected);
    free(found);
}

START_TEST(test_labels_lie_where_training_looks_for_them)
{
    assert_labels("dog.jpg", "dog.txt");
    assert_labels("/a/b.c/dog.png", "/a/b.c/dog.txt");
    assert_labels("/a/b.c/dog", "/a/b.c/dog.txt");
    assert_labels("dog.old.JPEG", "dog.old.txt");
    assert_labels(".hidden", ".hidden.txt");
    assert_labels("", ".txt");
    assert_labels("/coco/images/train2017/1.jpg", "/coco/labels/train2017/1.txt");
    assert_labels("/coco/images/val2017/1.jpg", "/coco/labels/val2017/1.txt");
    assert_labels("/coco/images/train2014/1.jpg", "/coco/labels/train2014/1.txt");
    assert_labels("/coco/images/val2014/1.jpg", "/coco/labels/val2014/1.txt");
    assert_labels("/voc/JPEGImages/1.jpg", "/voc/labels/1.txt");
    assert_labels("/coco/images/mine/1.jpg", "/coco/images/mine/1.txt");
}
END_TEST

START_TEST(test_labels_of_an_endless_path_are_refused)
{
    char *endless = malloc((1 << 20) + 2);
    memset(endless, 'a', (1 << 20) + 1);
    endless[(1 << 20) + 1] = 0;
    ck_assert_ptr_null(dn_label_path(endless, &err));
    ck_assert_int_eq(err.status, DN_INVALID);
    ck_assert_ptr_nonnull(strstr(err.text, "has 1048577 bytes; for the path of its labels at most 1048576 are allowed"));
    free(endless);
}
END_TEST

static void *read_names(void)
{
    return dn_names_read(path, NULL, &err);
}

static void free_names(void *names)
{
    dn_names_free(names);
}

static void *read_value(void)
{
    char *value;
    dn_data_read(path, "b", &value, &err);
    return value;
}

static void *make_label_path(void)
{
    return dn_label_path("/voc/JPEGImages/1.jpg", &err);
}

static const struct {
    void *(*make)(void);
    void (*drop)(void *);
} makers[] = {{read_names, free_names}, {read_value, free}, {make_label_path, free}};

START_TEST(test_without_memory_there_is_an_error_and_nothing_leaks)
{
    bool failed = true;
    for (int nth = 0; failed; nth++) {
        fill_text("a=1\nb=2\nc=3\n");
        scarce_begin(nth);
        void *made = makers[_i].make();
        failed = scarce_end();
        bool without = made == NULL;
        if (made)
            makers[_i].drop(made);
        ck_assert_int_eq(scarce_blocks(), 0);
        ck_assert(failed || !without);
        ck_assert_int_eq(err.status == DN_NO_MEMORY, without);
        ck_assert(nth > 0 || failed || scarce_sanitized());
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("detect/names");
    TCase *t = tcase_create("names");
    tcase_add_checked_fixture(t, make_path, remove_path);
    tcase_add_test(t, test_a_line_is_a_name);
    tcase_add_test(t, test_blank_lines_count_and_spaces_stay);
    tcase_add_test(t, test_windows_line_ends_are_no_part_of_names);
    tcase_add_test(t, test_data_files_follow_the_rules_of_options);
    tcase_add_test(t, test_files_that_are_none_are_named_in_the_error);
    tcase_add_test(t, test_random_bytes_never_harm);
    tcase_add_test(t, test_labels_lie_where_training_looks_for_them);
    tcase_add_test(t, test_labels_of_an_endless_path_are_refused);
    tcase_add_loop_test(t, test_without_memory_there_is_an_error_and_nothing_leaks, 0, 3);
    suite_add_tcase(s, t);
    return s;
}
