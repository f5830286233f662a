/* [maxpool], [local_avgpool] and [avgpool]: format sections 3.5 to 3.7; with blur.c. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(13, 10, 20) "[maxpool]\nsize=2\nstride=2\n",
    NET(13, 10, 3) "[maxpool]\nsize=2\nstride=1\n",
    NET(13, 10, 3) "[maxpool]\nsize=3\nstride=2\n",
    NET(13, 10, 20) "[maxpool]\nsize=5\nstride=1\n",
    NET(13, 10, 20) "[maxpool]\nsize=13\nstride=1\n",
    NET(13, 10, 3) "[maxpool]\nsize=3\nstride=2\npadding=0\n",
    NET(13, 10, 3) "[maxpool]\nsize=2\nstride_x=3\nstride_y=1\npadding=3\n",
    NET(13, 10, 3) "[maxpool]\nstride=3\n",
    NET(13, 10, 3) "[maxpool]\nsize=1\nstride=1\npadding=2\n",
    NET(13, 10, 20) "[maxpool]\nmaxpool_depth=1\nout_channels=3\nsize=1\nstride=1\n",
    NET(13, 10, 40) "[maxpool]\nmaxpool_depth=1\nout_channels=18\n",
    NET(13, 10, 20) "[maxpool]\nmaxpool_depth=1\n",
    NET(13, 10, 20) "[maxpool]\nsize=2\nstride=2\nantialiasing=1\n",
    NET(13, 10, 20) "[maxpool]\nsize=3\nstride=2\nantialiasing=2\n",
    NET(13, 10, 20) "[local_avgpool]\nsize=2\nstride=2\n",
    NET(13, 10, 3) "[local_avgpool]\nsize=3\nstride=1\n",
    NET(13, 10, 3) "[local_avgpool]\nsize=5\nstride=2\npadding=1\n",
    NET(13, 10, 20) "[avgpool]\n",
    NET(1, 1, 3) "[avgpool]\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(19, 18, 20) "[maxpool]\nsize=2\nstride=2\n", true},
    {NET(19, 18, 3) "[maxpool]\nsize=5\nstride=1\n", true},
    {NET(19, 18, 3) "[maxpool]\nsize=3\nstride_x=3\npadding=1\n", true},
    {NET(19, 18, 20) "[local_avgpool]\nsize=3\nstride=2\n", true},
    {NET(19, 18, 40) "[maxpool]\nmaxpool_depth=1\nout_channels=18\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[maxpool]\nsize=5\npadding=0\n",
     "6: [maxpool] size=5 does not fit 4 rows or columns with padding=0", false},
    {NET(4, 4, 3) "[maxpool]\nstride=0\n",
     "6: [maxpool] stride=0 is not allowed; it must be from 1 to 32768", false},
    {NET(4, 4, 3) "[maxpool]\nmaxpool_depth=1\nout_channels=4\n",
     "7: [maxpool] out_channels=4 is not allowed; it must be from 1 to 3", false},
    {NET(4, 4, 3) "[maxpool]\nmaxpool_depth=1\nantialiasing=1\n",
     "7: [maxpool] antialiasing=1 cannot be combined with maxpool_depth=1", false},
    {NET(4, 4, 3) "[maxpool]\nantialiasing=1\nstride_x=2\n",
     "6: [maxpool] antialiasing=1 with stride_x=2 and stride_y=1: they must be equal", false},
    {NET(4, 4, 3) "[local_avgpool]\nsize=0\n",
     "6: [local_avgpool] size=0 is not allowed; it must be from 1 to 32768", false},
    {NET(4, 4, 18) "[yolo]\nclasses=1\nnum=3\n" "[avgpool]\n",
     "8: [avgpool] cannot read the detections of layer 0", false},
    {0},
};

static const struct layer_tests tests = {"layer/maxpool", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
