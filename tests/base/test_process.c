/* What the system says about the process and the processor. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpu.h"
#include "base/process.h"

START_TEST(memory_that_is_used_is_resident)
{
    const size_t bytes = 16 << 20;
    size_t before = dn_process_resident();
    volatile char *p = malloc(bytes);
    ck_assert_ptr_nonnull((void *)p);
    for (size_t i = 0; i < bytes; i++)
        p[i] = 1;
    size_t during = dn_process_resident();
    free((void *)p);
    dn_process_trim();
    ck_assert_uint_gt(before, 0);
    ck_assert_uint_ge(during, before + bytes / 2);
    ck_assert_uint_ge(dn_process_peak() + (1 << 20), during); /* the system counts in batches */
}
END_TEST

/* ---- room ----------------------------------------------------------------------------------- */

static char root[] = "/tmp/dn-room-XXXXXX";

static void make_root(void)
{
    strcpy(root, "/tmp/dn-room-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", root);
    ck_assert_int_eq(system(command), 0);
}

/* Writes a file below the root, and its folders. */
static void put(const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        mkdir(full, 0777);
    }
    FILE *file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(room_is_what_the_system_has_without_groups)
{
    put("/proc/meminfo", "MemTotal: 500 kB\nMemAvailable:     300 kB\n");
    ck_assert_uint_eq(dn_process_room(root), 300 << 10);
}
END_TEST

START_TEST(room_is_the_least_of_all_groups_around)
{
    put("/proc/meminfo", "MemAvailable: 300 kB\n");
    put("/proc/self/cgroup", "0::/a/b\n");
    put("/sys/fs/cgroup/a/b/memory.max", "max\n");
    put("/sys/fs/cgroup/a/b/memory.current", "1000\n");
    ck_assert_uint_eq(dn_process_room(root), 300 << 10);
    put("/sys/fs/cgroup/a/memory.max", "90000\n");
    put("/sys/fs/cgroup/a/memory.current", "10000\n");
    ck_assert_uint_eq(dn_process_room(root), 80000);
    put("/sys/fs/cgroup/a/b/memory.max", "50000\n");
    ck_assert_uint_eq(dn_process_room(root), 49000);
    put("/sys/fs/cgroup/a/b/memory.current", "60000\n");
    ck_assert_uint_eq(dn_process_room(root), 0);
}
END_TEST

START_TEST(room_is_found_in_the_older_hierarchy)
{
    put("/proc/meminfo", "MemAvailable: 300 kB\n");
    put("/proc/self/cgroup", "7:cpu:/x\n4:memory:/job\n0::/\n");
    put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "4096\n");
    ck_assert_uint_eq(dn_process_room(root), 300 << 10);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "200000\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "4096\n");
    ck_assert_uint_eq(dn_process_room(root), 200000 - 4096);
    put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "8192\n");
    ck_assert_uint_eq(dn_process_room(root), 4096);
}
END_TEST

/* Lie in the program's file, beside its code. */
static const char constants[4 << 20] = {1};

static int sum_of_constants(void)
{
    const volatile char *p = constants;
    int sum = 0;
    for (size_t i = 0; i < sizeof constants; i += 1024)
        sum += p[i];
    return sum;
}

/* Also where the system would map more around it: 64 KB, or a whole large folio. */
START_TEST(a_byte_of_cut_code_brings_back_one_piece)
{
    ck_assert_int_eq(sum_of_constants(), 1);
    ck_assert(dn_process_cut_code());
    ck_assert(dn_process_cut_code());
    ck_assert_uint_gt(dn_process_forget_code(), sizeof constants);
    dn_process_missing_code(false); /* its own code */
    for (size_t at = sizeof constants / 16; at < sizeof constants; at += sizeof constants / 16) {
        const size_t before = dn_process_missing_code(false);
        (void)((const volatile char *)constants)[at];
        const size_t after = dn_process_missing_code(false);
        ck_assert_uint_lt(after, before);
        ck_assert_uint_le(before - after, DN_PROCESS_PIECE);
    }
    ck_assert_int_eq(sum_of_constants(), 1);
}
END_TEST

START_TEST(code_and_constants_that_are_forgotten_come_back)
{
    ck_assert_int_eq(sum_of_constants(), 1);
    const size_t before = dn_process_resident();
    const size_t missing = dn_process_missing_code(false);
    ck_assert_uint_gt(dn_process_forget_code(), sizeof constants);
    ck_assert_uint_ge(dn_process_missing_code(false), missing + sizeof constants / 2);
    ck_assert_uint_lt(dn_process_resident(), before - sizeof constants / 2);
    ck_assert_int_eq(sum_of_constants(), 1);
}
END_TEST

/* A process in many groups has a long line before the fields of its memory. */
START_TEST(fields_behind_long_lines_are_found)
{
    char text[3 * 2048 + 64];
    for (int before = 3 * 2048 - 40; before <= 3 * 2048; before++) {
        memset(text, '1', (size_t)before);
        strcpy(text + before, "\nMemAvailable:     4 kB\nMemFree: 1 kB\n");
        put("/proc/meminfo", text);
        ck_assert_uint_eq(dn_process_room(root), 4096);
    }
}
END_TEST

START_TEST(room_is_unknown_where_the_system_says_nothing)
{
    ck_assert_uint_eq(dn_process_room(root), 0);
    ck_assert_uint_gt(dn_process_room(""), 0);
}
END_TEST

START_TEST(there_is_a_core)
{
    ck_assert_int_ge(dn_process_cores(), 1);
}
END_TEST

START_TEST(threads_that_have_room_can_be_started)
{
    ck_assert(dn_process_can_start(0));
    ck_assert(dn_process_can_start(1));
    ck_assert(dn_process_can_start(7));
}
END_TEST

START_TEST(avx512_machines_have_avx2)
{
    ck_assert(!dn_cpu_avx512() || dn_cpu_avx2());
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("base/process");
    TCase *t = tcase_create("process");
    tcase_add_test(t, memory_that_is_used_is_resident);
    tcase_add_test(t, a_byte_of_cut_code_brings_back_one_piece);
    tcase_add_test(t, code_and_constants_that_are_forgotten_come_back);
    tcase_add_test(t, there_is_a_core);
    tcase_add_test(t, threads_that_have_room_can_be_started);
    tcase_add_test(t, avx512_machines_have_avx2);
    suite_add_tcase(s, t);
    t = tcase_create("room");
    tcase_add_checked_fixture(t, make_root, remove_root);
    tcase_add_test(t, room_is_what_the_system_has_without_groups);
    tcase_add_test(t, room_is_the_least_of_all_groups_around);
    tcase_add_test(t, room_is_found_in_the_older_hierarchy);
    tcase_add_test(t, fields_behind_long_lines_are_found);
    tcase_add_test(t, room_is_unknown_where_the_system_says_nothing);
    suite_add_tcase(s, t);
    return s;
}
