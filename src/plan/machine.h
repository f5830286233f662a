/* Measured rates of this machine: how `darknet plan -calibrate` makes them, and the small text file
 * in the user's cache folder that keeps them. */
#ifndef DN_PLAN_MACHINE_H
#define DN_PLAN_MACHINE_H

#include "plan/cost.h"

/* The file for an instruction set and thread count: $XDG_CACHE_HOME/darknet/..., else
 * ~/.cache/darknet/...; the caller frees it. NULL without a home or memory. */
char *dn_machine_path(const char *isa, int threads);

/* The measured rates if the file is there and sound, else the defaults. */
struct dn_machine dn_machine_load(const char *isa, int threads);

/* Measures for about a second, with 48 MB of memory, and writes the file, making its folder. */
enum dn_status dn_machine_calibrate(const struct dn_kernels *k, int threads, struct dn_machine *m,
                                    struct dn_error *err);

#endif
