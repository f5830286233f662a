/* [yolo] and [Gaussian_yolo], with what heads share (head.c): format sections 3.32 and 3.33. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 18) "[yolo]\nclasses=1\nnum=3\n",
    NET(5, 4, 14) "[yolo]\nmask=2,0\nclasses=2\nnum=3\nanchors=1,2,3,4,5,6\nscale_x_y=1.2\n",
    NET(5, 4, 12) "[yolo]\nmask=0,1\nclasses=1\nnum=3\nnew_coords=1\nscale_x_y=2\nnms_kind=diounms\nbeta_nms=.7\n",
    NET(5, 4, 20) "[Gaussian_yolo]\nclasses=1\nnum=2\nscale_x_y=1.1\nyolo_point=left_top\nnms_kind=cornersnms\n",
    NET(5, 4, 11) "[Gaussian_yolo]\nmask=1\nclasses=2\nnum=2\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(9, 8, 18) "[yolo]\nclasses=1\nnum=3\nscale_x_y=1.1\n", true},
    {NET(9, 8, 20) "[Gaussian_yolo]\nclasses=1\nnum=2\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[yolo]\nclasses=1\nnum=3\n",
     "5: [yolo] reads 3 channels, but 3 anchors of 6 values (classes=1) need filters=18 in the layer before", false},
    {NET(4, 4, 3) "[Gaussian_yolo]\nclasses=1\nnum=3\n",
     "5: [Gaussian_yolo] reads 3 channels, but 3 anchors of 10 values (classes=1) need filters=30 in the layer before", false},
    {NET(4, 4, 6) "[yolo]\nclasses=1\nnum=1\nanchors=1,2,3\n",
     "8: [yolo] anchors has 3 numbers; num=1 allows at most 2", false},
    {NET(4, 4, 6) "[yolo]\nclasses=1\nnum=1\nmask=1\n",
     "8: [yolo] mask=1 is not one of the 1 anchors, 0 to 0", false},
    {NET(4, 4, 6) "[yolo]\nclasses=1\nnum=1\nmask=-1\n",
     "8: [yolo] mask=-1 is not one of the 1 anchors, 0 to 0", false},
    {NET(4, 4, 6) "[yolo]\nclasses=0\n",
     "6: [yolo] classes=0 is not allowed; it must be from 1 to 16777216", false},
    {NET(4, 4, 6) "[yolo]\nclasses=1\nnms_kind=best\n",
     "7: [yolo] nms_kind=best is unknown; known are default, greedynms, diounms and cornersnms", false},
    {NET(4, 4, 10) "[Gaussian_yolo]\nclasses=1\nyolo_point=top\n",
     "7: [Gaussian_yolo] yolo_point=top is unknown; known are center, left_top and right_bottom", false},
    {0},
};

static const struct layer_tests tests = {"layer/yolo", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
