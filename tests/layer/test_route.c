/* [route]: format section 3.8. */
#include "support/layer_case.h"
#include "support/suite.h"

static const char *const nets[] = {
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[route]\nlayers=0,1\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[route]\nlayers=-1,-2,-1\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[route]\nlayers=1,0,0\n",
    NET(5, 4, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[route]\nlayers=0\n",
    NET(5, 4, 3) "[convolutional]\nfilters=32\nsize=1\nactivation=linear\n" "[route]\nlayers=0\ngroups=2\ngroup_id=1\n",
    NET(5, 4, 3) "[convolutional]\nfilters=12\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[route]\nlayers=0,1\ngroups=4\ngroup_id=2\n",
    NET(5, 4, 3) "[convolutional]\nfilters=12\nsize=1\nactivation=linear\n" "[route]\nlayers=0\ngroups=3\ngroup_id=1\n" "[route]\nlayers=1\ngroups=2\ngroup_id=1\n",
    NET(5, 4, 3) "[convolutional]\nfilters=12\nsize=1\nactivation=linear\n" "[maxpool]\nsize=2\nstride=2\n" "[route]\nlayers=0,1\n",
    NET(5, 4, 3) "[convolutional]\nfilters=12\nsize=1\nactivation=linear\n" "[maxpool]\nsize=2\nstride=2\n" "[route]\nlayers=1,0\n" "[connected]\noutput=2\nactivation=linear\n",
    NULL,
};

static const struct tiled_layer tiled[] = {
    {NET(9, 8, 3) "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n" "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n" "[route]\nlayers=0,1,1\n", true},
    {NET(9, 8, 3) "[convolutional]\nfilters=12\nsize=1\nactivation=linear\n" "[route]\nlayers=0,0\ngroups=3\ngroup_id=1\n", true},
    {0},
};

static const struct refusal refusals[] = {
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[route]\n",
     "9: [route] needs the key layers: the numbers of one or more earlier layers", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[route]\nlayers=-2\n",
     "10: [route] layers=-2 points before the first layer (this is layer 1)", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[route]\nlayers=1\n",
     "10: [route] layers=1 is not an earlier layer (this is layer 1)", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[route]\nlayers=0,zero\n",
     "10: [route] element 2 of layers=0,zero is not a number", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[route]\nlayers=0\ngroups=3\n",
     "11: [route] groups=3 does not divide the 4 channels of layer 0", false},
    {NET(4, 4, 3) "[convolutional]\nfilters=4\nsize=1\nactivation=linear\n" "[route]\nlayers=0\ngroups=2\ngroup_id=2\n",
     "12: [route] group_id=2 is not allowed; it must be from 0 to 1", false},
    {0},
};

static const struct layer_tests tests = {"layer/route", nets, tiled, refusals};

Suite *suite(void)
{
    return layer_suite(&tests);
}
