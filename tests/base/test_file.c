/* Files: exact reads, and output that exists whole or not at all; texts that grow (print.h). */
#include "support/scarce.h"
#include "support/folder.h"
#include "support/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/print.h"

static char folder[] = "/tmp/dn-file-XXXXXX";
static struct dn_error err;

/* Whether the file system has files without names. The linker puts __wrap_open() in the place of open(). */
static bool nameless = true;
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode)
{
    if (!nameless && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_open(path, flags, mode);
}

static void enter(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    err = (struct dn_error){0};
}

static void leave(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            remove(e->d_name);
    closedir(d);
    rmdir(folder);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(name, "wb");
    ck_assert(f && fwrite(bytes, 1, n, f) == n && !fclose(f));
}

static void assert_content(const char *name, const char *expected)
{
    char text[100] = "";
    FILE *f = fopen(name, "rb");
    ck_assert_ptr_nonnull(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    ck_assert_str_eq(text, expected);
}

/* ---- output --------------------------------------------------------------------------------- */

static void begin_output(struct dn_output *out, const char *text)
{
    ck_assert_msg(!dn_output_open(out, "result", &err), "%s", err.text);
    fputs(text, out->file);
    fflush(out->file);
}

/* With _i = 1 in a file system that has no files without names. */
START_TEST(a_file_appears_when_it_is_complete)
{
    nameless = _i == 0;
    struct dn_output out;
    begin_output(&out, "new");
    ck_assert_int_ne(access("result", F_OK), 0);
    ck_assert_int_eq(dn_output_commit(&out, &err), DN_OK);
    assert_content("result", "new");
    ck_assert_int_eq(folder_files(folder), 1);
    dn_output_abandon(&out);
    assert_content("result", "new");
}
END_TEST

START_TEST(an_old_file_stays_until_then)
{
    nameless = _i == 0;
    struct dn_output out;
    write_file("result", "old", 3);
    begin_output(&out, "new");
    assert_content("result", "old");
    dn_output_abandon(&out);
    assert_content("result", "old");
    ck_assert_int_eq(folder_files(folder), 1);
    begin_output(&out, "newer");
    ck_assert_int_eq(dn_output_commit(&out, &err), DN_OK);
    assert_content("result", "newer");
    ck_assert_int_eq(folder_files(folder), 1);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file)
{
    nameless = _i == 0;
    struct rlimit none = {0, RLIM_INFINITY};
    struct dn_output out;
    write_file("result", "old", 3);
    ck_assert_int_eq(dn_output_open(&out, "result", &err), DN_OK);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    fputs("new", out.file);
    enum dn_status status = dn_output_commit(&out, &err);
    none.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &none);
    ck_assert_int_eq(status, DN_IO);
    ck_assert_str_eq(err.text, "result: cannot write the file: File too large");
    assert_content("result", "old");
    ck_assert_int_eq(folder_files(folder), 1);
}
END_TEST

START_TEST(a_missing_folder_is_said)
{
    struct dn_output out;
    ck_assert_int_eq(dn_output_open(&out, "nowhere/result", &err), DN_IO);
    ck_assert_str_eq(err.text, "nowhere/result: cannot create the file: No such file or directory");
    dn_output_abandon(&out);
}
END_TEST

START_TEST(writers_of_one_name_do_not_meet)
{
    struct dn_output first, second;
    nameless = _i == 0;
    begin_output(&first, "first");
    begin_output(&second, "2");
    ck_assert_msg(!dn_output_commit(&first, &err), "%s", err.text);
    assert_content("result", "first");
    ck_assert_msg(!dn_output_commit(&second, &err), "%s", err.text);
    assert_content("result", "2");
    ck_assert_int_eq(folder_files(folder), 1);
}
END_TEST

START_TEST(a_process_that_is_killed_leaves_nothing)
{
    struct dn_output out;
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (!dn_output_open(&out, "result", &err) && fputs("text", out.file) >= 0 && !fflush(out.file))
            raise(SIGKILL);
        _exit(1);
    }
    ck_assert(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    ck_assert_int_eq(folder_files(folder), 0);
}
END_TEST

/* Whoever knows the number of the process knows the names that come first. */
START_TEST(a_link_under_a_temporary_name_is_not_followed)
{
    struct dn_output out;
    char name[64];
    nameless = _i == 0;
    write_file("other", "untouched", 9);
    snprintf(name, sizeof name, "darknet-%ld-0.tmp", (long)getpid());
    ck_assert_int_eq(symlink("other", name), 0);
    begin_output(&out, "new");
    ck_assert_msg(!dn_output_commit(&out, &err), "%s", err.text);
    assert_content("result", "new");
    assert_content("other", "untouched");
    ck_assert_int_eq(folder_files(folder), 3);
}
END_TEST

START_TEST(a_link_stays_and_what_it_leads_to_is_replaced)
{
    struct dn_output out;
    struct stat st;
    ck_assert_int_eq(mkdir("deep", 0700), 0);
    ck_assert(!symlink("deep/link", "result") && !symlink("../target", "deep/link"));
    for (int exists = 0; exists < 2; exists++) {
        begin_output(&out, exists ? "second" : "first");
        ck_assert_int_eq(access("target", F_OK) == 0, exists);
        ck_assert_msg(!dn_output_commit(&out, &err), "%s", err.text);
        ck_assert(!lstat("result", &st) && S_ISLNK(st.st_mode));
        ck_assert(!lstat("deep/link", &st) && S_ISLNK(st.st_mode));
        assert_content("target", exists ? "second" : "first");
    }
    ck_assert_int_eq(folder_files("deep"), 1);
    ck_assert(!unlink("deep/link") && !rmdir("deep"));
}
END_TEST

START_TEST(links_in_a_circle_are_refused)
{
    struct dn_output out;
    ck_assert(!symlink("b", "a") && !symlink("a", "b"));
    ck_assert_int_eq(dn_output_open(&out, "a", &err), DN_IO);
    ck_assert_str_eq(err.text, "a: cannot create the file: Too many levels of symbolic links");
    dn_output_abandon(&out);
}
END_TEST

static mode_t rights_after_writing(void)
{
    struct dn_output out;
    struct stat st;
    begin_output(&out, "new");
    ck_assert_msg(!dn_output_commit(&out, &err), "%s", err.text);
    ck_assert(!stat("result", &st));
    return st.st_mode & 0777;
}

START_TEST(a_file_keeps_its_rights_and_a_new_one_has_those_of_the_umask)
{
    nameless = _i == 0;
    umask(027);
    ck_assert_uint_eq(rights_after_writing(), 0640);
    ck_assert_int_eq(chmod("result", 0600), 0);
    ck_assert_uint_eq(rights_after_writing(), 0600);
    ck_assert_int_eq(chmod("result", 0666), 0);
    ck_assert_uint_eq(rights_after_writing(), 0666);
}
END_TEST

/* What is printed goes on after it. "stdout" is here what /dev/stdout is: a failure must not replace that. */
START_TEST(the_file_of_standard_output_is_written_to)
{
    struct dn_output out;
    ck_assert_int_eq(symlink("/proc/self/fd/1", "stdout"), 0);
    int before = dup(STDOUT_FILENO), fd = open("printed", O_WRONLY | O_CREAT, 0600);
    fflush(stdout);
    ck_assert(before >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0 && write(STDOUT_FILENO, "a", 1) == 1);
    enum dn_status status = dn_output_open(&out, "stdout", &err);
    if (!status && fputs("b", out.file) >= 0)
        status = dn_output_commit(&out, &err);
    ssize_t written = write(STDOUT_FILENO, "c", 1);
    ck_assert(dup2(before, STDOUT_FILENO) >= 0 && !close(before) && !close(fd));
    ck_assert_msg(!status && written == 1, "%s", err.text);
    assert_content("printed", "abc");
}
END_TEST

/* A rename would put a file in their place. */
START_TEST(devices_and_pipes_are_written_to)
{
    struct dn_output out;
    char text[8] = "";
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    int reader = open("pipe", O_RDONLY | O_NONBLOCK);
    ck_assert_msg(!dn_output_open(&out, "pipe", &err), "%s", err.text);
    fputs("text", out.file);
    ck_assert_int_eq(dn_output_commit(&out, &err), DN_OK);
    ck_assert_int_eq(read(reader, text, sizeof text), 4);
    ck_assert_str_eq(text, "text");
    struct stat st;
    ck_assert(!stat("pipe", &st) && S_ISFIFO(st.st_mode));
    close(reader);
    ck_assert_int_eq(dn_output_open(&out, "/dev/full", &err), DN_OK);
    fputs("text", out.file);
    ck_assert_int_eq(dn_output_commit(&out, &err), DN_IO);
    ck_assert_str_eq(err.text, "/dev/full: cannot write the file: No space left on device");
}
END_TEST

START_TEST(an_output_may_lack_memory)
{
    nameless = _i == 0;
    for (int nth = 0, failed = 1; failed; nth++) {
        struct dn_output out;
        struct dn_error why = {0};
        scarce_begin(nth);
        bool opened = !dn_output_open(&out, "result", &why);
        if (opened)
            dn_output_abandon(&out);
        failed = scarce_end();
        long left = scarce_blocks();
        ck_assert_int_eq(left, 0);
        ck_assert(opened || (failed && why.status == DN_NO_MEMORY));
        ck_assert_int_eq(folder_files(folder), 0);
    }
}
END_TEST

/* ---- input ---------------------------------------------------------------------------------- */

START_TEST(a_text_is_read_whole)
{
    char *text;
    size_t size;
    write_file("text", "line\r\nend", 9);
    ck_assert_int_eq(dn_read_text("text", 9, &text, &size, &err), DN_OK);
    ck_assert_uint_eq(size, 9);
    ck_assert_str_eq(text, "line\r\nend");
    free(text);
    write_file("text", "", 0);
    ck_assert_int_eq(dn_read_text("text", 9, &text, &size, &err), DN_OK);
    ck_assert(size == 0 && !*text);
    free(text);
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
    static const char *const texts[] = {
        "nowhere: cannot open the file: No such file or directory", "/tmp: is not a regular file",
        "large: has 11 bytes; a text file of at most 10 is allowed", "zeros: is not a text file (it contains a zero byte)"};
    static const char *const names[] = {"nowhere", "/tmp", "large", "zeros"};
    char *text;
    size_t size;
    write_file("large", "01234567890", 11);
    write_file("zeros", "a\0b", 3);
    ck_assert_int_ne(dn_read_text(names[_i], 10, &text, &size, &err), DN_OK);
    ck_assert_str_eq(err.text, texts[_i]);
}
END_TEST

START_TEST(pieces_are_read_at_their_place_or_not_at_all)
{
    struct dn_input in;
    char piece[4] = "";
    write_file("data", "0123456789", 10);
    ck_assert_int_eq(dn_input_open(&in, "data", &err), DN_OK);
    ck_assert_int_eq(in.size, 10);
    ck_assert_int_eq(dn_input_read(&in, 3, piece, 3, &err), DN_OK);
    ck_assert_str_eq(piece, "345");
    ck_assert_int_eq(dn_input_read(&in, 10, piece, 0, &err), DN_OK);
    ck_assert_int_eq(dn_input_read(&in, 8, piece, 3, &err), DN_IO);
    ck_assert_str_eq(err.text, "data: ended at byte 10 while 3 bytes at 8 were expected: the file became shorter "
                               "while it was in use");
    dn_input_close(&in);
    dn_input_close(&in);
}
END_TEST

/* The share of a file that is in the page cache, in per cent. */
static size_t cached(const char *name, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = bytes / page, found = 0;
    unsigned char *resident = malloc(pages);
    int fd = open(name, O_RDONLY);
    void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    ck_assert(resident && map != MAP_FAILED && !mincore(map, bytes, resident));
    for (size_t i = 0; i < pages; i++)
        found += resident[i] & 1;
    munmap(map, bytes);
    close(fd);
    free(resident);
    return 100 * found / pages;
}

static void read_in_pieces(struct dn_input *in, char *piece, size_t bytes)
{
    for (int64_t at = 0; at < in->size; at += (int64_t)bytes)
        ck_assert_int_eq(dn_input_read(in, at, piece, bytes, &err), DN_OK);
}

START_TEST(what_is_read_sparingly_stays_in_the_page_cache_only_if_it_was_there)
{
    const size_t bytes = 8 << 20, part = 512 << 10;
    struct dn_input in;
    char *data = calloc(1, bytes);
    write_file("data", data, bytes);
    int fd = open("data", O_RDWR);
    ck_assert(data && fd >= 0 && !fsync(fd) && !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
    close(fd);
    bool forgets = cached("data", bytes) < 10; /* a file system in memory does not */
    ck_assert_int_eq(dn_input_open(&in, "data", &err), DN_OK);
    dn_input_spare_page_cache(&in);
    read_in_pieces(&in, data, part);
    ck_assert(!forgets || cached("data", bytes) < 10);
    dn_input_close(&in);
    ck_assert_int_eq(dn_input_open(&in, "data", &err), DN_OK);
    read_in_pieces(&in, data, part);
    ck_assert_uint_ge(cached("data", bytes), 90);
    dn_input_spare_page_cache(&in);
    read_in_pieces(&in, data, part);
    bool tells = syscall(451, -1, NULL, NULL, 0) < 0 && errno != ENOSYS; /* cachestat() */
    ck_assert(!tells || cached("data", bytes) >= 90);
    dn_input_close(&in);
    free(data);
}
END_TEST

/* ---- growing texts -------------------------------------------------------------------------- */

START_TEST(texts_grow_as_they_are_printed)
{
    struct dn_print p;
    ck_assert_int_eq(dn_print_begin(&p, &err), DN_OK);
    for (int i = 0; i < 1000; i++)
        fprintf(p.out, "%.1f\n", .5);
    char *text = dn_print_end(&p, &err);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), 4000);
    ck_assert(!memcmp(text, "0.5\n", 4));
    free(text);
}
END_TEST

