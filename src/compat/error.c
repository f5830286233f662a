/* See error.h. A thread's state, which belongs to no object: the only such thing that outlives a call. */
#include "compat/error.h"

#include "darknet.h"

static _Thread_local struct dn_error last;

struct dn_error *dn_error_begin(void)
{
    last.status = DN_OK;
    last.text[0] = 0;
    return &last;
}

const char *darknet_last_error(void)
{
    return last.text;
}
