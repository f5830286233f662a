/* The table of Winograd kernels of an instruction set, and the multiplication, which takes most of
 * the time: at each point, panels of tiles times one or two output blocks whose sums stay in registers
 * over all channels and planes. As in conv_tile.h, panels of 13 x 2 blocks (AVX-512), 6 x 1 (AVX2)
 * and 5 x 1 (NEON) are bound by arithmetic, if their inputs come in time: those of all channels are too many
 * for the second cache, and a line of those that come next is asked for with each channel (19x19,
 * 1024 channels, AVX-512: 10 to 20 % less time).
 *
 * Before inclusion: vec and its operations, PANEL_TILES, PANEL_BLOCKS, PANEL_SHORT, TABLE. */
#include <string.h>

#include "kernel/lanes/winograd_transforms.h"

/* Panels of at most PANEL_SHORT tiles keep the sums of their chunks in registers, too. That is faster where
 * chunks have at most BRIEF channels (32 to 63 channels, AVX-512: 2 to 7 %), else slower. */
enum { BRIEF = 8 };

/* What is summed up at a point: products of planes of inputs and of filters. */
struct sums {
    const float *x[DN_WINOGRAD_PLANES], *f[DN_WINOGRAD_PLANES];
    int planes;
    ptrdiff_t next; /* floats from these inputs to those of the next point, or block of channels */
    int channels, chunk;
    bool first;
};

