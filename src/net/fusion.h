/* [fusion] sections: groups of layers chosen by hand, behind the layers of a cfg or in a file of
 * their own.
 *
 *     [fusion]
 *     layers=0-7          # first and last layer of the group, both included; or ranges: 0-7,12
 *     tiles=5x5           # rows x columns of tiles; N is Nx1: bands
 *     overlap=reuse       # or recompute
 *     stripes=1           # of bands: so many threads compute their own, in memory of their own
 *     weights=stream      # or resident; absent: as the budget allows
 *     slice=2             # 16-channel blocks of filters that are streamed at once
 *     thrift=0            # with workspace: 0 (none) to 4, in exchange for time
 *
 * Layers that no section names run layer by layer. Two keys hold for all sections, whichever has
 * them: order=early runs layers that shrink a long-lived map right after it is made (absent: file),
 * and concat=N copies those parts of a concatenation that are made more than N layers before it
 * instead of placing them in it (absent: none). */
#ifndef DN_NET_FUSION_H
#define DN_NET_FUSION_H

#include <stdbool.h>

#include "base/status.h"
#include "kernel/kernel.h"
#include "layer/section.h"

enum dn_residency { DN_BY_BUDGET, DN_RESIDENT, DN_STREAM };

struct dn_range {
    int first, last;
};

struct dn_fusion_group {
    int line;
    int n;
    struct dn_range *ranges; /* [n] layers */
    int tiles, columns, stripes;
    int slice; /* 0: not given */
    int thrift;
    bool recompute;
    enum dn_residency weights;
};

struct dn_fusion {
    char *path; /* where the sections stand, for messages */
    int n;
    struct dn_fusion_group *groups;
    bool early;
    bool order_given, concat_given;
    int concat;
};

/* Reads `n` sections that stand in the file `path`; `layers` is the number of layers of the net.
 * On failure nothing needs to be freed. */
enum dn_status dn_fusion_parse(const char *path, struct dn_section *sections, int n, int layers,
                               struct dn_fusion *fusion, struct dn_error *err);

/* Reads a file that holds nothing but [fusion] sections. */
enum dn_status dn_fusion_read(const char *path, int layers, struct dn_fusion *fusion,
                              struct dn_error *err);
void dn_fusion_free(struct dn_fusion *fusion);

#endif
