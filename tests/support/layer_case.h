/* Tests of a layer type: that it computes its formula, that it reads what it says it reads, and
 * what it says about sections it does not take.
 *
 * A cfg is a text that begins with NET; the layer meant is the last one. All functions assert. */
#ifndef DN_TESTS_LAYER_CASE_H
#define DN_TESTS_LAYER_CASE_H

#include <check.h>
#include <stdbool.h>

/* Four lines, so that the first section behind it begins at line 5. */
#define NET(w, h, c) "[net]\nwidth=" #w "\nheight=" #h "\nchannels=" #c "\n"

/* The engine equals the plain model (support/model.h), shapes and weights included, with every
 * instruction set, in both dialects, with Winograd and without. */
void layer_agrees(const char *cfg);

/* For random rectangles of the output: computed from inputs that are NaN outside of the spans, with
 * other values in the channels above the last, the rectangle has the bits of the whole map, and
 * nothing is written outside of it. Where `tight`, the first and the last row and column of every
 * span do count. */
void layer_spans_are_right(const char *cfg, bool tight);

/* Reading the cfg fails with "PATH:" and this text. */
void layer_is_refused(const char *cfg, bool alexeyab, const char *text);

/* What a test program of a layer type consists of; all lists end with an entry that is NULL. */
struct layer_tests {
    const char *name;
    const char *const *nets; /* for layer_agrees */
    const struct tiled_layer {
        const char *cfg;
        bool tight;
    } *tiled; /* for layer_spans_are_right; NULL: none */
    const struct refusal {
        const char *cfg, *text;
        bool alexeyab;
    } *refusals; /* NULL: none */
};

/* `tests` must be static. The program may add cases of its own. */
Suite *layer_suite(const struct layer_tests *tests);

#endif
