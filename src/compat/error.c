/* See error.h. The one piece of state that outlives a call without belonging to an object. */
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
