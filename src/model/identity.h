/*
 * Which bytes a model was read from: a hash over every one of them, remembered by what the system
 * says of the files, and a look whether they are still those.
 *
 *     int which(const char *path, struct hash *h, struct err *err)
 *     {
 *         struct model *m;
 *
 *         if (model_open(&m, path, err))
 *             return err->code;
 *         if (!identity_recall(m, "results/demo/hashes", err) && !err->code)
 *             identity_make(m, 4, err);                   // by four threads
 *         *h = m->fingerprint;
 *         model_close(m);
 *         return err->code;
 *     }
 *
 * Several processes that see the same files may share the work: each hashes its part of the blocks,
 * and all of them call identity_set with what all have found.
 *
 * A hash is remembered with its file's path, device, inode, size, mtime and ctime (nanoseconds).
 * It is not kept for a file that was changed a moment before it was read: another change in the
 * same tick of the file system's clock would not show.
 */
#ifndef LENSWEEP_MODEL_IDENTITY_H
#define LENSWEEP_MODEL_IDENTITY_H

#include "model/model.h"

/* Sets m->fingerprint by the hashes that stand in the file at `path`. False: there is no such file,
   it does not have them, or err. */
bool identity_recall(struct model *m, const char *path, struct err *err);

/* Blocks of all files together; the hashes of those of this share, the others are left alone.
   ERR_IO if a file was changed since it was opened. */
size_t identity_blocks(const struct model *m);
int identity_hash(struct model *m, struct hash_share share, struct hash *block, struct err *err);

/* m->fingerprint, from all of them. */
int identity_set(struct model *m, const struct hash *block, struct err *err);

/* All of that by this process alone, without a file. */
int identity_make(struct model *m, int threads, struct err *err);

/* Keeps the hashes of m in the file at `path`, beside those that stand there. */
int identity_remember(const struct model *m, const char *path, struct err *err);

/* ERR_IO if a file was written to since it was hashed: what has been computed since then may be of
   other bytes. Cheap; a file of which only the name or the rights were changed is hashed again. */
int identity_check(struct model *m, struct err *err);

#endif
