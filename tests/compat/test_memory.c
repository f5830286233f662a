/* The budget through the public API: what load_network_fused() promises, which outputs can be read, and
 * that the memory of boxes comes out of the plan. */
#include "support/suite.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/process.h"
#include "darknet.h"

enum { SIDE = 64, VALUES = 3 * SIDE * SIDE, LAYERS = 6, KEPT = 1 };

static const char cfg[] = "[net]\nwidth=64\nheight=64\nchannels=3\n"
                          "[convolutional]\nbatch_normalize=1\nfilters=32\nsize=3\nstride=1\npad=1\nactivation=leaky\n"
                          "[maxpool]\nsize=2\nstride=2\n"
                          "[convolutional]\nfilters=1024\nsize=3\nstride=1\npad=1\nactivation=leaky\n"
                          "[convolutional]\nfilters=18\nsize=1\nstride=1\nactivation=linear\n"
                          "[yolo]\nmask=0,1,2\nclasses=1\nnum=3\nanchors=4,5,9,8,20,24\n"
                          "[route]\nlayers=0\n";

static char path[] = "/tmp/dn-memory-XXXXXX";
static float input[VALUES];

static void begin(void)
{
    strcpy(path, "/tmp/dn-memory-XXXXXX");
    FILE *f = fdopen(mkstemp(path), "w");
    fputs(cfg, f);
    fclose(f);
    for (int i = 0; i < VALUES; i++)
        input[i] = (float)(i * 37 % 255) / 255;
}

static void end(void)
{
    unlink(path);
}

/* A little more than the least that the library names. A sanitizer keeps what is freed, so the process may
 * have grown when it is tried. */
static network *load_within(double slack)
{
    const char *number = "needs at least ";
    size_t budget = 1 << 20;
    network *net = NULL;
    for (int k = 0; k < 20 && !net; k++) {
        net = load_network_fused(path, "", budget);
        const char *found = net ? NULL : strstr(darknet_last_error(), number);
        ck_assert_msg(net || found, "%s", darknet_last_error());
        budget = found ? (size_t)((atof(found + strlen(number)) + slack * (k + 1)) * (1 << 20)) : budget;
    }
    ck_assert_uint_gt(budget, 1 << 20);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    return net;
}

static network *load_tightly(void)
{
    return load_within(.3);
}

static float *copy_of(const network *net, int i)
{
    size_t bytes = (size_t)net->layers[i].outputs * sizeof(float);
    return memcpy(malloc(bytes), net->layers[i].output, bytes);
}

START_TEST(test_a_budget_is_kept_and_accounted_for)
{
    network *net = load_tightly();
    darknet_memory m = network_memory(net);
    ck_assert_uint_le(m.predicted_peak, m.budget);
    ck_assert_uint_gt(m.predicted_peak, m.arena);
    ck_assert_uint_gt(m.measured_peak, 0);
    ck_assert_uint_ge(m.arena, m.weights + m.maps);
    ck_assert(m.work >= 1 && m.seconds > 0 && m.groups >= 1 && m.groups <= LAYERS);
    free_network(net);
    net = load_network(path, "", 0);
    ck_assert_uint_eq(network_memory(net).budget, 0);
    free_network(net);
}
END_TEST

START_TEST(test_heads_and_the_last_layer_can_be_read_and_no_others)
{
    network *net = load_tightly();
    ck_assert_int_eq(net->n, LAYERS);
    ck_assert_ptr_eq(network_predict(net, input), net->layers[LAYERS - 1].output);
    for (int i = 0; i < LAYERS; i++)
        ck_assert_msg((net->layers[i].output != NULL) == (i >= 4), "layer %d", i);
    free_network(net);
}
END_TEST

START_TEST(test_a_prediction_without_an_input_fails)
{
    network *net = load_network(path, "", 0);
    ck_assert_ptr_null(network_predict(net, NULL));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "input"));
    ck_assert_ptr_nonnull(network_predict(net, input));
    free_network(net);
}
END_TEST

static int input_row(void *context, int y, float *row, size_t plane)
{
    (void)context;
    for (size_t c = 0; c < 3; c++)
        memcpy(row + c * plane, input + (c * SIDE + (size_t)y) * SIDE, SIDE * sizeof *row);
    return 1;
}

START_TEST(test_an_input_in_memory_is_not_changed_and_does_not_stay)
{
    network *net = load_network(path, "", 0);
    float *page = mmap(NULL, sizeof input, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, input, sizeof input);
    mprotect(page, sizeof input, PROT_READ);
    ck_assert_ptr_nonnull(network_predict(net, page));
    float *head = copy_of(net, 4);
    munmap(page, sizeof input);
    ck_assert_ptr_nonnull(network_predict_rows(net, input_row, NULL));
    ck_assert_mem_eq(net->layers[4].output, head, (size_t)net->layers[4].outputs * sizeof(float));
    free(head);
    free_network(net);
}
END_TEST

