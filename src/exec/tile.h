/* Maps that keep only a tile: where it lies, and how it comes forward. */
#ifndef DN_EXEC_TILE_H
#define DN_EXEC_TILE_H

#include "exec/exec.h"

/* The view of a map while a schedule runs: a map that keeps only a tile holds the current one. */
struct dn_view dn_tile_view(const struct dn_exec *exec, const struct dn_schedule *schedule, int map);

/* Before a step computes: its map's tile is made ready for the step's rectangle. In a grid with reuse, what
 * the window keeps of the one before moves to the left, and rows of the tile above come from the strip. */
void dn_tile_begin(const struct dn_exec *exec, const struct dn_schedule *schedule, const struct dn_step *step);

/* When it has computed: rows that the tile below needs go to the strip. */
void dn_tile_end(const struct dn_exec *exec, const struct dn_schedule *schedule, const struct dn_step *step);

#endif
