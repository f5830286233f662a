/* See ahead.h. */
#include "compat/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "compat/photo.h"

enum {
    STACK = 256 << 10, /* bytes; decoders need a few kilobytes */
    ROWS = 16          /* that are told of together: for each, threads would wait for each other */
};

static void tell(struct dn_ahead *a, int ready, bool ended)
{
    pthread_mutex_lock(&a->lock);
    a->ready = ready;
    a->ended = ended;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

static void *read_photo(void *context)
{
    struct dn_engine *engine = context;
    struct dn_ahead *a = &engine->ahead;
    const struct dn_graph *g = &engine->graph;
    struct dn_photo photo;
    int y = -1;
    if (!dn_photo_open(&photo, engine, a->path, a->fit, &a->err)) {
        a->w = photo.rows.reader.w;
        a->h = photo.rows.reader.h;
        for (y = 0; y < g->h && !a->stop; y++) {
            if (y % ROWS == 0)
                tell(a, y, false);
            if (dn_fitter_row(&photo.fitter, y, a->rows + (ptrdiff_t)y * g->w, (ptrdiff_t)g->w * g->h, &a->err))
                break;
        }
    }
    dn_photo_close(&photo);
    tell(a, y, true);
    return NULL;
}

static void forget(struct dn_ahead *a)
{
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->changed);
    free(a->path);
    a->path = NULL;
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
    a->ready = -1;
    a->ended = false;
    a->err = (struct dn_error){0};
    a->stop = false;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    if (!a->rows || pthread_create(&a->thread, &attributes, read_photo, engine))
        forget(a); /* then the photo is read when it is wanted */
    pthread_attr_destroy(&attributes);
}

/* Waits until so many rows are there, or the thread has no more. True when they are. */
static bool wait_for(struct dn_ahead *a, int rows)
{
    pthread_mutex_lock(&a->lock);
    while (a->ready < rows && !a->ended)
        pthread_cond_wait(&a->changed, &a->lock);
    bool there = a->ready >= rows;
    pthread_mutex_unlock(&a->lock);
    return there;
}

static enum dn_status fail(const struct dn_ahead *a, struct dn_error *err)
{
    return dn_fail(err, a->err.status, "%s", a->err.text);
}

bool dn_ahead_take(struct dn_engine *engine, const char *path, int fit, int *w, int *h, struct dn_error *err)
{
    struct dn_ahead *a = &engine->ahead;
    if (!a->path)
        return false;
    if (strcmp(a->path, path) || a->fit != fit) {
        dn_ahead_end(engine);
        return false;
    }
    if (wait_for(a, 0)) {
        *w = a->w;
        *h = a->h;
    } else {
        fail(a, err);
    }
    return true;
}

enum dn_status dn_ahead_row(struct dn_engine *engine, int y, float *row, ptrdiff_t plane, struct dn_error *err)
{
    const struct dn_graph *g = &engine->graph;
    if (!wait_for(&engine->ahead, y + 1))
        return fail(&engine->ahead, err);
    for (int c = 0; c < g->c; c++)
        memcpy(row + c * plane, engine->ahead.rows + ((ptrdiff_t)c * g->h + y) * g->w, (size_t)g->w * sizeof *row);
    return DN_OK;
}

void dn_ahead_end(struct dn_engine *engine)
{
    struct dn_ahead *a = &engine->ahead;
    if (!a->path)
        return;
    a->stop = true;
    pthread_join(a->thread, NULL);
    forget(a);
}

void dn_ahead_close(struct dn_engine *engine)
{
    struct dn_ahead *a = &engine->ahead;
    dn_ahead_end(engine);
    free(a->next);
    free(a->rows);
    a->next = NULL;
    a->rows = NULL;
}