static void refuses_to_plan(const network *net, int format, const char *why)
{
    ck_assert_ptr_null(network_plan(net, (enum darknet_plan_format)format));
    ck_assert_msg(strstr(darknet_last_error(), why) != NULL, "\"%s\" does not say \"%s\"", darknet_last_error(), why);
}

START_TEST(test_what_does_not_exist_is_a_sentence)
{
    network *net = load_network(path, "", 0);
    refuses_to_plan(net, 9, "plan format 9 is unknown; known are 0 to 3");
    refuses_to_plan(net, 4, "plan format 4");
    refuses_to_plan(net, -1, "plan format -1");
    free_network(net);
    darknet_options options = {.size = sizeof options, .dialect = 7};
    ck_assert_ptr_null(darknet_load(path, "", &options));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "dialect 7 is unknown; known are 0 and 1"));
    ck_assert_float_eq((float)darknet_fma_peak("mmx", .01), 0);
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "isa mmx is not available on this machine, which has "));
    ck_assert_ptr_null(darknet_calibrate("mmx", 1));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "isa mmx is not available on this machine, which has "));
    ck_assert(darknet_fma_peak(NULL, .01) > 0);
    ck_assert_str_eq(darknet_last_error(), "");
}
END_TEST

START_TEST(test_a_kept_layer_can_be_read_and_changes_nothing)
{
    network *free_one = load_network(path, "", 0), *net = load_tightly();
    ck_assert_int_eq(network_keep(free_one, KEPT), 1);
    ck_assert_ptr_nonnull(network_predict(free_one, input));
    ck_assert_ptr_nonnull(network_predict(net, input));
    float *head = copy_of(net, 4), *kept = copy_of(free_one, KEPT);
    free_network(net);
    net = load_network_fused(path, "", 256 << 20);
    ck_assert_int_eq(network_keep(net, LAYERS), 0);
    ck_assert_int_eq(network_keep(net, -1), 0);
    ck_assert_ptr_null(net->layers[KEPT].output);
    ck_assert_int_eq(network_keep(net, KEPT), 1);
    ck_assert_int_eq(network_keep(net, KEPT), 1);
    ck_assert_ptr_nonnull(network_predict(net, input));
    ck_assert_mem_eq(net->layers[KEPT].output, kept, (size_t)net->layers[KEPT].outputs * sizeof(float));
    ck_assert_mem_eq(net->layers[4].output, head, (size_t)net->layers[4].outputs * sizeof(float));
    free(head);
    free(kept);
    free_network(net);
    free_network(free_one);
}
END_TEST

START_TEST(test_a_layer_that_does_not_fit_is_not_kept_and_nothing_has_changed)
{
    network *net = load_tightly();
    ck_assert_ptr_nonnull(network_predict(net, input));
    float *head = copy_of(net, 4);
    ck_assert_int_eq(network_keep(net, 2), 0);
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "needs at least"));
    ck_assert_ptr_null(net->layers[2].output);
    ck_assert_ptr_nonnull(network_predict(net, input));
    ck_assert_mem_eq(net->layers[4].output, head, (size_t)net->layers[4].outputs * sizeof(float));
    free(head);
    free_network(net);
}
END_TEST

START_TEST(test_a_file_of_groups_is_read_once)
{
    char groups[] = "/tmp/dn-memory-XXXXXX";
    FILE *f = fdopen(mkstemp(groups), "w");
    fputs("[fusion]\nlayers=0-1\ntiles=4x1\n", f);
    fclose(f);
    darknet_options options = {.size = sizeof options, .fusion = groups};
    network *net = darknet_load(path, "", &options);
    unlink(groups);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    int n = network_memory(net).groups;
    ck_assert_msg(network_keep(net, 2), "%s", darknet_last_error());
    ck_assert_int_eq(network_memory(net).groups, n);
    ck_assert_msg(network_predict(net, input) != NULL, "%s", darknet_last_error());
    ck_assert_ptr_nonnull(net->layers[2].output);
    free_network(net);
}
END_TEST

START_TEST(test_boxes_take_memory_that_the_next_prediction_gets_back)
{
    network *net = load_tightly();
    float *head = NULL;
    int first = 0, n;
    for (int k = 0; k < 3; k++) {
        ck_assert_ptr_nonnull(network_predict(net, input));
        detection *dets = get_network_boxes(net, SIDE, SIDE, 0, .5f, NULL, 1, &n);
        ck_assert_int_gt(n, 1000);
        size_t bytes = (size_t)net->layers[4].outputs * sizeof(float);
        first = k ? first : n;
        head = k ? head : copy_of(net, 4);
        ck_assert_int_eq(n, first);
        ck_assert_mem_eq(net->layers[4].output, head, bytes);
        free_detections(dets, n);
    }
    free(head);
    free_network(net);
}
END_TEST

