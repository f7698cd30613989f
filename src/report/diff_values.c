/* The values of one variable in two files: where the first difference stands, how many there are.
 */
#include "report/diff.h"

#include "base/str.h"
#include "results/h5read.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    PART = 1 << 20, /* numbers that are compared at a time, unless an entry has more */
    QUOTED = 60     /* bytes of a text that are shown */
};

/* Values that differ in one variable. */
struct tally {
    size_t n, differ, at; /* all, those that differ, the first of them */
    double largest;
};

/* Texts ------------------------------------------------------------------------------------ */

/* s up to n bytes, cut between characters; what would break the line is blank. */
static int put_quoted(struct buf *b, const char *s, size_t n, struct err *err)
{
    size_t shown = n < QUOTED ? n : QUOTED;

    while (shown < n && shown && ((unsigned char)s[shown] & 0xC0) == 0x80)
        shown--;
    if (buf_puts(b, "\"", err))
        return err->code;
    for (size_t i = 0; i < shown; i++)
        if (buf_put(b, (unsigned char)s[i] < ' ' ? " " : s + i, 1, err))
            return err->code;
    return buf_puts(b, shown < n ? "...\"" : "\"", err);
}

int put_texts(const struct diff *d, struct buf *b, const char *x, const char *y, struct err *err)
{
    size_t line = 1, common = 0, begin = 0;

    for (; x[common] && x[common] == y[common]; common++)
        if (x[common] == '\n') {
            line++;
            begin = common + 1;
        }
    if (line > 1 && buf_printf(b, err, "line %zu: ", line))
        return err->code;
    if (common - begin > QUOTED / 2) { /* what differs must be in what is shown */
        begin = common - QUOTED / 4;
        while (begin < common && ((unsigned char)x[begin] & 0xC0) == 0x80)
            begin++;
    }
    if (put_quoted(b, x + begin, strcspn(x + begin, "\n"), err) ||
        buf_printf(b, err, " in %s, ", d->a.path) ||
        put_quoted(b, y + begin, strcspn(y + begin, "\n"), err))
        return err->code;
    return buf_printf(b, err, " in %s", d->b.path);
}

/* Where a value stands --------------------------------------------------------------------- */

static int put_number(struct buf *b, enum vtype type, const void *value, struct err *err)
{
    if (type <= V_I8)
        return buf_printf(b, err, "%" PRId64, *(const int64_t *)value);
    return buf_printf(b, err, type == V_F32 ? "%.9g" : "%.17g", *(const double *)value);
}

static int put_coordinate(const struct side *s, struct buf *b, const struct h5info *scale, size_t i,
                          struct err *err)
{
    enum vtype as = scale->type <= V_I8 ? V_I8 : V_F64;
    union {
        int64_t whole;
        double real;
    } value;
    struct h5info info;
    char **text;
    int code;

    if (scale->type != V_STR)
        return h5_read_part(s->file, scale, as, i, 1, &value, err) ||
                       put_number(b, scale->type, &value, err)
                   ? err->code
                   : 0;
    if (h5_read_str(s->file, scale->group, scale->name, &text, &info, err))
        return err->code;
    code = buf_puts(b, text[i], err);
    mem_free(text);
    return code;
}

/* "[query=3, layer=0]" of element `at`; a dimension without coordinates gives its index alone. */
static int put_place(const struct side *s, struct buf *b, const struct h5info *v, size_t at,
                     struct err *err)
{
    size_t index[DIMS_MAX];

    for (size_t i = v->rank; i-- > 0; at /= v->size[i])
        index[i] = at % v->size[i];
    for (size_t i = 0; i < v->rank; i++) {
        const struct h5info *scale = catalogue_scale(&s->all, v, i);

        if (buf_printf(b, err, "%s%s%s", i ? ", " : "[", v->dim[i], *v->dim[i] ? "=" : ""))
            return err->code;
        if (scale && scale != v ? put_coordinate(s, b, scale, index[i], err)
                                : buf_printf(b, err, "%zu", index[i]))
            return err->code;
    }
    return v->rank ? buf_puts(b, "]", err) : 0;
}

/* Numbers ---------------------------------------------------------------------------------- */

static int begin_first(struct diff *d, const char *thing, const struct h5info *v, size_t at,
                       struct err *err)
{
    if (buf_puts(&d->first, thing, err) || put_place(&d->a, &d->first, v, at, err))
        return err->code;
    return buf_puts(&d->first, ": ", err);
}

static int tell_numbers(struct diff *d, const char *thing, const struct h5info *v, size_t at,
                        const void *x, const void *y, struct err *err)
{
    if (begin_first(d, thing, v, at, err) || put_number(&d->first, v->type, x, err) ||
        buf_printf(&d->first, err, " in %s, ", d->a.path) || put_number(&d->first, v->type, y, err))
        return err->code;
    return buf_printf(&d->first, err, " in %s\n", d->b.path);
}

