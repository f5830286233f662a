/* See stream.h. */
#include "exec/stream.h"

#include <string.h>

#include "base/process.h"
#include "kernel/parallel.h"

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
        double start = dn_span_begin(fetch.tracer);
        dn_fetch_now(s->weights, s->kernels, &fetch, 1, &err);
        DN_SPAN_END(fetch.tracer, start, .kind = DN_SPAN_FETCH, .layer = fetch.index, .block0 = fetch.block0,
                    .block1 = fetch.block1, .thread = 1);
        pthread_mutex_lock(&s->lock);
        s->err = err;
        if (s->state == DN_STREAM_WANTED)
            s->state = DN_STREAM_DONE;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void fetch_block(void *context, int item)
{
    struct dn_stream *s = context;
    const struct dn_layer *l = s->fetch.layer;
    struct dn_fetch part = s->fetch;
    struct dn_error err = {0};
    part.block0 += item;
    part.block1 = part.block0 + 1;
    part.raw += (size_t)item * DN_BLOCK * l->fan_in;
    part.packed += l->ops->packed(l, s->fetch.block0, part.block0);
    if (!dn_fetch_now(s->weights, s->kernels, &part, 1, &err))
        return;
    pthread_mutex_lock(&s->lock);
    if (!s->err.status)
        s->err = err;
    pthread_mutex_unlock(&s->lock);
}

/* All threads fetch. Lines of a transposed file belong to all blocks. */
static enum dn_status fetch_together(struct dn_stream *s, struct dn_error *err)
{
    const struct dn_fetch *f = &s->fetch;
    if (!f->layer->ops->packed || dn_weights_transposed(s->weights, f->layer))
        return dn_fetch_now(s->weights, s->kernels, f, s->threads, err);
    s->err = (struct dn_error){0};
    dn_parallel(f->block1 - f->block0, s->threads, fetch_block, s);
    return s->err.status ? dn_fail(err, s->err.status, "%s", s->err.text) : DN_OK;
}

enum dn_status dn_stream_open(struct dn_stream *s, const struct dn_weights *weights,
                              const struct dn_kernels *kernels, int threads, struct dn_error *err)
{
    pthread_attr_t attributes;
    memset(s, 0, sizeof *s);
    s->weights = weights;
    s->kernels = kernels;
    s->threads = threads;
    s->open = true;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    if (!dn_process_has_spare_core(threads))
        return DN_OK;
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
    if (!s->open)
        return;
    pthread_mutex_lock(&s->lock);
    s->state = DN_STREAM_QUIT;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->running)
        pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    s->open = s->running = false;
}

void dn_stream_begin(struct dn_stream *s, const struct dn_fetch *fetch)
{
    if (!s->running) {
        s->fetch = *fetch;
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->fetch = *fetch;
    s->state = DN_STREAM_WANTED;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

enum dn_status dn_stream_wait(struct dn_stream *s, struct dn_error *err)
{
    if (!s->running)
        return fetch_together(s, err);
    pthread_mutex_lock(&s->lock);
    while (s->state == DN_STREAM_WANTED)
        pthread_cond_wait(&s->changed, &s->lock);
    s->state = DN_STREAM_IDLE;
    struct dn_error failure = s->err;
    pthread_mutex_unlock(&s->lock);
    return failure.status ? dn_fail(err, failure.status, "%s", failure.text) : DN_OK;
}
