/* [normalization] and [batchnorm]: format sections 3.2, 3.18 and 3.19. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 20) "[normalization]\n",
    NET(5, 4, 20) "[normalization]\nalpha=.5\nbeta=.5\nkappa=2\nsize=3\n",
    NET(5, 4, 20) "[normalization]\nalpha=.1\nsize=4\n",
    NET(5, 4, 3) "[normalization]\nalpha=.1\nsize=1\n",
    NET(5, 4, 3) "[normalization]\nalpha=.1\nsize=7\n",
    NET(5, 4, 20) "[batchnorm]\n",
    NET(5, 4, 3) "[convolutional]\nfilters=5\nsize=1\nactivation=linear\n" "[batchnorm]\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(9, 8, 20) "[normalization]\n", true},
    {NET(9, 8, 20) "[batchnorm]\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[normalization]\nsize=8\n",
     "6: [normalization] size=8 is too large for 3 channels; at most 7 fit", false},
    {NET(4, 4, 3) "[normalization]\nbeta=\n",
     "6: the key beta has no value", false},
    {NET(4, 4, 3) "[normalization]\nbeta=much\n",
     "6: [normalization] beta=much is not a number", false},
    {NET(4, 4, 18) "[yolo]\nclasses=1\nnum=3\n" "[batchnorm]\n",
     "8: [batchnorm] cannot read the detections of layer 0", false},
    {0},
};

static const struct layer_tests tests = {"layer/normalization", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
