/* The memory of boxes: predicts a photo twice with all boxes that a network can give, prints them, and
 * accounts for memory as the program does. No suppression, which takes minutes and no memory.
 *
 *     boxes CFG PHOTO BUDGET THREADS */
#include <darknet.h>
#include <stdlib.h>

static int use(network *net, const char *photo, FILE *out)
{
    darknet_report r = {.relative = 1, .classes = network_classes(net), .filename = photo};
    if (!network_predict_file(net, photo, DARKNET_LETTERBOX, &r.w, &r.h))
        return 0;
    char **names = calloc((size_t)r.classes, sizeof *names);
    for (int i = 0; names && i < r.classes; i++)
        names[i] = "class";
    r.names = names;
    r.dets = get_network_boxes(net, r.w, r.h, 0, .5f, NULL, 1, &r.n);
    int done = names && r.dets && darknet_print(&r, DARKNET_TEXT_STOCK, out) &&
               darknet_print(&r, DARKNET_TEXT_EXTENDED, out) && darknet_print(&r, DARKNET_TEXT_JSON, out);
    free_detections(r.dets, r.n);
    free(names);
    return done;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    darknet_options o = {.size = sizeof o, .memory = strtoul(argv[3], NULL, 10), .threads = atoi(argv[4]),
                         .photo_bytes = darknet_photo_bytes(argv[2], NULL)};
    FILE *out = fopen("/dev/null", "w");
    network *net = darknet_load(argv[1], "", &o);
    if (!out || !net || !use(net, argv[2], out) || !use(net, argv[2], out)) {
        fprintf(stderr, "%s\n", darknet_last_error());
        return 1;
    }
    darknet_memory m = network_memory(net);
    fprintf(stderr, "Memory: %.2f MB predicted\n", (double)m.predicted_peak / (1 << 20));
    free_network(net);
    return fclose(out);
}
