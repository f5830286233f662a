/* The operations of every layer type, one object per file of this folder; types.c lists them by
 * section name. */
#ifndef DN_LAYER_TYPES_H
#define DN_LAYER_TYPES_H

#include "layer/layer.h"

extern const struct dn_layer_ops dn_ops_convolutional;
extern const struct dn_layer_ops dn_ops_deconvolutional;
extern const struct dn_layer_ops dn_ops_connected;
extern const struct dn_layer_ops dn_ops_maxpool;
extern const struct dn_layer_ops dn_ops_local_avgpool;
extern const struct dn_layer_ops dn_ops_avgpool;
extern const struct dn_layer_ops dn_ops_softmax;
extern const struct dn_layer_ops dn_ops_detection;
extern const struct dn_layer_ops dn_ops_dropout;
extern const struct dn_layer_ops dn_ops_crop;
extern const struct dn_layer_ops dn_ops_route;
extern const struct dn_layer_ops dn_ops_cost;
extern const struct dn_layer_ops dn_ops_normalization;
extern const struct dn_layer_ops dn_ops_local;
extern const struct dn_layer_ops dn_ops_shortcut;
extern const struct dn_layer_ops dn_ops_scale_channels;
extern const struct dn_layer_ops dn_ops_sam;
extern const struct dn_layer_ops dn_ops_activation;
extern const struct dn_layer_ops dn_ops_batchnorm;
extern const struct dn_layer_ops dn_ops_region;
extern const struct dn_layer_ops dn_ops_yolo;
extern const struct dn_layer_ops dn_ops_gaussian_yolo;
extern const struct dn_layer_ops dn_ops_reorg;
extern const struct dn_layer_ops dn_ops_reorg3d;
extern const struct dn_layer_ops dn_ops_upsample;
extern const struct dn_layer_ops dn_ops_logistic;
extern const struct dn_layer_ops dn_ops_l2norm;
extern const struct dn_layer_ops dn_ops_implicit;
extern const struct dn_layer_ops dn_ops_empty;

#endif
