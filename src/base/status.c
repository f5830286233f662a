#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

enum dn_status dn_fail(struct dn_error *err, enum dn_status status, const char *format, ...)
{
    if (err->status != DN_OK)
        return err->status;
    err->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return status;
}
