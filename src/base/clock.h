/* Time, for progress and logs only: no result depends on it. */
#ifndef LENSWEEP_BASE_CLOCK_H
#define LENSWEEP_BASE_CLOCK_H

double clock_seconds(void); /* monotonic */

enum { CLOCK_TEXT = 32 };
char *clock_iso8601(char out[CLOCK_TEXT]); /* now, UTC: 2026-01-31T12:00:00Z; returns out */

#endif
