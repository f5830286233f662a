/* Under AddressSanitizer: while a layer computes, the arena is poisoned outside of what this step may
 * touch: its output rectangle, the rows and columns of its inputs that it says it reads (with their
 * pad columns), its weights, the workspace of its group and streamed filters. A kernel that strays is reported where it
 * does, although all maps lie in one allocation. Without the sanitizer there is nothing here. */
#ifndef DN_EXEC_POISON_H
#define DN_EXEC_POISON_H

#include "exec/exec.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DN_POISON
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define DN_POISON
#endif

/* Is memory poisoned while steps run? Then only one runs at a time. */
static inline bool dn_poisons(void)
{
#ifdef DN_POISON
    return true;
#else
    return false;
#endif
}

#ifdef DN_POISON
/* Streamed filters stay open all the time: the thread that reads weights writes them. */
void dn_poison_begin(const struct dn_exec *exec, const struct dn_group *group, const struct dn_run *run);
void dn_poison_end(const struct dn_exec *exec);
#else
static inline void dn_poison_begin(const struct dn_exec *exec, const struct dn_group *group, const struct dn_run *run)
{
    (void)exec, (void)group, (void)run;
}
static inline void dn_poison_end(const struct dn_exec *exec)
{
    (void)exec;
}
#endif

#endif
