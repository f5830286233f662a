/* What the system says about the process and the processor. */
#include "support/suite.h"

#include <stdlib.h>

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

START_TEST(there_is_a_core)
{
    ck_assert_int_ge(dn_process_cores(), 1);
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
    tcase_add_test(t, there_is_a_core);
    tcase_add_test(t, avx512_machines_have_avx2);
    suite_add_tcase(s, t);
    return s;
}
