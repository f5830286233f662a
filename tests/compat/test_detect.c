/* Detections through the public API, on small networks whose head outputs are put in place by hand
 * as programs do that average frames. */
#include "support/scarce.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "darknet.h"

#define INPUT         "[net]\nwidth=8\nheight=6\nchannels=3\n"
#define CONV(filters) "[convolutional]\nfilters=" filters "\nsize=1\nstride=1\nactivation=linear\n"
#define YOLO(more)    CONV("18") "[yolo]\nmask=1,0\nclasses=4\nnum=2\nanchors=4,3,2,5\n" more
#define REGION        CONV("18") "[region]\nclasses=4\nnum=2\nsoftmax=1\nanchors=1,2,3,1\n"

static char path[] = "/tmp/dn-detect-XXXXXX";
static network *net;

static void make_path(void)
{
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void clean_up(void)
{
    free_network(net);
    net = NULL;
    unlink(path);
}

/* Random numbers in [0, 1) as the outputs of all layers that keep them. */
static void inject(unsigned seed)
{
    for (int i = 0; i < net->n; i++)
        for (int j = 0; net->layers[i].output && j < net->layers[i].outputs; j++) {
            seed = seed * 1664525u + 1013904223u;
            net->layers[i].output[j] = (float)(seed >> 8) / 16777216.f;
        }
}

static void make_net(const char *cfg, int dialect)
{
    darknet_options options = {.size = sizeof options, .dialect = dialect, .isa = "scalar"};
    FILE *f = fopen(path, "w");
    fputs(cfg, f);
    fclose(f);
    free_network(net);
    net = darknet_load(path, "", &options);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    inject(1);
}

static void assert_same(const detection *a, int n, const detection *b, int m)
{
    ck_assert_int_eq(n, m);
    for (int i = 0; i < n; i++) {
        ck_assert_mem_eq(&a[i].bbox, &b[i].bbox, sizeof(box));
        ck_assert_float_eq(a[i].objectness, b[i].objectness);
        ck_assert_int_eq(a[i].classes, b[i].classes);
        ck_assert_mem_eq(a[i].prob, b[i].prob, (size_t)a[i].classes * sizeof(float));
    }
}

static const char *const cfgs[] = {INPUT YOLO(""), INPUT REGION};

START_TEST(test_stock_boxes_are_those_of_a_letterboxed_photo)
{
    int n, m;
    make_net(cfgs[_i], DARKNET_STOCK);
    detection *a = get_network_boxes(net, 100, 50, .3f, .5f, NULL, 1, &n);
    detection *b = network_boxes(net, 100, 50, .3f, .5f, 1, 1, &m);
    ck_assert_int_gt(n, 0);
    assert_same(a, n, b, m);
    free_detections(a, n);
    free_detections(b, m);
}
END_TEST

START_TEST(test_asking_twice_gives_the_same)
{
    int n, m;
    make_net(cfgs[_i], DARKNET_STOCK);
    detection *a = get_network_boxes(net, 64, 64, .2f, .5f, NULL, 0, &n);
    do_nms_sort(a, n, 4, .3f);
    detection *b = get_network_boxes(net, 64, 64, .2f, .5f, NULL, 0, &m);
    do_nms_sort(b, m, 4, .3f);
    assert_same(a, n, b, m);
    free_detections(a, n);
    free_detections(b, m);
}
END_TEST

START_TEST(test_empty_boxes_are_as_many_as_candidates)
{
    int n, m;
    make_net(cfgs[_i], DARKNET_STOCK);
    detection *a = make_network_boxes(net, .4f, &n);
    detection *b = get_network_boxes(net, 9, 9, .4f, .5f, NULL, 0, &m);
    ck_assert_int_eq(n, m);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < 4; c++)
            ck_assert_float_eq(a[i].prob[c], 0);
    free_detections(a, n);
    free_detections(b, m);
}
END_TEST

START_TEST(test_the_number_of_boxes_need_not_be_asked_for)
{
    int n;
    make_net(cfgs[_i], DARKNET_STOCK);
    detection *a = get_network_boxes(net, 100, 50, .3f, .5f, NULL, 1, &n);
    detection *b = get_network_boxes(net, 100, 50, .3f, .5f, NULL, 1, NULL);
    detection *c = network_boxes(net, 100, 50, .3f, .5f, 1, 1, NULL);
    ck_assert(a && b && c);
    assert_same(a, n, b, n);
    assert_same(a, n, c, n);
    free_detections(a, n);
    free_detections(b, n);
    free_detections(c, n);
    ck_assert_ptr_null(network_boxes(net, 0, 0, .3f, .5f, 1, 1, NULL));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "0 x 0"));
}
END_TEST

