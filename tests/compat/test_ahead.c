/* Reading photos ahead: whatever was announced, a prediction is that of its own photo. */
#include "support/suite.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"
#include "support/photo.h"

enum { PHOTOS = 5, WIDTH = 512, HEIGHT = 384, OUTPUTS = WIDTH * HEIGHT / 2 };

static const char cfg[] = "[net]\nwidth=512\nheight=384\nchannels=3\n"
                          "[convolutional]\nbatch_normalize=1\nfilters=16\nsize=3\nstride=2\npad=1\n"
                          "activation=leaky\n[convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\n"
                          "activation=linear\n";

static char names[PHOTOS][512]; /* the third one is no photo */

static void write_files(void)
{
    char name[32];
    photo_write(photo_path("ahead.cfg"), cfg, sizeof cfg - 1);
    for (int i = 0; i < PHOTOS; i++) {
        struct photo_jpeg jpeg = {.w = 90 + 31 * i, .h = 150 - 17 * i, .colours = PHOTO_RGB};
        snprintf(name, sizeof name, "ahead%d.jpg", i);
        strcpy(names[i], photo_path(name));
        if (i == 2)
            photo_write(names[i], "no photo", 8);
        else
            photo_write_jpeg(names[i], &jpeg);
    }
}

static network *load(int read_ahead)
{
    darknet_options options = {.size = sizeof options, .threads = 1, .read_ahead = read_ahead};
    network *net = darknet_load(photo_path("ahead.cfg"), "", &options);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    ck_assert_int_eq(net->outputs, OUTPUTS);
    return net;
}

/* What a prediction gives: outputs and size, or the sentence of its failure. */
struct outcome {
    float output[OUTPUTS];
    int w, h;
    char error[512];
};

static struct outcome *predict(network *net, const char *path, int fit)
{
    struct outcome *o = calloc(1, sizeof *o);
    const float *output = network_predict_file(net, path, fit, &o->w, &o->h);
    if (output)
        memcpy(o->output, output, sizeof o->output);
    else
        snprintf(o->error, sizeof o->error, "%s", darknet_last_error());
    return o;
}

/* Of a network of its own, which reads nothing ahead. */
static void is_as_alone(struct outcome *o, const char *path, int fit)
{
    network *net = load(0);
    struct outcome *alone = predict(net, path, fit);
    ck_assert_str_eq(o->error, alone->error);
    ck_assert_int_eq(o->w, alone->w);
    ck_assert_int_eq(o->h, alone->h);
    ck_assert_mem_eq(o->output, alone->output, sizeof o->output);
    free(alone);
    free(o);
    free_network(net);
}

START_TEST(test_photos_read_ahead_give_the_same_outputs)
{
    network *net = load(1);
    for (int i = 0; i < 2 * PHOTOS; i++) {
        ck_assert_int_eq(network_read_ahead(net, names[(i + 1) % PHOTOS], DARKNET_LETTERBOX), 1);
        is_as_alone(predict(net, names[i % PHOTOS], DARKNET_LETTERBOX), names[i % PHOTOS], DARKNET_LETTERBOX);
    }
    free_network(net);
}
END_TEST

START_TEST(test_a_photo_that_was_not_announced_is_read_all_the_same)
{
    network *net = load(1);
    for (int i = 0; i < 8; i++) {
        network_read_ahead(net, names[i % PHOTOS], DARKNET_LETTERBOX);
        is_as_alone(predict(net, names[(i + 3) % PHOTOS], DARKNET_LETTERBOX), names[(i + 3) % PHOTOS],
                    DARKNET_LETTERBOX);
    }
    free_network(net);
}
END_TEST

START_TEST(test_a_photo_that_was_announced_for_another_fit_is_fitted_again)
{
    network *net = load(1);
    for (int i = 0; i < 4; i++) {
        network_read_ahead(net, names[1], DARKNET_LETTERBOX);
        is_as_alone(predict(net, names[1], DARKNET_STRETCH), names[1], DARKNET_STRETCH);
    }
    free_network(net);
}
END_TEST

START_TEST(test_an_announcement_can_be_taken_back_or_dropped)
{
    network *net = load(1);
    network_read_ahead(net, names[1], DARKNET_LETTERBOX);
    ck_assert_int_eq(network_read_ahead(net, NULL, 0), 0);
    is_as_alone(predict(net, names[0], DARKNET_LETTERBOX), names[0], DARKNET_LETTERBOX);
    network_read_ahead(net, names[1], DARKNET_LETTERBOX);
    is_as_alone(predict(net, names[0], DARKNET_LETTERBOX), names[0], DARKNET_LETTERBOX);
    ck_assert_int_eq(network_keep(net, 0), 1); /* plans anew, while the next photo is being read */
    is_as_alone(predict(net, names[1], DARKNET_LETTERBOX), names[1], DARKNET_LETTERBOX);
    network_read_ahead(net, names[3], DARKNET_LETTERBOX);
    is_as_alone(predict(net, names[1], DARKNET_LETTERBOX), names[1], DARKNET_LETTERBOX);
    free_network(net); /* while the next photo is being read */
}
END_TEST

