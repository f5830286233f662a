/* The printed lines of a detector. Format sections 6.5 and 6.6. */
#ifndef DN_DETECT_REPORT_H
#define DN_DETECT_REPORT_H

#include "base/status.h"
#include "darknet.h"

/* The text that darknet_format() promises; the caller frees it. NULL on failure. */
char *dn_report(const darknet_report *report, enum darknet_text format, struct dn_error *err);

#endif
