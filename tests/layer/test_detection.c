/* [detection]: format section 3.34. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(1, 1, 99) "[detection]\nside=3\nnum=2\nclasses=1\ncoords=4\n",
    NET(3, 3, 12) "[detection]\nside=3\nnum=2\nclasses=2\ncoords=4\nsoftmax=1\nsqrt=1\nrescore=1\n",
    NULL,
};

static const struct refusal refusals[] = {
    {NET(3, 3, 10) "[detection]\nside=3\nnum=2\nclasses=2\ncoords=4\n",
     "5: [detection] reads 90 values; side=3, num=2, coords=4 and classes=2 need 108 of them", false},
    {NET(3, 3, 10) "[detection]\ncoords=3\n",
     "6: [detection] coords=3 is not allowed; a box has at least 4", false},
    {0},
};

static const struct layer_tests tests = {"layer/detection", nets, NULL, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
