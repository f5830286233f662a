/* See parallel.h. */
#include "kernel/parallel.h"

_Thread_local const struct dn_watch *dn_watched;