/* Adds to acc the products of n (1 or VALUES) channels. */
static INLINE void products(vec *acc, int P, int B, int n, const float *x, const float *filters)
{
    const ptrdiff_t block = DN_WINOGRAD_FILTERS * DN_WINOGRAD_FILTER_PLANE;
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

/* The sums over channels from c on, at most a chunk, of the products of P tiles and B blocks at one point. */
static INLINE void chunk(const struct sums *s, ptrdiff_t tile, ptrdiff_t block, int c, vec *acc, int P, int B)
{
    const int channels = dn_min(s->chunk, s->channels - c);
    UNROLL(32)
    for (int i = 0; i < P * B * BLOCK_VECS; i++)
        acc[i] = vec_splat(0);
    for (int plane = 0; plane < s->planes; plane++) {
        const float *x = s->x[plane] + tile + c, *filters = s->f[plane] + block + (ptrdiff_t)c * DN_BLOCK;
        const float *ahead = s->x[plane] + tile + s->next + c * DN_BLOCK;
        int i = 0;
        for (; i + VALUES <= channels; i += VALUES, ahead += VALUES * DN_BLOCK) {
            __builtin_prefetch(ahead, 0, 3);
            products(acc, P, B, VALUES, x + i, filters + i * DN_BLOCK);
        }
        ROLLED
        for (; VALUES > 1 && i < channels; i++)
            products(acc, P, B, 1, x + i, filters + i * DN_BLOCK);
    }
}

/* Adds vectors to the products m, or stores them there. */
static INLINE void add_up(const vec *sums, float *m, bool first, int P, int B)
{
    UNROLL(16)
    for (int p = 0; p < P; p++)
        UNROLL(8)
        for (int i = 0; i < B * BLOCK_VECS; i++)
        {
            float *at = m + (p * DN_WINOGRAD_BLOCKS + i / BLOCK_VECS) * DN_BLOCK + i % BLOCK_VECS * LANES;
            vec sum = sums[p * B * BLOCK_VECS + i];
            if (!first)
                sum = sum + vec_load(at);
            vec_store(at, sum);
        }
}

static INLINE void panel(const struct sums *s, ptrdiff_t tile, ptrdiff_t block, float *m, int P, int B)
{
    const int V = P * B * BLOCK_VECS;
    vec acc[PANEL_TILES * PANEL_BLOCKS * BLOCK_VECS];
    if (P > PANEL_SHORT || s->chunk >= s->channels) {
        for (int c = 0; c < s->channels; c += s->chunk) {
            chunk(s, tile, block, c, acc, P, B);
            add_up(acc, m, s->first && c == 0, P, B);
        }
        return;
    }
    vec total[PANEL_TILES * PANEL_BLOCKS * BLOCK_VECS];
    UNROLL(32)
    for (int i = 0; i < V; i++) {
        const float *at = m + (i / BLOCK_VECS / B * DN_WINOGRAD_BLOCKS + i / BLOCK_VECS % B) * DN_BLOCK;
        total[i] = s->first ? vec_splat(-0.0f) : vec_load(at + i % BLOCK_VECS * LANES);
    }
    for (int c = 0; c < s->channels; c += s->chunk) {
        chunk(s, tile, block, c, acc, P, B);
        UNROLL(32)
        for (int i = 0; i < V; i++)
            total[i] = acc[i] + total[i];
    }
    add_up(total, m, true, P, B);
}

typedef void panel_function(const struct sums *s, ptrdiff_t tile, ptrdiff_t block, float *m);

/* Defines panel_P_B. */
#define PANEL(P, B)                                                                               \
    static void panel_##P##_##B(const struct sums *s, ptrdiff_t tile, ptrdiff_t block, float *m) \
    {                                                                                             \
        panel(s, tile, block, m, P, B);                                                           \
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

/* The planes of point (i, j), at the group's first tile. */
static void select_planes(const struct dn_winograd_strip *strip, int i, int j, struct sums *s)
{
    const struct dn_winograd *g = strip->group;
    const int side = g->form.side, patch = g->form.patch;
    const ptrdiff_t plane = dn_winograd_plane(g->tiles);
    s->next = plane;
    s->planes = 0;
    for (int y = i; y < patch; y += side)
        for (int x = j; x < patch; x += side, s->planes++) {
            int filter = dn_min(y, side) * DN_WINOGRAD_SIDE + dn_min(x, side);
            s->x[s->planes] = g->inputs + (y * patch + x) * plane;
            s->f[s->planes] = strip->filters + filter * DN_WINOGRAD_FILTER_PLANE;
        }
}

/* Asks for lines of the packed filters that come later, of each output block. */
static void fetch_later(struct dn_winograd_ahead *a, int lines)
{
    for (; lines > 0; lines--)
        for (int b = 0; b < a->later_blocks; b++) {
            __builtin_prefetch(a->later[b], 0, 2);
            a->later[b] += 64;
        }
}

/* Point k, whose products are m. Filters are asked for a few before each panel: all at once wait for each
 * other (19x19: 5 % of the time). */
static void multiply_point(struct dn_winograd_strip *strip, int k, struct sums *s, float *m)
{
    const ptrdiff_t next_block = DN_WINOGRAD_FILTERS * DN_WINOGRAD_FILTER_PLANE;
    const int side = strip->group->form.side;
    int from = strip->tile, to = strip->tile + strip->tiles;
    dn_winograd_need(strip->group, k / side, k % side, &from, &to);
    select_planes(strip, k / side, k % side, s);
    const bool brief = s->chunk < s->channels && s->chunk <= BRIEF && PANEL_SHORT > 0;
    const int most = brief ? PANEL_SHORT : PANEL_TILES, n = dn_ceil_div(to - from, most);
    const int tiles = n ? (to - from) / n : 0, wider = to - from - n * tiles; /* panels that have a tile more */
    const int all = dn_max(1, n * dn_ceil_div(strip->blocks, PANEL_BLOCKS));
    const int channels = dn_ceil_div(strip->ahead.share, all), lines = dn_ceil_div(strip->ahead.later_share, all);
    int lines_left = strip->ahead.later_share;
    for (int b = 0, blocks; b < strip->blocks; b += blocks) {
        blocks = dn_min(PANEL_BLOCKS, strip->blocks - b);
        for (int i = 0, tile = from, P; i < n; i++, tile += P) {
            const int some = dn_min(lines, lines_left);
            fetch_later(&strip->ahead, some);
            lines_left -= some;
            if (channels > 0)
                dn_winograd_transform(&strip->ahead.next, channels);
            P = tiles + (i < wider);
            panels[blocks - 1][P](s, tile * DN_WINOGRAD_INPUTS, b * next_block,
                                  m + ((tile - strip->tile) * DN_WINOGRAD_BLOCKS + b) * DN_BLOCK);
        }
    }
}

static void winograd_multiply(struct dn_winograd_strip *strip)
{
    const struct dn_winograd *g = strip->group;
    const int points = dn_winograd_points(g->form);
    struct sums s = {.channels = g->c1 - g->c0, .chunk = dn_winograd_chunk(g->job->conv), .first = g->c0 == 0};
    float *m = strip->products;
    for (int k = 0; k < points; k++, m += strip->tiles * DN_WINOGRAD_BLOCKS * DN_BLOCK)
        multiply_point(strip, k, &s, m);
}

const struct dn_winograd_kernels TABLE = {
    winograd_multiply,
    pack_near,
    {{inputs_1, filters_1, outputs_1}, {inputs_2, filters_2, outputs_2}},
};
