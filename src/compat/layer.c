/* The public layer structs, with stock's numbers and, where programs look, stock's values; and the
 * proof that all public structs lie in memory as stock's do. Format section 8.1; what stock leaves
 * at 0 was read out of Debian's library for its own cfgs. */
#include <stddef.h>
#include <string.h>

#include "compat/engine.h"

_Static_assert(sizeof(box) == 16 && sizeof(image) == 24 && sizeof(metadata) == 16, "stock ABI");
_Static_assert(offsetof(image, data) == 16 && offsetof(metadata, names) == 8, "stock ABI");
_Static_assert(sizeof(detection) == 48 && offsetof(detection, classes) == 16 &&
                   offsetof(detection, prob) == 24 && offsetof(detection, mask) == 32 &&
                   offsetof(detection, objectness) == 40 && offsetof(detection, sort_class) == 44,
               "stock ABI");
_Static_assert(sizeof(network) == 272 && offsetof(network, batch) == 4 &&
                   offsetof(network, seen) == 8 && offsetof(network, layers) == 32 &&
                   offsetof(network, output) == 40 && offsetof(network, inputs) == 128 &&
                   offsetof(network, outputs) == 132 && offsetof(network, h) == 144 &&
                   offsetof(network, w) == 148 && offsetof(network, c) == 152 &&
                   offsetof(network, input) == 216 && offsetof(network, train) == 248,
               "stock ABI");
_Static_assert(sizeof(layer) == 1184 && offsetof(layer, activation) == 4 &&
                   offsetof(layer, batch_normalize) == 64 && offsetof(layer, batch) == 72 &&
                   offsetof(layer, inputs) == 84 && offsetof(layer, outputs) == 88 &&
                   offsetof(layer, h) == 108 && offsetof(layer, out_h) == 120 &&
                   offsetof(layer, out_c) == 128 && offsetof(layer, n) == 132 &&
                   offsetof(layer, side) == 148 && offsetof(layer, classes) == 252 &&
                   offsetof(layer, coords) == 256 && offsetof(layer, mask) == 296 &&
                   offsetof(layer, total) == 304 && offsetof(layer, output) == 616,
               "stock ABI");

static const LAYER_TYPE public_types[DN_TYPES] = {
    [DN_CONVOLUTIONAL] = CONVOLUTIONAL,
    [DN_DECONVOLUTIONAL] = DECONVOLUTIONAL,
    [DN_CONNECTED] = CONNECTED,
    [DN_MAXPOOL] = MAXPOOL,
    [DN_LOCAL_AVGPOOL] = LOCAL_AVGPOOL,
    [DN_AVGPOOL] = AVGPOOL,
    [DN_SOFTMAX] = SOFTMAX,
    [DN_DETECTION] = DETECTION,
    [DN_DROPOUT] = DROPOUT,
    [DN_CROP] = CROP,
    [DN_ROUTE] = ROUTE,
    [DN_COST] = COST,
    [DN_NORMALIZATION] = NORMALIZATION,
    [DN_LOCAL] = LOCAL,
    [DN_SHORTCUT] = SHORTCUT,
    [DN_SCALE_CHANNELS] = SCALE_CHANNELS,
    [DN_SAM] = SAM,
    [DN_ACTIVATION] = ACTIVE,
    [DN_BATCHNORM] = BATCHNORM,
    [DN_REGION] = REGION,
    [DN_YOLO] = YOLO,
    [DN_GAUSSIAN_YOLO] = GAUSSIAN_YOLO,
    [DN_REORG] = REORG,
    [DN_REORG3D] = REORG3D,
    [DN_UPSAMPLE] = UPSAMPLE,
    [DN_LOGISTIC_LAYER] = LOGXENT,
    [DN_L2NORM] = L2NORM,
    [DN_IMPLICIT] = IMPLICIT,
    [DN_EMPTY] = BLANK,
};

/* Stock's numbers; activations that it does not have count on behind its last. */
static const int public_activations[DN_ACTIVATIONS] = {
    [DN_LOGISTIC] = 0,
    [DN_RELU] = 1,
    [DN_RELIE] = 2,
    [DN_LINEAR] = 3,
    [DN_RAMP] = 4,
    [DN_TANH] = 5,
    [DN_PLSE] = 6,
    [DN_LEAKY] = 7,
    [DN_ELU] = 8,
    [DN_LOGGY] = 9,
    [DN_STAIR] = 10,
    [DN_HARDTAN] = 11,
    [DN_LHTAN] = 12,
    [DN_SELU] = 13,
    [DN_RELU6] = 14,
    [DN_REVLEAKY] = 15,
    [DN_GELU] = 16,
    [DN_SWISH] = 17,
    [DN_MISH] = 18,
    [DN_HARD_MISH] = 19,
    [DN_NORMALIZE_CHANNELS] = 20,
    [DN_NORMALIZE_CHANNELS_SOFTMAX] = 21,
    [DN_NORMALIZE_CHANNELS_SOFTMAX_MAXVAL] = 22,
};

/* Types whose section names an activation; stock leaves that of all others 0. */
static bool has_activation(enum dn_type type)
{
    return type == DN_CONVOLUTIONAL || type == DN_DECONVOLUTIONAL || type == DN_CONNECTED ||
           type == DN_LOCAL || type == DN_SHORTCUT || type == DN_ACTIVATION ||
           type == DN_SCALE_CHANNELS || type == DN_SAM;
}

static bool has_filters(enum dn_type type)
{
    return type == DN_CONVOLUTIONAL || type == DN_DECONVOLUTIONAL || type == DN_LOCAL;
}

static void describe_head(const struct dn_layer *l, layer *out)
{
    const struct dn_head *head = &l->u.head;
    out->n = head->n;
    out->classes = head->classes;
    out->side = head->side;
    out->mask = head->mask;
    if (l->ops->type == DN_YOLO || l->ops->type == DN_GAUSSIAN_YOLO)
        out->total = head->total;
    else
        out->coords = head->coords;
    if (l->ops->type == DN_DETECTION) {
        out->h = out->w = head->side;
        out->c = 0;
    }
}

static void describe_input(const struct dn_layer *l, layer *out)
{
    enum dn_type type = l->ops->type;
    out->inputs = l->c * l->h * l->w;
    if (type == DN_ROUTE) {
        out->inputs = (int)dn_layer_outputs(l);
    } else if (type == DN_CONNECTED) {
        out->h = out->w = 1;
        out->c = out->inputs;
    } else if (type != DN_DROPOUT && type != DN_COST) {
        out->h = l->h;
        out->w = l->w;
        out->c = l->c;
    }
}

void dn_describe_layer(const struct dn_layer *l, layer *out)
{
    enum dn_type type = l->ops->type;
    memset(out, 0, sizeof *out);
    out->type = public_types[type];
    out->activation = has_activation(type) ? public_activations[l->activation] : 0;
    out->batch = 1;
    out->outputs = (int)dn_layer_outputs(l);
    out->n = type == DN_ROUTE ? l->n_in : has_filters(type) ? l->out_c : 0;
    describe_input(l, out);
    if (!l->flat) {
        out->out_h = l->out_h;
        out->out_w = l->out_w;
        out->out_c = l->out_c;
    }
    if (type == DN_CONVOLUTIONAL || type == DN_CONNECTED)
        out->batch_normalize = l->u.convolutional.batch_normalize;
    if (type == DN_DECONVOLUTIONAL)
        out->batch_normalize = l->u.window.batch_normalize;
    if (dn_layer_is_head(l))
        describe_head(l, out);
}
