/* Loading weights: what is read at once fits into the place that the plan has for it. */
#include "support/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "darknet.h"

static char path[] = "/tmp/dn-load-XXXXXX";

/* The maps of such a network are far smaller than the filters that could be read at once. */
START_TEST(test_networks_of_small_maps_and_large_filters_load)
{
    static float input[3 * 8 * 8];
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    fprintf(f, "[net]\nwidth=8\nheight=8\nchannels=3\n");
    for (int i = 0; i < 3; i++)
        fprintf(f, "[convolutional]\nfilters=%d\nsize=3\nstride=1\npad=1\nactivation=leaky\n",
                64 << i);
    fclose(f);
    network *net = load_network(path, NULL, 0);
    unlink(path);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    const float *output = network_predict(net, input);
    ck_assert_ptr_nonnull(output);
    for (int i = 0; i < net->outputs; i++)
        ck_assert(isfinite(output[i]));
    free_network(net);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("exec/load");
    TCase *t = tcase_create("load");
    tcase_add_test(t, test_networks_of_small_maps_and_large_filters_load);
    suite_add_tcase(s, t);
    return s;
}
