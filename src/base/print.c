#include "base/print.h"

#include <stdlib.h>

enum dn_status dn_numbers_begin(struct dn_numbers *n, struct dn_error *err)
{
    n->neutral = newlocale(LC_NUMERIC_MASK, "C", NULL);
    if (!n->neutral)
        return dn_fail(err, DN_NO_MEMORY, "no memory for a text");
    n->host = uselocale(n->neutral);
    return DN_OK;
}

void dn_numbers_end(struct dn_numbers *n)
{
    uselocale(n->host);
    freelocale(n->neutral);
}

enum dn_status dn_print_begin(struct dn_print *p, struct dn_error *err)
{
    *p = (struct dn_print){0};
    if (dn_numbers_begin(&p->numbers, err))
        return err->status;
    p->out = open_memstream(&p->text, &p->size);
    if (p->out)
        return DN_OK;
    dn_numbers_end(&p->numbers);
    return dn_fail(err, DN_NO_MEMORY, "no memory for a text");
}

char *dn_print_end(struct dn_print *p, struct dn_error *err)
{
    int failed = ferror(p->out);
    failed |= fclose(p->out); /* may succeed without a text */
    dn_numbers_end(&p->numbers);
    if (failed || !p->text)
        dn_fail(err, DN_NO_MEMORY, "no memory for a text of %zu bytes", p->size);
    if (!err->status)
        return p->text;
    free(p->text);
    return NULL;
}
