/* The plan: how a graph is executed, as flat data.
 *
 * A plan cuts the layers into groups, gives every map a place in a storage, every storage, weight
 * and scratch buffer an offset in one arena, and knows the exact size of that arena. It holds no
 * pointers into the graph and none into memory; printing, checking and executing it are separate.
 *
 *   arena  | parameters | resident filters, packed | maps, workspaces, streamed filters |
 *                                                  | staging while loading              |
 *
 * Maps and what groups need beside them share their part by lifetime, counted in groups. While weights are
 * loaded none of them lives, so staging lies over them. */
#ifndef DN_PLAN_PLAN_H
#define DN_PLAN_PLAN_H

#include <stddef.h>

#include "net/fusion.h"
#include "plan/cost.h"
#include "plan/placement.h"
#include "plan/schedule.h"

/* Memory of one or several maps: a rolling window of rows, or all rows, or of one map the current tile and,
 * in a grid with reuse, behind it a strip: rows of full width that tiles have from those above. */
struct dn_storage {
    struct dn_buffer buffer; /* lifetime in groups; offset from the arena's start */
    int c, h, w;             /* of all maps in it together */
    int rows;                /* row slots; h when the whole map is kept */
    int columns;             /* w, or fewer: those of the largest tile */
    bool tile;               /* rows and columns begin where the current tile begins */
    int strip;               /* row slots of the strip; 0: there is none */
    double moved;            /* bytes that are copied in all to bring the tile forward */
    int pad;                 /* zero columns on both sides */
    int copies;              /* of rows, one behind the other: for each stripe of its group; else 1 */
    int map;                 /* the first map in it; places[].next are the others */
    enum dn_layout layout;
};

/* Where the weights of a layer are. The first `resident` output blocks of its packed filters are
 * loaded once and stay; the others come from the file in every run, into the stream buffer of its group:
 * in slices through slots, packed while the slices before compute, or, for a group of several bands, all
 * of them before it begins. */
struct dn_weight_place {
    size_t params;       /* arena offset; of the layer whose weights it shares */
    size_t filters;      /* arena offset of the resident blocks */
    size_t bytes;        /* of them */
    int resident;        /* blocks; all of them, or fewer when some are streamed */
    int slice;           /* blocks in a streamed slice */
    bool pairs;          /* at least two: look-ahead has room for them */
    enum dn_residency wish; /* of a [fusion] section */
    int slots;           /* at most so many, of a layer that is a group */
    size_t slot_bytes;
    size_t packed;       /* offset in the stream buffer: of the slots, or of all filters */
};

/* Where a root map lies. */
struct dn_place {
    int storage; /* -1: alias maps, which have none */
    int channel; /* its first channel there */
    int next;    /* another map in the same storage, or -1 */
};

#define DN_NO_RESULT ((size_t)-1)

struct dn_plan {
    int threads;
    int team; /* threads that read filters together between computing, where no core is left for one that reads
                 meanwhile; else 0 */
    int n_layers;
    int n_groups;
    struct dn_group *groups;
    int n_storages;
    struct dn_storage *storages;
    struct dn_place *places;  /* [n_layers + 1], by map */
    struct dn_weight_place *weights; /* [n_layers] */
    float *repeats;        /* [n_layers] elements computed over elements of the map */
    size_t staging, staging_bytes;
    size_t staging_read; /* bytes of filters to read at once while loading, at least one block */
    size_t input_row, input_row_bytes; /* a planar row, where the input is kept blocked */
    size_t *results; /* [n_layers] planar copies of kept layers that are blocked, or DN_NO_RESULT */
    size_t weights_bytes; /* parameters and resident filters */
    size_t maps_bytes;    /* peak of maps and scratch */
    double streamed_bytes; /* read from the weights file in every run */
    double seconds;        /* predicted time of a run */
    double work;           /* multiply-adds computed over those of the layers; 1: none twice */
    int concat_distance;   /* parts of a concatenation made earlier before it are copied */
    size_t arena_bytes;
    size_t outputs_bytes;  /* of the arena: whole pages that stay between runs */
    size_t peak_bytes;     /* most that a run and what is made of its outputs have: the arena, or outputs and
                              options.afterwards */
    size_t least_bytes;    /* the smallest budget for which there is a plan; SIZE_MAX when none was asked for */
};

struct dn_plan_options {
    int threads;
    struct dn_machine machine;
    size_t budget;    /* most bytes of plan.peak_bytes; 0: as many as save time */
    bool once;        /* for a single run: filters that stayed would be read all the same, and not while it computes */
    size_t afterwards; /* bytes that the caller makes of the outputs */
    bool keeps;        /* all of the arena stays meanwhile; else it gives back what is not output */
    size_t process;   /* bytes of the process beside the arena, at most, for messages */
    size_t asked;     /* the budget of the whole process, for messages */
    bool photo;       /* a photo is among them */
    const struct dn_fusion *fusion; /* groups chosen by hand; NULL: search for the best */
    bool paper;       /* search as the published method does, see paper.c */
    int band_rows;    /* only bands of this many rows of a group's last layer; 0: any */
};

/* Makes the plan of least predicted time within the budget; orders the layers of the flow as it
 * wants them. DN_BUDGET when there is none: then least_bytes says what there would be one for. On failure nothing
 * needs to be freed. */
enum dn_status dn_plan_make(struct dn_flow *flow, const struct dn_plan_options *options,
                            struct dn_plan *plan, struct dn_error *err);
void dn_plan_free(struct dn_plan *plan);

/* ---- parts of making a plan ----------------------------------------------------------------- */

/* Room for a plan of the flow's graph: all weights resident, no groups. */
enum dn_status dn_plan_new(const struct dn_flow *flow, const struct dn_plan_options *options, struct dn_plan *plan,
                           struct dn_error *err);

