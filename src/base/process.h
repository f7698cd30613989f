/* Processes: this one's name among those that share a file system, whether another is gone, and
   children. */
#ifndef LENSWEEP_BASE_PROCESS_H
#define LENSWEEP_BASE_PROCESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROCESS_HOST = 128, PROCESS_PLACE = PROCESS_HOST + 64 };

/* This host's name; returns out. */
char *process_host(char out[PROCESS_HOST]);

/* Where this process is, fit for a file's name: two processes of the same place see each other's
   process ids. Hosts, starts of a host, and containers that share a host's name differ. */
char *process_place(char out[PROCESS_PLACE]);

/* Is there no such process in this place any more? A zombie is gone too. */
bool process_gone(long pid);

/* A child that calls act(), which must end it; what it writes to `out` comes into `said`: *n bytes,
   `size` at most, the rest is passed over. *status: as waitpid gives it. ERR_IO: no child. */
int process_child(void (*act)(void *ctx, int out), void *ctx, void *said, size_t size, size_t *n,
                  int *status, struct err *err);

#endif
