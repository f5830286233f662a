/* [fusion] sections: groups of layers chosen by hand, behind the layers of a cfg or in a file of
 * their own.
 *
 *     [fusion]
 *     layers=0-7          # first and last layer of the group, both included
 *     tiles=5x5           # rows x columns of tiles; N is Nx1: bands
 *     overlap=reuse       # or recompute
 *     weights=stream      # or resident; absent: as the budget allows
 *
 * Layers that no section names run layer by layer. */
#ifndef DN_NET_FUSION_H
#define DN_NET_FUSION_H

#include "layer/section.h"
#include "base/status.h"

enum dn_residency { DN_BY_BUDGET, DN_RESIDENT, DN_STREAM };

struct dn_fusion_group {
    int line;
    int first, last; /* layers */
    int tiles, columns;
    bool recompute;
    enum dn_residency weights;
};

struct dn_fusion {
    char *path; /* where the sections stand, for messages */
    int n;
    struct dn_fusion_group *groups; /* ascending, without overlaps */
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
