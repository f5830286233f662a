/* [dropout], [empty] and [cost], which compute nothing: format sections 3.12, 3.13 and 3.24. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[dropout]\nprobability=.3\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[empty]\n" "[convolutional]\nfilters=3\nsize=1\nactivation=linear\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[dropout]\n" "[empty]\n" "[dropout]\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[cost]\ntype=sse\nscale=2\n",
    NET(5, 4, 3) "[softmax]\n" "[cost]\n",
    NULL,
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[dropout]\n",
     "5: [dropout] cannot be the first layer: it passes on the one before it", false},
    {NET(4, 4, 3) "[empty]\n",
     "5: [empty] cannot be the first layer: it passes on the one before it", false},
    {0},
};

static const struct layer_tests tests = {"layer/dropout", nets, NULL, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
