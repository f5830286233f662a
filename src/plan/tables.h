/* Tables: what the search asks about layers again and again. Independent of the order of the layers and of
 * the places of their maps. */
#ifndef DN_PLAN_TABLES_H
#define DN_PLAN_TABLES_H

#include "plan/plan.h"

enum {
    DN_BAND_HEIGHTS = 5, /* that the search looks for */
    DN_BAND_TABLES = 12, /* numbers of bands of which there are tables at a time */
    DN_MOST_STRIPES = 8  /* that the search looks for */
};

/* Of a layer that is computed in so many bands, by thrift: workspace that a band may need, in bytes, or one of
 * each stripe, and seconds of all bands. */
struct dn_banded {
    int tiles;
    size_t workspace[DN_THRIFT_LEVELS];
    double seconds[DN_THRIFT_LEVELS];
};

/* Which filters a group is planned to keep between runs: none; all; or those whose bytes save more than a price, at
 * which others could use them. */
enum dn_stay { DN_NONE_STAY, DN_ALL_STAY, DN_DEAR_STAY, DN_STAYS };

/* Bytes of filters that do not stay, of those on their way, and seconds until they are there; or the price of those that
 * do. */
struct dn_holding {
    size_t held, raw;
    double seconds;
};

struct dn_layer_table {
    int grain;                  /* dn_layer_grain() */
    struct dn_holding holding[DN_STAYS]; /* of its filters, while it is in bands */
    const struct dn_span *rows; /* [n_in][out_h] rows of an input that are read for a row */
    int read;                   /* rows of it that somebody reads, if all layers are in bands */
    struct dn_banded banded[2][DN_BAND_TABLES];  /* computed by all threads together, and in stripes */
};

struct dn_tables {
    const struct dn_flow *flow;
    const struct dn_plan_options *options;
    int stripes;                   /* in which groups may be computed; 1: there are none */
    struct dn_layer_table *layers; /* [n] */
    struct dn_span *rows;
};

enum dn_status dn_tables_init(struct dn_tables *tables, const struct dn_flow *flow,
                              const struct dn_plan_options *options, struct dn_error *err);
void dn_tables_free(struct dn_tables *tables);

/* The table of a layer in so many bands, in one stripe or in tables->stripes. Those of DN_BAND_TABLES numbers
 * are kept, each with an index. */
const struct dn_banded *dn_tables_banded(const struct dn_tables *tables, int layer, int index, int tiles, int stripes);

/* Seconds per byte of filters that stay; infinite where none do. */
double dn_tables_price(const struct dn_tables *tables, enum dn_stay stay);

/* Slots for the filters of a layer that is computed over its whole map, in slices of so many blocks, and seconds of all of
 * it, with the price of those that stay. */
struct dn_holding dn_tables_slices(const struct dn_tables *tables, const struct dn_layer *l, int slice, int thrift,
                                   enum dn_stay stay);

/* Bytes of workspace for so many rows of a layer, in each of the stripes. */
size_t dn_tables_workspace(const struct dn_tables *tables, const struct dn_layer *l, int rows, int stripes, int thrift);

#endif
