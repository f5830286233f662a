/* Where maps lie while a schedule runs; of those that keep only a tile, how it comes forward. */
#ifndef DN_EXEC_TILE_H
#define DN_EXEC_TILE_H

#include "exec/exec.h"

/* The view of exec->planes. */
struct dn_view dn_planes_view(const struct dn_exec *exec);

/* The view of a map while a schedule runs: a map that keeps only a tile holds the current one, a stripe has its
 * own copy. A planar input that the caller has in memory is read there, although the plan has a place for it:
 * 4.4 MB of YOLOv2 need not be copied by one thread while the others wait. */
struct dn_view dn_tile_view(const struct dn_exec *exec, const struct dn_schedule *schedule, int map);

/* Before a step computes: its map's tile is made ready for the step's rectangle. In a grid with reuse, what
 * the window keeps of the one before moves to the left, and rows of the tile above come from the strip. */
void dn_tile_begin(const struct dn_exec *exec, const struct dn_schedule *schedule, const struct dn_step *step);

/* When it has computed: rows that the tile below needs go to the strip. */
void dn_tile_end(const struct dn_exec *exec, const struct dn_schedule *schedule, const struct dn_step *step);

#endif
