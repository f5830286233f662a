/* Names, data files and printed lines through the public API. The work is done in src/detect. */
#include "darknet.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "compat/engine.h"
#include "compat/error.h"
#include "detect/names.h"
#include "detect/report.h"
#include "detect/top.h"

/* ---- names and data files ------------------------------------------------------------------- */

static char **read_names(const char *path, int classes, int *n, struct dn_error *err)
{
    int found;
    char **names = dn_names_read(path, &found, err);
    if (names && found < classes) {
        dn_fail(err, DN_INVALID, "%s: has %d names; %d classes need at least as many", path, found,
                classes);
        dn_names_free(names);
        return NULL;
    }
    if (names && n)
        *n = found;
    return names;
}

char **get_labels(char *filename)
{
    return dn_names_read(filename, NULL, dn_error_begin());
}

char **darknet_names(const char *path, int classes, int *n)
{
    return read_names(path, classes, n, dn_error_begin());
}

void free_labels(char **names)
{
    dn_names_free(names);
}

char *darknet_data(const char *datafile, const char *key)
{
    char *value;
    dn_data_read(datafile, key, &value, dn_error_begin());
    return value;
}

int darknet_data_number(const char *datafile, const char *key, int otherwise)
{
    int value = otherwise;
    return dn_data_number(datafile, key, 1, &value, dn_error_begin()) ? 0 : value;
}

metadata get_metadata(char *datafile)
{
    struct dn_error *err = dn_error_begin();
    metadata m = {2, NULL}, none = {0, NULL}; /* as in stock, where the file says nothing */
    char *path = NULL;
    if (!dn_data_number(datafile, "classes", 0, &m.classes, err) && !dn_data_read(datafile, "names", &path, err) &&
        !path)
        dn_data_read(datafile, "labels", &path, err);
    if (path)
        m.names = read_names(path, m.classes, NULL, err);
    else
        dn_fail(err, DN_INVALID, "%s: has neither the key names nor the key labels", datafile);
    free(path);
    return m.names ? m : none;
}

/* ---- printed lines -------------------------------------------------------------------------- */

char *darknet_format(const darknet_report *report, enum darknet_text format)
{
    return dn_report(report, format, dn_error_begin());
}

int darknet_print(const darknet_report *report, enum darknet_text format, FILE *out)
{
    return dn_report_print(report, format, out, dn_error_begin()) == DN_OK;
}

/* The hierarchy of the last softmax layer that has one. */
static const struct dn_tree *hierarchy(const struct dn_graph *g)
{
    for (int i = g->n - 1; i >= 0; i--)
        if (g->layers[i].ops->type == DN_SOFTMAX && g->layers[i].u.softmax.tree)
            return g->layers[i].u.softmax.tree;
    return NULL;
}

char *network_top(const network *net, char **names, int names_n, int top)
{
    struct dn_error *err = dn_error_begin();
    const struct dn_graph *g = &dn_engine_of(net)->graph;
    struct dn_top_report r = {.values = net->output,
                              .n = net->outputs,
                              .names = names,
                              .names_n = names_n,
                              .top = top,
                              .tree = hierarchy(g),
                              .dialect = g->dialect};
    if (dn_engine_check(dn_engine_of(net), err))
        return NULL;
    if (r.tree && r.tree->n != r.n) {
        dn_fail(err, DN_INVALID, "%s: the class hierarchy has %d classes, the network's output %d",
                g->path, r.tree->n, r.n);
        return NULL;
    }
    return dn_top_text(&r, err);
}

/* ---- files ---------------------------------------------------------------------------------- */

char *darknet_label_path(const char *photo)
{
    return dn_label_path(photo, dn_error_begin());
}

FILE *darknet_file_open(darknet_file *file, const char *path)
{
    struct dn_output out;
    *file = (darknet_file){0};
    if (!dn_output_open(&out, path, dn_error_begin()))
        *file = (darknet_file){out.file, out.path, out.temporary};
    return file->stream;
}

int darknet_file_close(darknet_file *file, int complete)
{
    struct dn_error *err = dn_error_begin();
    struct dn_output out = {file->stream, file->path, file->temporary};
    if (complete && out.file)
        dn_output_commit(&out, err);
    else
        dn_output_abandon(&out);
    *file = (darknet_file){0};
    return !err->status;
}

int darknet_write(const char *path, const void *text, size_t bytes)
{
    struct dn_error *err = dn_error_begin();
    struct dn_output out;
    if (dn_output_open(&out, path, err))
        return 0;
    fwrite(text, 1, bytes, out.file);
    return dn_output_commit(&out, err) == DN_OK;
}
