/* [region]: format section 3.31. Class hierarchies: test_softmax.c. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 14) "[region]\nclasses=2\nnum=2\ncoords=4\n",
    NET(5, 4, 14) "[region]\nclasses=2\nnum=2\ncoords=4\nsoftmax=1\nanchors=1,2,3,4\n",
    NET(5, 4, 18) "[region]\nclasses=2\nnum=2\ncoords=6\n",
    NET(5, 4, 14) "[region]\nclasses=2\nnum=2\ncoords=4\nsoftmax=1\nbackground=1\n",
    NET(5, 4, 14) "[region]\nclasses=2\nnum=2\nbackground=1\n",
    NET(150, 2, 14) "[region]\nclasses=2\nnum=2\nsoftmax=1\n", /* more columns than are computed side by side */
    NULL,
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[region]\nclasses=2\nnum=2\n",
     "5: [region] reads 3 channels, but 2 anchors of 7 values (classes=2) need filters=14 in the layer before", false},
    {NET(4, 4, 14) "[region]\nclasses=2\nnum=2\nanchors=1,2,3,4,5\n",
     "8: [region] anchors has 5 numbers; num=2 allows at most 4", false},
    {NET(4, 4, 14) "[region]\nclasses=2\nnum=2\ncoords=3\n",
     "8: [region] coords=3 is not allowed; it must be from 4 to 32768", false},
    {NET(4, 4, 14) "[region]\nclasses=2\nnum=2\ntree=/nowhere\n",
     "8: [region] /nowhere: cannot open the file: No such file or directory", false},
    {NET(4, 4, 14) "[region]\nclasses=2\nnum=2\nmap=/nowhere\n",
     "8: [region] /nowhere: cannot open the file: No such file or directory", false},
    {0},
};

static const struct layer_tests tests = {"layer/region", nets, NULL, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
