/* Class hierarchies and id maps: reading and using them. See tree.h and format section 3.31. */
#include "layer/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { FILE_LIMIT = 64 << 20 };

void dn_tree_free(struct dn_tree *tree)
{
    if (!tree)
        return;
    for (int i = 0; i < tree->n; i++)
        free(tree->name[i]);
    free(tree->name);
    free(tree->parent);
    free(tree->child);
    free(tree->group);
    free(tree->group_size);
    free(tree->group_offset);
    free(tree);
}

static int count_lines(const char *text)
{
    int n = 1;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static struct dn_tree *new_tree(int capacity)
{
    struct dn_tree *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    size_t n = (size_t)capacity;
    t->name = calloc(n, sizeof *t->name);
    t->parent = calloc(n, sizeof *t->parent);
    t->child = calloc(n, sizeof *t->child);
    t->group = calloc(n, sizeof *t->group);
    t->group_size = calloc(n, sizeof *t->group_size);
    t->group_offset = calloc(n, sizeof *t->group_offset);
    if (t->name && t->parent && t->child && t->group && t->group_size && t->group_offset)
        return t;
    dn_tree_free(t);
    return NULL;
}

/* Appends a class; a parent other than that of the class before begins a new group. */
static void add_class(struct dn_tree *t, char *name, int parent)
{
    int i = t->n++;
    t->name[i] = name;
    t->parent[i] = parent;
    t->child[i] = -1;
    if (i == 0 || parent != t->parent[i - 1]) {
        t->group_offset[t->groups++] = i;
        if (parent >= 0)
            t->child[parent] = t->groups - 1;
    }
    t->group[i] = t->groups - 1;
    t->group_size[t->groups - 1]++;
}

/* One line, without its end: a name and the number of an earlier class or -1. */
static enum dn_status parse_class(struct dn_tree *t, const char *path, int number, const char *line,
                                  struct dn_error *err)
{
    size_t length = strcspn(line, " \t\r");
    const char *rest = line + length + strspn(line + length, " \t");
    int parent;
    if (length == 0 || !dn_parse_int(rest, &parent, NULL))
        return dn_fail(err, DN_INVALID, "%s:%d: '%.40s' is not a class name and its parent's number",
                       path, number, line);
    if (parent < -1 || parent >= t->n)
        return dn_fail(err, DN_INVALID,
                       "%s:%d: parent %d is not an earlier class; allowed are -1 to %d", path,
                       number, parent, t->n - 1);
    char *name = strndup(line, length);
    if (!name)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for %d class names", path, t->n + 1);
    add_class(t, name, parent);
    return DN_OK;
}

static enum dn_status parse_classes(struct dn_tree *t, const char *path, char *text,
                                    struct dn_error *err)
{
    char *next = text;
    for (int number = 1; next; number++) {
        char *line = strsep(&next, "\n");
        if (line[strspn(line, " \t\r")] == '\0')
            continue;
        if (parse_class(t, path, number, line, err))
            return err->status;
    }
    if (t->n == 0)
        return dn_fail(err, DN_INVALID, "%s: has no classes", path);
    return DN_OK;
}

enum dn_status dn_tree_read(const char *path, struct dn_tree **tree, struct dn_error *err)
{
    char *text;
    size_t size;
    *tree = NULL;
    if (dn_read_text(path, FILE_LIMIT, &text, &size, err))
        return err->status;
    struct dn_tree *t = new_tree(count_lines(text));
    if (!t)
        dn_fail(err, DN_NO_MEMORY, "%s: no memory for its classes", path);
    else
        parse_classes(t, path, text, err);
    free(text);
    if (err->status)
        dn_tree_free(t);
    else
        *tree = t;
    return err->status;
}

enum dn_status dn_map_read(const char *path, int **values, int *n, struct dn_error *err)
{
    char *text;
    size_t size;
    *values = NULL;
    *n = 0;
    if (dn_read_text(path, FILE_LIMIT, &text, &size, err))
        return err->status;
    int *list = malloc((size_t)count_lines(text) * sizeof *list);
    if (!list)
        dn_fail(err, DN_NO_MEMORY, "%s: no memory for its numbers", path);
    char *next = text;
    for (int number = 1; next && !err->status; number++) {
        char *line = strsep(&next, "\n");
        line += strspn(line, " \t\r");
        if (*line && !dn_parse_int(line, &list[(*n)++], NULL))
            dn_fail(err, DN_INVALID, "%s:%d: '%.40s' is not a number", path, number, line);
    }
    free(text);
    if (!err->status) {
        *values = list;
        return DN_OK;
    }
    free(list);
    *n = 0;
    return err->status;
}

void dn_tree_predictions(const struct dn_tree *tree, float *p, int stride, int only_leaves)
{
    for (int i = 0; i < tree->n; i++)
        if (tree->parent[i] >= 0)
            p[(size_t)i * (size_t)stride] *= p[(size_t)tree->parent[i] * (size_t)stride];
    if (!only_leaves)
        return;
    for (int i = 0; i < tree->n; i++)
        if (tree->child[i] >= 0)
            p[(size_t)i * (size_t)stride] = 0;
}

int dn_tree_top(const struct dn_tree *tree, const float *p, int stride, float thresh)
{
    float product = 1;
    for (int group = 0;;) {
        int best = tree->group_offset[group];
        for (int i = best; i < tree->group_offset[group] + tree->group_size[group]; i++)
            if (p[(size_t)i * (size_t)stride] > p[(size_t)best * (size_t)stride])
                best = i;
        float likely = p[(size_t)best * (size_t)stride];
        if (!(product * likely > thresh))
            return group == 0 ? best : tree->parent[best];
        product *= likely;
        if (tree->child[best] < 0)
            return best;
        group = tree->child[best];
    }
}
