/* A row kernel with data to run it on, for tests. Views are rings of few rows or pieces of few
 * columns as often as whole maps, and every buffer ends at an unmapped page. Needs no test
 * framework, so that it also serves on machines that have none. */
#ifndef DN_TESTS_ROW_CASE_H
#define DN_TESTS_ROW_CASE_H

#include "kernel/kernel.h"

enum row_kind { ROW_ACTIVATE, ROW_POOL, ROW_ADD, ROW_MULTIPLY, ROW_SCALE, ROW_COPY, ROW_KINDS };

struct row_map {
    struct dn_view v;
    float *floats; /* everything the view lies in */
    size_t bytes;
};

struct row_case {
    enum row_kind kind;
    enum dn_activation activation;
    struct dn_pool pool;
    float alpha, beta;
    float *scale;
    size_t scale_bytes;
    struct row_map a, b, out;
    struct dn_rect rect;
    float *fresh; /* what `out` holds before a run */
};

/* A map that holds at least the rows and columns of `part`, with values of all sizes. */
void row_map_open(struct row_map *m, struct dn_view shape, struct dn_rect part, unsigned *seed);
void row_map_close(struct row_map *m);

/* Everything follows from the kind and the seed. */
void row_case_random(struct row_case *c, enum row_kind kind, unsigned seed);

/* The same with a shape of choice: blocked maps of c channels and h x w output pixels. */
void row_case_pool(struct row_case *c, const struct dn_pool *pool, int channels, int h, int w,
                   unsigned seed);
void row_case_close(struct row_case *c);

/* Makes the output fresh again, then computes `rect` of it. */
void row_case_reset(struct row_case *c);
void row_case_run(struct row_case *c, const struct dn_kernels *k, struct dn_rect rect, int threads);

/* One element of the output by the plainest means; *tolerance is what a float result may differ by.
 */
double row_case_model(const struct row_case *c, int channel, int y, int x, double *tolerance);

/* The function of one activation in double precision; the NORMALIZE kinds not included. */
double row_activation_model(enum dn_activation a, double x);

/* The case, for messages. */
const char *row_case_text(const struct row_case *c);

#endif
