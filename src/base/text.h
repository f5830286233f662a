/* Numbers and lines in text files, independent of the locale.
 *
 * A host program may have set LC_NUMERIC to a comma locale; strtod would then cut "0.57" to 0.
 * Prefix semantics are Darknet's: "40#32" is 40 and "0.9" read as an integer is 0. */
#ifndef DN_BASE_TEXT_H
#define DN_BASE_TEXT_H

#include <stdbool.h>

/* Reads an optional sign and decimal digits. Returns false when there is no digit or the value does
 * not fit an int; *end (may be NULL) is set behind the last character used. */
bool dn_parse_int(const char *s, int *value, const char **end);

/* Reads a decimal number with optional fraction and exponent, as atof in the C locale does.
 * Returns false when there is no digit. The result is rounded once, from a double. */
bool dn_parse_float(const char *s, float *value, const char **end);

#endif
