/* Sizes in bytes as people write them: the values of -memory.
 *
 * Fractions are useful (1.5G), so the number is read as a double; 2^63 bytes is more than any
 * address space, and below it a double is exact to far less than a page. */
#include "cli.h"

#include <ctype.h>
#include <stdlib.h>

static double unit_of(char letter)
{
    switch (toupper((unsigned char)letter)) {
    case '\0':
        return 1.0;
    case 'K':
        return 1024.0;
    case 'M':
        return 1024.0 * 1024.0;
    case 'G':
        return 1024.0 * 1024.0 * 1024.0;
    default:
        return 0.0;
    }
}

bool dn_parse_size(const char *text, unsigned long long *bytes)
{
    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return false;
    for (const char *p = text; *p; p++)
        if (!isdigit((unsigned char)*p) && *p != '.' && p[1] != '\0')
            return false;
    char *end;
    double number = strtod(text, &end);
    double unit = unit_of(*end);
    if (end == text || unit == 0.0 || (*end && end[1]))
        return false;
    double size = number * unit;
    if (!(size >= 1.0) || size >= 9223372036854775808.0)
        return false;
    *bytes = (unsigned long long)size;
    return true;
}
