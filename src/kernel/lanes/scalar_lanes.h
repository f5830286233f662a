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
static inline vec vec_fma(vec a, vec b, vec c) { return fmaf(a, b, c); }
static inline vec vec_max(vec a, vec b) { return a > b ? a : b; }
static inline vec vec_min(vec a, vec b) { return a < b ? a : b; }
static inline vec vec_floor(vec a) { return floorf(a); }
/* x > limit ? a : b */
static inline vec vec_above(vec x, vec limit, vec a, vec b) { return x > limit ? a : b; }
/* 2^n for integral n in [-126, 127], 0 for -127 */
static inline vec vec_power(vec n)
{
    uint32_t bits;
    n += 0x1.8p23f + 127;
    memcpy(&bits, &n, sizeof bits);
    bits <<= 23;
    memcpy(&n, &bits, sizeof n);
    return n;
}
/* a * 2^n, rounded once; n is integral and from -310 to 127. */
static inline vec vec_scale(vec a, vec n)
{
    vec first = vec_max(n, vec_splat(-100)), second = vec_max(n - first, vec_splat(-127));
    return a * vec_power(first) * vec_power(second);
}

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
