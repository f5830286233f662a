/* Opening and closing a run of the detector commands, and its JSON.
 *
 * JSON goes to a file that gets its name at the end: nobody sees an array without its bracket, a
 * failed run leaves no half of it, and tens of thousands of boxes take no memory as text. */
#include "finder.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const voc_names[] = {
    "aeroplane", "bicycle",     "bird",  "boat",        "bottle", "bus",       "car",
    "cat",       "chair",       "cow",   "diningtable", "dog",    "horse",     "motorbike",
    "person",    "pottedplant", "sheep", "sofa",        "train",  "tvmonitor",
};

enum { VOC_CLASSES = sizeof voc_names / sizeof voc_names[0] };

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), e = strlen(ending);
    return n > e && !strcasecmp(name + n - e, ending);
}

/* Where the picture and the JSON go, from -out and the dialect. */
static bool choose_outputs(struct dn_finder *finder)
{
    const char *out = finder->args->out;
    finder->json = out && (finder->args->dialect == DARKNET_ALEXEYAB || ends_in(out, ".json"));
    if (!out || finder->json)
        out = "predictions";
    bool complete = ends_in(out, ".jpg") || ends_in(out, ".jpeg") || ends_in(out, ".png");
    if (asprintf(&finder->picture, "%s%s", out, complete ? "" : ".jpg") < 0)
        finder->picture = NULL;
    return finder->picture || (dn_complain("there is no memory for the name %s", out), false);
}

static bool load_names(struct dn_finder *finder, const char *data)
{
    int classes = network_classes(finder->net);
    if (!data) {
        finder->names = (char **)voc_names; /* a report's names are only read */
        return classes <= VOC_CLASSES ||
               (dn_complain("yolo test knows the %d VOC names, the network has %d classes: use "
                            "detector test with a data file",
                            VOC_CLASSES, classes),
                false);
    }
    char *path = darknet_data(data, "names");
    if (!path && *darknet_last_error())
        return dn_complain("%s", darknet_last_error()), false;
    finder->loaded_names = darknet_names(path ? path : "data/names.list", classes, NULL);
    finder->names = finder->loaded_names;
    free(path);
    return finder->names || (dn_complain("%s", darknet_last_error()), false);
}

static bool has_head(const network *net)
{
    for (int i = 0; i < net->n; i++)
        if (dn_is_head(&net->layers[i]))
            return true;
    return false;
}

/* letter_box: the flag or the cfg wants it, which only the alexeyab dialect asks. */
static int choose_fit(const struct dn_finder *finder, bool letter_box)
{
    bool letterbox = finder->args->dialect == DARKNET_STOCK || letter_box;
    return letterbox && !finder->first_yolo ? DARKNET_LETTERBOX : DARKNET_STRETCH;
}

bool dn_finder_open(struct dn_finder *finder, const char *data, char **words, int count)
{
    if (!choose_outputs(finder))
        return false;
    const bool flag = finder->args->letter_box;
    finder->net = dn_cli_load(finder->args, words, count, choose_fit(finder, flag), finder->picture);
    if (!finder->net)
        return false;
    if (!has_head(finder->net))
        return dn_complain("%s has no layer that detects objects: use classifier predict", words[0]),
               false;
    if (finder->json && !darknet_file_open(&finder->json_file, finder->args->out))
        return dn_complain("%s", darknet_last_error()), false;
    finder->fit = choose_fit(finder, flag || network_letter_box(finder->net));
    return load_names(finder, data);
}

void dn_finder_close(struct dn_finder *finder)
{
    free_labels(finder->loaded_names);
    darknet_file_close(&finder->json_file, 0);
    free(finder->picture);
    free_network(finder->net);
}

int dn_finder_add_json(struct dn_finder *finder, const darknet_report *report)
{
    FILE *out = finder->json_file.stream;
    fputs(finder->json_objects++ ? ", \n" : "[\n", out);
    return darknet_print(report, DARKNET_TEXT_JSON, out) ? 0
                                                         : dn_complain("%s", darknet_last_error());
}

int dn_finder_end_json(struct dn_finder *finder)
{
    fputs(finder->json_objects ? "\n]" : "[\n\n]", finder->json_file.stream);
    return darknet_file_close(&finder->json_file, 1) ? 0 : dn_complain("%s", darknet_last_error());
}
