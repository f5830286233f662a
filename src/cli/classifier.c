/* classifier predict, classify: the best classes of photos.
 *
 * Stock letterboxes the photo and prints the time to standard error; the alexeyab dialect scales
 * the smaller side, cuts out the centre, and prints everything to standard output (format
 * reference, sections 5.5, 6.5 and 6.6). */
#include "cli.h"

#include <stdlib.h>

struct namer {
    const struct dn_args *args;
    network *net;
    char **names; /* [name_count] */
    int name_count;
    int top;
    int classes; /* what the data file says; only printed */
    int fit; /* enum darknet_fit */
};

static int name_photo(const struct namer *namer, const char *photo)
{
    bool stock = namer->args->dialect == DARKNET_STOCK;
    double start = dn_cli_seconds();
    if (!network_predict_file(namer->net, photo, namer->fit, NULL, NULL))
        return dn_complain("%s", darknet_last_error());
    double seconds = dn_cli_seconds() - start;
    char *lines = network_top(namer->net, namer->names, namer->name_count, namer->top);
    if (!lines)
        return dn_complain("%s", darknet_last_error());
    if (stock) {
        fprintf(stderr, "%s: Predicted in %f seconds.\n", photo, seconds);
    } else {
        printf("%d %d\n", network_width(namer->net), network_height(namer->net));
        printf("%s: Predicted in %f milli-seconds.\n", photo, seconds * 1000.0);
    }
    fputs(lines, stdout);
    fflush(stdout);
    free(lines);
    return 0;
}

/* top: 0, or the default instead of what the data file says. */
static bool read_numbers(struct namer *namer, const char *data, int top)
{
    const struct dn_args *args = namer->args;
    namer->top = args->top ? args->top : top ? top : darknet_data_number(data, "top", 1);
    namer->classes = args->dialect == DARKNET_ALEXEYAB ? darknet_data_number(data, "classes", 2) : 1;
    if (!namer->top || !namer->classes)
        return dn_complain("%s", darknet_last_error()), false;
    if (namer->top > network_classes(namer->net))
        namer->top = network_classes(namer->net);
    return true;
}

static bool load_names(struct namer *namer, const char *data)
{
    char *path = darknet_data(data, "names");
    if (!path && !*darknet_last_error())
        path = darknet_data(data, "labels");
    if (!path && *darknet_last_error())
        return dn_complain("%s", darknet_last_error()), false;
    namer->names = darknet_names(path ? path : "data/labels.list", network_classes(namer->net),
                                 &namer->name_count);
    free(path);
    return namer->names || (dn_complain("%s", darknet_last_error()), false);
}

static int name_all(const struct namer *namer, char **paths, int count)
{
    if (namer->args->dialect == DARKNET_ALEXEYAB)
        printf(" classes = %d, output in cfg = %d \n", namer->classes,
               network_classes(namer->net));
    struct dn_photos photos = {.paths = paths, .count = count};
    int status = 0;
    if (namer->args->trace && !network_trace(namer->net, namer->args->trace))
        return dn_complain("%s", darknet_last_error());
    for (const char *photo; (photo = dn_photos_next(&photos));) {
        network_read_ahead(namer->net, dn_photos_after(&photos), namer->fit);
        status |= name_photo(namer, photo);
    }
    status |= dn_cli_trace_end(namer->net, namer->args->trace);
    return status;
}

/* words[from]: CFG [WEIGHTS [PHOTO...]]; top 0: as the data file says. */
static int run(const struct dn_args *args, const char *data, int top, int from)
{
    char **words = args->words + from;
    int count = args->word_count - from;
    const char *weights = count > 1 ? words[1] : "";
    struct namer namer = {.args = args, .fit = args->dialect == DARKNET_STOCK ? DARKNET_LETTERBOX : DARKNET_CENTER_CROP};
    namer.net = dn_cli_load(args, words, count, namer.fit, NULL);
    int status = 1;
    if (namer.net && load_names(&namer, data) && read_numbers(&namer, data, top)) {
        dn_cli_introduce(namer.net, weights);
        status = name_all(&namer, words + 2, count > 2 ? count - 2 : 0);
        dn_cli_account(args, namer.net);
    }
    free_labels(namer.names);
    free_network(namer.net);
    return status;
}

int dn_classifier_predict(const struct dn_args *args)
{
    if (args->word_count < 4)
        return dn_complain("classifier predict needs a data file and a cfg: classifier predict "
                           "DATA CFG WEIGHTS [PHOTO...]");
    return run(args, args->words[2], 0, 3);
}

int dn_classify(const struct dn_args *args)
{
    if (args->word_count < 2)
        return dn_complain("classify needs a cfg: classify CFG WEIGHTS [PHOTO...]");
    return run(args, "cfg/imagenet1k.data", 5, 1);
}
