/* [scale_channels] and [sam]: format sections 3.21 and 3.22. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[avgpool]\n" "[scale_channels]\nfrom=0\nactivation=leaky\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=1\nsize=1\nactivation=linear\n" "[scale_channels]\nfrom=0\nscale_wh=1\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[sam]\nfrom=0\nactivation=mish\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[sam]\nfrom=0\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(9, 8, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[avgpool]\n" "[scale_channels]\nfrom=0\n", true},
    {NET(9, 8, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=1\nsize=1\nactivation=linear\n" "[scale_channels]\nfrom=0\nscale_wh=1\n", true},
    {NET(9, 8, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[sam]\nfrom=0\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[scale_channels]\n",
     "9: [scale_channels] needs the key from: the number of an earlier layer", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[scale_channels]\nfrom=0\n",
     "10: [scale_channels] scales layer 0 by 4x4x4 values (width, height, channels); it needs 1x1x4", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[scale_channels]\nfrom=0\nscale_wh=1\n",
     "11: [scale_channels] scales layer 0 by 4x4x4 values (width, height, channels); scale_wh=1 needs 4x4x1", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=5\nsize=1\nactivation=linear\n" "[sam]\nfrom=0\n",
     "14: [sam] multiplies 4x4x5 values (width, height, channels) with layer 0, which has 4x4x4", false},
    {0},
};

static const struct layer_tests tests = {"layer/scale_channels", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
