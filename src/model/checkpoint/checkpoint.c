#include "model/checkpoint/checkpoint.h"

#include "base/str.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tensor *)a)->name, ((const struct tensor *)b)->name);
}

int tensors_sort(struct tensors *t, struct err *err)
{
    if (t->n)
        qsort(t->v, t->n, sizeof *t->v, by_name);
    for (size_t i = 1; i < t->n; i++)
        if (str_eq(t->v[i - 1].name, t->v[i].name))
            return err_set(err, ERR_FORMAT, "tensor %s is given twice", t->v[i].name);
    return 0;
}

struct tensor *tensors_find(const struct tensors *t, const char *name)
{
    struct tensor key = {.name = name};

    return t->n ? bsearch(&key, t->v, t->n, sizeof *t->v, by_name) : NULL;
}

static int by_place(const void *a, const void *b)
{
    const struct tensor *s = a, *t = b;

    if (s->begin != t->begin)
        return s->begin < t->begin ? -1 : 1;
    return s->bytes < t->bytes ? -1 : s->bytes > t->bytes;
}

/* The same, of tensors in the order in which they lie in the file. */
static int check_order(const struct tensor *t, size_t n, uint64_t size, bool dense, struct err *err)
{
    uint64_t end = 0;

    for (size_t i = 0; i < n; i++) {
        if (t[i].begin < end)
            return err_set(err, ERR_FORMAT, "tensors %s and %s overlap", t[i - 1].name, t[i].name);
        if (dense && t[i].begin > end)
            return err_set(err, ERR_FORMAT,
                           "%llu bytes before tensor %s do not belong to any tensor",
                           (unsigned long long)(t[i].begin - end), t[i].name);
        end = t[i].begin + t[i].bytes;
    }
    if (dense && end != size)
        return err_set(err, ERR_FORMAT,
                       "%llu bytes after the last tensor do not belong to any tensor",
                       (unsigned long long)(size - end));
    return 0;
}

int tensors_check_layout(const struct tensors *t, uint64_t size, bool dense, struct err *err)
{
    struct tensor *sorted = mem_alloc(t->n, sizeof *sorted, err);
    int code;

    if (!sorted)
        return err->code;
    if (t->n) {
        memcpy(sorted, t->v, t->n * sizeof *sorted);
        qsort(sorted, t->n, sizeof *sorted, by_place);
    }
    code = check_order(sorted, t->n, size, dense, err);
    mem_free(sorted);
    return code;
}

int tensor_count(const struct tensor *t, uint64_t *count, struct err *err)
{
    char shape[TENSOR_SHAPE_TEXT];
    uint64_t n = 1;

    for (int i = 0; i < t->rank; i++) {
        uint64_t dim = (uint64_t)t->dim[i];

        if (dim && n > (uint64_t)INT64_MAX / dim)
            return err_set(err, ERR_FORMAT, "tensor %s: shape %s has more than 2^63 elements",
                           t->name, tensor_shape_text(shape, t->rank, t->dim));
        n *= dim;
    }
    *count = n;
    return 0;
}

bool tensor_name_ok(const char *s, size_t n)
{
    if (n < 1 || n > 1024 || !utf8_valid(s, n))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < ' ' || s[i] == 127)
            return false;
    return true;
}

char *tensor_shape_text(char out[TENSOR_SHAPE_TEXT], int rank, const int64_t *dim)
{
    size_t n = 1;

    out[0] = '(';
    for (int i = 0; i < rank && n < TENSOR_SHAPE_TEXT; i++)
        n += (size_t)snprintf(out + n, TENSOR_SHAPE_TEXT - n, i ? ", %lld" : "%lld",
                              (long long)dim[i]);
    if (n > TENSOR_SHAPE_TEXT - 2)
        n = TENSOR_SHAPE_TEXT - 2;
    memcpy(out + n, ")", 2);
    return out;
}
