/* The table of Winograd kernels of an instruction set, and the multiplication, which takes most of
 * the time: at each of the 36 points, panels of tiles times one or two output blocks whose sums stay
 * in registers over all channels. As in conv_tile.h, panels of 13 x 2 blocks (AVX-512), 6 x 1 (AVX2)
 * and 5 x 1 (NEON) are bound by arithmetic.
 *
 * Before inclusion: vec and its operations, PANEL_TILES, PANEL_BLOCKS, TABLE. */
#include <string.h>

#include "kernel/lanes/winograd_transforms.h"

struct channels {
    int all, chunk;
    bool first;
};

/* Adds to acc the products of n (1 or VALUES) channels. */
static INLINE void products(vec *acc, int P, int B, int n, const float *x, const float *filters)
{
    const ptrdiff_t block = DN_WINOGRAD_POINTS * DN_WINOGRAD_FILTER_POINT;
    const int V = B * BLOCK_VECS;
    vec values[PANEL_TILES];
    UNROLL(4)
    for (int c = 0; c < n; c++, filters += DN_BLOCK) {
        vec f[PANEL_BLOCKS * BLOCK_VECS];
        UNROLL(8)
        for (int v = 0; v < V; v++)
            f[v] = vec_load(filters + v / BLOCK_VECS * block + v % BLOCK_VECS * LANES);
        UNROLL(16)
        for (int p = 0; p < P; p++) {
            const float *at = x + p * DN_WINOGRAD_INPUTS;
            if (c == 0)
                values[p] = n == 1 ? vec_splat(*at) : vec_values(at);
            UNROLL(8)
            for (int v = 0; v < V; v++)
                acc[p * V + v] = vec_fma_value(values[p], c, f[v], acc[p * V + v]);
        }
    }
}

/* Adds to m sums of the channels' products of P tiles and B blocks at one point. */
static INLINE void chunk(const float *x, const float *filters, int channels, float *m, bool first, int P,
                         int B)
{
    const ptrdiff_t size = DN_WINOGRAD_POINTS * DN_BLOCK;
    vec acc[PANEL_TILES * PANEL_BLOCKS * BLOCK_VECS];
    UNROLL(32)
    for (int i = 0; i < P * B * BLOCK_VECS; i++)
        acc[i] = vec_splat(0);
    int c = 0;
    for (; c + VALUES <= channels; c += VALUES)
        products(acc, P, B, VALUES, x + c, filters + c * DN_BLOCK);
    ROLLED
    for (; VALUES > 1 && c < channels; c++)
        products(acc, P, B, 1, x + c, filters + c * DN_BLOCK);
    UNROLL(16)
    for (int p = 0; p < P; p++)
        UNROLL(8)
        for (int i = 0; i < B * BLOCK_VECS; i++)
        {
            float *at = m + (p * DN_WINOGRAD_BLOCKS + i / BLOCK_VECS) * size + i % BLOCK_VECS * LANES;
            vec sum = acc[p * B * BLOCK_VECS + i];
            if (!first)
                sum = sum + vec_load(at);
            vec_store(at, sum);
        }
}

static INLINE void panel(const float *x, const float *filters, struct channels n, float *m, int P, int B)
{
    for (int c = 0; c < n.all; c += n.chunk)
        chunk(x + c, filters + c * DN_BLOCK, dn_min(n.chunk, n.all - c), m, n.first && c == 0, P, B);
}

typedef void panel_function(const float *x, const float *filters, struct channels n, float *m);

/* Defines panel_P_B. */
#define PANEL(P, B)                                                                              \
    static void panel_##P##_##B(const float *x, const float *filters, struct channels n, float *m) \
    {                                                                                            \
        panel(x, filters, n, m, P, B);                                                    \
    }
#define FIVE_PANELS(B) PANEL(1, B) PANEL(2, B) PANEL(3, B) PANEL(4, B) PANEL(5, B)
#if PANEL_TILES == 13
#define PANELS(B) \
    FIVE_PANELS(B) PANEL(6, B) PANEL(7, B) PANEL(8, B) PANEL(9, B) PANEL(10, B) PANEL(11, B) PANEL(12, B) PANEL(13, B)
#define PANEL_TABLE(B)                                                                              \
    {                                                                                               \
        NULL, panel_1_##B, panel_2_##B, panel_3_##B, panel_4_##B, panel_5_##B, panel_6_##B,         \
            panel_7_##B, panel_8_##B, panel_9_##B, panel_10_##B, panel_11_##B, panel_12_##B,        \
            panel_13_##B                                                                            \
    }
#elif PANEL_TILES == 6
#define PANELS(B) FIVE_PANELS(B) PANEL(6, B)
#define PANEL_TABLE(B) \
    {NULL, panel_1_##B, panel_2_##B, panel_3_##B, panel_4_##B, panel_5_##B, panel_6_##B}
#else
#define PANELS(B) FIVE_PANELS(B)
#define PANEL_TABLE(B) {NULL, panel_1_##B, panel_2_##B, panel_3_##B, panel_4_##B, panel_5_##B}
#endif

PANELS(1)
#if PANEL_BLOCKS == 2
PANELS(2)
static panel_function *const panels[][PANEL_TILES + 1] = {PANEL_TABLE(1), PANEL_TABLE(2)};
#else
static panel_function *const panels[][PANEL_TILES + 1] = {PANEL_TABLE(1)};
#endif

static void winograd_multiply(const struct dn_winograd_strip *s)
{
    const struct dn_winograd *g = s->group;
    const ptrdiff_t point = dn_winograd_point(g->tiles);
    const ptrdiff_t products = DN_WINOGRAD_POINTS * DN_BLOCK;
    const struct channels n = {g->c1 - g->c0, dn_winograd_chunk(g->job->conv->c), g->c0 == 0};
    for (int k = 0; k < DN_WINOGRAD_POINTS; k++) {
        const float *x = g->inputs + k * point + s->tile * DN_WINOGRAD_INPUTS;
        for (int b = 0; b < DN_WINOGRAD_BLOCKS; b++)
            for (int i = 0; i < s->next_share; i += 64)
                __builtin_prefetch(s->next[b] + k * s->next_share + i, 0, 2);
        for (int b = 0, blocks; b < s->blocks; b += blocks) {
            blocks = dn_min(PANEL_BLOCKS, s->blocks - b);
            const float *f = s->filters + (b * DN_WINOGRAD_POINTS + k) * DN_WINOGRAD_FILTER_POINT;
            int left = dn_ceil_div(s->tiles, PANEL_TILES);
            for (int tile = 0, tiles; left > 0; left--, tile += tiles) {
                tiles = dn_ceil_div(s->tiles - tile, left);
                panels[blocks - 1][tiles](x + tile * DN_WINOGRAD_INPUTS, f, n,
                                          s->products + (tile * DN_WINOGRAD_BLOCKS + b) * products +
                                              k * DN_BLOCK);
            }
        }
    }
}

const struct dn_winograd_kernels TABLE = {winograd_inputs, winograd_filters, winograd_multiply,
                                          winograd_outputs};
