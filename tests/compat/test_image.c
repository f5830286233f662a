/* The functions of darknet.h on images and photos. */
#include "support/photo.h"
#include "support/suite.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <png.h>

#include "darknet.h"

static const char *write_photo(int w, int h)
{
    const char *path = photo_path("photo.png");
    photo_write_png(
        path, &(struct photo_png){.w = w, .h = h, .colour_type = PNG_COLOR_TYPE_RGB, .depth = 8});
    return path;
}

static image load(const char *path, int w, int h, int c)
{
    image im = load_image((char *)(uintptr_t)path, w, h, c);
    ck_assert_msg(im.data != NULL, "%s", darknet_last_error());
    return im;
}

START_TEST(test_an_image_is_made_of_zeros_and_copied)
{
    image im = make_image(5, 4, 3);
    for (int i = 0; i < 60; i++) {
        ck_assert_float_eq(im.data[i], 0);
        im.data[i] = (float)i;
    }
    image copy = copy_image(im);
    ck_assert_ptr_ne(copy.data, im.data);
    ck_assert_mem_eq(copy.data, im.data, 60 * sizeof(float));
    free_image(copy);
    free_image(im);
}
END_TEST

static void says(const char *what)
{
    ck_assert_msg(strstr(darknet_last_error(), what) != NULL, "\"%s\" does not say \"%s\"", darknet_last_error(), what);
}

START_TEST(test_impossible_images_are_empty)
{
    static const int sizes[][3] = {{0, 4, 3}, {4, -1, 3}, {4, 4, 0}, {1 << 30, 1 << 30, 1 << 30}};
    for (int i = 0; i < 4; i++) {
        image im = make_image(sizes[i][0], sizes[i][1], sizes[i][2]);
        ck_assert_ptr_null(im.data);
        ck_assert(darknet_last_error()[0]);
        free_image(im);
    }
    ck_assert_ptr_null(make_image(4, 0, 3).data);
    says("4x0x3 cannot be made; each must be at least 1");
    image none = {0}, empty = {.w = 3, .h = 3, .c = 3}, im = make_image(4, 4, 3);
    ck_assert_ptr_null(copy_image(none).data);
    ck_assert_ptr_null(copy_image(empty).data);
    says("copy_image: there is no image");
    ck_assert_ptr_null(resize_image(none, 4, 4).data);
    says("resize_image: there is no image");
    ck_assert_ptr_null(letterbox_image(none, 4, 4).data);
    says("letterbox_image: there is no image");
    letterbox_image_into(none, 4, 4, im);
    says("letterbox_image_into: there is no image");
    letterbox_image_into(im, 4, 5, im);
    says("4x4x3 cannot take one of 4x5x3");
    free_image(im);
    save_image(none, photo_path("none"));
    ck_assert(darknet_last_error()[0]);
}
END_TEST

START_TEST(test_swapping_red_and_blue_twice_changes_nothing)
{
    image im = load(write_photo(13, 7), 0, 0, 3), copy = copy_image(im);
    rgbgr_image(im);
    ck_assert_mem_eq(im.data, copy.data + 2 * 13 * 7, 13 * 7 * sizeof(float));
    rgbgr_image(im);
    ck_assert_mem_eq(im.data, copy.data, 3 * 13 * 7 * sizeof(float));
    free_image(im);
    free_image(copy);
}
END_TEST

START_TEST(test_a_loaded_photo_has_its_values)
{
    image im = load(write_photo(21, 17), 0, 0, 3);
    ck_assert_int_eq(im.w, 21);
    ck_assert_int_eq(im.h, 17);
    ck_assert_int_eq(im.c, 3);
    for (int i = 0; i < 21 * 17; i++) {
        unsigned char rgb[3];
        photo_pixel(i % 21, i / 21, rgb);
        for (int c = 0; c < 3; c++)
            ck_assert_float_eq(im.data[c * 21 * 17 + i], (float)(rgb[c] / 255.));
    }
    image gray = load(photo_path("photo.png"), 0, 0, 1);
    ck_assert_int_eq(gray.c, 1);
    ck_assert_float_eq_tol(gray.data[5],
                           .299f * im.data[5] + .587f * im.data[357 + 5] + .114f * im.data[714 + 5],
                           .01f);
    free_image(gray);
    free_image(im);
}
END_TEST

START_TEST(test_loading_at_a_size_is_loading_and_resizing)
{
    const char *path = write_photo(30, 20);
    image a = load(path, 0, 0, 3), b = resize_image(a, 17, 40), c = load(path, 17, 40, 3);
    ck_assert_int_eq(c.w, 17);
    ck_assert_mem_eq(b.data, c.data, 17 * 40 * 3 * sizeof(float));
    free_image(a);
    free_image(b);
    free_image(c);
}
END_TEST

