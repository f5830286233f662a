/* The error of a whole network, end to end: with Winograd it is not much larger than that of direct
 * convolution. Fixed seeds; both are compared with a model in double precision. */
#include <string.h>

#include "support/agree.h"
#include "support/net_run.h"
#include "support/suite.h"

enum { SEEDS = 6 };

#define CONV(filters, size, stride, activation)                                              \
    "[convolutional]\nbatch_normalize=1\nfilters=" #filters "\nsize=" #size "\nstride=" #stride \
    "\npad=1\nactivation=" #activation "\n"
#define RESIDUAL "[shortcut]\nfrom=-3\nactivation=linear\n"

/* The beginning of a backbone: layers of both strides, and of 32 and more channels. */
static const char backbone[] =
    "[net]\nwidth=80\nheight=84\nchannels=3\n" CONV(32, 3, 1, leaky) CONV(64, 3, 2, leaky)
    CONV(32, 1, 1, leaky) CONV(64, 3, 1, leaky) RESIDUAL CONV(96, 3, 2, leaky)
    CONV(48, 1, 1, leaky) CONV(96, 3, 1, leaky) RESIDUAL CONV(64, 3, 1, leaky) CONV(40, 3, 1, linear);

/* Direct convolution here rounds once for each term, so its errors are less than those of plain sums. The
 * largest error of a network depends much on chance, and so does the quotient of two. */
START_TEST(winograd_makes_the_error_of_a_network_at_most_half_as_large_again)
{
    double most = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        struct agree_options options = {.seed = (uint64_t)seed, .alexeyab = seed % 2};
        struct engine_error winograd = engine_error(backbone, &options);
        options.exact = true;
        struct engine_error exact = engine_error(backbone, &options);
        ck_assert(winograd.rms > 0 && exact.rms > 0);
        ck_assert(memcmp(&winograd, &exact, sizeof exact));
        ck_assert_msg(winograd.rms <= 1.5 * exact.rms, "seed %d: rms %g times as large", seed, winograd.rms / exact.rms);
        most += winograd.most / exact.most / SEEDS;
    }
    ck_assert_msg(most <= 1.5, "maximum %g times as large on average", most);
}
END_TEST

Suite *suite(void)
{
    net_run_patiently();
    Suite *s = suite_create("net/error");
    TCase *t = tcase_create("end to end");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, winograd_makes_the_error_of_a_network_at_most_half_as_large_again);
    suite_add_tcase(s, t);
    return s;
}
