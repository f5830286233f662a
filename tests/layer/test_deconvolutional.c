/* [deconvolutional]: format section 3.4. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 3) "[deconvolutional]\nfilters=20\nsize=3\nstride=2\nactivation=leaky\n",
    NET(5, 4, 18) "[deconvolutional]\nfilters=5\nsize=4\nstride=2\npadding=1\nbatch_normalize=1\nactivation=relu\n",
    NET(5, 4, 3) "[deconvolutional]\nfilters=17\nsize=3\npad=1\nactivation=linear\n",
    NET(5, 4, 3) "[deconvolutional]\nfilters=2\nsize=2\nstride=3\nactivation=linear\n",
    NET(5, 4, 3) "[deconvolutional]\nfilters=2\nsize=3\nstride=1\nbatch_normalize=1\ndontloadscales=1\nactivation=linear\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(9, 8, 18) "[deconvolutional]\nfilters=5\nsize=3\nstride=2\nactivation=linear\n", true},
    {NET(9, 8, 3) "[deconvolutional]\nfilters=5\nsize=5\nstride=2\npadding=2\nactivation=linear\n", true},
    {NET(9, 8, 3) "[deconvolutional]\nfilters=5\nsize=2\nstride=3\nactivation=linear\n", false},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[deconvolutional]\nsize=1\npadding=2\n",
     "5: [deconvolutional] its output would be 0x0x1 (width, height, channels)", false},
    {NET(4, 4, 3) "[deconvolutional]\nstride=0\n",
     "6: [deconvolutional] stride=0 is not allowed; it must be from 1 to 32768", false},
    {NET(4, 4, 18) "[yolo]\nclasses=1\nnum=3\n" "[deconvolutional]\n",
     "8: [deconvolutional] cannot read the detections of layer 0", false},
    {0},
};

static const struct layer_tests tests = {"layer/deconvolutional", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
