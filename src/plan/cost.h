/* The cost model: predicted seconds of the pieces of a plan. A pure function of graph and machine.
 *
 * Compute and weight input overlap where a prefetching thread brings the next slice; everything
 * else adds up. Only ratios matter to the search. */
#ifndef DN_PLAN_COST_H
#define DN_PLAN_COST_H

#include "plan/schedule.h"

/* Rates of a machine, all threads together. Defaults by instruction set: dn_machine_default();
 * measured ones: machine.h. */
struct dn_machine {
    int threads;
    bool spare;     /* there is a core beside those of the threads, to read filters while they compute */
    double flops;   /* multiply-adds count 2, per second, at the kernels' best */
    double memory;  /* bytes per second between a large map in memory and the cores */
    double cache;   /* bytes per second of elementwise work and of filters read again */
    double file;    /* bytes per second of filters read from the page cache and packed */
    double step;    /* seconds that starting one step costs */
    double ahead;   /* what transforming a filter for Winograd beside the multiplications with those before it costs, in
                       multiplications with a tile: 4 when it is done before, more where the cache has no room for both */
    double narrow;  /* time of computing one block of output channels at a time over that of two */
};

struct dn_plan;
struct dn_storage;

struct dn_machine dn_machine_default(const char *isa, int threads);

/* dn_machine.ahead where a core's second cache has so many bytes. */
double dn_machine_ahead(size_t second_cache);

/* The same from the time of a layer of so many tiles with filters transformed ahead over the time without. */
double dn_machine_ahead_of(double ratio, int tiles);

/* What the machine is to so many bands in stripes: its threads compute steps alone, side by side. */
struct dn_machine dn_machine_striped(const struct dn_machine *m, int tiles, int stripes);

/* Seconds to compute the whole output of a layer in `steps` pieces of equal height, with so much
 * thrift with workspace. */
double dn_cost_layer(const struct dn_machine *m, const struct dn_layer *l, int steps, int thrift);

/* Seconds of a concatenation for those inputs that do not lie in place. */
double dn_cost_copies(const struct dn_machine *m, const struct dn_flow *flow, const struct dn_plan *plan,
                      const struct dn_layer *l);

/* Seconds that a map costs, written once and read once, of which so many bytes are kept at a time. */
double dn_cost_map(const struct dn_machine *m, size_t kept, size_t whole);

/* Seconds of the copies that bring tiles of a grid with reuse forward. */
double dn_cost_moves(const struct dn_machine *m, const struct dn_storage *s);

/* Seconds of a layer over its whole map while the filters beyond its `resident` blocks are streamed
 * in slices of `slice` blocks. */
double dn_cost_stream(const struct dn_machine *m, const struct dn_layer *l, int resident, int slice,
                      int thrift);

/* Seconds that bringing the filters beyond `resident` blocks takes before bands can begin. */
double dn_cost_hold(const struct dn_machine *m, const struct dn_layer *l, int resident);

/* Seconds of a group of a plan that has been laid out: the sum of the above over its layers, and of
 * the whole maps that begin to live in it; and of all groups. */
double dn_cost_group(const struct dn_flow *flow, const struct dn_plan *plan, const struct dn_machine *m,
                     const struct dn_group *g);
double dn_cost_plan(const struct dn_flow *flow, const struct dn_plan *plan, const struct dn_machine *m);

#endif
