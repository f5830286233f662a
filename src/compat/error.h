/* darknet_last_error: the sentence of the last failure, per thread. */
#ifndef DN_COMPAT_ERROR_H
#define DN_COMPAT_ERROR_H

#include "base/status.h"

/* The calling thread's error, cleared: public functions begin with this. */
struct dn_error *dn_error_begin(void);

#endif
