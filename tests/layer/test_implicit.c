/* [implicit]: format section 3.23. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 3) "[implicit]\nfilters=20\nmean=1\nstd=.1\n",
    NET(5, 4, 3) "[implicit]\nfilters=3\natoms=5\n",
    NET(5, 4, 3) "[implicit]\nfilters=20\n" "[convolutional]\nfilters=2\nsize=1\nactivation=linear\n",
    NULL,
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[implicit]\nfilters=0\n",
     "6: [implicit] filters=0 is not allowed; it must be from 1 to 16777216", false},
    {NET(4, 4, 3) "[implicit]\natoms=-1\n",
     "6: [implicit] atoms=-1 is not allowed; it must be from 1 to 32768", false},
    {0},
};

static const struct layer_tests tests = {"layer/implicit", nets, NULL, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
