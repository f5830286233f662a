/* Loops on several threads: every item once, whoever computes it. */
#include "kernel/parallel.h"

#include <check.h>
#include <stdatomic.h>
#include <string.h>

#include "base/size.h"
#include "support/suite.h"

enum { MOST_ITEMS = 300, MOST_THREADS = 100 };

struct record {
    atomic_int calls[MOST_ITEMS];
    atomic_int inside[MOST_THREADS]; /* calls of a thread that run now */
    int items, threads;
    atomic_bool wrong;
    int slow; /* items below take long, so that others have to take what is left of them */
};

static void note(void *context, int item, int thread)
{
    struct record *r = context;
    if (item < 0 || item >= r->items || thread < 0 || thread >= dn_min(r->threads, r->items) ||
        r->inside[thread]++) {
        r->wrong = true;
        return;
    }
    for (volatile int i = 0; i < (item < r->slow ? 20000 : 20); i++)
        ;
    r->calls[item]++;
    r->inside[thread]--;
}

static void expect_each_once(int items, int threads, int slow)
{
    static struct record r;
    memset(&r, 0, sizeof r);
    r.items = items;
    r.threads = threads;
    r.slow = slow;
    dn_parallel(items, threads, note, &r);
    ck_assert_msg(!r.wrong, "%d items on %d threads: an item or thread out of its range, or one thread twice",
                  items, threads);
    for (int i = 0; i < items; i++)
        ck_assert_msg(r.calls[i] == 1, "%d items on %d threads: item %d was computed %d times", items, threads, i,
                      r.calls[i]);
}

START_TEST(every_item_is_computed_once_by_one_of_the_threads)
{
    static const int threads[] = {1, 2, 3, 8, 64, 65, MOST_THREADS};
    for (int items = 0; items <= MOST_ITEMS; items += items < 20 ? 1 : 70)
        expect_each_once(items, threads[_i], 0);
}
END_TEST

START_TEST(items_of_a_thread_that_is_late_are_computed_by_others)
{
    for (int run = 0; run < 50; run++)
        expect_each_once(40 + run, 2 + run % 3, 20);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("parallel");
    TCase *c = tcase_create("parallel");
    tcase_add_loop_test(c, every_item_is_computed_once_by_one_of_the_threads, 0, 7);
    tcase_add_test(c, items_of_a_thread_that_is_late_are_computed_by_others);
    suite_add_tcase(s, c);
    return s;
}
