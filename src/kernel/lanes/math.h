/* The functions behind the smooth activations, for any `vec` and `vecd`. Every operation is one that
 * all machines round alike, so the results are the same bits everywhere.
 *
 * Stock evaluates them in double precision and rounds to float. The three that networks apply to
 * whole maps, logistic, swish and mish, are quotients of the same form, which is evaluated in floats
 * with the rounding error of its denominator made good: they are off by less than two units in the
 * last place, denormal results included. The others are evaluated in doubles and off by at most 0.51
 * units; without cancellation near 0 they would need more compensation than they are used for. */
#ifndef DN_KERNEL_MATH_H
#define DN_KERNEL_MATH_H

#include "kernel/lanes/inline.h"

/* e^x = p (1 + f) with p = 2^n, n integral, f in [-0.30, 0.42]. */
struct power {
    vec n, p, f;
};

/* For x clamped to [-210.2, 21]: at these limits and beyond, the functions below are zero or at their
 * upper limits, and f < 0 at the lower one keeps x (1 + f) finite.
 *
 * x = n ln 2 + r with |r| <= ln(2)/2, where the product with the first part of ln 2 is subtracted
 * without an error; f = e^r - 1 = r + r^2 q(r), where q is the polynomial of degree 4 that makes the
 * largest relative error of e^r smallest (Remez): 3.7e-9. */
static INLINE struct power power(vec x)
{
    const vec magic = vec_splat(0x1.8p23f); /* rounds n */
    x = vec_min(vec_splat(21), vec_max(vec_splat(-210.2f), x));
    vec n = vec_fma(x, vec_splat(0x1.715476p0f), magic) - magic; /* 1 / ln 2 */
    vec r = vec_fma(n, vec_splat(-0x1.62e43p-1f), x);
    r = vec_fma(n, vec_splat(0x1.05c61p-29f), r);
    vec q = vec_splat(0x1.6a23dp-10f);
    q = vec_fma(q, r, vec_splat(0x1.123a2p-7f));
    q = vec_fma(q, r, vec_splat(0x1.5558f2p-5f));
    q = vec_fma(q, r, vec_splat(0x1.555492p-3f));
    q = vec_fma(q, r, vec_splat(0x1.fffffcp-2f));
    struct power e = {n, vec_scale(vec_splat(1), n), vec_fma(r * r, q, r)};
    return e;
}

/* a (1 + g) / (1 + p (1 + g)): the quotient of rounded terms, and what its remainder and the part
 * that the denominator lost add to it */
static INLINE vec quotient(vec a, vec p, vec g)
{
    const vec one = vec_splat(1);
    vec top = vec_fma(a, g, a), bottom = vec_fma(p, g, one + p), lost = vec_fma(p, g, one + p - bottom);
    vec inverse = one / bottom, y = top * inverse;
    vec rest = vec_fma(-y, lost, vec_fma(-y, bottom, top));
    return vec_fma(rest, inverse, y);
}

/* 1 / (1 + e^-x) */
static INLINE vec vec_logistic(vec x)
{
    struct power e = power(x);
    return vec_scale(quotient(vec_splat(1), e.p, e.f), e.n);
}

/* x / (1 + e^-x) */
static INLINE vec vec_swish(vec x)
{
    struct power e = power(x);
    return vec_above(x, vec_splat(20), x, vec_scale(quotient(x, e.p, e.f), e.n));
}

/* x tanh(ln(1 + e^x)) = x k / (1 + k), k = e^x (1 + e^x/2) = p (1 + f + p/2 (1 + f)^2) */
static INLINE vec vec_mish(vec x)
{
    struct power e = power(x);
    vec half = vec_splat(.5f) * e.p;
    vec g = vec_fma(e.f, vec_fma(half, e.f, vec_splat(1) + e.p), half);
    return vec_above(x, vec_splat(20), x, vec_scale(quotient(x, e.p, g), e.n));
}

/* e^x = power * (1 + fraction), power a power of two, |fraction| < 0.42.
 *
 * x = n ln 2 + r with |r| <= ln(2)/2; e^r - 1 = r + r^2 q(r), where q is the polynomial of degree 5
 * that makes the largest relative error of e^r smallest (Remez): 5.2e-11. Power is infinite for x
 * above 709.44 and zero below -708.74, which no float sees. */
struct exponential {
    vecd power, fraction;
};

static INLINE struct exponential exponential(vecd x)
{
    const vecd magic = vecd_splat(0x1.8p52 + 1023); /* rounds n, and puts n + 1023 in the last bits */
    x = vecd_min(vecd_splat(709.8), vecd_max(vecd_splat(-709.4), x));
    vecd biased = vecd_fma(x, vecd_splat(0x1.71547652b82fep0), magic); /* 1 / ln 2 */
    vecd r = vecd_fma(biased - magic, vecd_splat(-0x1.62e42fefa39efp-1), x);
    vecd q = vecd_splat(0x1.9f0894a7db72cp-13);
    q = vecd_fma(q, r, vecd_splat(0x1.6d8d06a14ba00p-10));
    q = vecd_fma(q, r, vecd_splat(0x1.111270b3d5891p-7));
    q = vecd_fma(q, r, vecd_splat(0x1.55548dc4ddddcp-5));
    q = vecd_fma(q, r, vecd_splat(0x1.555554433be9dp-3));
    q = vecd_fma(q, r, vecd_splat(0x1.0000003a23524p-1));
    struct exponential e = {vecd_power(biased), vecd_fma(r * r, q, r)};
    return e;
}

static INLINE vecd vecd_exp(vecd x)
{
    struct exponential e = exponential(x);
    return e.power * (vecd_splat(1) + e.fraction);
}

/* e^x - 1 for x <= 700, without cancellation near 0 */
static INLINE vecd vecd_exp_minus_1(vecd x)
{
    struct exponential e = exponential(x);
    return vecd_fma(e.power, e.fraction, e.power - vecd_splat(1));
}

/* x / (1 + e^-y) */
static INLINE vecd vecd_sigmoid_times(vecd x, vecd y)
{
    return x / (vecd_splat(1) + vecd_exp(-y));
}

/* tanh(x/2) = (e^x - 1) / (e^x + 1) */
static INLINE vecd vecd_tanh_half(vecd x)
{
    vecd e = vecd_exp_minus_1(vecd_min(vecd_splat(44), x)); /* beyond, the quotient is 1 */
    return e / (e + vecd_splat(2));
}

#endif
