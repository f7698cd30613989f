/* Processes: this one's name among those that share a file system, and whether another is gone. */
#ifndef LENSWEEP_BASE_PROCESS_H
#define LENSWEEP_BASE_PROCESS_H

#include <stdbool.h>

enum { PROCESS_HOST = 128 };

/* This host's name; returns out. */
char *process_host(char out[PROCESS_HOST]);

/* Is there no such process on this host any more? A zombie is gone too. */
bool process_gone(long pid);

#endif
