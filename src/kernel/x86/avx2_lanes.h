/* Vectors of AVX2 and FMA: the operations that kernel templates are written in. */
#ifndef DN_KERNEL_AVX2_LANES_H
#define DN_KERNEL_AVX2_LANES_H

#include <immintrin.h>

typedef __m256 vec;
enum { LANES = 8 };

static inline vec vec_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void vec_store(float *p, vec a) { _mm256_storeu_ps(p, a); }
static inline vec vec_splat(float a) { return _mm256_set1_ps(a); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
/* b where a is not a number */
static inline vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }

/* a0 b0 a1 b1 ... of the lower halves, of the upper halves */
static inline vec vec_zip_low(vec a, vec b)
{
    return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x20);
}
static inline vec vec_zip_high(vec a, vec b)
{
    return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x31);
}

#endif
