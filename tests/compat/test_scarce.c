/* Memory that runs out: every allocation of loading, predicting and finding boxes fails in turn. The
 * functions say so, nothing is left behind, and the next call works. */
#include "support/scarce.h"
#include "support/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "darknet.h"

enum { SIDE = 24, VALUES = 3 * SIDE * SIDE };

static const char sections[] =
    "[convolutional]\nbatch_normalize=1\nfilters=16\nsize=3\nstride=2\npad=1\nactivation=leaky\n"
    "[convolutional]\nfilters=40\nsize=3\nstride=1\npad=1\nactivation=mish\n"
    "[convolutional]\nfilters=16\nsize=1\nstride=1\nactivation=linear\nunknown=1\n"
    "[shortcut]\nfrom=0\nactivation=linear\n"
    "[maxpool]\nsize=2\nstride=2\n"
    "[convolutional]\nfilters=12\nsize=1\nstride=1\nactivation=linear\n"
    "[yolo]\nmask=0,1\nclasses=1\nnum=3\nanchors=4,5,9,8,20,24\n"
    "[route]\nlayers=4\n[upsample]\nstride=2\n[route]\nlayers=-1,3\n"
    "[convolutional]\nfilters=12\nsize=3\nstride=1\npad=1\nactivation=linear\n"
    "[yolo]\nmask=1,2\nclasses=1\nnum=3\nanchors=4,5,9,8,20,24\n";
static const char fusion[] = "[fusion]\nlayers=0-2\ntiles=4x1\nweights=stream\n";
static const char region[] =
    "[convolutional]\nfilters=14\nsize=1\nstride=1\nactivation=linear\n[region]\nclasses=2\nnum=2\n";

static char path[] = "/tmp/dn-scarce-XXXXXX";
static float input[VALUES];

static void make_cfg(const char *first, const char *second)
{
    FILE *f = fopen(path, "w");
    fprintf(f, "[net]\nwidth=%d\nheight=%d\nchannels=3\n%s%s", SIDE, SIDE, first, second);
    fclose(f);
}

static void begin(void)
{
    close(mkstemp(path));
    for (int i = 0; i < VALUES; i++)
        input[i] = (float)(i * 37 % 255) / 255;
}

static void end(void)
{
    unlink(path);
}

/* What has happened, to be judged when allocations work again. */
struct outcome {
    network *net;
    bool predicted, boxes, streamed;
    char error[600];
};

static void keep_error(struct outcome *o)
{
    strncpy(o->error, darknet_last_error(), sizeof o->error - 1);
}

static void use(const darknet_options *options, struct outcome *o)
{
    int n = -1;
    *o = (struct outcome){.net = darknet_load(path, NULL, options)};
    if (!o->net) {
        keep_error(o);
        return;
    }
    o->streamed = network_memory(o->net).streamed > 0;
    o->predicted = network_predict(o->net, input) != NULL;
    if (!o->predicted)
        keep_error(o);
    detection *dets = o->predicted ? get_network_boxes(o->net, SIDE, SIDE, 0, .5f, NULL, 0, &n) : NULL;
    o->boxes = dets != NULL;
    if (o->predicted && !o->boxes)
        keep_error(o);
    free_detections(dets, n);
    free_network(o->net);
}

/* The number of allocations that were made to fail. */
static int fail_each(const darknet_options *options)
{
    struct outcome o;
    for (int nth = 0;; nth++) {
        scarce_begin(nth);
        use(options, &o);
        bool failed = scarce_end();
        long left = scarce_blocks();
        ck_assert_msg(left == 0, "allocation %d: %ld blocks are left", nth, left);
        ck_assert_msg(o.boxes || failed, "allocation %d: %s", nth, o.error);
        ck_assert_msg(o.boxes || strstr(o.error, "memory"), "allocation %d: '%s'", nth, o.error);
        if (!failed)
            return nth;
    }
}

static void watch(void *context, const network *net, int index, const float *output)
{
    (void)context, (void)net, (void)index, (void)output;
}

