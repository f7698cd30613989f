/* Files: read-only mappings, whole reads, what is where, and paths. Who writes: base/writer.h. */
#ifndef LENSWEEP_BASE_FILE_H
#define LENSWEEP_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ERR_IO: "cannot WHAT PATH: why", by errno. */
int file_error(struct err *err, const char *what, const char *path);

/* What the system says of a file: if two of these are equal and the last change is not of this very
   moment, nothing was written between them. A write changes mtime and ctime; nobody can set ctime,
   which a rename or a new link changes as well. */
struct file_stamp {
    uint64_t device, inode, size;
    int64_t mtime, mtime_ns, ctime, ctime_ns;
};

static inline bool file_stamp_eq(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime == b->mtime && a->mtime_ns == b->mtime_ns && a->ctime == b->ctime &&
           a->ctime_ns == b->ctime_ns;
}

/* A file mapped read-only; pages are shared by every process of the node. */
struct mapping {
    const unsigned char *data; /* NULL for an empty file */
    size_t size;
    struct file_stamp stamp; /* before it was mapped */
    int handle;              /* private: 1 + the open file; 0: data is a copy of its own */
};

/* ERR_IO with the path and the system's reason; ERR_MEMORY if there is no room for the mapping. */
int file_map(struct mapping *m, const char *path, struct err *err);
void file_unmap(struct mapping *m);

/* The stamp as it is now, of the file that is mapped, wherever its name went; of a copy as it was.
   ERR_IO. */
int file_stamp_now(const struct mapping *m, struct file_stamp *now, struct err *err);

/* n bytes of the mapped file, read rather than touched; what follows is read ahead. ERR_IO, also
   when the file has become shorter. */
int file_copy(const struct mapping *m, size_t at, void *out, size_t n, struct err *err);

/* Who maps a large file: file_map, or somebody who reads it once for several processes. */
struct file_source {
    int (*map)(void *ctx, struct mapping *m, const char *path, struct err *err);
    void *ctx;
};

/* The whole file appended to b; ERR_IO, also when it is larger than `max` bytes. */
int file_read(struct buf *b, const char *path, size_t max, struct err *err);

/* The same of files that others made: a git-LFS pointer that stands for the file, and what gzip has
   packed, are ERR_FORMAT that says so. source: NULL = file_map. */
int file_map_foreign(struct mapping *m, const char *path, const struct file_source *source,
                     struct err *err);
int file_read_foreign(struct buf *b, const char *path, size_t max, struct err *err);

/* The first n - 1 bytes of a file as text; "" and false if there are none. For small files of the
   system, and to see how a file begins. */
bool file_start(const char *path, char *out, size_t n);

/* Is there such a file? ERR_IO if that cannot be known: a folder on the way may not be entered. */
int file_look(const char *path, bool *there, struct err *err);

/* A new file may be renamed to it: ERR_IO where a folder, a device or a pipe stands, which may be
   the system's own. */
int file_check_target(const char *path, struct err *err);

bool file_exists(const char *path);
bool file_is_dir(const char *path);

/* Makes the directory and its parents; fine if they exist. */
int file_make_dirs(const char *path, struct err *err);

/* Names in a directory, sorted bytewise, without . and ..; strings in the arena. */
int file_list(const char *dir, struct arena *a, char ***names, size_t *n, struct err *err);

/* path as seen from the root, in the arena. */
char *file_absolute(struct arena *a, const char *path, struct err *err);

/* The last n parts of a path, without slashes at its end, in the arena: "a/b" of "x/a/b/". */
char *file_last_parts(struct arena *a, const char *path, int n, struct err *err);
/* dir/name in the arena. */
char *file_join(struct arena *a, const char *dir, const char *name, struct err *err);
/* The folder that path lies in, with its slash, or ".": in the arena; and name in it. */
const char *file_folder(struct arena *a, const char *path, struct err *err);
char *file_sibling(struct arena *a, const char *path, const char *name, struct err *err);

#endif
