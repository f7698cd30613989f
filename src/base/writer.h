/* Files that are written: complete, or absent. */
#ifndef LENSWEEP_BASE_WRITER_H
#define LENSWEEP_BASE_WRITER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

/* Writes path as a whole: beside it, fsync, rename. After an error the old file stands as it was
   and nothing is left beside it. A link is followed; what is not a regular file (a device, a
   pipe) is written to, not replaced. */
int file_replace(const char *path, const void *data, size_t n, struct err *err);

/* "PATH.PLACE.PID-RANDOM.tmp" in the arena: a name beside path, of its own each time, for this
   process to write under. */
char *file_beside(struct arena *a, const char *path, struct err *err);

/* Removes from dir what file_beside named for a process that is gone: from this host, or from
   another if nothing has been written to it for an hour. What cannot be removed stays. */
int file_sweep(const char *dir, struct err *err);

/* The same of what was to become this very file, without a word. Whoever begins to write calls it
   (a writer does), so that what was killed again and again leaves one piece at most. */
void file_sweep_beside(const char *path);

/* Makes a folder of its own for temporary files, "TMPDIR/lensweep-WHAT...."; its path is in the
   arena. Those of processes that were killed are removed with their files. NULL after ERR_IO. */
char *file_temp_folder(struct arena *a, const char *what, struct err *err);

/*
 * A file that is written piece by piece, and is there as a whole or not at all: it grows beside its
 * place and takes it at the end.
 *
 *     int count(int n, struct err *err)
 *     {
 *         struct writer w;
 *
 *         writer_open(&w, "out/numbers.csv", err);
 *         for (int i = 0; !err->code && i < n; i++) {
 *             buf_printf(&w.buf, err, "%d\n", i);
 *             writer_turn(&w, err);                 // to the disk once enough has gathered
 *         }
 *         if (!err->code && !writer_finish(&w, err))    // all of it is on the disk, beside
 *             writer_place(&w, err);                // renamed
 *         writer_discard(&w);                       // always: what was not placed is removed
 *         return err->code;
 *     }
 */
struct writer {
    struct buf buf;      /* what comes next */
    char *path, *beside; /* in the arena */
    int fd;              /* -1 once finished */
    bool there;          /* something stands beside */
    struct arena arena;
};

int writer_open(struct writer *w, const char *path, struct err *err);
int writer_turn(struct writer *w, struct err *err);
int writer_put(struct writer *w, const void *p, size_t n, struct err *err); /* n large: no copy */
int writer_finish(struct writer *w, struct err *err);
int writer_place(struct writer *w, struct err *err);
void writer_discard(struct writer *w);

/* What was written to the file, or the names in the folder, is on the disk. ERR_IO */
int file_sync(const char *path, struct err *err);

/* All of it: after a part that a full disk took, the next write tells the error. -1 and errno. */
int file_write_all(int fd, const char *p, size_t n);

#endif
