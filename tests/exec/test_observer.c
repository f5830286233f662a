/* What an observer of layers sees. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "darknet.h"

enum { LAYERS = 8, VALUES = 16 * 12 * 12 };

static float seen[LAYERS][VALUES];

static void copy_output(void *context, const network *net, int index, const float *output)
{
    (void)context;
    ck_assert_int_eq(net->layers[index].outputs, VALUES);
    memcpy(seen[index], output, sizeof seen[index]);
}

static void observe(const char *sections)
{
    static float input[3 * 12 * 12];
    darknet_options options = {.size = sizeof options, .observer = copy_output};
    char path[] = "/tmp/dn-observer-XXXXXX";
    FILE *f = fdopen(mkstemp(path), "w");
    fprintf(f, "[net]\nwidth=12\nheight=12\nchannels=3\n%s", sections);
    fclose(f);
    for (int i = 0; i < 3 * 12 * 12; i++)
        input[i] = (float)(i % 17) / 17;
    network *net = darknet_load(path, NULL, &options);
    unlink(path);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    ck_assert_msg(network_predict(net, input) != NULL, "%s", darknet_last_error());
    free_network(net);
}

#define CONVOLUTION "[convolutional]\nfilters=16\nsize=3\npad=1\nstride=1\nactivation=leaky\n"

/* The memory of a map that no layer computes from any more must not be given away before all its
 * names have been shown. */
START_TEST(another_name_of_a_map_shows_the_map)
{
    static const char *const aliases[] = {"[route]\nlayers=0\n", "[route]\nlayers=0\n[dropout]\n",
                                          "[route]\nlayers=0\n[empty]\n"};
    char sections[1000];
    snprintf(sections, sizeof sections, CONVOLUTION CONVOLUTION CONVOLUTION "%s[route]\nlayers=2\n" CONVOLUTION, aliases[_i]);
    observe(sections);
    for (int i = 3; i < (_i ? 5 : 4); i++)
        ck_assert_msg(!memcmp(seen[i], seen[0], sizeof seen[0]), "layer %d does not show what layer 0 did", i);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("exec/observer");
    TCase *t = tcase_create("observer");
    tcase_add_loop_test(t, another_name_of_a_map_shows_the_map, 0, 3);
    suite_add_tcase(s, t);
    return s;
}
