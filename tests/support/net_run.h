/* Running a random case (net_case.h): once layer by layer, then by any plan, comparing all bits of
 * every layer that can be seen.
 *
 * Programs that use this are linked with --wrap=mmap and --wrap=munmap, so that the arena of an
 * executor ends at an unmapped page and begins its life full of NaN. */
#ifndef DN_TESTS_NET_RUN_H
#define DN_TESTS_NET_RUN_H

#include "exec/exec.h"
#include "support/net_case.h"

/* For suite(): starts the program again with threads that sleep while they wait, which is decided
 * before main() and makes small networks many times faster on a busy machine. */
void net_run_patiently(void);

/* The values of a whole map in planar order; the caller frees them. */
float *planar_copy(const struct dn_view *v);

struct net_run {
    struct net_graph g;
    struct dn_weights weights;
    const struct dn_kernels *kernels;
    struct dn_plan_options options;
    float *planes;          /* the input; of two runs of a plan the second reads it there */
    float *map[NET_LAYERS]; /* what each layer computes, planar; in file order */
};

/* Reads the case, opens its synthetic weights and computes all layers one by one in one thread.
 * False when the cfg is refused. */
bool net_run_open(struct net_run *run, const struct net_case *c);
void net_run_close(struct net_run *run);

/* Makes the plan that the case asks for. DN_OK, or why not. */
enum dn_status net_run_plan(struct net_run *run, const struct net_case *c, struct dn_plan *plan, struct dn_error *err);

/* Executes a plan `times` times. False, with a sentence in `why`, when that fails or a bit differs. */
bool net_run_equal(struct net_run *run, const struct dn_plan *plan, int times, struct dn_error *why);

#endif
