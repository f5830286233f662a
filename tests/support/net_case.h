/* Random networks and random ways to execute them, for laws that must hold for all of them.
 *
 * A case is a small cfg, made section by section (a section that the cfg reader refuses is thrown
 * away, so all kinds may be tried), and [fusion] sections over it. It can be made smaller step by
 * step while it still fails; what is left is printed.
 *
 *     DN_SEED=N    the first seed; DN_CASES=N: how many cases */
#ifndef DN_TESTS_NET_CASE_H
#define DN_TESTS_NET_CASE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "plan/plan.h"

/* Random numbers: splitmix64. */
struct dice {
    uint64_t state;
};
int roll(struct dice *d, int n);              /* 0 .. n-1 */
int between(struct dice *d, int low, int high); /* both included */
bool chance(struct dice *d, int percent);

/* An integer from the environment, or the fallback. */
long long env_number(const char *name, long long fallback);

enum { NET_LAYERS = 20, NET_SECTION = 200 };

/* A group of a case, in positions of its order. tiles 0: no group begins here. */
struct net_group {
    int length, tiles, columns, slice, thrift;
    int stripes; /* 0: not given */
    bool recompute;
    enum dn_residency weights;
};

struct net_case {
    uint64_t seed;
    int w, h, c, n;
    char section[NET_LAYERS][NET_SECTION];
    bool keep[NET_LAYERS]; /* layers that stay readable */
    bool early;
    int concat; /* -1: not given */
    struct net_group group[NET_LAYERS];
    int isa, threads;
    int budget;     /* 0: none; else per mille of the way from the least to the most that is useful */
    bool automatic; /* the planner chooses; the groups do not count */
};

void net_case_make(struct net_case *c, uint64_t seed);

/* Replaces the groups by grids with reuse of all layers that can be tiled. */
void net_case_grids(struct net_case *c);

/* The texts, to `out`. The groups are printed for the graph's order. */
void net_case_cfg(FILE *out, const struct net_case *c);
void net_case_fusion(FILE *out, const struct net_case *c, struct dn_flow *flow);

/* Replaces the case by a smaller one for which `fails` still holds, as often as possible. */
void net_case_shrink(struct net_case *c, bool (*fails)(const struct net_case *c, void *context), void *context);

/* Prints cfg, [fusion] sections and the rest. */
void net_case_print(FILE *out, const struct net_case *c);

/* The graph and flow of a case; false when its cfg is refused. */
struct net_graph {
    struct dn_graph graph;
    struct dn_flow flow;
};
bool net_graph_read(struct net_graph *g, const struct net_case *c);
void net_graph_free(struct net_graph *g);

/* A temporary file with this text; `path` has room for 32 characters. */
void temporary_text(char *path, void (*print)(FILE *out, const void *context), const void *context);

#endif