START_TEST(test_a_missing_photo_is_empty_with_a_sentence)
{
    char path[] = "/no/such.jpg";
    ck_assert_ptr_null(load_image_color(path, 0, 0).data);
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), path));
}
END_TEST

START_TEST(test_letterboxing_into_leaves_the_rest_as_it_was)
{
    image im = load(write_photo(40, 20), 0, 0, 3), boxed = make_image(32, 32, 3),
          gray = letterbox_image(im, 32, 32);
    for (int i = 0; i < 32 * 32 * 3; i++)
        boxed.data[i] = 7;
    letterbox_image_into(im, 32, 32, boxed);
    for (int i = 0; i < 32 * 32 * 3; i++) {
        int y = i / 32 % 32;
        bool inside = y >= 8 && y < 24;
        ck_assert_float_eq(boxed.data[i], inside ? gray.data[i] : 7);
        ck_assert(inside || gray.data[i] == .5f);
    }
    image small = make_image(31, 32, 3);
    letterbox_image_into(im, 32, 32, small);
    ck_assert(darknet_last_error()[0]);
    free_image(small);
    free_image(im);
    free_image(boxed);
    free_image(gray);
}
END_TEST

START_TEST(test_a_saved_image_can_be_loaded)
{
    image im = load(write_photo(64, 48), 0, 0, 3);
    save_image(im, photo_path("saved"));
    ck_assert_str_eq(darknet_last_error(), "");
    image back = load(photo_path("saved.jpg"), 0, 0, 3);
    float sum = 0;
    for (int i = 0; i < 64 * 48 * 3; i++)
        sum += im.data[i] > back.data[i] ? im.data[i] - back.data[i] : back.data[i] - im.data[i];
    ck_assert_float_lt(sum / (64 * 48 * 3), .04f);
    save_image(im, "/no/such/folder/saved");
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "No such file"));
    free_image(im);
    free_image(back);
}
END_TEST

START_TEST(test_values_that_are_no_numbers_are_saved_as_black)
{
    image im = make_image(16, 16, 1);
    for (int i = 0; i < 16 * 16; i++)
        im.data[i] = NAN;
    save_image(im, photo_path("nan"));
    ck_assert_str_eq(darknet_last_error(), "");
    image back = load(photo_path("nan.jpg"), 0, 0, 3);
    for (int i = 0; i < 16 * 16 * 3; i++)
        ck_assert_float_eq(back.data[i], 0);
    free_image(im);
    free_image(back);
}
END_TEST

/* ---- networks ------------------------------------------------------------------------------- */

static network *tiny_network(int channels, const darknet_options *options)
{
    const char *path = photo_path("tiny.cfg");
    char text[256];
    int n = snprintf(
        text, sizeof text,
        "[net]\nwidth=32\nheight=24\nchannels=%d\n[convolutional]\nfilters=4\n"
        "size=3\nstride=1\npad=1\nactivation=leaky\n[convolutional]\nfilters=3\nsize=3\nstride=2\n"
        "pad=1\nactivation=linear\n",
        channels);
    photo_write(path, text, (size_t)n);
    /* version 0.2.0, 8 bytes of images seen, biases and filters of both layers */
    struct {
        int version[3], seen[2];
        float values[4 + 4 * 9 * 5 + 3 + 3 * 9 * 4];
    } file = {.version = {0, 2, 0}};
    int values = 4 + 4 * 9 * channels + 3 + 3 * 9 * 4;
    for (int i = 0; i < values; i++)
        file.values[i] = (float)(i % 7 - 3) / 4;
    const char *weights = photo_path("tiny.weights");
    photo_write(weights, &file, offsetof(typeof(file), values) + (size_t)values * sizeof(float));
    network *net = darknet_load(path, weights, options);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    return net;
}