START_TEST(test_nothing_found_is_no_error)
{
    int n = 7;
    make_net(cfgs[0], DARKNET_STOCK);
    ck_assert_ptr_null(get_network_boxes(net, 10, 10, 2, .5f, NULL, 0, &n));
    ck_assert_int_eq(n, 0);
    ck_assert_str_eq(darknet_last_error(), "");
    free_detections(NULL, 0);
}
END_TEST

START_TEST(test_a_photo_without_pixels_is_an_error)
{
    int n = 7;
    make_net(cfgs[0], DARKNET_STOCK);
    ck_assert_ptr_null(get_network_boxes(net, 0, 10, .1f, .5f, NULL, 0, &n));
    ck_assert_int_eq(n, 0);
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "0 x 10"));
    ck_assert_ptr_null(network_boxes(net, 10, -1, .1f, .5f, 0, 0, &n));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "10 x -1"));
}
END_TEST

START_TEST(test_heads_follow_one_another_in_layer_order)
{
    int n, m;
    make_net(INPUT YOLO("[route]\nlayers=-2\n[upsample]\nstride=2\n[convolutional]\nfilters=14\n"
                        "activation=linear\n[yolo]\nclasses=2\nnum=2\nanchors=1,2,3,4\n"),
             DARKNET_STOCK);
    ck_assert_int_eq(network_classes(net), 4);
    detection *both = get_network_boxes(net, 30, 20, .5f, .5f, NULL, 0, &n);
    memset(net->layers[net->n - 1].output, 0, (size_t)net->outputs * sizeof(float));
    detection *first = get_network_boxes(net, 30, 20, .5f, .5f, NULL, 0, &m);
    ck_assert_int_gt(n, m);
    assert_same(both, m, first, m);
    ck_assert_int_eq(both[m].classes, 2);
    free_detections(both, n);
    free_detections(first, m);
}
END_TEST

/* Whether two boxes of iou 0.6 with centres apart survive side by side. */
static bool spares_neighbours(void)
{
    float prob[2][4] = {{.9f}, {.8f}};
    detection dets[2] = {{.bbox = {.5f, .5f, .4f, .4f}, .prob = prob[0], .objectness = 1},
                         {.bbox = {.6f, .5f, .4f, .4f}, .prob = prob[1], .objectness = 1}};
    network_nms(net, dets, 2, .5f);
    return prob[1][0] != 0;
}

START_TEST(test_the_last_head_says_how_to_suppress)
{
    make_net(INPUT YOLO(""), DARKNET_ALEXEYAB);
    ck_assert(!spares_neighbours());
    make_net(INPUT YOLO("nms_kind=greedynms\nbeta_nms=0.6\n"), DARKNET_ALEXEYAB);
    ck_assert(spares_neighbours());
    make_net(INPUT YOLO("nms_kind=diounms\nbeta_nms=9\n"), DARKNET_ALEXEYAB);
    ck_assert(!spares_neighbours());
    make_net(INPUT YOLO("nms_kind=diounms\nbeta_nms=0.6\n"), DARKNET_ALEXEYAB);
    ck_assert(spares_neighbours());
}
END_TEST

START_TEST(test_a_network_loaded_for_its_plan_finds_nothing)
{
    int n = 7, index = 7;
    darknet_options options = {.size = sizeof options, .plan_only = 1};
    make_net(cfgs[0], DARKNET_STOCK);
    network *plan = darknet_load(path, "", &options);
    ck_assert_ptr_nonnull(plan);
    ck_assert_int_eq(network_classes(plan), 4);
    ck_assert_ptr_null(get_network_boxes(plan, 9, 9, 0, 0, NULL, 0, &n));
    ck_assert_int_eq(n, 0);
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "plan only"));
    ck_assert_ptr_null(network_top(plan, NULL, 0, 1));
    top_predictions(plan, 1, &index);
    ck_assert_int_eq(index, -1);
    ck_assert_int_eq(network_write_outputs(plan, path), 0);
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "plan only"));
    free_network(plan);
}
END_TEST

START_TEST(test_without_memory_there_are_no_boxes_and_nothing_leaks)
{
    bool failed = true;
    make_net(cfgs[0], DARKNET_STOCK);
    for (int nth = 0; failed; nth++) {
        int n = 7;
        scarce_begin(nth);
        detection *dets = get_network_boxes(net, 10, 10, .9f, .5f, NULL, 0, &n);
        failed = scarce_end();
        bool without = dets == NULL;
        free_detections(dets, n);
        ck_assert_int_eq(scarce_blocks(), 0);
        ck_assert_int_eq(without, failed);
        ck_assert_int_eq(n == 0, failed);
        ck_assert_int_eq(*darknet_last_error() != 0, failed);
    }
}
END_TEST

