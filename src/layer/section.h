/* Sections of a cfg file as the parser leaves them for the layers. */
#ifndef DN_LAYER_SECTION_H
#define DN_LAYER_SECTION_H

#include <stdbool.h>

struct dn_key {
    char *name;
    char *value; /* NULL when the line had no '=' */
    int line;
    bool used; /* some getter has looked for it */
};

/* `[name]` and the key lines behind it. Duplicate keys are all kept; the first one counts. */
struct dn_section {
    char *name; /* without brackets */
    int line;
    int n;
    struct dn_key *keys;
};

/* The first key of that name, marked as used; NULL when absent or without a value. */
struct dn_key *dn_section_find(struct dn_section *s, const char *name);

#endif
