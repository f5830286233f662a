/* forward: one prediction from raw numbers to raw numbers.
 *
 *     -input float32 [c][h][w] -> network -> -heads float32, all heads in layer order
 *                                         -> -layers CSV, one line per layer
 *
 * This is how engines are compared without photos, thresholds and suppression in between. Without
 * -input the network gets reproducible noise. Asking for -layers makes the library compute layer by
 * layer; a plan never changes bits, so the heads are the same either way. */
#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The numbers that the outputs which tests/script/test_reference.py compares with were computed from. */
static float noise(uint32_t v)
{
    v ^= v >> 15;
    v *= 2246822519u;
    v ^= v >> 13;
    return (float)(int32_t)(v >> 8) / 16777216.f;
}

int dn_seeded_row(void *context, int y, float *row, size_t plane)
{
    const network *net = context;
    const uint32_t step = 2654435761u;
    for (int c = 0; c < net->c; c++) {
        uint32_t v = ((uint32_t)c * (uint32_t)net->h + (uint32_t)y) * (uint32_t)net->w * step;
        float *values = row + (size_t)c * plane;
        for (int x = 0; x < net->w; x++, v += step)
            values[x] = noise(v);
    }
    return 1;
}

/* A file of planar float32, delivered by rows. */
struct input_file {
    FILE *file;
    const char *path;
    const network *net;
    bool failed; /* has complained */
};

static bool open_input(struct input_file *in)
{
    const char *path = in->path;
    size_t bytes = (size_t)in->net->inputs * sizeof(float);
    struct stat info;
    in->file = fopen(path, "rb");
    if (!in->file)
        return dn_complain("%s: %s", path, strerror(errno)), false;
    if (fstat(fileno(in->file), &info) || !S_ISREG(info.st_mode))
        dn_complain("%s is not a regular file", path);
    else if ((unsigned long long)info.st_size != bytes)
        dn_complain("%s holds %lld bytes; the network's input of %d x %d x %d float32 is %zu", path,
                    (long long)info.st_size, in->net->c, in->net->h, in->net->w, bytes);
    else
        return true;
    fclose(in->file);
    return false;
}

static int read_row(void *context, int y, float *row, size_t plane)
{
    struct input_file *in = context;
    size_t w = (size_t)in->net->w;
    for (size_t c = 0; c < (size_t)in->net->c; c++) {
        size_t first = (c * (size_t)in->net->h + (size_t)y) * w;
        if (fseeko(in->file, (off_t)(first * sizeof *row), SEEK_SET) ||
            fread(row + c * plane, sizeof *row, w, in->file) != w) {
            in->failed = true;
            if (feof(in->file))
                dn_complain("%s: ends before row %d of channel %zu, although it was long enough before", in->path, y, c);
            else
                dn_complain("%s: cannot read row %d of channel %zu: %s", in->path, y, c, strerror(errno));
            return 0;
        }
    }
    return 1;
}

struct table {
    FILE *out;
    int dialect;
};

/* An observer: one CSV line. Sums are double, so they do not depend on the layer's size. */
static void describe_layer(void *context, const network *net, int index, const float *output)
{
    const struct table *table = context;
    const layer *l = &net->layers[index];
    int n = l->outputs;
    if (n < 1 || !output)
        return;
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        sum += (double)output[i];
        squares += (double)output[i] * (double)output[i];
    }
    fprintf(table->out, "%d,%d,%d,%d,%d,%.7g,%.7g,%.7g,%.7g,%.7g\n", index,
            dn_type_number(l->type, table->dialect), l->out_w, l->out_h, l->out_c, sum / n,
            sqrt(squares / n), (double)output[0], (double)output[n / 2], (double)output[n - 1]);
}

/* Predicts and writes what was asked for; the CSV has gathered in table->out meanwhile. */
static int predict(const struct dn_args *args, network *net)
{
    struct input_file in = {.path = args->input, .net = net};
    const float *output;
    if (args->input) {
        if (!open_input(&in))
            return 1;
        output = network_predict_rows(net, read_row, &in);
        fclose(in.file);
    } else {
        output = network_predict_rows(net, dn_seeded_row, net);
    }
    if (in.failed)
        return 1;
    if (!output || (args->heads && !network_write_outputs(net, args->heads)))
        return dn_complain("%s", darknet_last_error());
    return 0;
}

static int forward(const struct dn_args *args, const char *cfg, const char *weights, FILE *csv)
{
    struct table table = {.out = csv, .dialect = args->dialect};
    darknet_options options = dn_cli_options(args);
    options.observer = args->layers ? describe_layer : NULL;
    options.observer_context = &table;
    network *net = darknet_load(cfg, weights, &options);
    if (!net)
        return dn_complain("%s", darknet_last_error());
    if (args->trace && !network_trace(net, args->trace)) {
        dn_complain("%s", darknet_last_error());
        free_network(net);
        return 1;
    }
    fputs("layer,type,w,h,c,mean,rms,first,middle,last\n", csv);
    int status = predict(args, net);
    if (!status)
        status = dn_cli_trace_end(net, args->trace);
    dn_cli_account(args, net);
    free_network(net);
    return status;
}

int dn_forward(const struct dn_args *args)
{
    if (args->word_count < 2 || args->word_count > 3)
        return dn_complain("forward takes a cfg and a weights file: forward CFG [WEIGHTS]");
    if (!args->heads && !args->layers)
        return dn_complain("forward needs -heads FILE or -layers FILE, or there is no result");
    char *text = NULL;
    size_t bytes = 0;
    FILE *csv = open_memstream(&text, &bytes);
    if (!csv)
        return dn_complain("there is no memory for a table");
    int status = forward(args, args->words[1], args->word_count > 2 ? args->words[2] : "", csv);
    bool failed = ferror(csv) != 0;
    if (fclose(csv) || failed)
        status = dn_complain("there is no memory for the table of layers");
    if (!status && args->layers && !darknet_write(args->layers, text, bytes))
        status = dn_complain("%s", darknet_last_error());
    free(text);
    return status;
}
