/*
 * A result file of which nobody can say that it is whole, read once by a child process: libhdf5 may
 * crash on a damaged file, or never end, and what it has read then is nothing.
 *
 *     int look(const char *path, int (*read_everything)(const char *path, struct err *err),
 *              struct err *err)
 *     {
 *         return probe_file(path, read_everything, err);
 *     }
 */
#ifndef LENSWEEP_RESULTS_PROBE_H
#define LENSWEEP_RESULTS_PROBE_H

#include "base/err.h"

/* Calls read(path) in a child with limits of CPU time and memory that grow with the file: what it
   returns; ERR_IO if it crashed, did not end, or ran out of that memory, ERR_MEMORY if somebody
   killed it. */
int probe_file(const char *path, int (*read)(const char *path, struct err *err), struct err *err);

#endif
