/* [shortcut]: format section 3.9. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0\nactivation=leaky\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=-2\n",
    NET(5, 4, 3) "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0\nactivation=mish\n",
    NET(8, 6, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[maxpool]\nsize=2\nstride=2\n" "[shortcut]\nfrom=0\n",
    NET(8, 6, 3) "[maxpool]\nsize=2\nstride=2\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[upsample]\nstride=2\n" "[shortcut]\nfrom=1\n",
    NET(9, 7, 3) "[convolutional]\nfilters=17\nsize=1\nactivation=linear\n" "[maxpool]\nsize=2\nstride=2\n" "[convolutional]\nfilters=30\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0\n",
    NET(7, 5, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0\nalpha=.5\nbeta=2\n",
    NET(8, 6, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[maxpool]\nsize=2\nstride=2\n" "[convolutional]\nfilters=9\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0\nalpha=.5\nbeta=2\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nactivation=swish\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_feature\nweights_normalization=relu\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_feature\nweights_normalization=softmax\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_feature\nweights_normalization=avg_relu\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_channel\nweights_normalization=relu\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_channel\nweights_normalization=softmax\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_channel\nweights_normalization=avg_relu\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_layer\nweights_normalization=relu\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_layer\nweights_normalization=softmax\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_layer\nweights_normalization=avg_relu\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(9, 8, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0\nactivation=leaky\n", true},
    {NET(16, 14, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[maxpool]\nsize=2\nstride=2\n" "[shortcut]\nfrom=0\n", false},
    {NET(10, 8, 3) "[maxpool]\nsize=2\nstride=2\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[upsample]\nstride=2\n" "[shortcut]\nfrom=1\n", false},
    {NET(9, 8, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0,1\nweights_type=per_channel\nweights_normalization=relu\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[shortcut]\n",
     "9: [shortcut] needs the key from: an earlier layer", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=3\n",
     "10: [shortcut] from=3 is not an earlier layer (this is layer 1)", false},
    {NET(8, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=4\nsize=1\nstride_x=2\nactivation=linear\n" "[shortcut]\nfrom=0\n",
     "15: [shortcut] adds layer 0 of 8x4 pixels to 4x4: the ratios of widths and heights must be the same", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0\nweights_type=each\n",
     "11: [shortcut] weights_type=each is unknown; known are none, per_feature, per_layer and per_channel", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[shortcut]\nfrom=0\nweights_type=per_channel\n",
     "9: [shortcut] weights_normalization=none cannot go with weights_type=per_channel; allowed are relu, avg_relu and softmax", false},
    {0},
};

static const struct layer_tests tests = {"layer/shortcut", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
