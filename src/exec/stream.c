/* See stream.h. */
#include "exec/stream.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "kernel/parallel.h"

enum {
    STACK = 256 << 10, /* bytes; the thread's work needs a few kilobytes */
    YIELDS = 1000      /* before who waits goes to sleep */
};

static enum dn_status fetch(const struct dn_weights *weights, const struct dn_kernels *kernels,
                            const struct dn_fetch *f, int threads, struct dn_error *err)
{
    const struct dn_layer *l = f->layer;
    if (!f->raw)
        return dn_weights_filters(weights, l, f->block0, f->block1, f->packed, err);
    if (dn_weights_filters(weights, l, f->block0, f->block1, f->raw, err))
        return err->status;
    l->ops->pack(l, kernels, f->block0, f->block1, f->raw, f->packed, threads);
    return DN_OK;
}

static void keep_first(pthread_mutex_t *lock, const struct dn_error *err, struct dn_error *first)
{
    pthread_mutex_lock(lock);
    if (!first->status)
        *first = *err;
    pthread_mutex_unlock(lock);
}

struct dn_reading dn_reading(const struct dn_weights *weights, const struct dn_layer *layer)
{
    return (struct dn_reading){weights, layer, PTHREAD_MUTEX_INITIALIZER, {0}};
}

void dn_read_part(void *context, int block0, int block1, int c0, int c1, float *raw)
{
    struct dn_reading *r = context;
    struct dn_error err = {0};
    if (dn_weights_part(r->weights, r->layer, block0, block1, c0, c1, raw, &err))
        keep_first(&r->lock, &err, &r->err);
}

/* A slice that all computing threads fetch together. */
struct team {
    const struct dn_weights *weights;
    const struct dn_kernels *kernels;
    const struct dn_fetch *slice;
    pthread_mutex_t lock; /* of err */
    struct dn_error err;
};

static void fetch_block(void *context, int item, int thread)
{
    struct team *team = context;
    struct dn_fetch part = *team->slice;
    struct dn_error err = {0};
    part.block0 += item;
    part.block1 = part.block0 + 1;
    if (part.raw)
        part.raw += (size_t)thread * DN_BLOCK * part.layer->fan_in;
    part.packed += part.layer->ops->packed(part.layer, team->slice->block0, part.block0);
    if (fetch(team->weights, team->kernels, &part, 1, &err))
        keep_first(&team->lock, &err, &team->err);
}

/* Lines of a transposed file belong to all blocks. */
enum dn_status dn_fetch_now(const struct dn_weights *weights, const struct dn_kernels *kernels,
                            const struct dn_fetch *f, int threads, struct dn_error *err)
{
    struct team team = {weights, kernels, f, PTHREAD_MUTEX_INITIALIZER, {0}};
    if (threads == 1 || !f->layer->ops->packed || dn_weights_transposed(weights, f->layer))
        return fetch(weights, kernels, f, threads, err);
    dn_parallel(f->block1 - f->block0, threads, fetch_block, &team);
    return team.err.status ? dn_fail(err, team.err.status, "%s", team.err.text) : DN_OK;
}

/* Waits until *count is no longer `seen`. */
static void await(struct dn_stream *s, _Atomic unsigned *count, unsigned seen)
{
    for (int i = 0; i < YIELDS && *count == seen; i++)
        sched_yield();
    if (*count != seen)
        return;
    pthread_mutex_lock(&s->lock);
    s->sleepers++;
    while (*count == seen)
        pthread_cond_wait(&s->changed, &s->lock);
    s->sleepers--;
    pthread_mutex_unlock(&s->lock);
}

static void advance(struct dn_stream *s, _Atomic unsigned *count)
{
    ++*count;
    if (!s->sleepers)
        return;
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* Request n becomes the caller's, if there is one and nobody else has taken it. */
static bool take(struct dn_stream *s, unsigned n)
{
    return n != s->asked && atomic_compare_exchange_strong(&s->taken, &n, n + 1);
}

static void complete(struct dn_stream *s, unsigned n, const struct dn_fetch *f)
{
    dn_fetch_now(s->weights, s->kernels, f, 1, &s->err[n % DN_STREAM_OPEN]);
    s->ready[n % DN_STREAM_OPEN] = true;
    advance(s, &s->done);
}

static void *serve(void *context)
{
    struct dn_stream *s = context;
    for (;;) {
        unsigned n = s->taken;
        if (!take(s, n)) {
            await(s, &s->asked, n);
            continue;
        }
        if (s->quit) /* the request is what dn_stream_close() wakes with */
            return NULL;
        const struct dn_fetch f = s->fetch[n % DN_STREAM_OPEN]; /* its place is another's when it is complete */
        double start = dn_span_begin(f.tracer);
        complete(s, n, &f);
        DN_SPAN_END(f.tracer, start, .kind = DN_SPAN_FETCH, .layer = f.index, .block0 = f.block0,
                    .block1 = f.block1, .thread = 1);
    }
}

/* Reads the next slice, if there is a place to read it to: that of packed filters, or one that the thread does not use. */
static bool help(struct dn_stream *s)
{
    unsigned n = s->taken;
    struct dn_fetch f = s->fetch[n % DN_STREAM_OPEN];
    if ((f.raw && !f.second) || !take(s, n))
        return false;
    if (f.raw)
        f.raw = f.second;
    complete(s, n, &f);
    return true;
}

enum dn_status dn_stream_open(struct dn_stream *s, const struct dn_weights *weights,
                              const struct dn_kernels *kernels, int team, struct dn_error *err)
{
    pthread_attr_t attributes;
    memset(s, 0, sizeof *s);
    s->weights = weights;
    s->kernels = kernels;
    s->team = team;
    s->open = true;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    if (team)
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
    if (s->running) {
        s->quit = true;
        advance(s, &s->asked);
        pthread_join(s->thread, NULL);
    }
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    s->open = s->running = false;
}

void dn_stream_begin(struct dn_stream *s, const struct dn_fetch *fetch)
{
    unsigned place = s->asked % DN_STREAM_OPEN;
    s->fetch[place] = *fetch;
    s->err[place] = (struct dn_error){0};
    s->ready[place] = false;
    advance(s, &s->asked);
}

enum dn_status dn_stream_wait(struct dn_stream *s, struct dn_error *err)
{
    unsigned place = s->waited % DN_STREAM_OPEN;
    for (unsigned seen = s->done; s->running && !s->ready[place]; seen = s->done)
        if (!help(s) && !s->ready[place])
            await(s, &s->done, seen);
    s->waited++;
    if (!s->running)
        return dn_fetch_now(s->weights, s->kernels, &s->fetch[place], s->team, err);
    const struct dn_error *failure = &s->err[place];
    return failure->status ? dn_fail(err, failure->status, "%s", failure->text) : DN_OK;
}

void dn_stream_drop(struct dn_stream *s)
{
    for (struct dn_error ignored = {0}; s->waited != s->asked;)
        if (s->running)
            dn_stream_wait(s, &ignored);
        else
            s->waited++;
}
