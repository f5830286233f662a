/* Vectors of AVX2 and FMA: the operations that kernel templates are written in. */
#ifndef DN_KERNEL_AVX2_LANES_H
#define DN_KERNEL_AVX2_LANES_H

#include <immintrin.h>

typedef __m256 vec;
enum { LANES = 8, REGISTERS = 16 };

static inline vec vec_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void vec_store(float *p, vec a) { _mm256_storeu_ps(p, a); }
/* vec_store() past the caches, p aligned; visible to other threads after stream_end() */
static inline void vec_stream(float *p, vec a) { _mm256_stream_ps(p, a); }
static inline void stream_end(void) { _mm_sfence(); }
/* a, in a register: not loaded again at each use */
static inline vec vec_kept(vec a)
{
    __asm__("" : "+x"(a));
    return a;
}
static inline vec vec_splat(float a) { return _mm256_set1_ps(a); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
/* VALUES of p, of which vec_fma_value() multiplies number i with b: here one, broadcast */
enum { VALUES = 1 };
static inline vec vec_values(const float *p) { return vec_splat(*p); }
static inline vec vec_fma_value(vec values, int i, vec b, vec c) { return (void)i, vec_fma(values, b, c); }
/* a > b ? a : b, a < b ? a : b: the second one where they compare equal or not at all */
static inline vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
static inline vec vec_floor(vec a) { return _mm256_floor_ps(a); }
/* x > limit ? a : b */
static inline vec vec_above(vec x, vec limit, vec a, vec b)
{
    return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, limit, _CMP_GT_OQ));
}
/* 2^n for integral n in [-126, 127], 0 for -127 */
static inline vec vec_power(vec n)
{
    __m256i biased = _mm256_castps_si256(n + vec_splat(0x1.8p23f + 127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}
/* a * 2^n, rounded once; n is integral and from -310 to 127. */
static inline vec vec_scale(vec a, vec n)
{
    vec first = vec_max(n, vec_splat(-100)), second = vec_max(n - first, vec_splat(-127));
    return a * vec_power(first) * vec_power(second);
}

/* a[i] gets element i of LANES rows: two squares of 4x4 beside each other, twice. Halves of vectors change places as they are
 * loaded, which takes no shuffles. */
#define VEC_TRANSPOSE
static inline void vec_transpose(const float *const *rows, vec *a)
{
    for (int half = 0; half < 2; half++) {
        vec b[4], c[4];
        for (int i = 0; i < 4; i++)
            b[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(rows[i] + 4 * half)),
                                        _mm_loadu_ps(rows[i + 4] + 4 * half), 1);
        for (int i = 0; i < 2; i++) {
            c[2 * i] = _mm256_unpacklo_ps(b[2 * i], b[2 * i + 1]);
            c[2 * i + 1] = _mm256_unpackhi_ps(b[2 * i], b[2 * i + 1]);
        }
        for (int i = 0; i < 2; i++) {
            a[4 * half + 2 * i] = _mm256_shuffle_ps(c[i], c[i + 2], 0x44);
            a[4 * half + 2 * i + 1] = _mm256_shuffle_ps(c[i], c[i + 2], 0xee);
        }
    }
}

/* Doubles, for functions that are evaluated in double precision and rounded once. */
typedef __m256d vecd;
enum { DLANES = 4 };

static inline vecd vecd_load(const float *p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
static inline void vecd_store(float *p, vecd a) { _mm_storeu_ps(p, _mm256_cvtpd_ps(a)); }
static inline vecd vecd_splat(double a) { return _mm256_set1_pd(a); }
static inline vecd vecd_fma(vecd a, vecd b, vecd c) { return _mm256_fmadd_pd(a, b, c); }
/* as vec_max and vec_min */
static inline vecd vecd_max(vecd a, vecd b) { return _mm256_max_pd(a, b); }
static inline vecd vecd_min(vecd a, vecd b) { return _mm256_min_pd(a, b); }
/* The number whose exponent field is the lowest 11 bits of a; bit 12 must be clear. */
static inline vecd vecd_power(vecd a)
{
    return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(a), 52));
}

#endif
