/* [connected]: format section 3.15. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 20) "[connected]\noutput=33\nactivation=leaky\n",
    NET(5, 4, 3) "[connected]\noutput=5\nactivation=logistic\nbatch_normalize=1\n",
    NET(1, 1, 300) "[connected]\noutput=7\nactivation=relu\n",
    NET(5, 4, 3) "[connected]\noutput=5\nbatch_normalize=1\ndontloadscales=1\nactivation=linear\n",
    NET(5, 4, 3) "[connected]\noutput=40\nactivation=linear\n" "[connected]\noutput=3\nactivation=tanh\n",
    NET(3, 3, 18) "[yolo]\nclasses=1\nnum=3\n" "[connected]\noutput=4\nactivation=linear\n",
    NULL,
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[connected]\noutput=0\n",
     "6: [connected] output=0 is not allowed; it must be from 1 to 16777216", false},
    {NET(400, 400, 3) "[connected]\noutput=9000\n",
     "6: [connected] has more than 2^31 weights", false},
    {0},
};

static const struct layer_tests tests = {"layer/connected", nets, NULL, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
