/* The table of layer types. */
#include "layer/types.h"

#include <string.h>

static const struct dn_layer_ops *const types[] = {
    &dn_ops_convolutional, &dn_ops_deconvolutional, &dn_ops_connected,     &dn_ops_maxpool,
    &dn_ops_local_avgpool, &dn_ops_avgpool,         &dn_ops_softmax,       &dn_ops_detection,
    &dn_ops_dropout,       &dn_ops_crop,            &dn_ops_route,         &dn_ops_cost,
    &dn_ops_normalization, &dn_ops_local,           &dn_ops_shortcut,      &dn_ops_scale_channels,
    &dn_ops_sam,           &dn_ops_activation,      &dn_ops_batchnorm,     &dn_ops_region,
    &dn_ops_yolo,          &dn_ops_gaussian_yolo,   &dn_ops_reorg,         &dn_ops_reorg3d,
    &dn_ops_upsample,      &dn_ops_logistic,        &dn_ops_l2norm,        &dn_ops_implicit,
    &dn_ops_empty,
};

const struct dn_layer_ops *dn_layer_type(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (size_t j = 0; j < sizeof types[i]->names / sizeof *types[i]->names; j++)
            if (types[i]->names[j] && strcmp(types[i]->names[j], name) == 0)
                return types[i];
    return NULL;
}

const char *dn_layer_kernel(const struct dn_layer *l)
{
    if (l->alias || !l->ops->run)
        return NULL;
    if (l->ops->type == DN_CONVOLUTIONAL)
        return dn_conv_name(&l->u.convolutional.conv);
    return l->ops->type == DN_ROUTE ? "copy" : l->ops->names[0];
}
