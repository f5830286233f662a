/* See stream.h. */
#include "exec/stream.h"

#include <string.h>

enum { STACK = 256 << 10 }; /* bytes; the thread's work needs a few kilobytes */

enum dn_status dn_fetch_now(const struct dn_weights *weights, const struct dn_kernels *kernels,
                            const struct dn_fetch *f, int threads, struct dn_error *err)
{
    const struct dn_layer *l = f->layer;
    if (!l->ops->packed)
        return dn_weights_filters(weights, l, f->block0, f->block1, f->packed, err);
    if (dn_weights_filters(weights, l, f->block0, f->block1, f->raw, err))
        return err->status;
    l->ops->pack(l, kernels, f->block0, f->block1, f->raw, f->packed, threads);
    return DN_OK;
}

static void *serve(void *context)
{
    struct dn_stream *s = context;
    pthread_mutex_lock(&s->lock);
    while (s->state != DN_STREAM_QUIT) {
        if (s->state != DN_STREAM_WANTED) {
            pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        struct dn_fetch fetch = s->fetch;
        struct dn_error err = {0};
        pthread_mutex_unlock(&s->lock);
        dn_fetch_now(s->weights, s->kernels, &fetch, 1, &err);
        pthread_mutex_lock(&s->lock);
        s->err = err;
        if (s->state == DN_STREAM_WANTED)
            s->state = DN_STREAM_DONE;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

enum dn_status dn_stream_open(struct dn_stream *s, const struct dn_weights *weights,
                              const struct dn_kernels *kernels, struct dn_error *err)
{
    pthread_attr_t attributes;
    memset(s, 0, sizeof *s);
    s->weights = weights;
    s->kernels = kernels;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    int failed = pthread_create(&s->thread, &attributes, serve, s);
    pthread_attr_destroy(&attributes);
    s->running = !failed;
    if (failed)
        return dn_fail(err, DN_NO_MEMORY, "cannot start the thread that reads weights: %s", strerror(failed));
    return DN_OK;
}

void dn_stream_close(struct dn_stream *s)
{
    if (!s->running)
        return;
    pthread_mutex_lock(&s->lock);
    s->state = DN_STREAM_QUIT;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    s->running = false;
}

void dn_stream_begin(struct dn_stream *s, const struct dn_fetch *fetch)
{
    pthread_mutex_lock(&s->lock);
    s->fetch = *fetch;
    s->state = DN_STREAM_WANTED;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

enum dn_status dn_stream_wait(struct dn_stream *s, struct dn_error *err)
{
    pthread_mutex_lock(&s->lock);
    while (s->state == DN_STREAM_WANTED)
        pthread_cond_wait(&s->changed, &s->lock);
    s->state = DN_STREAM_IDLE;
    struct dn_error failure = s->err;
    pthread_mutex_unlock(&s->lock);
    return failure.status ? dn_fail(err, failure.status, "%s", failure.text) : DN_OK;
}
