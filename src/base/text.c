#include "base/text.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

static const char *skip_sign(const char *s, bool *negative)
{
    *negative = *s == '-';
    return *s == '-' || *s == '+' ? s + 1 : s;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool dn_parse_int(const char *s, int *value, const char **end)
{
    bool negative;
    int64_t n = 0;
    while (*s == ' ' || *s == '\t')
        s++;
    s = skip_sign(s, &negative);
    if (!is_digit(*s))
        return false;
    for (; is_digit(*s); s++) {
        n = n * 10 + (*s - '0');
        if (n > (int64_t)INT_MAX + 1)
            return false;
    }
    if (negative)
        n = -n;
    if (n > INT_MAX)
        return false;
    *value = (int)n;
    if (end)
        *end = s;
    return true;
}

/* One more digit of a number; digits that a double does not resolve only move the point. */
static void add_digit(uint64_t *mantissa, int *scale, char digit, bool fraction)
{
    bool counts = *mantissa < 100000000000000000u;
    if (counts)
        *mantissa = *mantissa * 10 + (uint64_t)(digit - '0');
    *scale += !counts - fraction;
}

/* The exponent at s; what is larger than any float's is all the same. Returns where it ends. */
static const char *add_exponent(const char *s, int *scale)
{
    enum { MOST = 10000 };
    bool negative;
    int exponent = 0;
    const char *digits = skip_sign(s + 1, &negative);
    if (!is_digit(*digits))
        return s;
    for (s = digits; is_digit(*s); s++)
        exponent = exponent < MOST ? exponent * 10 + (*s - '0') : MOST;
    if (exponent >= MOST)
        *scale = negative ? -MOST : MOST;
    else
        *scale += negative ? -exponent : exponent;
    return s;
}

bool dn_parse_float(const char *s, float *value, const char **end)
{
    bool negative, digits = false;
    uint64_t mantissa = 0;
    int scale = 0;
    while (*s == ' ' || *s == '\t')
        s++;
    s = skip_sign(s, &negative);
    for (; is_digit(*s); s++, digits = true)
        add_digit(&mantissa, &scale, *s, false);
    if (*s == '.')
        for (s++; is_digit(*s); s++, digits = true)
            add_digit(&mantissa, &scale, *s, true);
    if (!digits)
        return false;
    if (*s == 'e' || *s == 'E')
        s = add_exponent(s, &scale);
    double v = (double)mantissa;
    if (mantissa) /* 0 times an infinite power were no number */
        v = scale < 0 ? v / pow(10, -scale) : v * pow(10, scale);
    *value = (float)(negative ? -v : v);
    if (end)
        *end = s;
    return true;
}
