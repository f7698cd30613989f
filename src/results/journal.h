/*
 * The journal: what has been computed, on disk, the moment it is there.
 *
 * A directory of segments NNNN, each made by one start of the program (O_EXCL) and written by it
 * alone; a record is a unit's key, its rows and the wall time, with a checksum. Reading all
 * segments is resume, merge of shards and fencing in one: the first valid record of a unit counts.
 * A torn tail (the program was killed while it wrote) is cut off in reading, and reported.
 *
 *     int compute(struct buf *rows, double *seconds, struct err *err);
 *
 *     int once(const char *dir, struct hash key, struct buf *rows, struct err *err)
 *     {
 *         struct journal_stats stats;
 *         struct journal *j;
 *         double seconds;
 *
 *         if (journal_open(&j, dir, &stats, err))            // reads what is there
 *             return err->code;
 *         if (journal_has(j, key))
 *             journal_read(j, key, rows, err);               // from disk, by its key
 *         else if (!compute(rows, &seconds, err) &&
 *                  !journal_append(j, key, rows->data, rows->len, seconds, err))
 *             journal_sync(j, err);                          // what is appended is safe
 *         journal_close(j);
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_RESULTS_JOURNAL_H
#define LENSWEEP_RESULTS_JOURNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>

struct journal;

struct journal_stats {
    size_t segments, records, duplicates; /* found by opening; a duplicate is not a record */
    size_t torn_bytes;                    /* cut off at the ends of segments, or in a bad record */
    double seconds;                       /* wall time of the records, summed */
};

/* Opens or makes the directory, reads the index of every segment, and begins a new segment on the
   first append. ERR_IO. A file that is not a segment is left alone and ignored. */
int journal_open(struct journal **j, const char *dir, struct journal_stats *stats, struct err *err);

/* To read only, and several directories as if they were one: of a unit that more than one has, the
   first directory's record counts. Nothing is made or touched. */
int journal_open_past(struct journal **j, const char *const *dirs, size_t n,
                      struct journal_stats *stats, struct err *err);

/* Removes the segments of a directory, which need not exist: for beginning anew. */
int journal_clear(const char *dir, struct err *err);
void journal_close(struct journal *j); /* j may be NULL */

bool journal_has(const struct journal *j, struct hash key);

/* One record, on disk whole or not at all: after ERR_IO (a full disk) the journal is as good as it
   was, and may be appended to again. A key that is there already is left as it is. */
int journal_append(struct journal *j, struct hash key, const void *rows, size_t n, double seconds,
                   struct err *err);

/* What was appended is on disk when this returns 0. */
int journal_sync(struct journal *j, struct err *err);

/* Rows of a unit appended to out; ERR_IO if the record has gone bad since it was indexed. */
int journal_read(struct journal *j, struct hash key, struct buf *out, struct err *err);

#endif
