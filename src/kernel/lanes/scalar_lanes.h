/* Vectors of one element: with them the templates of row kernels are plain C, the specification. */
#ifndef DN_KERNEL_SCALAR_LANES_H
#define DN_KERNEL_SCALAR_LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef float vec;
enum { LANES = 1 };

static inline vec vec_load(const float *p) { return *p; }
static inline void vec_store(float *p, vec a) { *p = a; }
static inline vec vec_splat(float a) { return a; }
static inline vec vec_max(vec a, vec b) { return a > b ? a : b; }
static inline vec vec_min(vec a, vec b) { return a < b ? a : b; }
static inline vec vec_floor(vec a) { return floorf(a); }

/* Doubles, for functions that are evaluated in double precision and rounded once. */
typedef double vecd;
enum { DLANES = 1 };

static inline vecd vecd_load(const float *p) { return (vecd)*p; }
static inline void vecd_store(float *p, vecd a) { *p = (float)a; }
static inline vecd vecd_splat(double a) { return a; }
static inline vecd vecd_fma(vecd a, vecd b, vecd c) { return fma(a, b, c); }
static inline vecd vecd_max(vecd a, vecd b) { return a > b ? a : b; }
static inline vecd vecd_min(vecd a, vecd b) { return a < b ? a : b; }
/* The number whose exponent field is the lowest 11 bits of a; bit 12 must be clear. */
static inline vecd vecd_power(vecd a)
{
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits <<= 52;
    memcpy(&a, &bits, sizeof bits);
    return a;
}

#endif