/* Memory that would be given back now would have to be had again for the next frame. */
START_TEST(test_memory_is_given_back_for_boxes_only_where_it_counts)
{
    static const struct {
        size_t memory;
        int once;
    } cases[] = {{0, 0}, {256 << 20, 0}, {0, 1}};
    darknet_options options = {.size = sizeof options, .memory = cases[_i].memory, .once = cases[_i].once, .threads = 1};
    network *net = darknet_load(path, "", &options);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    int n;
    for (int k = 0; k < 2; k++) {
        network_predict(net, input);
        detection *warm = get_network_boxes(net, SIDE, SIDE, .5f, .5f, NULL, 1, &n);
        free_detections(warm, n);
    }
    network_predict(net, input);
    size_t before = dn_process_resident();
    detection *dets = get_network_boxes(net, SIDE, SIDE, .5f, .5f, NULL, 1, &n);
    size_t after = dn_process_resident();
    ck_assert_ptr_nonnull(dets);
    if (_i)
        ck_assert_msg(after + (128 << 10) < before, "%zu bytes are resident of %zu", after, before);
    else
        ck_assert_msg(after >= before, "%zu bytes are resident of %zu", after, before);
    free_detections(dets, n);
    free_network(net);
}
END_TEST

START_TEST(test_for_one_prediction_no_weights_are_kept_and_the_bits_are_the_same)
{
    static const size_t budgets[] = {0, 256 << 20};
    darknet_options options = {.size = sizeof options, .memory = budgets[_i % 2], .threads = 1 + _i / 2};
    network *many = darknet_load(path, "", &options);
    options.once = 1;
    network *one = darknet_load(path, "", &options);
    darknet_memory m = network_memory(many), o = network_memory(one);
    ck_assert(m.streamed == 0 && o.streamed > 1e6);
    ck_assert_uint_lt(o.weights, m.weights / 10);
    for (int k = 0; k < 2; k++) {
        ck_assert_ptr_nonnull(network_predict(many, input));
        ck_assert_ptr_nonnull(network_predict(one, input));
        ck_assert_mem_eq(one->layers[4].output, many->layers[4].output, (size_t)one->layers[4].outputs * sizeof(float));
    }
    free_network(one);
    free_network(many);
}
END_TEST

static bool refused(size_t budget, int threads)
{
    darknet_options options = {
        .size = sizeof options, .memory = budget, .photo_bytes = DARKNET_LARGE_PHOTO, .threads = threads};
    network *net = darknet_load(path, "", &options);
    if (net)
        free_network(net);
    return !net;
}

/* The process grows and shrinks by some pages from one attempt to the next: what counts as having no room is
 * refused before the budget is kept by fewer threads and after it. */
START_TEST(test_where_a_thread_per_core_has_no_room_fewer_compute)
{
    network *all = load_network(path, "", 0), *few = load_within(.1);
    size_t budget = network_memory(few).budget;
    int threads = network_threads(all);
    free_network(few);
    bool before = refused(budget, threads);
    few = load_network_fused(path, "", budget);
    ck_assert_msg(few || before, "%s", darknet_last_error());
    if (!few)
        few = load_within(.3);
    else if (threads > 1 && before && refused(budget, threads))
        ck_assert_int_lt(network_threads(few), threads);
    ck_assert_int_ge(network_threads(few), 1);
    float *expected = network_predict(all, input), *found = network_predict(few, input);
    ck_assert(expected && found);
    ck_assert_mem_eq(found, expected, (size_t)all->outputs * sizeof(float));
    free_network(all);
    free_network(few);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("compat/memory");
    TCase *t = tcase_create("memory");
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, test_a_budget_is_kept_and_accounted_for);
    tcase_add_test(t, test_heads_and_the_last_layer_can_be_read_and_no_others);
    tcase_add_test(t, test_a_prediction_without_an_input_fails);
    tcase_add_test(t, test_an_input_in_memory_is_not_changed_and_does_not_stay);
    tcase_add_test(t, test_what_does_not_exist_is_a_sentence);
    tcase_add_test(t, test_a_kept_layer_can_be_read_and_changes_nothing);
    tcase_add_test(t, test_a_layer_that_does_not_fit_is_not_kept_and_nothing_has_changed);
    tcase_add_test(t, test_a_file_of_groups_is_read_once);
    tcase_add_loop_test(t, test_memory_is_given_back_for_boxes_only_where_it_counts, 0, 3);
    tcase_add_loop_test(t, test_for_one_prediction_no_weights_are_kept_and_the_bits_are_the_same, 0, 4);
    tcase_add_test(t, test_where_a_thread_per_core_has_no_room_fewer_compute);
    tcase_add_test(t, test_boxes_take_memory_that_the_next_prediction_gets_back);
    suite_add_tcase(s, t);
    return s;
}
