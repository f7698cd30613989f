#include "campaign/words.h"

#include <string.h>

static int put_place(const struct axis *a, int64_t i, struct buf *b, struct err *err)
{
    const struct dim *d = &a->dim;

    if (a->label)
        return buf_puts(b, a->label[i], err);
    if (d->type == V_STR)
        return buf_puts(b, ((const char *const *)d->coord)[i], err);
    if (d->coord)
        i = d->type == V_I8 ? ((const int64_t *)d->coord)[i] : ((const int32_t *)d->coord)[i];
    return buf_printf(b, err, "%lld", (long long)i);
}

/* The axis that "{name}" names; NULL = there is none. */
static const struct axis *named(const struct experiment *x, const char *name, size_t n, size_t *at)
{
    for (*at = 0; *at < (size_t)x->n_axes; ++*at)
        if (strlen(x->axis[*at].dim.name) == n && memcmp(x->axis[*at].dim.name, name, n) == 0)
            return &x->axis[*at];
    return NULL;
}

/* One piece of the words, up to its end: drops what it wrote if it names an axis that is not there.
 */
static int put_piece(const struct experiment *x, const int64_t index[AXES_MAX], const char *s,
                     const char *end, struct buf *b, struct err *err)
{
    size_t start = b->len, at;

    while (s < end) {
        size_t n = strcspn(s, "{[]"), left = (size_t)(end - s);
        const struct axis *a;

        if (n >= left)
            return buf_put(b, s, left, err);
        if (buf_put(b, s, n, err))
            return err->code;
        s += n + 1;
        n = strcspn(s, "}");
        a = named(x, s, n, &at);
        if (!a) {
            b->len = start;
            return 0;
        }
        if (put_place(a, index[at], b, err))
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
