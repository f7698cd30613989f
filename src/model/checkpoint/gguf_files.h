/*
 * Private to the model floor: a GGUF model in one file, or split into numbered ones.
 *
 * The parts of a split model are called PREFIX-00001-of-00003.gguf and so on, and lie side by side.
 * The first one has the metadata, each has some of the tensors.
 */
#ifndef LENSWEEP_MODEL_CHECKPOINT_GGUF_FILES_H
#define LENSWEEP_MODEL_CHECKPOINT_GGUF_FILES_H

#include "model/checkpoint/gguf.h"

struct gguf_files {
    struct gguf *v; /* (n) in the order of their numbers; v[0] has the tensors of all of them */
    size_t n;
    struct arena arena;
};

/* path: of the only file, or of any part. A part that is missing is ERR_IO and named; parts that do
   not belong together are ERR_FORMAT. Messages name the file. source: NULL = file_map. */
int gguf_files_open(struct gguf_files *g, const char *path, enum gguf_part part,
                    const struct file_source *source, struct err *err);
void gguf_files_close(struct gguf_files *g);

#endif
