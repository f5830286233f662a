/* [reorg] and [reorg3d]: format section 3.11. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(6, 4, 20) "[reorg]\nstride=2\n",
    NET(6, 6, 18) "[reorg]\nstride=3\n",
    NET(6, 4, 20) "[reorg]\nstride=2\nreverse=1\n",
    NET(6, 4, 8) "[reorg]\nstride=1\nflatten=1\n",
    NET(6, 4, 20) "[reorg]\nstride=2\nflatten=1\n",
    NET(6, 4, 8) "[reorg]\nstride=1\nflatten=1\nreverse=1\n",
    NET(6, 4, 3) "[reorg]\nstride=1\nextra=7\n",
    NET(6, 4, 5) "[reorg3d]\nstride=2\n",
    NET(7, 9, 20) "[reorg3d]\nstride=3\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(18, 16, 5) "[reorg3d]\nstride=2\n", true},
    {NET(19, 17, 20) "[reorg3d]\nstride=3\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(6, 4, 3) "[reorg]\nstride=2\n",
     "6: [reorg] stride=2 needs a multiple of 4 channels, not 3", false},
    {NET(5, 4, 4) "[reorg]\nstride=2\n",
     "6: [reorg] stride=2 does not divide its input of 5x4 pixels", false},
    {NET(4, 4, 4) "[reorg]\nstride=0\n",
     "6: [reorg] stride=0 is not allowed; it must be from 1 to 32768", false},
    {NET(4, 4, 4) "[reorg3d]\nreverse=1\n",
     "6: [reorg3d] reverse=1 is not supported; it must be 0", false},
    {NET(4, 4, 4) "[reorg3d]\nstride=5\n",
     "5: [reorg3d] its output would be 0x0x100 (width, height, channels)", false},
    {0},
};

static const struct layer_tests tests = {"layer/reorg", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