/* ---- classifiers ---------------------------------------------------------------------------- */

#define CLASSIFIER INPUT CONV("5") "[avgpool]\n[softmax]\n"

static char *names[] = {"a", "b", "c", "d", "e"};

START_TEST(test_a_classifier_has_as_many_classes_as_outputs)
{
    int index[7], n = 7;
    make_net(CLASSIFIER, DARKNET_STOCK);
    const float output[] = {.1f, .4f, .2f, .4f, 0};
    memcpy(net->output, output, sizeof output);
    ck_assert_int_eq(network_classes(net), 5);
    top_predictions(net, 7, index);
    ck_assert_mem_eq(index, ((const int[]){1, 3, 2, 0, 4, -1, -1}), sizeof index);
    ck_assert_ptr_null(get_network_boxes(net, 9, 9, 0, 0, NULL, 0, &n));
    ck_assert_int_eq(n, 0);
    ck_assert_str_eq(darknet_last_error(), "");
    char *text = network_top(net, names, 5, 2);
    ck_assert_str_eq(text, "40.00%: b\n40.00%: d\n");
    free(text);
    ck_assert_ptr_null(network_top(net, names, 3, 2));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "class 3"));
}
END_TEST

START_TEST(test_the_dialect_of_the_network_prints)
{
    make_net(CLASSIFIER, DARKNET_ALEXEYAB);
    const float output[] = {.1f, .4f, .2f, .3f, 0};
    memcpy(net->output, output, sizeof output);
    char *text = network_top(net, names, 5, 1);
    ck_assert_str_eq(text, "b: 0.400000\n");
    free(text);
}
END_TEST

START_TEST(test_overlap_is_that_of_stock)
{
    ck_assert_float_eq(box_iou((box){0, 0, 1, 1}, (box){0, 0, 1, 1}), 1);
    ck_assert_float_eq_tol(box_iou((box){0, 0, 1, 1}, (box){.5f, 0, 1, 1}), 1 / 3.f, 1e-6f);
}
END_TEST

/* ---- stock's small helpers ------------------------------------------------------------------ */

START_TEST(test_vector_helpers_go_by_strides)
{
    float x[6] = {1, 2, 3, 4, 5, 6}, y[6] = {0};
    axpy_cpu(3, 2, x, 2, y, 1);
    ck_assert_mem_eq(y, ((const float[]){2, 6, 10, 0, 0, 0}), sizeof y);
    fill_cpu(2, 9, x, 3);
    ck_assert_mem_eq(x, ((const float[]){9, 2, 3, 9, 5, 6}), sizeof x);
    fill_cpu(0, 1, NULL, 1);
}
END_TEST

START_TEST(test_helpers_without_effect_can_be_called)
{
    void **ptrs = malloc(2 * sizeof *ptrs);
    ptrs[0] = malloc(1);
    ptrs[1] = NULL;
    free_ptrs(ptrs, 2);
    free_ptrs(NULL, 0);
    make_net(cfgs[0], DARKNET_STOCK);
    reset_rnn(net);
    cuda_set_device(0);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("compat/detect");
    TCase *t = tcase_create("detect");
    tcase_add_checked_fixture(t, make_path, clean_up);
    tcase_add_loop_test(t, test_stock_boxes_are_those_of_a_letterboxed_photo, 0, 2);
    tcase_add_loop_test(t, test_asking_twice_gives_the_same, 0, 2);
    tcase_add_loop_test(t, test_empty_boxes_are_as_many_as_candidates, 0, 2);
    tcase_add_loop_test(t, test_the_number_of_boxes_need_not_be_asked_for, 0, 2);
    tcase_add_test(t, test_nothing_found_is_no_error);
    tcase_add_test(t, test_a_photo_without_pixels_is_an_error);
    tcase_add_test(t, test_heads_follow_one_another_in_layer_order);
    tcase_add_test(t, test_the_last_head_says_how_to_suppress);
    tcase_add_test(t, test_a_network_loaded_for_its_plan_finds_nothing);
    tcase_add_test(t, test_without_memory_there_are_no_boxes_and_nothing_leaks);
    tcase_add_test(t, test_a_classifier_has_as_many_classes_as_outputs);
    tcase_add_test(t, test_the_dialect_of_the_network_prints);
    tcase_add_test(t, test_overlap_is_that_of_stock);
    tcase_add_test(t, test_vector_helpers_go_by_strides);
    tcase_add_test(t, test_helpers_without_effect_can_be_called);
    suite_add_tcase(s, t);
    return s;
}