/* _i: colours and kind of the file */
START_TEST(test_a_file_predicts_as_its_loaded_image_does)
{
    const char *path = photo_path("a.jpg");
    photo_write_jpeg(path, &(struct photo_jpeg){.w = 71,
                                                .h = 37,
                                                .colours = PHOTO_RGB,
                                                .progressive = _i & 1,
                                                .orientation = _i & 2 ? 6 : 2});
    network *net = tiny_network(3, NULL);
    size_t bytes = (size_t)net->outputs * sizeof(float);
    float *kept = malloc(bytes);
    image im = load(path, 0, 0, 3), boxed = letterbox_image(im, 32, 24);
    memcpy(kept, network_predict(net, boxed.data), bytes);
    const float *output = network_predict_image(net, im);
    ck_assert_mem_eq(kept, output, bytes);
    for (int again = 0; again < 2; again++) {
        int w, h;
        output = network_predict_file(net, path, DARKNET_LETTERBOX, &w, &h);
        ck_assert_msg(output != NULL, "%s", darknet_last_error());
        ck_assert_mem_eq(kept, output, bytes);
        ck_assert_int_eq(w, im.w);
        ck_assert_int_eq(h, im.h);
    }
    free_image(boxed);
    boxed = resize_image(im, 32, 24);
    memcpy(kept, network_predict(net, boxed.data), bytes);
    ck_assert_mem_eq(kept, network_predict_file(net, path, DARKNET_STRETCH, NULL, NULL), bytes);
    free(kept);
    free_image(im);
    free_image(boxed);
    free_network(net);
}
END_TEST

START_TEST(test_a_broken_photo_fails_and_the_next_one_succeeds)
{
    network *net = tiny_network(3, NULL);
    size_t size;
    const char *path = write_photo(40, 30);
    unsigned char *bytes = photo_read(path, &size);
    photo_write(path, bytes, size / 2);
    ck_assert_ptr_null(network_predict_file(net, path, DARKNET_LETTERBOX, NULL, NULL));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "not a sound PNG"));
    photo_write(path, bytes, size);
    ck_assert_ptr_nonnull(network_predict_file(net, path, DARKNET_LETTERBOX, NULL, NULL));
    ck_assert_str_eq(darknet_last_error(), "");
    free(bytes);
    free_network(net);
}
END_TEST

START_TEST(test_a_network_of_other_channels_says_so)
{
    network *net = tiny_network(5, NULL);
    ck_assert_ptr_null(
        network_predict_file(net, write_photo(40, 30), DARKNET_LETTERBOX, NULL, NULL));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "the network wants 5"));
    image im = make_image(8, 8, 3);
    ck_assert_ptr_null(network_predict_image(net, im));
    says("the image has 3 channels; ");
    says("tiny.cfg wants 5");
    free_image(im);
    ck_assert_ptr_null(network_predict_image(net, (image){0}));
    says("network_predict_image: there is no image");
    free_network(net);
}
END_TEST

START_TEST(test_a_photo_for_a_network_that_was_only_planned_is_a_sentence)
{
    darknet_options options = {.size = sizeof options, .photo_bytes = 2 << 20, .plan_only = 1, .read_ahead = 1};
    network *net = tiny_network(3, &options);
    const char *path = write_photo(40, 30);
    network_read_ahead(net, path, DARKNET_LETTERBOX);
    ck_assert_ptr_null(network_predict_file(net, path, DARKNET_LETTERBOX, NULL, NULL));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "plan only"));
    image im = load(path, 0, 0, 3);
    ck_assert_ptr_null(network_predict_image(net, im));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "plan only"));
    free_image(im);
    free_network(net);
}
END_TEST

START_TEST(test_a_budget_for_the_process_includes_a_photo)
{
    char cfg[] = "/tmp/dn-image-XXXXXX";
    FILE *f = fdopen(mkstemp(cfg), "w");
    fputs("[net]\nwidth=32\nheight=24\nchannels=3\n[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=leaky\n", f);
    fclose(f);
    network *net = load_network_fused(cfg, "", (size_t)256 << 20);
    unlink(cfg);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    ck_assert_msg(network_predict_file(net, write_photo(800, 30), DARKNET_LETTERBOX, NULL, NULL) != NULL, "%s",
                  darknet_last_error());
    free_network(net);
}
END_TEST

/* An interlaced PNG of 12 MB once decoded does not fit what was planned for a small photo. */
START_TEST(test_a_photo_too_large_for_the_budget_is_refused_before_it_is_decoded)
{
    darknet_options options = {
        .size = sizeof options, .memory = (size_t)256 << 20, .photo_bytes = 1 << 20};
    network *net = tiny_network(3, &options);
    const char *path = photo_path("large.png");
    photo_write_png(path, &(struct photo_png){.w = 2000,
                                              .h = 2000,
                                              .colour_type = PNG_COLOR_TYPE_RGB,
                                              .depth = 8,
                                              .interlaced = true});
    ck_assert_uint_gt(darknet_photo_bytes(path, NULL), 12000000);
    ck_assert_ptr_null(network_predict_file(net, path, DARKNET_LETTERBOX, NULL, NULL));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "MB"));
    ck_assert_ptr_nonnull(
        network_predict_file(net, write_photo(40, 30), DARKNET_LETTERBOX, NULL, NULL));
    free_network(net);
}
END_TEST

