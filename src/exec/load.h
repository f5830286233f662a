/* Loading weights into the arena: each float is read once and packed on the way. */
#ifndef DN_EXEC_LOAD_H
#define DN_EXEC_LOAD_H

#include "exec/exec.h"

/* Fills the parameters and filters of every layer. Uses the staging part of the arena. */
enum dn_status dn_load_weights(struct dn_exec *exec, const struct dn_weights *weights,
                               struct dn_error *err);

#endif
