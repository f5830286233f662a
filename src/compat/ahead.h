/* Reading a photo while something else is done: the next one of a list while the network computes on the current one,
 * or the only one while the network is planned and computes on the rows that are there.
 *
 * A thread decodes and fits it into a buffer as large as the network's input. The next photo is begun when the current
 * one's last row has been read, so that one buffer is enough: rows [y, h) of the current photo and the next
 * one never lie in it together. The buffer and what the thread takes are counted in the plan. */
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
    char *path; /* of the thread: the photo; NULL: there is no thread */
    int fit;
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock; /* of what became of the photo so far: */
    pthread_cond_t changed;
    int w, h;
    int ready; /* rows of the network's input; -1: not even the photo's size is known */
    bool ended;
    struct dn_error err;
};

/* Starts reading ahead->next, unless there is none. Nothing may be being read. */
void dn_ahead_begin(struct dn_engine *engine);

/* True when this photo is being read: then its size is in *w and *h, as far as it is known, or the sentence that says why
 * it cannot be read in err. False, and nothing is being read any more, when another one was, or none. */
bool dn_ahead_take(struct dn_engine *engine, const char *path, int fit, int *w, int *h, struct dn_error *err);

/* Waits for a row, and copies it: as dn_rows.read (exec/exec.h). */
enum dn_status dn_ahead_row(struct dn_engine *engine, int y, float *row, ptrdiff_t plane, struct dn_error *err);

/* Ends the thread, if there is one. */
void dn_ahead_end(struct dn_engine *engine);

/* Ends the thread and frees everything. */
void dn_ahead_close(struct dn_engine *engine);

#endif
