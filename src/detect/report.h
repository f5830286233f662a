/* The printed lines of a detector. Format sections 6.5 and 6.6. */
#ifndef DN_DETECT_REPORT_H
#define DN_DETECT_REPORT_H

#include "base/status.h"
#include "darknet.h"

/* The text that darknet_format() promises; the caller frees it. NULL on failure. */
char *dn_report(const darknet_report *report, enum darknet_text format, struct dn_error *err);

/* The same to an open file, without memory for a text. Whether writing failed, the file remembers. */
enum dn_status dn_report_print(const darknet_report *report, enum darknet_text format, FILE *out,
                               struct dn_error *err);

#endif
