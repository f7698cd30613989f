/*
 * The seal of a result file: a hash of all its bytes, in 32 bytes behind what HDF5 knows of. Other
 * programs do not see it, and one that writes to the file cuts it off.
 *
 *     int keep(const char *path, struct err *err)
 *     {
 *         bool sealed;
 *
 *         if (seal_put(path, err))
 *             return err->code;
 *         return seal_check(path, &sealed, err);           // ERR_IO: other bytes than those
 *     }
 */
#ifndef LENSWEEP_RESULTS_SEAL_H
#define LENSWEEP_RESULTS_SEAL_H

#include "base/err.h"

#include <stdbool.h>

int seal_put(const char *path, struct err *err);

/* ERR_IO if the file's bytes are not those that were sealed. *sealed is false for a file without a
   seal: of an earlier version, or written to by another program. */
int seal_check(const char *path, bool *sealed, struct err *err);

#endif
