/* Vectors of AVX-512: the operations that kernel templates are written in. */
#ifndef DN_KERNEL_AVX512_LANES_H
#define DN_KERNEL_AVX512_LANES_H

#include <immintrin.h>

typedef __m512 vec;
enum { LANES = 16 };

static inline vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vec_store(float *p, vec a) { _mm512_storeu_ps(p, a); }
static inline vec vec_splat(float a) { return _mm512_set1_ps(a); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
/* b where a is not a number */
static inline vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }

#endif
