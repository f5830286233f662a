/* See ahead.h. */
#include "compat/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "compat/photo.h"

enum { STACK = 256 << 10 }; /* bytes; decoders need a few kilobytes */

static void *read_photo(void *context)
{
    struct dn_engine *engine = context;
    struct dn_ahead *a = &engine->ahead;
    const struct dn_graph *g = &engine->graph;
    struct dn_photo photo;
    if (!dn_photo_open(&photo, engine, a->path, a->fit, &a->err)) {
        a->w = photo.rows.reader.w;
        a->h = photo.rows.reader.h;
        for (int y = 0; y < g->h && !a->err.status && !a->stop; y++)
            dn_fitter_row(&photo.fitter, y, a->rows + (ptrdiff_t)y * g->w, (ptrdiff_t)g->w * g->h, &a->err);
    }
    dn_photo_close(&photo);
    return NULL;
}

void dn_ahead_begin(struct dn_engine *engine)
{
    struct dn_ahead *a = &engine->ahead;
    pthread_attr_t attributes;
    if (!a->next)
        return;
    if (!a->rows)
        a->rows = malloc(dn_graph_inputs(&engine->graph) * sizeof *a->rows);
    a->path = a->next;
    a->fit = a->next_fit;
    a->next = NULL;
    a->w = a->h = 0;
    a->err = (struct dn_error){0};
    a->stop = false;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    if (!a->rows || pthread_create(&a->thread, &attributes, read_photo, engine)) {
        free(a->path); /* then the photo is read when it is wanted */
        a->path = NULL;
    }
    pthread_attr_destroy(&attributes);
}

bool dn_ahead_take(struct dn_engine *engine, const char *path, int fit)
{
    struct dn_ahead *a = &engine->ahead;
    if (!a->path)
        return false;
    bool wanted = !strcmp(a->path, path) && a->fit == fit;
    a->stop = !wanted;
    pthread_join(a->thread, NULL);
    free(a->path);
    a->path = NULL;
    return wanted;
}

void dn_ahead_close(struct dn_engine *engine)
{
    struct dn_ahead *a = &engine->ahead;
    dn_ahead_take(engine, "", 0);
    free(a->next);
    free(a->rows);
    a->next = NULL;
    a->rows = NULL;
}
