/* Texts that grow as they are printed, with "." in numbers whatever the host program's locale. */
#ifndef DN_BASE_PRINT_H
#define DN_BASE_PRINT_H

#include <locale.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

struct dn_print {
    FILE *out; /* print here; errors are seen by dn_print_end */
    char *text;
    size_t size;
    locale_t neutral, host;
};

/* From here to dn_print_end the calling thread prints numbers as in the C locale. On failure
 * nothing needs to be ended. */
enum dn_status dn_print_begin(struct dn_print *p, struct dn_error *err);

/* The text, which the caller frees; NULL when memory ran out or err had failed before. */
char *dn_print_end(struct dn_print *p, struct dn_error *err);

#endif
