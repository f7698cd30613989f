/*
 * Private to the model floor: the tensors of a checkpoint, whatever file format they came from.
 *
 * A format's reader (safetensors.c, gguf.c) turns untrusted bytes into a sorted list of tensors
 * that are known to lie inside their file; model.c binds them to the architecture by name.
 */
#ifndef LENSWEEP_MODEL_CHECKPOINT_CHECKPOINT_H
#define LENSWEEP_MODEL_CHECKPOINT_CHECKPOINT_H

#include "base/err.h"
#include "base/matrix.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TENSOR_RANK_MAX = 4 };

struct tensor {
    const char *name; /* printable; lives in the reader's arena */
    enum dtype dtype;
    int rank;                     /* 0 = one number */
    int64_t dim[TENSOR_RANK_MAX]; /* outermost first, whatever the file's own order is */
    uint64_t begin, bytes;        /* where it lies, from the start of the file's data section */
    const void *data;             /* NULL when only the header was read */
    bool used;                    /* model.c has bound it, or knows that it may be ignored */
};

/* Sorted by name, without duplicates. */
struct tensors {
    struct tensor *v; /* in the reader's arena */
    size_t n;
};

/* Sorts by name; two of the same name are ERR_FORMAT. */
int tensors_sort(struct tensors *t, struct err *err);
struct tensor *tensors_find(const struct tensors *t, const char *name);

/* Checks that no two tensors share a byte of a data section of `size` bytes (each is known to end
   inside it); `dense`: also that there is no gap. */
int tensors_check_layout(const struct tensors *t, uint64_t size, bool dense, struct err *err);

/* Elements of a shape; ERR_FORMAT naming the tensor when they overflow. */
int tensor_count(const struct tensor *t, uint64_t *count, struct err *err);

/* A name may stand in a message: 1 to 1024 bytes of UTF-8 without control characters. */
bool tensor_name_ok(const char *s, size_t n);

/* "(49152, 576)"; returns out. */
enum { TENSOR_SHAPE_TEXT = 96 };
char *tensor_shape_text(char out[TENSOR_SHAPE_TEXT], int rank, const int64_t *dim);

#endif