static void cut_in_half(const char *path)
{
    size_t size;
    unsigned char *bytes = photo_read(path, &size);
    photo_write(path, bytes, size / 2);
    free(bytes);
}

/* Loaded for one photo, which it begins to read at once: one that there is, one that is none, one that ends too early,
 * and the first one while another is asked for, in another fit, after planning anew, or not at all. */
START_TEST(test_the_only_photo_is_read_while_the_network_is_planned)
{
    const int asked[] = {0, 2, 4, 1, 0, 0, 0};
    const int fits[] = {DARKNET_LETTERBOX, DARKNET_LETTERBOX, DARKNET_LETTERBOX, DARKNET_LETTERBOX, DARKNET_STRETCH,
                        DARKNET_LETTERBOX, -1};
    const char *photo = names[_i > 2 ? 0 : asked[_i]];
    if (_i == 2)
        cut_in_half(photo);
    char *text = strdup(photo); /* need not live longer than the call */
    darknet_options options = {.size = sizeof options, .threads = 1, .once = 1, .photo = text};
    network *net = darknet_load(photo_path("ahead.cfg"), "", &options);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    memset(text, 'x', strlen(text));
    free(text);
    ck_assert_int_eq(network_read_ahead(net, names[3], DARKNET_LETTERBOX), 0); /* no memory is planned for that */
    if (_i == 5)
        ck_assert_int_eq(network_keep(net, 0), 1);
    for (int turn = 0; turn < 2 && fits[_i] >= 0; turn++) {
        struct outcome *o = predict(net, names[asked[_i]], fits[_i]);
        ck_assert_int_eq(*o->error != 0, _i == 1 || _i == 2);
        is_as_alone(o, names[asked[_i]], fits[_i]);
    }
    free_network(net);
}
END_TEST

START_TEST(test_a_network_that_was_not_asked_to_does_not_read_ahead)
{
    network *net = load(0);
    ck_assert_int_eq(network_read_ahead(net, names[0], DARKNET_LETTERBOX), 0);
    free_network(net);
}
END_TEST

/* The buffer and the thread are part of what a budget allows, or there is neither. */
START_TEST(test_a_budget_decides_whether_there_is_room)
{
    const size_t buffer = WIDTH * HEIGHT * 3 * sizeof(float);
    int yes = 0, no = 0;
    for (size_t memory = 1 << 20; !yes || !no; memory += buffer / 4) {
        ck_assert_msg(memory < (size_t)1 << 30, "%d budgets had room, %d had not", yes, no);
        darknet_options options = {.size = sizeof options, .memory = memory, .threads = 1, .read_ahead = 1};
        options.photo_bytes = darknet_photo_bytes(names[4], "x.jpg");
        network *net = darknet_load(photo_path("ahead.cfg"), "", &options);
        if (!net)
            continue;
        darknet_memory m = network_memory(net);
        bool room = network_read_ahead(net, names[1], DARKNET_LETTERBOX);
        ck_assert_uint_le(m.predicted_peak, memory);
        ck_assert(!room || m.predicted_peak > m.arena + buffer);
        is_as_alone(predict(net, names[0], DARKNET_LETTERBOX), names[0], DARKNET_LETTERBOX);
        free_network(net);
        yes += room;
        no += !room;
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("compat/ahead");
    TCase *t = tcase_create("reading ahead");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, write_files, NULL);
    tcase_add_test(t, test_photos_read_ahead_give_the_same_outputs);
    tcase_add_test(t, test_a_photo_that_was_not_announced_is_read_all_the_same);
    tcase_add_test(t, test_a_photo_that_was_announced_for_another_fit_is_fitted_again);
    tcase_add_test(t, test_an_announcement_can_be_taken_back_or_dropped);
    tcase_add_loop_test(t, test_the_only_photo_is_read_while_the_network_is_planned, 0, 7);
    tcase_add_test(t, test_a_network_that_was_not_asked_to_does_not_read_ahead);
    tcase_add_test(t, test_a_budget_decides_whether_there_is_room);
    suite_add_tcase(s, t);
    return s;
}
