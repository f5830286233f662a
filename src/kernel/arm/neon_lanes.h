/* Vectors of NEON on aarch64: the operations that kernel templates are written in. */
#ifndef DN_KERNEL_NEON_LANES_H
#define DN_KERNEL_NEON_LANES_H

#include <arm_neon.h>

/* gcc would move loads up until accumulators leave their registers. */
#ifndef __clang__
#pragma GCC optimize("no-schedule-insns")
#endif

typedef float32x4_t vec;
enum { LANES = 4, REGISTERS = 32 };

static inline vec vec_load(const float *p) { return vld1q_f32(p); }
static inline void vec_store(float *p, vec a) { vst1q_f32(p, a); }
/* vec_store() for lines that another core read last, see conv_pack.h; visible after stream_end() */
static inline void vec_stream(float *p, vec a) { vst1q_f32(p, a); }
static inline void stream_end(void) { }
/* a, in a register: not loaded again at each use */
static inline vec vec_kept(vec a)
{
    __asm__("" : "+w"(a));
    return a;
}
static inline vec vec_splat(float a) { return vdupq_n_f32(a); }
static inline vec vec_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
/* VALUES of p, of which vec_fma_value() multiplies number i with b: the instruction chooses it */
enum { VALUES = 4 };
static inline vec vec_values(const float *p) { return vec_load(p); }
static inline vec vec_fma_value(vec values, int i, vec b, vec c) { return vec_fma(vec_splat(values[i]), b, c); }
/* a > b ? a : b, a < b ? a : b: the second one where they compare equal or not at all */
static inline vec vec_max(vec a, vec b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
static inline vec vec_min(vec a, vec b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
static inline vec vec_floor(vec a) { return vrndmq_f32(a); }
/* x > limit ? a : b */
static inline vec vec_above(vec x, vec limit, vec a, vec b)
{
    return vbslq_f32(vcgtq_f32(x, limit), a, b);
}
/* 2^n for integral n in [-126, 127], 0 for -127 */
static inline vec vec_power(vec n)
{
    uint32x4_t biased = vreinterpretq_u32_f32(n + vec_splat(0x1.8p23f + 127));
    return vreinterpretq_f32_u32(vshlq_n_u32(biased, 23));
}
/* a * 2^n, rounded once; n is integral and from -310 to 127. */
static inline vec vec_scale(vec a, vec n)
{
    vec first = vec_max(n, vec_splat(-100)), second = vec_max(n - first, vec_splat(-127));
    return a * vec_power(first) * vec_power(second);
}

/* a0 b0 a1 b1 ... of the lower halves, of the upper halves */
static inline vec vec_zip_low(vec a, vec b) { return vzip1q_f32(a, b); }
static inline vec vec_zip_high(vec a, vec b) { return vzip2q_f32(a, b); }

/* Doubles, for functions that are evaluated in double precision and rounded once. */
typedef float64x2_t vecd;
enum { DLANES = 2 };

static inline vecd vecd_load(const float *p) { return vcvt_f64_f32(vld1_f32(p)); }
static inline void vecd_store(float *p, vecd a) { vst1_f32(p, vcvt_f32_f64(a)); }
static inline vecd vecd_splat(double a) { return vdupq_n_f64(a); }
static inline vecd vecd_fma(vecd a, vecd b, vecd c) { return vfmaq_f64(c, a, b); }
/* as vec_max and vec_min */
static inline vecd vecd_max(vecd a, vecd b) { return vbslq_f64(vcgtq_f64(a, b), a, b); }
static inline vecd vecd_min(vecd a, vecd b) { return vbslq_f64(vcltq_f64(a, b), a, b); }
/* The number whose exponent field is the lowest 11 bits of a; bit 12 must be clear. */
static inline vecd vecd_power(vecd a)
{
    return vreinterpretq_f64_u64(vshlq_n_u64(vreinterpretq_u64_f64(a), 52));
}

#endif