START_TEST(test_annotating_reports_success_and_failure)
{
    darknet_report report = {.relative = 1};
    const char *in = write_photo(40, 30);
    ck_assert_int_eq(darknet_annotate(&report, in, photo_path("out.jpg"), DARKNET_STOCK), 1);
    ck_assert_int_eq(darknet_annotate(&report, in, "/no/such/folder/out.jpg", DARKNET_STOCK), 0);
    ck_assert(darknet_last_error()[0]);
}
END_TEST

static void refuses_to_annotate(const darknet_report *report, int dialect, const char *why)
{
    ck_assert_int_eq(darknet_annotate(report, write_photo(40, 30), photo_path("refused.jpg"), dialect), 0);
    ck_assert_msg(strstr(darknet_last_error(), why) != NULL, "\"%s\" does not say \"%s\"", darknet_last_error(), why);
    ck_assert_int_ne(access(photo_path("refused.jpg"), F_OK), 0);
}

START_TEST(test_reports_that_lack_something_are_not_drawn)
{
    float prob = .9f;
    detection det = {.bbox = {.5f, .5f, .5f, .5f}, .classes = 1, .prob = &prob};
    char *name = "thing";
    darknet_report report = {.dets = &det, .n = 1, .classes = 1, .relative = 1};
    refuses_to_annotate(&report, DARKNET_STOCK, "1 detections cannot be drawn without the names of their classes");
    report.names = &name;
    refuses_to_annotate(&report, 7, "dialect 7 is unknown; known are 0 and 1");
    refuses_to_annotate(&report, -1, "dialect -1");
    report.dets = NULL;
    refuses_to_annotate(&report, DARKNET_ALEXEYAB, "without an array of them");
    image im = make_image(40, 30, 3), none = make_image(40, 30, 3);
    draw_detections(im, &det, 1, .5f, NULL, NULL, 1);
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "names"));
    ck_assert_mem_eq(im.data, none.data, 40 * 30 * 3 * sizeof(float));
    free_image(im);
    free_image(none);
}
END_TEST

START_TEST(test_a_way_to_fit_that_does_not_exist_is_a_sentence)
{
    darknet_options options = {.size = sizeof options, .read_ahead = _i};
    network *net = tiny_network(3, &options);
    const char *path = write_photo(40, 30);
    ck_assert_int_eq(network_read_ahead(net, path, 9), _i);
    ck_assert_ptr_nonnull(network_predict_file(net, path, DARKNET_STRETCH, NULL, NULL));
    ck_assert_ptr_null(network_predict_file(net, path, 9, NULL, NULL));
    ck_assert_msg(strstr(darknet_last_error(), "fit 9 is unknown; known are 0 to 2") != NULL, "%s", darknet_last_error());
    ck_assert_ptr_null(network_predict_file(net, path, -1, NULL, NULL));
    ck_assert_ptr_nonnull(strstr(darknet_last_error(), "fit -1"));
    free_network(net);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("compat/image");
    TCase *t = tcase_create("images");
    tcase_add_test(t, test_an_image_is_made_of_zeros_and_copied);
    tcase_add_test(t, test_impossible_images_are_empty);
    tcase_add_test(t, test_swapping_red_and_blue_twice_changes_nothing);
    tcase_add_test(t, test_a_loaded_photo_has_its_values);
    tcase_add_test(t, test_loading_at_a_size_is_loading_and_resizing);
    tcase_add_test(t, test_a_missing_photo_is_empty_with_a_sentence);
    tcase_add_test(t, test_letterboxing_into_leaves_the_rest_as_it_was);
    tcase_add_test(t, test_a_saved_image_can_be_loaded);
    tcase_add_test(t, test_values_that_are_no_numbers_are_saved_as_black);
    suite_add_tcase(s, t);
    t = tcase_create("photos and networks");
    tcase_add_loop_test(t, test_a_file_predicts_as_its_loaded_image_does, 0, 4);
    tcase_add_test(t, test_a_broken_photo_fails_and_the_next_one_succeeds);
    tcase_add_test(t, test_a_network_of_other_channels_says_so);
    tcase_add_test(t, test_a_photo_for_a_network_that_was_only_planned_is_a_sentence);
    tcase_add_test(t, test_a_budget_for_the_process_includes_a_photo);
    tcase_add_test(t, test_a_photo_too_large_for_the_budget_is_refused_before_it_is_decoded);
    tcase_add_test(t, test_annotating_reports_success_and_failure);
    tcase_add_test(t, test_reports_that_lack_something_are_not_drawn);
    tcase_add_loop_test(t, test_a_way_to_fit_that_does_not_exist_is_a_sentence, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
