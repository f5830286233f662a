/* How activations lie in memory: views.
 *
 * Inside the executor a map of c channels, h rows and w columns is kept in channel blocks, row by
 * row (layout DN_BLOCKED):
 *
 *     row[block = c/16][column][16 channels]
 *
 * so that a row of a map, all channels of it, is one contiguous piece, and a rolling window of rows
 * is a ring of such pieces. `pad` columns on both sides of every row are kept zero: they are the
 * horizontal zero padding of the convolutions that read the map. Channels above c in the last block
 * hold finite values that nobody may depend on.
 *
 * The network's input, head outputs and everything that crosses the API are planar (DN_PLANAR):
 * plane[c][row][column], where `block` is the distance of two planes.
 *
 * A view is a window onto such a buffer. It is a value: copy it, never own through it. */
#ifndef DN_KERNEL_VIEW_H
#define DN_KERNEL_VIEW_H

#include <stddef.h>

#define DN_BLOCK 16 /* channels in a block; 16 floats are one cache line */

enum dn_layout { DN_BLOCKED, DN_PLANAR };

struct dn_view {
    float *data;      /* first channel of row slot 0 at column x0 */
    ptrdiff_t row;    /* floats from a row slot to the next */
    ptrdiff_t block;  /* floats from a channel block (DN_PLANAR: a channel) to the next */
    int c, h, w;      /* channels, rows and columns of the whole map */
    int rows;         /* row slots; row y lies in slot (y - y0) % rows */
    int y0, x0;       /* map row of slot 0, map column that `data` points at */
    int pad;          /* zero columns kept beyond the left and the right border of the map */
    enum dn_layout layout;
};

/* A piece of a map: rows [y0,y1), columns [x0,x1). */
struct dn_rect {
    int y0, y1, x0, x1;
};

static inline int dn_blocks(int channels)
{
    return (channels + DN_BLOCK - 1) / DN_BLOCK;
}

/* Address of column x of row y: of block b, or of plane b when planar. The row must be in the
 * window (y0 <= y) and is valid while its slot has not been given to a later row. */
static inline float *dn_view_at(const struct dn_view *v, int b, int y, int x)
{
    int step = v->layout == DN_BLOCKED ? DN_BLOCK : 1;
    int slot = y - v->y0;
    if (slot >= v->rows)
        slot %= v->rows;
    return v->data + slot * v->row + b * v->block + (ptrdiff_t)(x - v->x0) * step;
}

/* Address of one element, whatever the layout. For layers that are not worth a kernel. */
static inline float *dn_view_element(const struct dn_view *v, int c, int y, int x)
{
    return v->layout == DN_BLOCKED ? dn_view_at(v, c / DN_BLOCK, y, x) + c % DN_BLOCK
                                   : dn_view_at(v, c, y, x);
}

/* The view of `c` channels beginning with channel `first`, a multiple of 16 in a blocked map. */
static inline struct dn_view dn_view_channels(struct dn_view v, int first, int c)
{
    v.data += (v.layout == DN_BLOCKED ? first / DN_BLOCK : first) * v.block;
    v.c = c;
    return v;
}

static inline struct dn_rect dn_rect_whole(const struct dn_view *v)
{
    struct dn_rect r = {0, v->h, 0, v->w};
    return r;
}

#endif
