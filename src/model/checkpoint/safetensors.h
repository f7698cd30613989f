/* Private to the model floor: the tensors of safetensors files. */
#ifndef LENSWEEP_MODEL_CHECKPOINT_SAFETENSORS_H
#define LENSWEEP_MODEL_CHECKPOINT_SAFETENSORS_H

#include "base/file.h"
#include "model/checkpoint/checkpoint.h"

/* Fills t with the tensors of one safetensors file that lies in memory. Messages do not name the
   file: the caller does. */
int safetensors_parse(struct tensors *t, struct arena *a, const struct mapping *file,
                      struct err *err);

/* The shards of a directory: model.safetensors, or what model.safetensors.index.json names. */
struct shards {
    struct mapping *file; /* in the arena; unmapped by shards_close */
    char **path;
    size_t n;
    struct tensors tensors; /* of all of them */
    const struct file_source *source;
};

/* source: NULL = file_map */
int shards_open(struct shards *s, struct arena *a, const char *dir,
                const struct file_source *source, struct err *err);
void shards_close(struct shards *s);

#endif
