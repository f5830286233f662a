#include "base/print.h"

#include <stdlib.h>

enum dn_status dn_print_begin(struct dn_print *p, struct dn_error *err)
{
    *p = (struct dn_print){.neutral = newlocale(LC_NUMERIC_MASK, "C", NULL)};
    if (p->neutral)
        p->out = open_memstream(&p->text, &p->size);
    if (!p->out) {
        if (p->neutral)
            freelocale(p->neutral);
        return dn_fail(err, DN_NO_MEMORY, "no memory for a text");
    }
    p->host = uselocale(p->neutral);
    return DN_OK;
}

char *dn_print_end(struct dn_print *p, struct dn_error *err)
{
    int failed = ferror(p->out);
    failed |= fclose(p->out); /* may succeed without a text */
    uselocale(p->host);
    freelocale(p->neutral);
    if (failed || !p->text)
        dn_fail(err, DN_NO_MEMORY, "no memory for a text of %zu bytes", p->size);
    if (!err->status)
        return p->text;
    free(p->text);
    return NULL;
}
