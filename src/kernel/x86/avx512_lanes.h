/* Vectors of AVX-512: the operations that kernel templates are written in. */
#ifndef DN_KERNEL_AVX512_LANES_H
#define DN_KERNEL_AVX512_LANES_H

#include <immintrin.h>

typedef __m512 vec;
enum { LANES = 16, REGISTERS = 32 };

static inline vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vec_store(float *p, vec a) { _mm512_storeu_ps(p, a); }
/* vec_store() past the caches, p aligned; visible to other threads after stream_end() */
static inline void vec_stream(float *p, vec a) { _mm512_stream_ps(p, a); }
static inline void stream_end(void) { _mm_sfence(); }
/* a, in a register: not loaded again at each use */
static inline vec vec_kept(vec a)
{
    __asm__("" : "+v"(a));
    return a;
}
static inline vec vec_splat(float a) { return _mm512_set1_ps(a); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
/* VALUES of p, of which vec_fma_value() multiplies number i with b: here one, broadcast */
enum { VALUES = 1 };
static inline vec vec_values(const float *p) { return vec_splat(*p); }
static inline vec vec_fma_value(vec values, int i, vec b, vec c) { return (void)i, vec_fma(values, b, c); }
/* a > b ? a : b, a < b ? a : b: the second one where they compare equal or not at all */
static inline vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
static inline vec vec_floor(vec a) { return _mm512_floor_ps(a); }
/* x > limit ? a : b */
static inline vec vec_above(vec x, vec limit, vec a, vec b)
{
    return _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(x, limit, _CMP_GT_OQ), a);
}
/* a * 2^n, rounded once; n is integral and from -310 to 127. */
static inline vec vec_scale(vec a, vec n) { return _mm512_scalef_ps(a, n); }

/* a0 b0 a1 b1 ... of the lower halves, of the upper halves */
static inline vec vec_zip_low(vec a, vec b)
{
    const __m512i order = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return _mm512_permutex2var_ps(a, order, b);
}
static inline vec vec_zip_high(vec a, vec b)
{
    const __m512i order =
        _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return _mm512_permutex2var_ps(a, order, b);
}

/* Doubles, for functions that are evaluated in double precision and rounded once. */
typedef __m512d vecd;
enum { DLANES = 8 };

static inline vecd vecd_load(const float *p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
static inline void vecd_store(float *p, vecd a) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(a)); }
static inline vecd vecd_splat(double a) { return _mm512_set1_pd(a); }
static inline vecd vecd_fma(vecd a, vecd b, vecd c) { return _mm512_fmadd_pd(a, b, c); }
/* as vec_max and vec_min */
static inline vecd vecd_max(vecd a, vecd b) { return _mm512_max_pd(a, b); }
static inline vecd vecd_min(vecd a, vecd b) { return _mm512_min_pd(a, b); }
/* The number whose exponent field is the lowest 11 bits of a; bit 12 must be clear. */
static inline vecd vecd_power(vecd a)
{
    return _mm512_castsi512_pd(_mm512_slli_epi64(_mm512_castpd_si512(a), 52));
}

#endif
