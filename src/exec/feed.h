/* The order in which filters come from the file during a run: group by group, layer by layer, slice by slice.
 * A slice is asked for as soon as the place that the plan has for it is free, so while a group computes the
 * first slices of the next one that streams may come already. (Darknet19 at 8 MB waited 3 of 28 ms for the
 * first slices of its layers.) */
#ifndef DN_EXEC_FEED_H
#define DN_EXEC_FEED_H

#include "exec/exec.h"

/* A run begins: nothing has been asked for. */
void dn_feed_begin(struct dn_exec *exec);

/* Asks for slices that have a place while group `group` runs. */
void dn_feed_ask(struct dn_exec *exec, int group);

/* Waits for the next slice, blocks [block0, block1) of a layer. */
enum dn_status dn_feed_wait(struct dn_exec *exec, const struct dn_layer *l, int block0, int block1, struct dn_error *err);

/* The layer's oldest slice is not needed any more: another one may come in its slot. */
void dn_feed_release(struct dn_exec *exec, const struct dn_layer *l);

/* Waits for all filters of a group of bands. */
enum dn_status dn_feed_hold(struct dn_exec *exec, int group, struct dn_error *err);

/* Where the filters of streamed blocks from `block` on are. */
float *dn_feed_filters(const struct dn_exec *exec, const struct dn_group *group, const struct dn_layer *l, int block);

#endif
