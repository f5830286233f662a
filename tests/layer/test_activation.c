/* [activation], [logistic] and [l2norm]: format sections 3.1 and 3.20. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=linear\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=logistic\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=loggy\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=relu\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=relu6\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=elu\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=selu\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=relie\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=ramp\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=leaky\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=revleaky\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=tanh\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=plse\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=stair\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=hardtan\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=lhtan\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=gelu\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=swish\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=mish\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=hard_mish\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[activation]\nactivation=normalize_channels\n",
    NET(5, 4, 5) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[logistic]\n",
    NET(5, 4, 5) "[activation]\n",
    NET(5, 4, 20) "[l2norm]\n",
    NET(7, 1, 3) "[l2norm]\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(9, 8, 20) "[activation]\nactivation=leaky\n", true},
    {NET(9, 8, 20) "[logistic]\n", true},
    {NET(9, 8, 20) "[l2norm]\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[activation]\nactivation=steep\n",
     "6: [activation] activation=steep is unknown; known are linear, leaky, relu, relu6, logistic, mish, swish, tanh and the others of the README", false},
    {NET(4, 4, 18) "[yolo]\nclasses=1\nnum=3\n" "[activation]\n",
     "8: [activation] cannot read the detections of layer 0", false},
    {NET(4, 4, 18) "[yolo]\nclasses=1\nnum=3\n" "[logistic]\n",
     "8: [logistic] cannot read the detections of layer 0", false},
    {NET(4, 4, 18) "[yolo]\nclasses=1\nnum=3\n" "[l2norm]\n",
     "8: [l2norm] cannot read the detections of layer 0", false},
    {0},
};

static const struct layer_tests tests = {"layer/activation", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
