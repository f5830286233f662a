/* Pieces: every range of positions that could be a group, with what it costs.
 *
 * The search is a dynamic programme over these: the memory of a group, together with the maps that
 * live across it, depends on its ends and its tiling alone.
 *
 * A group is a single layer, or bands. Grids are not among them: at a tile height of one row a grid's strips
 * and tiles take what the bands' rings take, and at larger ones bands of fewer rows take less and need no
 * copies. (YOLOv2, layers 0-7: 5x5 11.6 MB, 76x4 6.0 MB, 76x1 5.5 MB. At 4096x608, where rings are widest,
 * 76x8 takes 32.1 MB and 76x1 36.6 MB, but the groups behind need 35.7 MB and each step costs its start.) */
#ifndef DN_PLAN_PIECES_H
#define DN_PLAN_PIECES_H

#include "plan/tables.h"

struct dn_piece {
    int first;        /* position; the last one is implied by the list */
    int tiles, slice; /* slice: blocks, of a single layer that streams */
    int stripes;
    int thrift;
    size_t bytes[DN_STAYS]; /* maps and scratch while it runs */
    float seconds[DN_STAYS];
    int previous;     /* the piece before it in the list with the same ends, or -1 */
};

struct dn_piece_maker;

struct dn_pieces {
    int n;              /* positions */
    int *begin;         /* [n + 1] pieces that end at position p: pieces[begin[p]..begin[p + 1]) */
    struct dn_piece *list;
    int room;
    struct dn_piece_maker *maker;
};

/* To be freed after a failure, too. */
enum dn_status dn_pieces_init(struct dn_pieces *pieces, const struct dn_tables *tables, struct dn_error *err);
void dn_pieces_free(struct dn_pieces *pieces);

/* For the order of the flow and the places that dn_plan_places has chosen, instead of those that were made before.
 * No piece of several bands above `most` bytes, and none that is never chosen under any cap up to the highest one. */
enum dn_status dn_pieces_make(struct dn_pieces *pieces, const struct dn_plan *plan, size_t most, size_t highest, struct dn_error *err);

#endif
