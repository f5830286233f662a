/* See bounds.h. */
#include "plan/bounds.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LOWEST = 18, CAPS = DN_BOUND_CAPS, ROW = DN_STAYS * CAPS }; /* LOWEST: bits of the bytes of cap 1 */

/* Cap 0 holds nothing, cap 1 2^18 bytes; then they are 5, 6, 7, 8 ... times powers of two, and the last one is
 * infinite. Returns the least that holds so many bytes. */
static int cap_of(size_t bytes)
{
    if (bytes <= (size_t)1 << LOWEST)
        return 1;
    int power = 63 - __builtin_clzll(bytes - 1);
    int cap = 4 * (power - LOWEST) + (int)((bytes - 1) >> (power - 2) & 3) + 2;
    return cap < CAPS ? cap : CAPS - 1;
}

enum dn_status dn_bounds_init(struct dn_bounds *b, int n, struct dn_error *err)
{
    const size_t bytes = ((size_t)n + 1) * ROW * sizeof(float);
    bool there = true;
    *b = (struct dn_bounds){.n = n, .slack = 1 + 4 * (float)(n + 1) * FLT_EPSILON, .best = malloc(bytes)};
    for (int way = 0; way < DN_BOUND_WAYS; way++) {
        b->front[way] = malloc(bytes);
        there = there && b->front[way];
    }
    if (!there || !b->best)
        return dn_fail(err, DN_NO_MEMORY, "no memory to plan %d layers", n);
    for (int i = 0; i < ROW; i++)
        b->best[i] = 0;
    return DN_OK;
}

void dn_bounds_clear(struct dn_bounds *b, size_t cap)
{
    b->caps = cap_of(cap) + 1;
    memset(b->tiles, 0, sizeof b->tiles);
}

void dn_bounds_free(struct dn_bounds *b)
{
    free(b->best);
    for (int way = 0; way < DN_BOUND_WAYS; way++)
        free(b->front[way]);
}

void dn_bounds_begin(struct dn_bounds *b, int last)
{
    float *best = b->best + (size_t)(last + 1) * ROW;
    b->last = last;
    for (int i = 0; i < ROW; i++)
        best[i] = INFINITY;
}

/* Is a row of seconds with what follows, under any cap, below what is beyond doubt too slow: the time under the
 * cap before it? All fall with the cap. */
static bool is_below(const struct dn_bounds *b, const float *row, const size_t bytes[DN_STAYS], const float seconds[DN_STAYS])
{
    const float *best = b->best + (size_t)(b->last + 1) * ROW, slack = b->slack;
    for (enum dn_stay stay = 0; stay < DN_STAYS; stay++, row += CAPS, best += CAPS) {
        const float after = seconds[stay];
        const int first = cap_of(bytes[stay]);
        if (row[b->caps - 1] + after >= best[first - 1] * slack)
            continue;
        int below = 0;
        for (int i = first; i < b->caps; i++)
            below |= row[i] + after < best[i - 1] * slack;
        if (below)
            return true;
    }
    return false;
}

bool dn_bounds_allow(const struct dn_bounds *b, int first, const size_t bytes[DN_STAYS], const float seconds[DN_STAYS])
{
    return is_below(b, b->best + (size_t)first * ROW, bytes, seconds);
}

void dn_bounds_take(struct dn_bounds *b, int first, const size_t bytes[DN_STAYS], const float seconds[DN_STAYS])
{
    const float *before = b->best + (size_t)first * ROW;
    float *best = b->best + (size_t)(b->last + 1) * ROW;
    for (enum dn_stay stay = 0; stay < DN_STAYS; stay++, before += CAPS, best += CAPS) {
        for (int i = cap_of(bytes[stay]); i < b->caps; i++) {
            float sum = before[i] + seconds[stay];
            best[i] = sum < best[i] ? sum : best[i];
        }
    }
}

bool dn_bounds_go_on(const struct dn_bounds *b, int way, int first, const size_t bytes[DN_STAYS], const float seconds[DN_STAYS])
{
    return is_below(b, b->front[way] + (size_t)first * ROW, bytes, seconds);
}

int dn_bounds_next(struct dn_bounds *b, int way, int tiles)
{
    if (b->tiles[way] != tiles) {
        b->tiles[way] = tiles;
        b->known[way] = 0;
        for (int i = 0; i < ROW; i++)
            b->front[way][i] = INFINITY; /* nothing is before the first layer */
    }
    return b->known[way] < b->last ? b->known[way] : -1;
}

void dn_bounds_layer(struct dn_bounds *b, int way, const double seconds[DN_STAYS])
{
    const int position = b->known[way]++;
    const float *best = b->best + (size_t)position * ROW;
    float *front = b->front[way] + (size_t)position * ROW, *next = front + ROW;
    for (enum dn_stay stay = 0; stay < DN_STAYS; stay++, best += CAPS, front += CAPS, next += CAPS)
        for (int i = 0; i < b->caps; i++)
            next[i] = (best[i] < front[i] ? best[i] : front[i]) + (float)seconds[stay];
}
