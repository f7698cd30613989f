/* A result file as a whole: made beside its path and renamed, or given up (h5write.h fills it,
   h5read.h reads one). */
#ifndef LENSWEEP_RESULTS_H5FILE_H
#define LENSWEEP_RESULTS_H5FILE_H

#include "base/err.h"

struct h5file;
struct h5group;

/* Opens a file beside path (file_beside) for writing. ERR_IO with the reason. */
int h5_create(struct h5file **f, const char *path, struct err *err);
/* Close, fsync, rename; frees f also on error. may() (NULL: none) is asked right before the
   renaming, and what it returns ends it. */
int h5_commit(struct h5file *f, int (*may)(void *ctx, struct err *err), void *ctx, struct err *err);
void h5_abandon(struct h5file *f); /* close and remove; f may be NULL */

const char *h5_version(void);

#endif
