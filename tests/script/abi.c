/* A program as users of Darknet write it: finds objects in a photo and prints all there is to see.
 * Compiled once, against Debian's darknet.h, and run with Debian's library and with ours.
 *
 * usage: abi CFG WEIGHTS NAMES PHOTO THRESH */
#include <darknet.h>
#include <stdio.h>
#include <stdlib.h>

static void print_layer(const network *net, int i)
{
    layer l = net->layers[i];
    printf("layer %d type %d activation %d batch_normalize %d inputs %d outputs %d\n", i,
           (int)l.type, (int)l.activation, l.batch_normalize, l.inputs, l.outputs);
    printf("n %d in %d %d %d out %d %d %d\n", l.n, l.w, l.h, l.c, l.out_w, l.out_h, l.out_c);
    if (l.type == YOLO || l.type == REGION || l.type == DETECTION)
        printf("head classes %d coords %d side %d total %d\n", l.classes, l.coords, l.side, l.total);
}

static void print_boxes(detection *dets, int n, int classes, char **names)
{
    int i, c;
    for (i = 0; i < n; i++)
        for (c = 0; c < classes; c++)
            if (dets[i].prob[c] > 0)
                printf("%s %f at %f %f size %f %f objectness %f\n", names[c], dets[i].prob[c],
                       dets[i].bbox.x, dets[i].bbox.y, dets[i].bbox.w, dets[i].bbox.h,
                       dets[i].objectness);
}

static void detect(network *net, image photo, float thresh, int relative, char **names)
{
    int n = 0, classes = net->layers[net->n - 1].classes;
    detection *dets = get_network_boxes(net, photo.w, photo.h, thresh, .5, 0, relative, &n);
    printf("%d candidates, relative %d, suppressed %s\n", n, relative, relative ? "sort" : "obj");
    if (relative)
        do_nms_sort(dets, n, classes, .45);
    else
        do_nms_obj(dets, n, classes, .45);
    print_boxes(dets, n, classes, names);
    free_detections(dets, n);
}

int main(int argc, char **argv)
{
    int i;
    network *net;
    image photo, boxed;
    char **names;
    if (argc != 6)
        return 2;
    net = load_network(argv[1], argv[2], 0);
    set_batch_network(net, 1);
    names = get_labels(argv[3]);
    photo = load_image_color(argv[4], 0, 0);
    boxed = letterbox_image(photo, net->w, net->h);
    printf("photo %d %d %d network %d %d\n", photo.w, photo.h, photo.c, network_width(net),
           network_height(net));
    for (i = 0; i < net->n; i++)
        print_layer(net, i);
    network_predict(net, boxed.data);
    detect(net, photo, atof(argv[5]), 1, names);
    detect(net, photo, atof(argv[5]), 0, names);
    free_image(boxed);
    free_image(photo);
    free_network(net);
    return 0;
}
