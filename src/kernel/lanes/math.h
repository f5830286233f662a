/* The functions behind the smooth activations, in doubles, for any `vecd`.
 *
 * Stock evaluates them in double precision and rounds to float; so does this. Every operation is
 * one that all machines round alike, so the results are the same bits everywhere; they differ from
 * the exact value by at most 0.51 units in the last place of the float. In plain floats the
 * functions would cost about two thirds of this and, without a good many compensating steps, be off
 * by up to three units. */
#ifndef DN_KERNEL_MATH_H
#define DN_KERNEL_MATH_H

#include "kernel/lanes/inline.h"

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

/* x tanh(ln(1 + e^x)) = x n / (n + 2), n = e^x (e^x + 2) */
static INLINE vecd vecd_mish(vecd x)
{
    vecd e = vecd_exp(vecd_min(vecd_splat(44), x)); /* likewise */
    vecd n = e * (e + vecd_splat(2));
    return x * (n / (n + vecd_splat(2)));
}

#endif
