/* See names.h. */
#include "detect/names.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { NAMES_LIMIT = 64 << 20, DATA_LIMIT = 1 << 20 }; /* bytes of a file */
enum { LONGEST_PATH = 1 << 20 };

/* ---- names ---------------------------------------------------------------------------------- */

void dn_names_free(char **names)
{
    for (char **name = names; name && *name; name++)
        free(*name);
    free(names);
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; *text; n++) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return n;
}

static char *copy_line(const char *line, size_t length)
{
    return strndup(line, length > 0 && line[length - 1] == '\r' ? length - 1 : length);
}

static char **split(const char *text, size_t n)
{
    char **names = calloc(n + 1, sizeof *names);
    for (size_t i = 0; names && i < n; i++) {
        size_t length = strcspn(text, "\n");
        names[i] = copy_line(text, length);
        if (!names[i]) {
            dn_names_free(names);
            return NULL;
        }
        text += length + (text[length] == '\n');
    }
    return names;
}

char **dn_names_read(const char *path, int *n, struct dn_error *err)
{
    char *text;
    size_t size;
    if (dn_read_text(path, NAMES_LIMIT, &text, &size, err))
        return NULL;
    size_t count = count_lines(text);
    char **names = split(text, count);
    free(text);
    if (!names)
        dn_fail(err, DN_NO_MEMORY, "%s: no memory for its %zu names", path, count);
    else if (n)
        *n = (int)count;
    return names;
}

/* ---- .data ---------------------------------------------------------------------------------- */

/* Removes blanks and carriage returns, as Darknet does within lines of options. */
static void remove_blanks(char *line)
{
    char *to = line;
    for (const char *s = line; *s; s++)
        if (*s != ' ' && *s != '\t' && *s != '\r')
            *to++ = *s;
    *to = 0;
}

/* The value in a line without blanks, if its key is `key`. */
static char *value_of(char *line, const char *key)
{
    char *value = strchr(line, '=');
    if (*line == '#' || *line == ';' || !value || !value[1])
        return NULL;
    *value++ = 0;
    return strcmp(line, key) == 0 ? value : NULL;
}

/* The value of the first line with the key; its number in *at. Cuts the text into pieces. */
static char *find_value(char *text, const char *key, int *at)
{
    char *found = NULL;
    for (*at = 0; text && !found; ++*at) {
        char *line = strsep(&text, "\n");
        remove_blanks(line);
        found = value_of(line, key);
    }
    return found;
}

enum dn_status dn_data_read(const char *path, const char *key, char **value, struct dn_error *err)
{
    char *text;
    size_t size;
    int line;
    *value = NULL;
    if (dn_read_text(path, DATA_LIMIT, &text, &size, err))
        return err->status;
    const char *found = find_value(text, key, &line);
    if (found && !(*value = strdup(found)))
        dn_fail(err, DN_NO_MEMORY, "%s: no memory for the value of %s", path, key);
    free(text);
    return err->status;
}

enum dn_status dn_data_number(const char *path, const char *key, int least, int *value, struct dn_error *err)
{
    char *text;
    size_t size;
    int line, number;
    if (dn_read_text(path, DATA_LIMIT, &text, &size, err))
        return err->status;
    const char *found = find_value(text, key, &line);
    if (found && (!dn_parse_int(found, &number, NULL) || number < least))
        dn_fail(err, DN_INVALID, "%s:%d: %s=%.80s: the value must be a whole number from %d to %d", path, line, key, found,
                least, INT_MAX);
    else if (found)
        *value = number;
    free(text);
    return err->status;
}

/* ---- label files ---------------------------------------------------------------------------- */

static const struct {
    const char *images, *labels;
} folders[] = {
    {"/images/train2017/", "/labels/train2017/"},
    {"/images/val2017/", "/labels/val2017/"},
    {"/images/train2014/", "/labels/train2014/"},
    {"/images/val2014/", "/labels/val2014/"},
    {"/JPEGImages/", "/labels/"},
};

/* Length of the path up to the dot of its extension. */
static size_t stem_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot && dot > name ? (size_t)(dot - path) : strlen(path);
}

char *dn_label_path(const char *image, struct dn_error *err)
{
    const char *rest = image, *labels = "";
    size_t head = 0;
    char *path;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const char *at = strstr(image, folders[i].images);
        if (!at)
            continue;
        head = (size_t)(at - image);
        labels = folders[i].labels;
        rest = at + strlen(folders[i].images);
        break;
    }
    size_t tail = stem_length(rest);
    if (head + tail > LONGEST_PATH) {
        dn_fail(err, DN_INVALID, "%.200s...: the photo's path has %zu bytes; for the path of its labels at most %d are "
                                 "allowed",
                image, strlen(image), LONGEST_PATH);
        return NULL;
    }
    if (asprintf(&path, "%.*s%s%.*s.txt", (int)head, image, labels, (int)tail, rest) < 0) {
        dn_fail(err, DN_NO_MEMORY, "no memory for the path of the labels of %.200s", image);
        return NULL;
    }
    return path;
}
