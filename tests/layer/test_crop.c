/* [crop]: format section 3.17. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(9, 8, 3) "[crop]\ncrop_height=4\ncrop_width=5\n",
    NET(9, 8, 20) "[crop]\ncrop_height=3\ncrop_width=9\nnoadjust=1\nflip=1\nangle=3\nsaturation=2\nexposure=2\nshift=.1\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(19, 18, 20) "[crop]\ncrop_height=11\ncrop_width=8\n", true},
    {NET(19, 18, 3) "[crop]\ncrop_height=18\ncrop_width=1\nnoadjust=1\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[crop]\ncrop_height=5\ncrop_width=3\n",
     "6: [crop] crop_height=5 is not allowed; it must be from 1 to 4", false},
    {NET(4, 4, 3) "[crop]\ncrop_height=3\ncrop_width=0\n",
     "7: [crop] crop_width=0 is not allowed; it must be from 1 to 4", false},
    {0},
};

static const struct layer_tests tests = {"layer/crop", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
