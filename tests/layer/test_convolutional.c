/* [convolutional]: format section 3.3; with batch normalisation (normalize.c) and the blur of
 * antialiased layers (blur.c). */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(9, 7, 3) "[convolutional]\nbatch_normalize=1\nfilters=20\nsize=3\nstride=1\npad=1\nactivation=leaky\n",
    NET(9, 7, 33) "[convolutional]\nfilters=35\nsize=3\nstride=1\npad=1\nactivation=mish\n",
    NET(9, 7, 260) "[convolutional]\nbatch_normalize=1\nfilters=17\nsize=1\nactivation=relu\n",
    NET(9, 7, 3) "[convolutional]\nfilters=5\nsize=1\nstride=2\npadding=1\nactivation=linear\n",
    NET(11, 8, 20) "[convolutional]\nfilters=16\nsize=3\nstride_x=2\nstride_y=3\npad=1\nactivation=linear\n",
    NET(8, 11, 16) "[convolutional]\nfilters=16\nsize=5\npadding=1\nactivation=logistic\n",
    NET(8, 11, 16) "[convolutional]\nfilters=16\nsize=2\nstride=2\nactivation=tanh\n",
    NET(13, 11, 12) "[convolutional]\nfilters=8\nsize=3\ndilation=3\npad=1\nactivation=linear\n",
    NET(9, 7, 36) "[convolutional]\nbatch_normalize=1\nfilters=36\ngroups=36\nsize=3\nstride=2\npad=1\nactivation=relu6\n",
    NET(9, 7, 24) "[convolutional]\nfilters=40\ngroups=4\nsize=3\npad=1\nactivation=linear\n",
    NET(6, 5, 8) "[convolutional]\nbatch_normalize=1\ndontloadscales=1\nfilters=8\nsize=1\nactivation=linear\n",
    NET(6, 5, 18) "[convolutional]\nfilters=20\nsize=3\npad=1\nflipped=1\nactivation=leaky\n",
    NET(6, 5, 18) "[convolutional]\nfilters=20\nsize=3\npad=1\nxnor=1\nbatch_normalize=1\nactivation=leaky\n",
    NET(6, 5, 18) "[convolutional]\nfilters=20\nsize=3\npad=1\nxnor=1\nbin_output=1\nactivation=leaky\n",
    NET(9, 8, 18) "[convolutional]\nfilters=20\nsize=3\nstride=2\npad=1\nantialiasing=1\nactivation=leaky\n",
    NET(9, 8, 18) "[convolutional]\nfilters=20\nsize=3\nstride=2\npad=1\nantialiasing=2\nactivation=leaky\n",
    NET(25, 23, 32) "[convolutional]\nfilters=32\nsize=3\nstride=2\npad=1\nantialiasing=1\nactivation=leaky\n",
    NET(6, 5, 16) "[convolutional]\nfilters=16\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n"
                  "[convolutional]\nfilters=16\nsize=3\npad=1\nbatch_normalize=1\nshare_index=0\nactivation=linear\n",
    NET(4, 3, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=normalize_channels\n",
    NET(4, 3, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=normalize_channels_softmax\n",
    NET(4, 3, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=normalize_channels_softmax_maxval\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(19, 17, 3) "[convolutional]\nfilters=20\nsize=3\npad=1\nactivation=leaky\n", true},
    {NET(19, 17, 20) "[convolutional]\nfilters=20\nsize=5\nstride=2\npad=1\nactivation=linear\n", true},
    {NET(19, 17, 20) "[convolutional]\nfilters=16\nsize=3\nstride_x=3\npadding=2\nactivation=linear\n", true},
    {NET(19, 17, 20) "[convolutional]\nfilters=16\nsize=3\ndilation=2\npad=1\nactivation=linear\n", true},
    {NET(19, 17, 20) "[convolutional]\nfilters=20\ngroups=20\nsize=3\npad=1\nactivation=linear\n", true},
    {NET(19, 17, 33) "[convolutional]\nfilters=33\nsize=3\npad=1\nactivation=linear\n", false}, /* Winograd: whole tiles */
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[convolutional]\nstride=0\n", "6: [convolutional] stride=0 is not allowed; it must be from 1 to 32768", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=0\n", "6: [convolutional] filters=0 is not allowed; it must be from 1 to 16777216", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=99999999999\n", "6: [convolutional] filters=99999999999 is not a number that fits 32 bits", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\ngroups=0\n", "7: [convolutional] groups=0 is not allowed; it must be from 1 to 16777216", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\ngroups=2\n", "7: [convolutional] groups=2 does not divide both 3 input and 4 output channels", false},
    {NET(4, 4, 3) "[convolutional]\nsize=7\n", "6: [convolutional] size=7 is larger than its padded input of 4x4", false},
    {NET(4, 4, 3) "[convolutional]\nsize=2\ndilation=2\n", "7: [convolutional] dilation=2 needs an odd size and pad=1", false},
    {NET(4, 4, 3) "[convolutional]\nactivation=sharp\n", "6: [convolutional] activation=sharp is unknown; known are linear, leaky, relu, relu6, logistic, mish, swish, tanh and the others of the README", false},
    {NET(4, 4, 3) "[convolutional]\nantialiasing=1\nstride_x=2\n", "6: [convolutional] antialiasing needs stride_x = stride_y", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=2\n[convolutional]\nfilters=3\nshare_index=0\n",
     "9: [convolutional] shares the weights of layer 0, which is not a convolution of the same size, filters, "
     "channels, groups and batch_normalize", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=2\nshare_index=0\n", "7: [convolutional] share_index=0 is not an earlier layer (this is layer 0)", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=18\n[yolo]\nclasses=1\nnum=3\n[convolutional]\nfilters=2\ngroups=2\n",
     "10: [convolutional] cannot read the detections of layer 1", false},
    {0},
};

static const struct layer_tests tests = {"layer/convolutional", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
