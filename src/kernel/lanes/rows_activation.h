/* Activations of contiguous floats, for any `vec` and `vecd`.
 *
 * The piecewise linear ones are sums of clamped terms of which all but one are zero, so that every
 * value is rounded as its formula says and no lane needs a choice. A NaN gives a NaN, except with
 * relu and relu6, whose comparisons turn it into 0. */
#ifndef DN_KERNEL_ROWS_ACTIVATION_H
#define DN_KERNEL_ROWS_ACTIVATION_H

#include <string.h>

#include "kernel/lanes/math.h"
#include "kernel/rows.h"

/* Both take b where x is NaN last: the clamp keeps it. */
static INLINE vec above(float least, vec x) { return vec_max(vec_splat(least), x); }
static INLINE vec below(float most, vec x) { return vec_min(vec_splat(most), x); }
static INLINE vec times(float a, vec x) { return vec_splat(a) * x; }

static INLINE vec relu(vec x) { return vec_max(x, vec_splat(0)); }
static INLINE vec relu6(vec x) { return below(6, relu(x)); }
static INLINE vec relie(vec x) { return vec_max(times(0.01f, x), x); }
static INLINE vec leaky(vec x) { return vec_max(times(0.1f, x), x); }
static INLINE vec ramp(vec x) { return above(0, x) + times(0.1f, x); }
static INLINE vec hardtan(vec x) { return below(1, above(-1, x)); }

static INLINE vec plse(vec x)
{
    vec left = below(0, x + vec_splat(4)), right = above(0, x - vec_splat(4));
    vec middle = below(1, above(0, times(0.125f, x) + vec_splat(0.5f)));
    return times(0.01f, left) + times(0.01f, right) + middle;
}

static INLINE vec lhtan(vec x)
{
    vec left = below(0, x), right = above(0, x - vec_splat(1));
    return times(0.001f, left) + times(0.001f, right) + below(1, above(0, x));
}

/* floor(x/2), plus the fraction of x where floor(x) is odd */
static INLINE vec stair(vec x)
{
    vec n = vec_floor(x), half = vec_floor(times(0.5f, x));
    return half + (n - times(2, half)) * (x - n);
}

static INLINE vec hard_mish(vec x)
{
    vec bow = below(0, above(-2, x));
    return above(0, x) + (times(0.5f, bow * bow) + bow);
}

static INLINE vecd positive(vecd x) { return vecd_max(vecd_splat(0), x); }
static INLINE vecd negative(vecd x) { return vecd_min(vecd_splat(0), x); }

static INLINE vecd elu(vecd x) { return positive(x) + vecd_exp_minus_1(negative(x)); }
static INLINE vecd loggy(vecd x) { return vecd_tanh_half(x); }
static INLINE vecd tanh_(vecd x) { return vecd_tanh_half(x + x); }

static INLINE vecd selu(vecd x)
{
    return vecd_splat(1.0507) * positive(x) +
           vecd_splat(1.0507 * 1.6732) * vecd_exp_minus_1(negative(x));
}

/* x/2 (1 + tanh u) = x / (1 + e^-2u) */
static INLINE vecd gelu(vecd x)
{
    return vecd_sigmoid_times(x, (vecd_splat(2 * 0.797885) + vecd_splat(2 * 0.035677) * x * x) * x);
}

static INLINE void each_vec(vec (*f)(vec), float *x, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(x + i, f(vec_load(x + i)));
    if (i < n) {
        float rest[LANES] = {0};
        memcpy(rest, x + i, (n - i) * sizeof *x);
        vec_store(rest, f(vec_load(rest)));
        memcpy(x + i, rest, (n - i) * sizeof *x);
    }
}

static INLINE void each_vecd(vecd (*f)(vecd), float *x, size_t n)
{
    size_t i = 0;
    for (; i + 2 * DLANES <= n; i += 2 * DLANES) {
        vecd a = f(vecd_load(x + i)), b = f(vecd_load(x + i + DLANES));
        vecd_store(x + i, a);
        vecd_store(x + i + DLANES, b);
    }
    for (; i < n; i += DLANES) {
        float rest[DLANES] = {0};
        size_t left = n - i < DLANES ? n - i : DLANES;
        memcpy(rest, x + i, left * sizeof *x);
        vecd_store(rest, f(vecd_load(rest)));
        memcpy(x + i, rest, left * sizeof *x);
    }
}

static void activate(enum dn_activation a, float *x, size_t n)
{
    switch (a) {
    case DN_RELU: each_vec(relu, x, n); break;
    case DN_RELU6: each_vec(relu6, x, n); break;
    case DN_RELIE: each_vec(relie, x, n); break;
    case DN_RAMP: each_vec(ramp, x, n); break;
    case DN_LEAKY:
    case DN_REVLEAKY: each_vec(leaky, x, n); break;
    case DN_PLSE: each_vec(plse, x, n); break;
    case DN_STAIR: each_vec(stair, x, n); break;
    case DN_HARDTAN: each_vec(hardtan, x, n); break;
    case DN_LHTAN: each_vec(lhtan, x, n); break;
    case DN_HARD_MISH: each_vec(hard_mish, x, n); break;
    case DN_LOGISTIC: each_vec(vec_logistic, x, n); break;
    case DN_SWISH: each_vec(vec_swish, x, n); break;
    case DN_MISH: each_vec(vec_mish, x, n); break;
    case DN_LOGGY: each_vecd(loggy, x, n); break;
    case DN_ELU: each_vecd(elu, x, n); break;
    case DN_SELU: each_vecd(selu, x, n); break;
    case DN_TANH: each_vecd(tanh_, x, n); break;
    case DN_GELU: each_vecd(gelu, x, n); break;
    default: break; /* linear; the NORMALIZE kinds are not for single elements */
    }
}

static void exponentials(float *x, size_t n)
{
    each_vecd(vecd_exp, x, n);
}

#endif
