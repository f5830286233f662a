/* Vectors of NEON on aarch64: the operations that kernel templates are written in. */
#ifndef DN_KERNEL_NEON_LANES_H
#define DN_KERNEL_NEON_LANES_H

#include <arm_neon.h>

typedef float32x4_t vec;
enum { LANES = 4 };

static inline vec vec_load(const float *p) { return vld1q_f32(p); }
static inline void vec_store(float *p, vec a) { vst1q_f32(p, a); }
static inline vec vec_splat(float a) { return vdupq_n_f32(a); }
static inline vec vec_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
/* b where a is not a number */
static inline vec vec_max(vec a, vec b) { return vmaxnmq_f32(a, b); }

/* a0 b0 a1 b1 ... of the lower halves, of the upper halves */
static inline vec vec_zip_low(vec a, vec b) { return vzip1q_f32(a, b); }
static inline vec vec_zip_high(vec a, vec b) { return vzip2q_f32(a, b); }

#endif
