/* Layer types as numbers and as classes of layers.
 *
 * Printed numbers (the CSV of `forward`, "Detection layer" lines) are those of the dialect's own
 * enumeration, so that they compare with what the original prints (format reference, section 8.1).
 * Types that stock does not have keep darknet.h's numbers there; BLANK is what [empty] becomes. */
#include "cli.h"

static const signed char alexeyab_numbers[] = {
    [CONVOLUTIONAL] = 0,
    [DECONVOLUTIONAL] = 1,
    [CONNECTED] = 2,
    [MAXPOOL] = 3,
    [SOFTMAX] = 5,
    [DETECTION] = 6,
    [DROPOUT] = 7,
    [CROP] = 8,
    [ROUTE] = 9,
    [COST] = 10,
    [NORMALIZATION] = 11,
    [AVGPOOL] = 12,
    [LOCAL] = 13,
    [SHORTCUT] = 14,
    [ACTIVE] = 17,
    [RNN] = 18,
    [GRU] = 19,
    [LSTM] = 20,
    [CRNN] = 23,
    [BATCHNORM] = 24,
    [NETWORK] = 25,
    [XNOR] = 26,
    [REGION] = 27,
    [YOLO] = 28,
    [ISEG] = 30,
    [REORG] = 32,
    [UPSAMPLE] = 33,
    [LOGXENT] = 34,
    [L2NORM] = 35,
    [BLANK] = 36,
    [LOCAL_AVGPOOL] = 4,
    [SCALE_CHANNELS] = 15,
    [SAM] = 16,
    [GAUSSIAN_YOLO] = 29,
    [REORG3D] = 31,
    [IMPLICIT] = 39,
};

int dn_type_number(LAYER_TYPE type, int dialect)
{
    if (dialect == DARKNET_ALEXEYAB && (size_t)type < sizeof alexeyab_numbers)
        return alexeyab_numbers[type];
    return (int)type;
}

bool dn_is_head(const layer *l)
{
    return l->type == DETECTION || l->type == REGION || l->type == YOLO || l->type == GAUSSIAN_YOLO;
}
