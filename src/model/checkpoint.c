#include "model/checkpoint.h"

#include "base/str.h"

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
            return err_set(err, ERR_FORMAT, "tensor %s is there twice", t->v[i].name);
    return 0;
}

struct tensor *tensors_find(const struct tensors *t, const char *name)
{
    struct tensor key = {.name = name};

    return t->n ? bsearch(&key, t->v, t->n, sizeof *t->v, by_name) : NULL;
}

static int by_place(const void *a, const void *b)
{
    const struct tensor *s = *(const struct tensor *const *)a;
    const struct tensor *t = *(const struct tensor *const *)b;

    if (s->begin != t->begin)
        return s->begin < t->begin ? -1 : 1;
    return s->bytes < t->bytes ? -1 : s->bytes > t->bytes;
}

int tensors_check_layout(const struct tensors *t, uint64_t size, bool dense, struct err *err)
{
    const struct tensor **order = mem_alloc(t->n, sizeof *order, err);
    uint64_t end = 0;
    int code = 0;

    if (!order)
        return err->code;
    for (size_t i = 0; i < t->n; i++)
        order[i] = &t->v[i];
    if (t->n)
        qsort(order, t->n, sizeof *order, by_place);
    for (size_t i = 0; i < t->n && !code; i++) {
        if (order[i]->begin < end)
            code = err_set(err, ERR_FORMAT, "tensors %s and %s overlap", order[i - 1]->name,
                           order[i]->name);
        else if (dense && order[i]->begin > end)
            code = err_set(err, ERR_FORMAT, "%llu bytes before tensor %s belong to no tensor",
                           (unsigned long long)(order[i]->begin - end), order[i]->name);
        end = order[i]->begin + order[i]->bytes;
    }
    if (!code && dense && end != size)
        code = err_set(err, ERR_FORMAT, "%llu bytes after the last tensor belong to no tensor",
                       (unsigned long long)(size - end));
    mem_free(order);
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