START_TEST(every_allocation_may_fail)
{
    static const struct {
        darknet_options options;
        const char *sections, *fusion;
    } kinds[] = {
        {{.threads = 1}, sections, ""},
        {{.threads = 1}, sections, fusion},
        {{.threads = 1, .observer = watch}, sections, ""},
        {{.threads = 1, .fusion = "none", .isa = "scalar"}, region, ""},
        {{.threads = 1, .dialect = DARKNET_ALEXEYAB, .exact = 1}, region, ""},
    };
    darknet_options options = kinds[_i].options;
    options.size = sizeof options;
    make_cfg(kinds[_i].sections, kinds[_i].fusion);
    struct outcome o;
    use(&options, &o);
    ck_assert_msg(o.boxes, "%s", o.error);
    ck_assert(o.streamed == (_i == 1));
    int n = fail_each(&options);
    ck_assert_msg(n > 30, "only %d allocations were seen", n);
}
END_TEST

/* A budget counts the whole process, which differs from run to run. */
START_TEST(every_allocation_may_fail_within_a_budget)
{
    darknet_options options = {.size = sizeof options, .threads = 1, .memory = 1};
    make_cfg(sections, "");
    ck_assert_ptr_null(darknet_load(path, NULL, &options));
    const char *least = strstr(darknet_last_error(), "at least ");
    ck_assert_ptr_nonnull(least);
    options.memory = (size_t)((atof(least + 9) + (scarce_sanitized() ? 1000 : 4)) * 1e6); /* tests take some */
    struct outcome o;
    use(&options, &o);
    ck_assert_msg(o.boxes, "%s", o.error);
    ck_assert_int_gt(fail_each(&options), 30);
}
END_TEST

/* The arena comes from the system, not from malloc. */
START_TEST(an_arena_that_the_system_does_not_give_is_an_error)
{
    struct rlimit limit = {64 << 20, 64 << 20};
    darknet_options options = {.size = sizeof options, .threads = 1, .fusion = "none"};
    if (scarce_sanitized())
        return; /* sanitizers reserve address space of their own */
    FILE *f = fopen(path, "w");
    fputs("[net]\nwidth=2000\nheight=2000\nchannels=3\n[maxpool]\nsize=3\nstride=1\n[maxpool]\nsize=3\nstride=1\n", f);
    fclose(f);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    network *net = darknet_load(path, NULL, &options);
    ck_assert_ptr_null(net);
    ck_assert_msg(strstr(darknet_last_error(), "which the system does not give") != NULL, "%s", darknet_last_error());
}
END_TEST

enum { MANY_THREADS = 200 }; /* whose stacks do not fit the address space that these tests leave */

/* No assertion: it would allocate. */
static void limit_address_space(bool on)
{
    struct rlimit limit = {on ? 400 << 20 : RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_AS, &limit);
}

START_TEST(threads_that_the_system_does_not_give_are_an_error)
{
    darknet_options options = {.size = sizeof options, .threads = MANY_THREADS};
    if (scarce_sanitized())
        return; /* sanitizers reserve address space of their own */
    make_cfg(sections, "");
    limit_address_space(true);
    ck_assert_ptr_null(darknet_load(path, NULL, &options));
    ck_assert_msg(strstr(darknet_last_error(), "200 threads cannot be started") != NULL, "%s", darknet_last_error());
    ck_assert_ptr_null(darknet_calibrate(NULL, MANY_THREADS));
    ck_assert_msg(strstr(darknet_last_error(), "200 threads cannot be started") != NULL, "%s", darknet_last_error());
    options.threads = 2;
    network *net = darknet_load(path, NULL, &options);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    ck_assert_ptr_nonnull(network_predict(net, input));
    free_network(net);
}
END_TEST

/* What a thread of the caller's says, whose own threads to compute with have no room. */
static void *predict_without_room(void *context)
{
    struct outcome *o = context;
    limit_address_space(true);
    o->predicted = network_predict(o->net, input) != NULL;
    limit_address_space(false);
    keep_error(o);
    return NULL;
}

