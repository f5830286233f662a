/* Sizes: products that wrap are noticed. */
#ifndef DN_BASE_SIZE_H
#define DN_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DN_ALIGN ((size_t)64) /* every buffer in an arena starts on a cache line */

/* *out = a * b, or false when the product does not fit. */
static inline bool dn_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline size_t dn_align_up(size_t n, size_t align)
{
    return (n + align - 1) / align * align;
}

static inline int dn_min(int a, int b)
{
    return a < b ? a : b;
}

static inline int dn_max(int a, int b)
{
    return a > b ? a : b;
}

static inline int dn_ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

#endif
