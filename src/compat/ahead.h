/* Reading the next photo while the network computes on the current one.
 *
 * A thread decodes and fits it into a buffer as large as the network's input. It is started when the current
 * photo's last row has been read, so that one buffer is enough: rows [y, h) of the current photo and the next
 * one never lie in it together. What remains of the prediction, and drawing the current picture, is the time
 * that it has. The buffer and what the thread takes are counted in the plan. */
#ifndef DN_COMPAT_AHEAD_H
#define DN_COMPAT_AHEAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct dn_engine;

struct dn_ahead {
    size_t bytes; /* that it takes; 0: it was not asked for, or there is no room */
    float *rows;  /* [c][h][w] of the network's input; NULL before the first use */
    char *next;   /* the photo that comes after the current one; NULL: none */
    int next_fit;
    char *path; /* of the thread: the photo, and what became of it; NULL: there is no thread */
    int fit, w, h;
    struct dn_error err;
    pthread_t thread;
    atomic_bool stop;
};

/* Starts reading ahead->next, unless there is none. Nothing may be being read. */
void dn_ahead_begin(struct dn_engine *engine);

/* Waits for the thread. True when ahead->rows then hold this photo, ahead->w x ahead->h, or ahead->err says
 * why not; false when another one was read, or none. */
bool dn_ahead_take(struct dn_engine *engine, const char *path, int fit);

/* Ends the thread and frees everything. */
void dn_ahead_close(struct dn_engine *engine);

#endif
