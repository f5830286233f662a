/* [local]: format section 3.16. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 3) "[local]\nfilters=20\nsize=3\nstride=1\npad=1\nactivation=leaky\n",
    NET(6, 5, 18) "[local]\nfilters=3\nsize=3\nstride=2\nactivation=linear\n",
    NET(6, 5, 3) "[local]\nfilters=3\nsize=1\nactivation=logistic\n",
    NET(7, 7, 2) "[local]\nfilters=17\nsize=3\nstride=2\npad=1\nactivation=relu\n",
    NULL,
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[local]\nsize=5\n",
     "6: [local] size=5 does not fit 4x4 pixels with pad=0", false},
    {NET(4, 4, 3) "[local]\nsize=5\npad=1\n",
     "7: [local] pad=1 with size=5 does not keep the size of its input; allowed are 0 and 2", false},
    {NET(4, 4, 3) "[local]\nfilters=0\n",
     "6: [local] filters=0 is not allowed; it must be from 1 to 16777216", false},
    {0},
};

static const struct layer_tests tests = {"layer/local", nets, NULL, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
