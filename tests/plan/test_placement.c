/* Placement of buffers by their lifetimes. */
#include "support/suite.h"

#include "base/size.h"
#include "plan/placement.h"
#include "support/net_case.h"
#include "support/scarce.h"

enum { MOST = 60 };

/* The most bytes that live at the same time: no placement takes less. */
static size_t live_bytes(const struct dn_buffer *b, int n)
{
    size_t most = 0;
    for (int at = 0; at < 40; at++) {
        size_t live = 0;
        for (int i = 0; i < n; i++)
            live += b[i].first <= at && at <= b[i].last ? b[i].bytes : 0;
        most = live > most ? live : most;
    }
    return most;
}

static size_t place(struct dn_buffer *b, int n)
{
    struct dn_error err = {0};
    size_t peak;
    ck_assert_int_eq(dn_place(b, n, &peak, &err), DN_OK);
    return peak;
}

START_TEST(buffers_that_live_together_lie_apart)
{
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct dice d = {seed};
        struct dn_buffer b[MOST];
        int n = roll(&d, MOST);
        size_t end = 0;
        for (int i = 0; i < n; i++) {
            int first = roll(&d, 30);
            b[i] = (struct dn_buffer){.bytes = DN_ALIGN * (size_t)roll(&d, 50), .first = first, .last = first + roll(&d, 10)};
        }
        size_t peak = place(b, n);
        for (int i = 0; i < n; i++) {
            end = b[i].offset + b[i].bytes > end ? b[i].offset + b[i].bytes : end;
            ck_assert_uint_eq(b[i].offset % DN_ALIGN, 0);
            for (int k = 0; k < i; k++)
                ck_assert(b[i].last < b[k].first || b[k].last < b[i].first || b[i].offset + b[i].bytes <= b[k].offset ||
                          b[k].offset + b[k].bytes <= b[i].offset);
        }
        ck_assert_uint_eq(peak, end);
        ck_assert_uint_ge(peak, live_bytes(b, n));
    }
}
END_TEST

START_TEST(no_two_alive_share_no_more_than_the_largest)
{
    struct dn_buffer b[] = {{128, 0, 0, 0}, {640, 1, 1, 0}, {64, 2, 2, 0}};
    ck_assert_uint_eq(place(b, 3), 640);
}
END_TEST

START_TEST(a_chain_takes_its_largest_pair)
{
    struct dn_buffer b[] = {{640, 0, 1, 0}, {320, 1, 2, 0}, {128, 2, 3, 0}, {64, 3, 4, 0}};
    ck_assert_uint_eq(place(b, 4), 960);
}
END_TEST

/* Two gaps, of 192 and 128 bytes, while the last buffer lives. */
START_TEST(it_prefers_the_smaller_gap)
{
    struct dn_buffer b[] = {{1024, 1, 2, 0}, {512, 1, 2, 0}, {192, 1, 1, 0}, {128, 2, 2, 0}, {64, 2, 2, 0}};
    size_t peak = place(b, 5);
    ck_assert_uint_eq(peak, 1024 + 512 + 192);
    ck_assert_uint_eq(b[3].offset, 1536);
    ck_assert_uint_eq(b[4].offset, 1664);
}
END_TEST

START_TEST(nothing_takes_nothing)
{
    ck_assert_uint_eq(place(NULL, 0), 0);
}
END_TEST

START_TEST(it_may_lack_memory)
{
    struct dn_buffer b = {.bytes = 64};
    struct dn_error err = {0};
    size_t peak;
    scarce_begin(0);
    dn_place(&b, 1, &peak, &err);
    scarce_end();
    ck_assert_int_eq(err.status, DN_NO_MEMORY);
    ck_assert_str_eq(err.text, "no memory to place 1 buffers");
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("plan/placement");
    TCase *t = tcase_create("placement");
    tcase_add_test(t, buffers_that_live_together_lie_apart);
    tcase_add_test(t, no_two_alive_share_no_more_than_the_largest);
    tcase_add_test(t, a_chain_takes_its_largest_pair);
    tcase_add_test(t, it_prefers_the_smaller_gap);
    tcase_add_test(t, nothing_takes_nothing);
    tcase_add_test(t, it_may_lack_memory);
    suite_add_tcase(s, t);
    return s;
}