/* The plan's team. */
static inline int dn_plan_team(const struct dn_plan_options *options)
{
    return options->machine.spare ? 0 : options->threads;
}
void dn_plan_copy(struct dn_plan *to, const struct dn_plan *from); /* of the same flow */

/* From groups, places, rows (dn_plan_rows), residency and slices to the whole arena and the predicted
 * time. */
enum dn_status dn_plan_layout(const struct dn_flow *flow, const struct dn_plan_options *options,
                              struct dn_plan *plan, struct dn_error *err);

/* With these groups, places, rows, residency and slices no layout has fewer peak_bytes; nor a smaller arena
 * than then is in arena_bytes. live[n_groups] gets dn_plan_live() of all groups. */
size_t dn_plan_least(const struct dn_flow *flow, const struct dn_plan_options *options, struct dn_plan *plan,
                     size_t *live);

/* Bytes of all buffers that live while a group runs. */
size_t dn_plan_live(const struct dn_plan *plan, int group);

/* Bytes of the arena that cannot be given back between runs: outputs and results, the input row, and pages
 * that they only touch. */
size_t dn_plan_outputs(const struct dn_plan *plan);

/* Bytes that the packed filters of these output blocks take in the arena, and those of the raw
 * filters of so many blocks on their way. */
size_t dn_packed_bytes(const struct dn_layer *l, int block0, int block1);
size_t dn_raw_bytes(const struct dn_layer *l, int blocks);

/* Of so many blocks, those that are on their way at a time: all, or one for each thread of a team. */
int dn_raw_blocks(const struct dn_layer *l, int team, int blocks);

/* Are streamed filters used as they come from the file? Where a Winograd layer is computed over its whole map, so that every
 * slice is used but once or by each thread, and either a team reads, whose time packing takes, or the map is so small that
 * computing would wait for the thread that packs. */
bool dn_stays_raw(const struct dn_layer *l, int team, bool whole);

/* What each thread of a team reads at a time of a layer whose filters it reads for itself, while it computes, instead of slices
 * of them all together before: the parts of all threads take no more than `slice` blocks. No channels: it does not, or there
 * is no room for any. */
struct dn_filter_part dn_part_to_read(const struct dn_layer *l, int team, int slice, int thrift);

/* Bytes of a stream buffer with two slots, a team's with one, for slices of so many blocks of a layer, or for all
 * filters (slice 0), of which none is resident. */
size_t dn_stream_bytes(const struct dn_layer *l, int slice, int team);

/* The groups of options->fusion, all other layers one by one. */
enum dn_status dn_plan_by_hand(struct dn_flow *flow, const struct dn_plan_options *options,
                               struct dn_plan *plan, struct dn_error *err);

/* The published method's choice. */
enum dn_status dn_plan_paper(struct dn_flow *flow, const struct dn_plan_options *options,
                             struct dn_plan *plan, struct dn_error *err);

/* Is there anything of the layer's filters that can be streamed? */
static inline bool dn_has_filters(const struct dn_layer *l)
{
    return l->file_filters > 0;
}

enum { DN_PLAN_SLOTS = 2 };              /* slots without which slices do not come while others compute; a team has 1 */
enum { DN_PLAN_STAGING = 1 << 20 }; /* most bytes that are read at once while weights are loaded */
enum { DN_PLAN_PAGE = 16 << 10 };   /* most bytes of the system's pages, in which memory is given back */

/* Are filters of the layer read while the network runs? */
static inline bool dn_plan_streams(const struct dn_plan *plan, const struct dn_layer *l)
{
    return dn_has_filters(l) && plan->weights[l->index].resident < dn_blocks(l->out_c);
}

/* Blocks that come at a time for a layer that is a group. */
int dn_plan_blocks(const struct dn_layer *l, const struct dn_weight_place *w);

/* Slots of a layer that is a group: no more than it has slices. */
int dn_plan_slots(const struct dn_layer *l, const struct dn_weight_place *w);

/* Blocks of a layer's filters that come at a time: those of a slice, or, in bands, one, and all where a team reads. */
int dn_plan_portion(const struct dn_plan *plan, const struct dn_layer *l, const struct dn_group *g);

/* Do the threads of the plan's team read the layer's filters themselves? */
bool dn_plan_reads_itself(const struct dn_plan *plan, const struct dn_layer *l, const struct dn_group *g);

/* Bytes of what is on its way of them; 0: they come straight to their place. */
size_t dn_plan_raw(const struct dn_plan *plan, const struct dn_layer *l, const struct dn_group *g);

/* Output blocks of a layer whose raw filters fit `bytes`; at least 1, at most all. */
int dn_plan_slice(const struct dn_layer *l, size_t bytes);

/* Can the group's bands be shared out in stripes? What one of them computes must not be read in another, so
 * maps that are read in the group must lie in storages that live and die in it. */
bool dn_plan_has_stripes(const struct dn_flow *flow, const struct dn_plan *plan, const struct dn_group *group);

/* Bytes from a copy of a storage's rows to the next one. */
static inline size_t dn_copy_bytes(const struct dn_storage *s)
{
    return s->buffer.bytes / (size_t)s->copies;
}

/* The view of everything in a storage. `arena` is where the arena begins. */
struct dn_view dn_storage_view(const struct dn_storage *s, void *arena);

/* The view of its strip, with the channels above the last one. */
struct dn_view dn_strip_view(const struct dn_storage *s, void *arena);

/* The view of a map: channels of its root's storage. */
struct dn_view dn_plan_view(const struct dn_plan *plan, const struct dn_flow *flow, void *arena,
                            int map);

#endif
