/* The values of one variable in two files: where the first difference stands, how many there are.
 */
#include "report/diff.h"

#include "base/str.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { QUOTED = 60 /* bytes of a text that are shown */ };

/* Values that differ in one variable. */
struct tally {
    size_t n, differ, at; /* all, those that differ, the first of them */
    double largest;
};

/* Texts ------------------------------------------------------------------------------------ */

/* s up to n bytes, cut between characters; what would break the line is blank. */
static void put_quoted(struct buf *b, const char *s, size_t n, struct err *err)
{
    size_t shown = n < QUOTED ? n : QUOTED;

    while (shown < n && shown && ((unsigned char)s[shown] & 0xC0) == 0x80)
        shown--;
    buf_puts(b, "\"", err);
    for (size_t i = 0; i < shown; i++)
        buf_printf(b, err, "%c", (unsigned char)s[i] < ' ' ? ' ' : s[i]);
    buf_puts(b, shown < n ? "...\"" : "\"", err);
}

int put_texts(const struct diff *d, struct buf *b, const char *x, const char *y, struct err *err)
{
    size_t line = 1, common = 0, begin = 0;

    for (; x[common] && x[common] == y[common]; common++)
        if (x[common] == '\n') {
            line++;
            begin = common + 1;
        }
    if (line > 1)
        buf_printf(b, err, "line %zu: ", line);
    if (common - begin > QUOTED / 2) { /* what differs must be in what is shown */
        begin = common - QUOTED / 4;
        while (begin < common && ((unsigned char)x[begin] & 0xC0) == 0x80)
            begin++;
    }
    put_quoted(b, x + begin, strcspn(x + begin, "\n"), err);
    buf_printf(b, err, " in %s, ", d->a.path);
    put_quoted(b, y + begin, strcspn(y + begin, "\n"), err);
    return buf_printf(b, err, " in %s", d->b.path);
}

/* Where a value stands --------------------------------------------------------------------- */

/* Element k of the entry at hand. */
static int put_value(struct buf *b, const struct column *c, size_t k, struct err *err)
{
    if (c->text)
        return buf_puts(b, c->text[k], err);
    if (c->whole)
        return buf_printf(b, err, "%" PRId64, c->whole[k]);
    return buf_printf(b, err, c->info.type == V_F32 ? "%.9g" : "%.17g", c->f[k]);
}

static void put_coordinate(const struct side *s, struct buf *b, const struct h5info *scale,
                           size_t i, struct err *err)
{
    struct column c;

    if (!column_open(&c, s->file, scale, err) && !column_seek(&c, i, err))
        put_value(b, &c, 0, err);
    column_close(&c);
}

/* "[query=3, layer=0]" of element `at`; a dimension without coordinates gives its index alone. */
static void put_place(const struct side *s, struct buf *b, const struct h5info *v, size_t at,
                      struct err *err)
{
    size_t index[DIMS_MAX];

    for (size_t i = v->rank; i-- > 0; at /= v->size[i])
        index[i] = at % v->size[i];
    for (size_t i = 0; i < v->rank; i++) {
        const struct h5info *scale = catalogue_scale(&s->all, v, i);

        buf_printf(b, err, "%s%s%s", i ? ", " : "[", v->dim[i], *v->dim[i] ? "=" : "");
        if (scale && scale != v)
            put_coordinate(s, b, scale, index[i], err);
        else
            buf_printf(b, err, "%zu", index[i]);
    }
    buf_puts(b, v->rank ? "]" : "", err);
}

/* Values ------------------------------------------------------------------------------------ */

/* The first that differ: element k of the entry at hand. */
static int tell_values(struct diff *d, const char *thing, const struct column *x,
                       const struct column *y, size_t at, struct err *err)
{
    struct buf *b = &d->first;
    size_t k = at % x->entry;

    buf_puts(b, thing, err);
    put_place(&d->a, b, &x->info, at, err);
    buf_puts(b, ": ", err);
    if (x->text) {
        put_texts(d, b, x->text[k], y->text[k], err);
        return buf_puts(b, "\n", err);
    }
    put_value(b, x, k, err);
    buf_printf(b, err, " in %s, ", d->a.path);
    put_value(b, y, k, err);
    return buf_printf(b, err, " in %s\n", d->b.path);
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

/* The entry at hand, whose first element is number `first` of the variable. */
static void compare_entry(const struct diff *d, const struct column *x, const struct column *y,
                          size_t first, struct tally *t)
{
    for (size_t k = 0; k < x->entry; k++) {
        if (x->text) {
            if (!str_eq(x->text[k], y->text[k]))
                count_difference(t, first + k, 0);
        } else if (x->whole) {
            int64_t p = x->whole[k], q = y->whole[k];
            uint64_t by = p > q ? (uint64_t)p - (uint64_t)q : (uint64_t)q - (uint64_t)p;

            if (p != q && (!d->tolerant || (double)by > d->atol + d->rtol * fabs((double)q)))
                count_difference(t, first + k, (double)by);
        } else if (numbers_differ(d, x->f[k], y->f[k])) {
            count_difference(t, first + k, fabs(x->f[k] - y->f[k]));
        }
    }
}

int compare_values(struct diff *d, const char *thing, const struct h5info *v,
                   const struct h5info *w, struct err *err)
{
    struct tally t = {.largest = (double)NAN};
    struct column x = {0}, y = {0};
    bool first = false;

    if (column_open(&x, d->a.file, v, err) || column_open(&y, d->b.file, w, err))
        goto out;
    t.n = x.n * x.entry;
    for (size_t i = 0; i < x.n && !err->code; i++) {
        bool before = t.differ;

        if (column_seek(&x, i, err) || column_seek(&y, i, err))
            break;
        compare_entry(d, &x, &y, i * x.entry, &t);
        if (before || !t.differ)
            continue;
        first = note_difference(d, thing, err);
        if (first)
            tell_values(d, thing, &x, &y, t.at, err);
    }
    if (first && !err->code)
        tell_tally(d, thing, v->type, &t, err);
out:
    column_close(&x);
    column_close(&y);
    return err->code;
}