START_TEST(a_text_after_an_error_is_none)
{
    struct dn_print p;
    ck_assert_int_eq(dn_print_begin(&p, &err), DN_OK);
    fputs("text", p.out);
    dn_fail(&err, DN_INVALID, "before");
    ck_assert_ptr_null(dn_print_end(&p, &err));
    ck_assert_str_eq(err.text, "before");
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("base/file");
    TCase *t = tcase_create("file");
    tcase_add_checked_fixture(t, enter, leave);
    tcase_add_loop_test(t, a_file_appears_when_it_is_complete, 0, 2);
    tcase_add_loop_test(t, an_old_file_stays_until_then, 0, 2);
    tcase_add_loop_test(t, a_full_disk_leaves_the_old_file, 0, 2);
    tcase_add_test(t, a_missing_folder_is_said);
    tcase_add_loop_test(t, writers_of_one_name_do_not_meet, 0, 2);
    tcase_add_test(t, a_process_that_is_killed_leaves_nothing);
    tcase_add_loop_test(t, a_link_under_a_temporary_name_is_not_followed, 0, 2);
    tcase_add_test(t, a_link_stays_and_what_it_leads_to_is_replaced);
    tcase_add_test(t, links_in_a_circle_are_refused);
    tcase_add_loop_test(t, a_file_keeps_its_rights_and_a_new_one_has_those_of_the_umask, 0, 2);
    tcase_add_test(t, the_file_of_standard_output_is_written_to);
    tcase_add_test(t, devices_and_pipes_are_written_to);
    tcase_add_loop_test(t, an_output_may_lack_memory, 0, 2);
    tcase_add_test(t, a_text_is_read_whole);
    tcase_add_loop_test(t, what_is_no_text_is_refused, 0, 4);
    tcase_add_test(t, pieces_are_read_at_their_place_or_not_at_all);
    tcase_add_test(t, what_is_read_sparingly_stays_in_the_page_cache_only_if_it_was_there);
    tcase_add_test(t, texts_grow_as_they_are_printed);
    tcase_add_test(t, a_text_after_an_error_is_none);
    suite_add_tcase(s, t);
    return s;
}