START_TEST(another_thread_that_predicts_may_find_no_room_for_its_threads)
{
    darknet_options options = {.size = sizeof options, .threads = MANY_THREADS};
    pthread_t thread;
    if (scarce_sanitized())
        return;
    make_cfg(sections, "");
    struct outcome o = {.net = darknet_load(path, NULL, &options)};
    ck_assert_msg(o.net != NULL, "%s", darknet_last_error());
    ck_assert_int_eq(pthread_create(&thread, NULL, predict_without_room, &o), 0);
    pthread_join(thread, NULL);
    ck_assert(!o.predicted);
    ck_assert_msg(strstr(o.error, "200 threads cannot be started") != NULL, "%s", o.error);
    ck_assert_ptr_nonnull(network_predict(o.net, input));
    free_network(o.net);
}
END_TEST

START_TEST(more_threads_than_are_possible_are_an_error)
{
    static const int threads[] = {-1, 1025, 1 << 30};
    darknet_options options = {.size = sizeof options};
    make_cfg(sections, "");
    for (int i = 0; i < 3; i++) {
        options.threads = threads[i];
        ck_assert_ptr_null(darknet_load(path, NULL, &options));
        ck_assert_msg(strstr(darknet_last_error(), "threads are not possible; 1 to 1024 are") != NULL, "%s", darknet_last_error());
    }
    ck_assert_ptr_null(darknet_calibrate(NULL, 1025));
    ck_assert_msg(strstr(darknet_last_error(), "1025 threads are not possible") != NULL, "%s", darknet_last_error());
}
END_TEST

/* A network that could not keep a layer goes on as before. */
START_TEST(keeping_a_layer_may_fail)
{
    darknet_options options = {.size = sizeof options, .threads = 1};
    make_cfg(sections, "");
    bool kept = false;
    for (int nth = 0; !kept; nth++) {
        network *net = darknet_load(path, NULL, &options);
        ck_assert_ptr_nonnull(net);
        scarce_begin(nth);
        kept = network_keep(net, 1);
        bool failed = scarce_end();
        ck_assert_msg(kept || (failed && strstr(darknet_last_error(), "memory")), "allocation %d: %s", nth,
                      darknet_last_error());
        ck_assert_msg(network_predict(net, input) != NULL, "allocation %d: %s", nth, darknet_last_error());
        ck_assert((net->layers[1].output != NULL) == kept);
        free_network(net);
    }
}
END_TEST

START_TEST(printing_a_plan_may_fail)
{
    darknet_options options = {.size = sizeof options, .threads = 1};
    make_cfg(sections, "");
    network *net = darknet_load(path, NULL, &options);
    ck_assert_ptr_nonnull(net);
    for (int nth = 0, failed = 1; failed; nth++) {
        scarce_begin(nth);
        char *text = network_plan(net, (enum darknet_plan_format)_i);
        failed = scarce_end();
        ck_assert_msg(text || (failed && strstr(darknet_last_error(), "memory")), "allocation %d: %s", nth,
                      darknet_last_error());
        free(text);
    }
    free_network(net);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("compat/scarce");
    TCase *t = tcase_create("scarce");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, every_allocation_may_fail, 0, 5);
    tcase_add_test(t, every_allocation_may_fail_within_a_budget);
    tcase_add_test(t, an_arena_that_the_system_does_not_give_is_an_error);
    tcase_add_test(t, threads_that_the_system_does_not_give_are_an_error);
    tcase_add_test(t, another_thread_that_predicts_may_find_no_room_for_its_threads);
    tcase_add_test(t, more_threads_than_are_possible_are_an_error);
    tcase_add_test(t, keeping_a_layer_may_fail);
    tcase_add_loop_test(t, printing_a_plan_may_fail, 0, 4);
    suite_add_tcase(s, t);
    return s;
}
