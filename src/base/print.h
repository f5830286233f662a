/* Texts that grow as they are printed, with "." in numbers whatever the host program's locale. */
#ifndef DN_BASE_PRINT_H
#define DN_BASE_PRINT_H

#include <locale.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

/* Between begin and end the calling thread prints numbers as in the C locale. */
struct dn_numbers {
    locale_t neutral, host;
};
enum dn_status dn_numbers_begin(struct dn_numbers *n, struct dn_error *err);
void dn_numbers_end(struct dn_numbers *n);

struct dn_print {
    FILE *out; /* print here; errors are seen by dn_print_end */
    char *text;
    size_t size;
    struct dn_numbers numbers;
};

/* From here to dn_print_end numbers are printed as above. On failure nothing needs to be ended. */
enum dn_status dn_print_begin(struct dn_print *p, struct dn_error *err);

/* The text, which the caller frees; NULL when memory ran out or err had failed before. */
char *dn_print_end(struct dn_print *p, struct dn_error *err);

#endif
