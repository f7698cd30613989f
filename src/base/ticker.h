/*
 * A thread that does the same small thing every few seconds until it is stopped. Signals are for
 * the main thread: it has all of them blocked.
 *
 *     struct beat {
 *         struct ticker ticker;
 *         int n;
 *     };
 *
 *     bool beat_once(void *ctx);                    // ((struct beat *)ctx)->n++, and true
 *
 *     int beats_of(struct beat *b, int (*work)(struct err *err), struct err *err)
 *     {
 *         b->ticker = (struct ticker){.act = beat_once, .ctx = b, .seconds = 60};
 *         if (ticker_start(&b->ticker, err))
 *             return err->code;
 *         work(err);
 *         ticker_stop(&b->ticker);                  // what the thread has written is ours again
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_BASE_TICKER_H
#define LENSWEEP_BASE_TICKER_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>

struct ticker {
    bool (*act)(void *ctx); /* on the thread; false: never again */
    void *ctx;
    int seconds;      /* from the end of an act to the next one */
    bool waits_first; /* or acts at once */

    /* private */
    bool on, stop;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
};

/* It must stay where it is until it is stopped. ERR_MEMORY: no thread. */
int ticker_start(struct ticker *t, struct err *err);

/* Also one that was not started, or that is stopped already: false. */
bool ticker_stop(struct ticker *t);

#endif
