/* [upsample]: format section 3.10. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 20) "[upsample]\n",
    NET(5, 4, 3) "[upsample]\nstride=3\nscale=.5\n",
    NET(9, 8, 20) "[upsample]\nstride=-2\n",
    NET(9, 8, 3) "[upsample]\nstride=-3\nscale=2\n",
    NET(5, 4, 3) "[upsample]\nstride=1\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(9, 8, 20) "[upsample]\n", true},
    {NET(9, 8, 3) "[upsample]\nstride=3\n", true},
    {NET(19, 18, 20) "[upsample]\nstride=-2\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[upsample]\nstride=0\n",
     "6: [upsample] stride=0 is not allowed; it must not be 0", false},
    {NET(4, 4, 3) "[upsample]\nstride=-5\n",
     "5: [upsample] its output would be 0x0x3 (width, height, channels)", false},
    {NET(4000, 4000, 3) "[upsample]\nstride=30000\n",
     "5: [upsample] its output would be 120000000x120000000x3 (width, height, channels): more than 2^31 values", false},
    {0},
};

static const struct layer_tests tests = {"layer/upsample", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
