/* cfg files: text to sections. The first arrow of the pipeline. */
#ifndef DN_NET_CFG_H
#define DN_NET_CFG_H

#include "base/status.h"
#include "layer/section.h"

struct dn_cfg {
    char *path;
    char *text; /* the file; names and values point into it */
    int n;
    struct dn_section *sections; /* [n]; sections[0] is [net] or [network] */
};

/* Reads and splits a cfg. Line rules are Darknet's (format section 1.1): spaces and tabs vanish
 * everywhere, `#` and `;` begin comment lines, the first '=' splits; CRLF is accepted. A file that
 * does not begin with [net], a key in front of any section and a line like "key=" are errors with
 * their line. On failure nothing needs to be freed. */
enum dn_status dn_cfg_read(const char *path, struct dn_cfg *cfg, struct dn_error *err);
void dn_cfg_free(struct dn_cfg *cfg);

#endif
