/* See top.h. */
#include "detect/top.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/print.h"

/* Strictly better; any number is better than NaN. */
static bool beats(float a, float b)
{
    return a > b || (b != b && a == a);
}

void dn_top(const float *values, int n, int k, int *index)
{
    int filled = 0;
    for (int i = 0; i < k; i++)
        index[i] = -1;
    for (int i = 0; i < n && k > 0; i++) {
        int at = filled;
        while (at > 0 && beats(values[i], values[index[at - 1]]))
            at--;
        if (at == k)
            continue;
        filled = dn_min(filled + 1, k);
        memmove(index + at + 1, index + at, (size_t)(filled - 1 - at) * sizeof *index);
        index[at] = i;
    }
}

static void print_line(const struct dn_top_report *r, const float *values, int class, FILE *out)
{
    const char *name = r->names[class];
    if (r->dialect == DN_STOCK) {
        fprintf(out, "%5.2f%%: %s\n", (double)(values[class] * 100), name);
    } else if (!r->tree) {
        fprintf(out, "%s: %f\n", name, (double)values[class]);
    } else {
        int parent = r->tree->parent[class];
        fprintf(out, "%d, %s: %f, parent: %s \n", class, name, (double)values[class],
                parent < 0 ? "Root" : r->names[parent]);
    }
}

static enum dn_status print_lines(const struct dn_top_report *r, const float *values, int *index,
                                  FILE *out, struct dn_error *err)
{
    int top = dn_min(r->top, r->n);
    dn_top(values, r->n, top, index);
    for (int i = 0; i < top; i++) {
        if (index[i] >= r->names_n)
            return dn_fail(err, DN_INVALID,
                           "class %d has no name: there are %d names for %d classes", index[i],
                           r->names_n, r->n);
        print_line(r, values, index[i], out);
    }
    return DN_OK;
}

char *dn_top_text(const struct dn_top_report *r, struct dn_error *err)
{
    struct dn_print p;
    size_t n = (size_t)r->n;
    float *values = malloc(n * sizeof *values + 1);
    int *index = malloc(n * sizeof *index + 1);
    char *text = NULL;
    if (!values || !index) {
        dn_fail(err, DN_NO_MEMORY, "no memory for the probabilities of %d classes", r->n);
    } else if (!dn_print_begin(&p, err)) {
        memcpy(values, r->values, n * sizeof *values);
        if (r->tree)
            dn_tree_predictions(r->tree, values, 1, r->dialect == DN_STOCK);
        print_lines(r, values, index, p.out, err);
        text = dn_print_end(&p, err);
    }
    free(values);
    free(index);
    return text;
}