static int tell_tally(struct diff *d, const char *thing, enum vtype type, const struct tally *t,
                      struct err *err)
{
    if (buf_printf(&d->first, err, "%zu of %zu values of %s differ", t->differ, t->n, thing))
        return err->code;
    if (type == V_STR)
        return buf_puts(&d->first, "\n", err);
    if (isnan(t->largest))
        return buf_puts(&d->first, ", each of them NaN in one file\n", err);
    return buf_printf(&d->first, err, ", the largest difference is %.9g\n", t->largest);
}

bool numbers_differ(const struct diff *d, double x, double y)
{
    if (x == y || (isnan(x) && isnan(y)))
        return false;
    if (!d->tolerant || !isfinite(x) || !isfinite(y))
        return true;
    return fabs(x - y) > d->atol + d->rtol * fabs(y);
}

static void count_difference(struct tally *t, size_t at, double by)
{
    if (!t->differ++)
        t->at = at;
    if (isnan(t->largest) || by > t->largest)
        t->largest = by; /* NaN when no pair that differs has numbers on both sides */
}

/* Numbers [first, first + n) in x and y, as int64_t or double. */
static void compare_part(const struct diff *d, enum vtype type, size_t first, size_t n,
                         const void *x, const void *y, struct tally *t)
{
    for (size_t i = 0; i < n; i++) {
        if (type <= V_I8) {
            int64_t p = ((const int64_t *)x)[i], q = ((const int64_t *)y)[i];
            uint64_t by = p > q ? (uint64_t)p - (uint64_t)q : (uint64_t)q - (uint64_t)p;

            if (p != q && (!d->tolerant || (double)by > d->atol + d->rtol * fabs((double)q)))
                count_difference(t, first + i, (double)by);
        } else {
            double p = ((const double *)x)[i], q = ((const double *)y)[i];

            if (numbers_differ(d, p, q))
                count_difference(t, first + i, fabs(p - q));
        }
    }
}

/* Numbers in one entry of the first dimension, and entries; ERR_IO if that cannot be. */
static int entries(const struct h5info *v, size_t *n, size_t *each, struct err *err)
{
    *n = v->rank ? v->size[0] : 1;
    *each = 1;
    for (size_t i = 1; i < v->rank; i++) {
        if (v->size[i] && *each > SIZE_MAX / sizeof(double) / v->size[i])
            return err_set(err, ERR_IO, "%s/%s is too large", v->group, v->name);
        *each *= v->size[i];
    }
    if (*each && *n > SIZE_MAX / *each)
        return err_set(err, ERR_IO, "%s/%s is too large", v->group, v->name);
    return 0;
}

/* Part by part: a variable may be larger than memory. */
static int compare_parts(struct diff *d, const char *thing, const struct h5info *v,
                         const struct h5info *w, size_t step, size_t each, void *x, void *y,
                         struct tally *t, bool *first, struct err *err)
{
    enum vtype as = v->type <= V_I8 ? V_I8 : V_F64;

    for (size_t i = 0, n = t->n / each; i < n; i += step) {
        size_t some = n - i < step ? n - i : step, before = t->differ, at;

        if (h5_read_part(d->a.file, v, as, i, some, x, err) ||
            h5_read_part(d->b.file, w, as, i, some, y, err))
            return err->code;
        compare_part(d, v->type, i * each, some * each, x, y, t);
        if (before || !t->differ)
            continue;
        at = (t->at - i * each) * sizeof(double);
        *first = note_difference(d, thing, err);
        if (*first && tell_numbers(d, thing, v, t->at, (char *)x + at, (char *)y + at, err))
            return err->code;
    }
    return 0;
}

int compare_numbers(struct diff *d, const char *thing, const struct h5info *v,
                    const struct h5info *w, struct err *err)
{
    struct tally t = {.largest = (double)NAN};
    size_t n, each, step;
    void *x, *y;
    bool first = false;

    if (entries(v, &n, &each, err) || !n || !each)
        return err->code;
    t.n = n * each;
    step = each < PART ? PART / each : 1;
    if (step > n)
        step = n;
    x = mem_alloc(step * each, sizeof(double), err);
    y = mem_alloc(step * each, sizeof(double), err);
    if (x && y && !compare_parts(d, thing, v, w, step, each, x, y, &t, &first, err) && first)
        tell_tally(d, thing, v->type, &t, err);
    mem_free(x);
    mem_free(y);
    return err->code;
}

int compare_strings(struct diff *d, const char *thing, const struct h5info *v, struct err *err)
{
    struct tally t = {0};
    struct h5info info;
    char **x = NULL, **y = NULL;
    size_t each;

    if (entries(v, &t.n, &each, err) || h5_read_str(d->a.file, v->group, v->name, &x, &info, err) ||
        h5_read_str(d->b.file, v->group, v->name, &y, &info, err))
        goto out;
    t.n *= each;
    for (size_t i = 0; i < t.n; i++)
        if (!str_eq(x[i], y[i]))
            count_difference(&t, i, 0);
    if (t.differ && note_difference(d, thing, err) && !begin_first(d, thing, v, t.at, err) &&
        !put_texts(d, &d->first, x[t.at], y[t.at], err) && !buf_puts(&d->first, "\n", err))
        tell_tally(d, thing, V_STR, &t, err);
out:
    mem_free(x);
    mem_free(y);
    return err->code;
}
