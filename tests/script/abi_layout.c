/* Prints where the fields that programs use lie. Compiled against Debian's darknet.h and against
 * ours it must print the same. */
#include <darknet.h>
#include <stddef.h>
#include <stdio.h>

#define SIZE(type) printf(#type " %zu\n", sizeof(type))
#define AT(type, field) printf(#type "." #field " %zu\n", offsetof(type, field))
#define NUMBER(name) printf(#name " %d\n", (int)name)

static void print_boxes(void)
{
    SIZE(box), AT(box, x), AT(box, y), AT(box, w), AT(box, h);
    SIZE(image), AT(image, w), AT(image, h), AT(image, c), AT(image, data);
    SIZE(metadata), AT(metadata, classes), AT(metadata, names);
    SIZE(detection), AT(detection, bbox), AT(detection, classes), AT(detection, prob);
    AT(detection, mask), AT(detection, objectness), AT(detection, sort_class);
}

static void print_network(void)
{
    SIZE(network), AT(network, n), AT(network, batch), AT(network, seen), AT(network, layers);
    AT(network, output), AT(network, inputs), AT(network, outputs), AT(network, h), AT(network, w);
    AT(network, c), AT(network, input), AT(network, train);
}

static void print_layer(void)
{
    SIZE(layer), AT(layer, type), AT(layer, activation), AT(layer, batch_normalize);
    AT(layer, batch), AT(layer, inputs), AT(layer, outputs), AT(layer, h), AT(layer, w);
    AT(layer, c), AT(layer, out_h), AT(layer, out_w), AT(layer, out_c), AT(layer, n);
    AT(layer, side), AT(layer, classes), AT(layer, coords), AT(layer, mask), AT(layer, total);
    AT(layer, output);
}

static void print_types(void)
{
    NUMBER(CONVOLUTIONAL), NUMBER(DECONVOLUTIONAL), NUMBER(CONNECTED), NUMBER(MAXPOOL);
    NUMBER(SOFTMAX), NUMBER(DETECTION), NUMBER(DROPOUT), NUMBER(CROP), NUMBER(ROUTE), NUMBER(COST);
    NUMBER(NORMALIZATION), NUMBER(AVGPOOL), NUMBER(LOCAL), NUMBER(SHORTCUT), NUMBER(ACTIVE);
    NUMBER(RNN), NUMBER(GRU), NUMBER(LSTM), NUMBER(CRNN), NUMBER(BATCHNORM), NUMBER(NETWORK);
    NUMBER(XNOR), NUMBER(REGION), NUMBER(YOLO), NUMBER(ISEG), NUMBER(REORG), NUMBER(UPSAMPLE);
    NUMBER(LOGXENT), NUMBER(L2NORM), NUMBER(BLANK);
}

int main(void)
{
    print_boxes();
    print_network();
    print_layer();
    print_types();
    return 0;
}
