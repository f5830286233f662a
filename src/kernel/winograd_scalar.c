/* Winograd convolution in plain C: the templates with vectors of one element. */
#include <math.h>

typedef float vec __attribute__((vector_size(sizeof(float))));
enum { LANES = 1 };

static inline vec vec_load(const float *p) { return (vec){*p}; }
static inline void vec_store(float *p, vec a) { *p = a[0]; }
static inline void vec_stream(float *p, vec a) { *p = a[0]; }
static inline void stream_end(void) { }
static inline vec vec_zip_low(vec a, vec b) { return (void)b, a; } /* there is nothing to zip */
static inline vec vec_zip_high(vec a, vec b) { return (void)b, a; }
static inline vec vec_splat(float a) { return (vec){a}; }
static inline vec vec_fma(vec a, vec b, vec c) { return (vec){fmaf(a[0], b[0], c[0])}; }
enum { VALUES = 1 };
static inline vec vec_values(const float *p) { return vec_load(p); }
static inline vec vec_fma_value(vec values, int i, vec b, vec c) { return (void)i, vec_fma(values, b, c); }
static inline vec vec_max(vec a, vec b) { return a[0] > b[0] ? a : b; }

#define PANEL_TILES 6
#define PANEL_SHORT 0
#define PANEL_BLOCKS 1
#define TABLE dn_winograd_scalar
#include "kernel/lanes/winograd_table.h"
