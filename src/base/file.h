/* Files: read-only mappings, whole reads, and writes that are complete or absent. */
#ifndef LENSWEEP_BASE_FILE_H
#define LENSWEEP_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

/* A file mapped read-only; pages are shared by every process of the node. */
struct mapping {
    const unsigned char *data; /* NULL for an empty file */
    size_t size;
};

/* ERR_IO with the path and the system's reason; ERR_MEMORY if there is no room for the mapping. */
int file_map(struct mapping *m, const char *path, struct err *err);
void file_unmap(struct mapping *m);

/* The whole file appended to b; ERR_IO, also when it is larger than `max` bytes. */
int file_read(struct buf *b, const char *path, size_t max, struct err *err);

/* Writes path as a whole: beside it, fsync, rename. After an error the old file stands as it was
   and nothing is left beside it. A link is followed; what is no regular file (a device, a pipe) is
   written to, not replaced. */
int file_replace(const char *path, const void *data, size_t n, struct err *err);

/* "PATH.HOST.PID.tmp" in the arena: a name beside path for this process to write under. */
char *file_beside(struct arena *a, const char *path, struct err *err);

/* Removes from dir what file_beside named for a process that is gone: from this host, or from
   another if nothing has been written to it for an hour. What cannot be removed stays. */
int file_sweep(const char *dir, struct err *err);

bool file_exists(const char *path);
bool file_is_dir(const char *path);

/* Makes the directory and its parents; fine if they exist. */
int file_make_dirs(const char *path, struct err *err);

/* Names in a directory, sorted bytewise, without . and ..; strings in the arena. */
int file_list(const char *dir, struct arena *a, char ***names, size_t *n, struct err *err);

/* path as seen from the root, in the arena. */
char *file_absolute(struct arena *a, const char *path, struct err *err);

/* dir/name in the arena. */
char *file_join(struct arena *a, const char *dir, const char *name, struct err *err);

#endif
