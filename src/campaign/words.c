#include "campaign/words.h"

#include "base/str.h"

#include <string.h>

static int put_number(const struct dim *d, int64_t i, struct buf *b, struct err *err)
{
    if (d->coord && d->type == V_F64)
        return buf_printf(b, err, "%g", ((const double *)d->coord)[i]);
    if (d->coord)
        i = d->type == V_I8 ? ((const int64_t *)d->coord)[i] : ((const int32_t *)d->coord)[i];
    return buf_printf(b, err, "%lld", (long long)i);
}

int axis_put_place(const struct axis *a, int64_t i, struct buf *b, struct err *err)
{
    const char *const *names = a->dim.type == V_STR ? a->dim.coord : a->label;
    char name[STR_NAME];

    return names ? buf_escaped(b, str_name(name, names[i]), err) : put_number(&a->dim, i, b, err);
}

/* One piece of the words, up to its end: drops what it wrote if it names an axis that is not there.
 */
static int put_piece(const struct experiment *x, const int64_t index[AXES_MAX], const char *s,
                     const char *end, struct buf *b, struct err *err)
{
    size_t start = b->len;

    while (s < end) {
        size_t n = strcspn(s, "{[]"), left = (size_t)(end - s);
        int axis;

        if (n >= left)
            return buf_put(b, s, left, err);
        if (buf_put(b, s, n, err))
            return err->code;
        s += n + 1;
        n = strcspn(s, "}");
        axis = axis_named(x, s, n);
        if (axis < 0) {
            b->len = start;
            return 0;
        }
        if (axis_put_place(&x->axis[axis], index[axis], b, err))
            return err->code;
        s += n + 1;
    }
    return 0;
}

int cell_words(const struct experiment *x, int n, uint64_t cell, struct buf *b, struct err *err)
{
    const char *s = x->words ? x->words : x->kind->summary;
    int64_t index[AXES_MAX];

    cell_index(x, n, cell, index);
    while (*s) {
        const char *end = s + strcspn(s, "[]");

        if (put_piece(x, index, s, end, b, err))
            return err->code;
        s = *end ? end + 1 : end;
    }
    return 0;
}
