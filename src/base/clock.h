/* Time, for progress, waits and logs only: no result depends on it. */
#ifndef LENSWEEP_BASE_CLOCK_H
#define LENSWEEP_BASE_CLOCK_H

#include <pthread.h>
#include <time.h>

double clock_seconds(void); /* monotonic */

/* A condition whose waits do not follow somebody who sets the clock, and until when one lasts that
   is to take so many seconds. */
void clock_condition(pthread_cond_t *c);
struct timespec clock_until(double seconds);

enum { CLOCK_TEXT = 32 };
char *clock_iso8601(char out[CLOCK_TEXT]); /* now, UTC: 2026-01-31T12:00:00Z; returns out */

#endif
