/* What templates of kernels ask of a compiler: loops over constants must unroll and functions must be
 * inlined, or accumulators leave their registers. */
#ifndef DN_KERNEL_INLINE_H
#define DN_KERNEL_INLINE_H

#define INLINE inline __attribute__((always_inline))

/* Before a loop of at most n rounds; before a loop of few rounds that must stay one. */
#define PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define UNROLL(n) PRAGMA(clang loop unroll(full))
#define ROLLED PRAGMA(clang loop unroll(disable))
#else
#define UNROLL(n) PRAGMA(GCC unroll n)
#define ROLLED PRAGMA(GCC unroll 1)
#endif

#endif
