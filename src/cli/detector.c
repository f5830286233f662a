/* detector test, detect, yolo test: boxes around the objects of photos.
 *
 *     photo file -> network_predict_file -> network_boxes -> nms -> text, picture, labels, JSON
 *
 * Boxes stay relative to the photo all the way, as stock keeps them; the dialects differ in
 * threshold, fit, suppression and printed lines (format reference, sections 6.3 to 6.6). The time
 * in "Predicted in" covers the photo's decoding, too, because its rows go straight into the
 * network. A photo that fails is reported and the rest goes on. */
#include "cli.h"
#include "finder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool alexeyab(const struct dn_finder *finder)
{
    return finder->args->dialect == DARKNET_ALEXEYAB;
}

static void print_heads(const network *net)
{
    for (int i = 0; i < net->n; i++)
        if (dn_is_head(&net->layers[i]))
            printf(" Detection layer: %d - type = %d \n", i,
                   dn_type_number(net->layers[i].type, DARKNET_ALEXEYAB));
}

static void print_time(const struct dn_finder *finder, const char *photo, double seconds)
{
    if (!alexeyab(finder)) {
        printf("%s: Predicted in %f seconds.\n", photo, seconds);
        return;
    }
    print_heads(finder->net);
    printf("%s: Predicted in %f milli-seconds.\n", photo, seconds * 1000.0);
}

static int print_detections(const struct dn_finder *finder, const darknet_report *report)
{
    enum darknet_text format = DARKNET_TEXT_STOCK;
    if (finder->args->ext_output)
        format = DARKNET_TEXT_EXTENDED;
    else if (alexeyab(finder))
        format = DARKNET_TEXT_ALEXEYAB;
    int printed = darknet_print(report, format, stdout);
    fflush(stdout);
    return printed ? 0 : dn_complain("%s", darknet_last_error());
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int save_labels(const darknet_report *report)
{
    char *path = darknet_label_path(report->filename);
    darknet_file file = {0};
    if (path && same_file(path, report->filename)) {
        dn_complain("%s: the photo's labels belong into %s, which is the photo: they are not written", report->filename,
                    path);
        free(path);
        return 1;
    }
    int saved = path && darknet_file_open(&file, path) &&
                darknet_print(report, DARKNET_TEXT_LABELS, file.stream) && darknet_file_close(&file, 1);
    if (!saved)
        dn_complain("%s", darknet_last_error());
    darknet_file_close(&file, 0);
    free(path);
    return !saved;
}

/* Everything that is made from the detections of one photo. A failed output does not keep the
 * others from being tried. */
static int show(struct dn_finder *finder, const darknet_report *report)
{
    int status = print_detections(finder, report);
    if (finder->args->save_labels)
        status |= save_labels(report);
    if (finder->json)
        status |= dn_finder_add_json(finder, report);
    if (!darknet_annotate(report, report->filename, finder->picture, finder->args->dialect))
        status = dn_complain("%s", darknet_last_error());
    return status;
}

static detection *boxes(const struct dn_finder *finder, darknet_report *report)
{
    float hier = finder->args->hier >= 0.f ? finder->args->hier : finder->hier;
    if (finder->first_yolo)
        return network_boxes(finder->net, 1, 1, report->thresh, hier, 0, 0, &report->n);
    return network_boxes(finder->net, report->w, report->h, report->thresh, hier, 1,
                         finder->fit == DARKNET_LETTERBOX, &report->n);
}

static void suppress(const struct dn_finder *finder, const darknet_report *report)
{
    if (alexeyab(finder))
        network_nms(finder->net, report->dets, report->n, finder->nms);
    else
        do_nms_sort(report->dets, report->n, report->classes, finder->nms);
}

static int find(struct dn_finder *finder, const char *photo)
{
    darknet_report report = {
        .thresh = finder->args->thresh >= 0.f ? finder->args->thresh : finder->thresh,
        .names = finder->names,
        .classes = network_classes(finder->net),
        .relative = 1,
        .filename = photo,
        .frame = ++finder->frame,
    };
    double start = dn_cli_seconds();
    if (!network_predict_file(finder->net, photo, finder->fit, &report.w, &report.h))
        return dn_complain("%s", darknet_last_error());
    print_time(finder, photo, dn_cli_seconds() - start);
    report.dets = boxes(finder, &report);
    if (!report.dets && *darknet_last_error())
        return dn_complain("%s", darknet_last_error());
    suppress(finder, &report);
    int status = show(finder, &report);
    free_detections(report.dets, report.n);
    return status;
}

static int find_all(struct dn_finder *finder, char **paths, int count)
{
    struct dn_photos photos = {.paths = paths, .count = count};
    int status = 0;
    if (finder->args->trace && !network_trace(finder->net, finder->args->trace))
        return dn_complain("%s", darknet_last_error());
    for (const char *photo; (photo = dn_photos_next(&photos));) {
        network_read_ahead(finder->net, dn_photos_after(&photos), finder->fit);
        status |= find(finder, photo);
    }
    status |= dn_cli_trace_end(finder->net, finder->args->trace);
    if (finder->json)
        status |= dn_finder_end_json(finder);
    return status;
}

static int needs(const char *command, const char *what)
{
    return dn_complain("%s needs %s", command, what);
}

/* words[from]: CFG [WEIGHTS [PHOTO...]]; data: the .data file, or NULL for the VOC names. */
static int run(const struct dn_args *args, struct dn_finder *finder, const char *data, int from)
{
    char **words = args->words + from;
    int count = args->word_count - from;
    const char *weights = count > 1 ? words[1] : "";
    finder->args = args;
    int status = 1;
    if (dn_finder_open(finder, data, words, count)) {
        dn_cli_introduce(finder->net, weights);
        status = find_all(finder, words + 2, count > 2 ? count - 2 : 0);
        dn_cli_account(args, finder->net);
    }
    dn_finder_close(finder);
    return status;
}

int dn_detector_test(const struct dn_args *args)
{
    struct dn_finder finder = {.nms = .45f, .hier = .5f};
    finder.thresh = args->dialect == DARKNET_ALEXEYAB ? .25f : .5f;
    if (args->word_count < 4)
        return needs("detector test", "a data file and a cfg: detector test DATA CFG WEIGHTS "
                                      "[PHOTO...]");
    return run(args, &finder, args->words[2], 3);
}

int dn_detect(const struct dn_args *args)
{
    struct dn_finder finder = {.nms = .45f, .hier = .5f};
    finder.thresh = args->dialect == DARKNET_ALEXEYAB ? .24f : .5f;
    if (args->word_count < 2)
        return needs("detect", "a cfg: detect CFG WEIGHTS [PHOTO...]");
    return run(args, &finder, "cfg/coco.data", 1);
}

int dn_yolo_test(const struct dn_args *args)
{
    struct dn_finder finder = {.nms = .4f, .thresh = .2f, .first_yolo = true};
    if (args->word_count < 3)
        return needs("yolo test", "a cfg: yolo test CFG WEIGHTS [PHOTO...]");
    return run(args, &finder, NULL, 2);
}
