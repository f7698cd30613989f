#include "report/headline.h"

#include "base/str.h"
#include "base/wrap.h"
#include "report/grid.h"
#include "report/legend.h"
#include "report/words.h"

#include <math.h>
#include <stdio.h>

enum { STRONGEST = 3, BESIDE_MAX = 2, LARGEST_ROWS = 4 };

struct sheet {
    struct finding f;
    struct average beside[BESIDE_MAX];
    size_t n_beside;
    size_t row_dim[DIMS_MAX], n_row_dims, n_rows;
    size_t column_dim, n_columns; /* n_dims: no columns */
    int decimals;
    bool sign;        /* some are negative */
    bool untried;     /* what passes no test is shown as well */
    size_t most_rows; /* that a step has */
    struct right right;
    struct parts parts;
    struct legend legend;
};

/* Layout ----------------------------------------------------------------------------------- */

static int open_beside(struct sheet *t, struct result *r, const char *group, struct err *err)
{
    const char *name;

    while (t->n_beside < BESIDE_MAX &&
           (name = list_word(t->f.headline->beside, t->n_beside, &r->arena, err)))
        if (average_open(&t->beside[t->n_beside++], r, group, NULL, name, err))
            return err->code;
    return err->code;
}

static void lay_out(struct sheet *t)
{
    const struct headline *h = t->f.headline;
    const struct average *a = &t->f.value;

    t->n_rows = t->n_columns = 1;
    t->column_dim = a->n_dims;
    for (size_t d = 0; d < a->n_dims; d++) {
        if (list_has(h->rows, a->dim[d].name)) {
            t->row_dim[t->n_row_dims++] = d;
            t->n_rows *= a->dim[d].size;
        } else if (list_has(h->columns, a->dim[d].name)) {
            t->column_dim = d;
            t->n_columns = a->dim[d].size;
        }
    }
}

/* Is element i in this row and column? */
static bool is_in(const struct sheet *t, size_t i, size_t row, size_t column)
{
    const struct average *a = &t->f.value;

    for (size_t k = t->n_row_dims; k-- > 0; row /= a->dim[t->row_dim[k]].size)
        if (!average_is_at(a, i, t->row_dim[k], row % a->dim[t->row_dim[k]].size))
            return false;
    return average_is_at(a, i, t->column_dim, column);
}

/* A column of entries that have no place in the table is not shown as a column. */
static bool has_column(const struct sheet *t, size_t column)
{
    const struct average *a = &t->f.value;

    return t->column_dim == a->n_dims ||
           !list_has(t->f.headline->without, a->dim[t->column_dim].label[column]);
}

/* One place of the table -------------------------------------------------------------------- */

struct passing {
    size_t found, by_more; /* numbers that pass */
    size_t values, tested; /* that there are, and those with a test */
    size_t best[STRONGEST];
    double items;
};

/* The strongest in falling order; of equal ones the first. */
static void take(const struct sheet *t, struct passing *c, size_t i)
{
    size_t n = c->found < STRONGEST ? c->found : STRONGEST, k = n;

    while (k > 0 && finding_strength(&t->f, c->best[k - 1]) < finding_strength(&t->f, i))
        k--;
    if (k == STRONGEST)
        return;
    for (size_t m = n < STRONGEST ? n : STRONGEST - 1; m > k; m--)
        c->best[m] = c->best[m - 1];
    c->best[k] = i;
}

static struct passing look(const struct sheet *t, size_t row, size_t column)
{
    const struct finding *f = &t->f;
    struct passing c = {0};

    for (size_t i = 0; i < f->value.elements; i++) {
        if (!is_in(t, i, row, column) || f->dropped[i])
            continue;
        if (average_get(&f->value, STAT_N, i) > 0)
            c.items = fmax(c.items, finding_items(f, i));
        c.by_more += f->any && average_get(&f->value, STAT_Q_MIN, i) <= f->fdr;
        c.values += finding_has(f, i);
        c.tested += finding_has(f, i) && finding_is_tested(f, i);
        if (t->untried ? !finding_has(f, i) : !finding_passes(f, i))
            continue;
        take(t, &c, i);
        c.found++;
    }
    return c;
}

/* What a row has in all its columns. */
enum row_has { NO_NUMBER, NO_TEST, NONE_PASSES, PASSES };

static enum row_has row_has(const struct sheet *t, size_t row)
{
    enum row_has has = NO_NUMBER;

    for (size_t c = 0; c < t->n_columns; c++) {
        struct passing p = look(t, row, c);
        enum row_has here = p.found    ? PASSES
                            : p.tested ? NONE_PASSES
                            : p.values ? NO_TEST
                                       : NO_NUMBER;

        has = has_column(t, c) && here > has ? here : has;
    }
    return has;
}

/* Enough places for two digits of the largest value; signs where there are negative ones. */
static int find_format(struct sheet *t, struct err *err)
{
    double most = 0;

    for (size_t s = 0; s < t->f.n_order; s++) {
        if (finding_seek(&t->f, t->f.order[s], err))
            return err->code;
        for (size_t i = 0; i < t->f.value.elements; i++) {
            double v = average_get(&t->f.value, STAT_MEAN, i);

            if (!finding_has(&t->f, i))
                continue;
            most = fmax(most, fabs(v));
            t->sign |= v < 0;
        }
    }
    t->decimals = most > 0 && most < 1 ? 3 : 2;
    while (t->decimals < 6 && most > 0 && most * pow(10, t->decimals) < 10)
        t->decimals++;
    return 0;
}

/* Printing --------------------------------------------------------------------------------- */

static void put_headings(const struct sheet *t, struct grid *g, struct err *err)
{
    const struct average *a = &t->f.value;
    bool stored = t->f.test == TEST_STORED, tested = t->f.test != TEST_NONE && !t->untried;
    bool single = t->n_rows * t->n_columns == a->elements;

    if (!a->of_model) {
        grid_put(g, err, "step");
        grid_put(g, err, "%s", finding_noun(&t->f, 0));
    }
    for (size_t k = 0; k < t->n_row_dims; k++)
        grid_put(g, err, "%s", a->dim[t->row_dim[k]].name);
    for (size_t k = 0; k < t->n_beside; k++)
        grid_put(g, err, "%s", t->beside[k].name);
    for (size_t c = 0; c < t->n_columns && t->column_dim < a->n_dims; c++)
        if (has_column(t, c))
            grid_put(g, err, "%s", a->dim[t->column_dim].shown[c]);
    if (t->column_dim == a->n_dims) {
        if (tested)
            grid_put(g, err, stored ? "change" : "how many");
        if (tested && stored)
            grid_put(g, err, "by > %g", t->f.min_effect);
        grid_put(g, err, "%s",
                 single       ? t->f.headline->rate ? "rate" : "mean"
                 : t->untried ? "largest"
                              : "strongest");
    }
    g->columns = g->n;
}

/* Behind what is about the answer that the model is about to give in these queries. */
static const char *mark_of(struct sheet *t, size_t stratum, size_t dim, size_t i)
{
    const struct average *a = &t->f.value;
    const struct right_step *own = right_own(&t->right, a->stratum[stratum].step);
    const char *label = average_label(a, dim, i);

    if (!own || !(str_eq(a->dim[dim].name, "metric") || str_eq(a->dim[dim].name, "target")) ||
        !(names_target(label, own->target) || list_has(t->f.headline->about_right, label)))
        return "";
    t->legend.own |= true;
    return OWN_MARK;
}

/* "+1.25 [+1.01, +1.49] chance 0.20  layer 12" */
static void put_number(const struct sheet *t, struct grid *g, size_t i, const char *mark,
                       struct err *err)
{
    const struct finding *f = &t->f;
    const struct average *a = &f->value;
    bool rate = f->null.elements > 0, sign = t->sign || f->test == TEST_T;
    char where[WHERE_MAX], chance[48] = "", interval[64] = "";

    if (!isnan(average_get(a, STAT_LO, i)))
        snprintf(interval, sizeof interval, sign ? " [%+.*f, %+.*f]" : " [%.*f, %.*f]", t->decimals,
                 average_get(a, STAT_LO, i), t->decimals, average_get(a, STAT_HI, i));
    else if (!a->of_model)
        snprintf(interval, sizeof interval, " (no interval)");
    if (rate && !isnan(average_get(&f->null, STAT_MEAN, i)))
        snprintf(chance, sizeof chance, " %s %.*f", f->headline->null_words, t->decimals,
                 average_get(&f->null, STAT_MEAN, i));
    where_words(a, i, f->headline->rows, f->headline->columns, where);
    grid_put(g, err, sign ? "%+.*f%s%s%s%s%s" : "%.*f%s%s%s%s%s", t->decimals,
             average_get(a, STAT_MEAN, i), interval, mark, chance, *where ? "  " : "", where);
}

static void put_beside(struct sheet *t, struct grid *g, size_t stratum, size_t i, struct err *err)
{
    for (size_t k = 0; k < t->n_beside; k++) {
        struct average *b = &t->beside[k];
        size_t at = average_match(b, &t->f.value, i);
        double v = NAN;

        if (b->elements && average_seek(b, stratum, err))
            return;
        if (at < b->elements)
            v = average_get(b, STAT_MEAN, at);
        grid_number(g, v, 3, false, err);
    }
}

static size_t first_of_row(const struct sheet *t, size_t row)
{
    size_t i = 0;

    for (size_t c = 0; c < t->n_columns; c++)
        for (i = 0; i < t->f.value.elements; i++)
            if (is_in(t, i, row, c))
                return i;
    return 0;
}

/* The row's names; empty where it goes on. */
static void put_names(struct sheet *t, struct grid *g, size_t stratum, size_t row, double items,
                      struct err *err)
{
    const struct average *a = &t->f.value;
    size_t first = first_of_row(t, row);

    if (!a->of_model) {
        grid_put(g, err, "%d", a->stratum[stratum].step);
        grid_put(g, err, "%.0f", items);
    }
    for (size_t k = 0; k < t->n_row_dims; k++)
        grid_put(g, err, "%s%s", average_shown(a, t->row_dim[k], first),
                 mark_of(t, stratum, t->row_dim[k], first));
    put_beside(t, g, stratum, first, err);
}

/* Where no number passes: why. */
static void put_mark(struct sheet *t, struct grid *g, const struct passing *p, struct err *err)
{
    t->legend.not_significant |= p->tested > 0;
    t->legend.not_tested |= p->values && !p->tested;
    t->legend.not_there |= !p->values;
    grid_put(g, err, p->tested ? "n.s." : p->values ? "-" : "n/a");
}

/* A row with a column for each entry: the strongest in each. */
static void put_columns(struct sheet *t, struct grid *g, size_t stratum, size_t row,
                        struct err *err)
{
    double items = 0;

    for (size_t c = 0; c < t->n_columns; c++)
        items = fmax(items, look(t, row, c).items);
    put_names(t, g, stratum, row, items, err);
    for (size_t c = 0; c < t->n_columns; c++) {
        struct passing p = look(t, row, c);

        if (!has_column(t, c))
            continue;
        if (p.found)
            put_number(t, g, p.best[0], mark_of(t, stratum, t->column_dim, p.best[0]), err);
        else
            put_mark(t, g, &p, err);
    }
}

/* A row with how many pass, and the strongest, one below the other. */
static void put_list(struct sheet *t, struct grid *g, size_t stratum, size_t row, struct err *err)
{
    struct passing p = look(t, row, 0);
    bool tested = t->f.test != TEST_NONE && !t->untried, stored = t->f.test == TEST_STORED;
    size_t shown = t->untried ? 1 : STRONGEST;

    put_names(t, g, stratum, row, p.items, err);
    if (tested)
        grid_put(g, err, "%zu", p.found);
    if (tested && stored)
        grid_put(g, err, "%zu", p.by_more);
    for (size_t i = 0; i < shown && i < p.found; i++) {
        for (size_t k = 0; i && k + 1 < g->columns; k++)
            grid_put(g, err, " ");
        put_number(t, g, p.best[i], "", err);
    }
}

static int put_rows(struct sheet *t, struct grid *g, struct err *err)
{
    bool columns = t->column_dim < t->f.value.n_dims;

    for (size_t s = 0; s < t->f.n_order; s++) {
        size_t stratum = t->f.order[s];

        if (finding_seek(&t->f, stratum, err))
            return err->code;
        for (size_t row = 0, shown = 0; row < t->n_rows; row++) {
            if (row_has(t, row) != PASSES)
                continue;
            t->most_rows = ++shown > t->most_rows ? shown : t->most_rows;
            if (t->untried && shown > LARGEST_ROWS)
                continue;
            (columns ? put_columns : put_list)(t, g, stratum, row, err);
        }
    }
    return err->code;
}

/* What is not in the table ----------------------------------------------------------------- */

/* ", step 2 answer_1 last" of a row that has no place in it. */
static void put_missing(const struct sheet *t, size_t stratum, size_t row, size_t n, struct buf *b,
                        struct err *err)
{
    const struct average *a = &t->f.value;
    size_t first = first_of_row(t, row);

    buf_printf(b, err, "%sstep %d", n ? ", " : "", a->stratum[stratum].step);
    for (size_t k = 0; k < t->n_row_dims; k++)
        buf_printf(b, err, " %s", average_shown(a, t->row_dim[k], first));
}

/* Rows of a sort that the table does not show: how many, and the first of them by name. */
static int put_hidden(struct sheet *t, enum row_has sort, const char *words, const char *group,
                      struct buf *out, struct err *err)
{
    enum { NAMED = 8 };
    struct buf names = {0}, line = {0};
    size_t n = 0;

    for (size_t s = 0; s < t->f.n_order && !finding_seek(&t->f, t->f.order[s], err); s++)
        for (size_t row = 0; row < t->n_rows; row++)
            if (row_has(t, row) == sort && n++ < NAMED)
                put_missing(t, t->f.order[s], row, n - 1, &names, err);
    if (n && !err->code && buf_str(&names, err))
        buf_printf(&line, err, "%s, in %zu %s: %s%s (lensweep top RESULT %s shows all numbers)",
                   words, n, str_noun(n, "row", "rows"), names.data, n > NAMED ? ", ..." : "",
                   group);
    buf_release(&names);
    return wrap_line(out, "  ", &line, err);
}

/* All of it -------------------------------------------------------------------------------- */

/* Configurations with a number in some row and step: of pairs of heads each stands there once. */
static size_t count_configurations(struct sheet *t, struct err *err)
{
    size_t n = 0;

    for (size_t s = 0; s < t->f.n_order && !finding_seek(&t->f, t->f.order[s], err); s++)
        for (size_t row = 0; row < t->n_rows; row++)
            for (size_t c = 0; c < t->n_columns; c++) {
                size_t values = look(t, row, c).values;

                n = values > n ? values : n;
            }
    return n;
}

static void put_title(struct sheet *t, const char *group, struct buf *out, struct err *err)
{
    const struct headline *h = t->f.headline;
    const struct average *a = &t->f.value;
    bool heads = average_dim(a, "layer") < a->n_dims && average_dim(a, "head") < a->n_dims;
    size_t n = t->f.test == TEST_STORED ? count_configurations(t, err) : 0;

    buf_printf(out, err, "\n%s: %s", group, h->title);
    if (h->warning)
        buf_printf(out, err, " (%s)", h->warning);
    if (t->f.test == TEST_STORED)
        buf_printf(out, err, "; %zu %s, q <= %g counts", n,
                   str_noun(n, "configuration", "configurations"), t->f.fdr);
    if (h->unit)
        buf_printf(out, err, "; %s", h->unit);
    buf_printf(out, err, "%s%s\n", a->of_model ? "" : " [95 % interval]",
               heads ? " layer.head" : "");
}

/* Headings and rows. */
static int put_grid(struct sheet *t, struct buf *out, struct err *err)
{
    struct grid g = {0};

    if (!find_format(t, err)) {
        put_headings(t, &g, err);
        put_rows(t, &g, err);
        grid_text(&g, out, err);
    }
    grid_release(&g);
    return err->code;
}

/* The largest where none passes a test: of each step the first few rows. */
static int put_largest(struct sheet *t, const char *group, struct buf *out, struct buf *notes,
                       struct err *err)
{
    t->untried = true;
    put_grid(t, out, err);
    if (t->most_rows > LARGEST_ROWS)
        buf_printf(notes, err,
                   "  (of each step the first %d rows, of up to %zu; lensweep top RESULT %s has "
                   "all)\n",
                   LARGEST_ROWS, t->most_rows, group);
    return err->code;
}

/* There is no number: why? */
static int put_no_numbers(const struct headline *h, struct result *r, const char *group,
                          struct buf *out, struct err *err)
{
    size_t n = result_size(r, group, "status"), left_out = 0;
    const char **status;
    struct buf line = {0};

    if (n && result_text(r, group, "status", n, &status, err))
        return err->code;
    for (size_t q = 0; q < n; q++)
        left_out += !str_eq(status[q], "ok");
    buf_puts(&line, "nothing can be said: ", err);
    if (n && left_out == n)
        buf_puts(&line, "all queries were left out", err);
    else
        buf_printf(&line, err, "there are no numbers%s%s", h->needs ? "; they need " : "",
                   h->needs ? h->needs : "");
    return wrap_line(out, "  ", &line, err);
}

/* Why there may be nothing to find. */
static void put_few(const struct sheet *t, struct buf *out, struct err *err)
{
    if (parts_uneven(&t->parts)) {
        buf_puts(out, "  few data: ", err);
        parts_least(&t->parts, out, err);
        buf_puts(out, ", and counts as much as the others\n", err);
    } else if (t->f.most_items < FEW_DATA)
        buf_printf(out, err, "  few data: no number is from more than %.0f %s\n", t->f.most_items,
                   finding_noun(&t->f, t->f.most_items));
}

static int put_nothing(struct sheet *t, const char *group, struct buf *out, struct buf *notes,
                       struct err *err)
{
    put_few(t, out, err);
    buf_printf(out, err, "  nothing found: of %.0f %s none %s; the largest, n.s.:\n", t->f.tests,
               str_noun(t->f.tests, "number", "numbers"),
               t->f.headline->claim ? t->f.headline->claim : "passes its test");
    return put_largest(t, group, out, notes, err);
}

static int put_table(struct sheet *t, struct result *r, const char *group, struct buf *out,
                     struct buf *notes, struct err *err)
{
    bool untested = t->f.test != TEST_NONE && !(t->f.tests > 0);
    size_t passing;

    if (!(t->f.values > 0))
        return put_no_numbers(t->f.headline, r, group, out, err);
    if (untested && t->f.most_items == 1)
        return untested_text(&t->f, out, err);
    if (untested) {
        struct buf line = {0};

        buf_puts(&line,
                 t->f.test == TEST_STORED
                     ? "nothing is tested: no number has a sign (KL has none), none was picked "
                       "(statistics.split), or a dataset or template has a single item"
                     : "nothing can be said: there are no numbers to test",
                 err);
        wrap_line(out, "  ", &line, err);
        return put_largest(t, group, out, notes, err);
    }
    if (finding_count(&t->f, &passing, err))
        return err->code;
    if (!passing)
        return put_nothing(t, group, out, notes, err);
    put_grid(t, out, err);
    return err_if(err,
                  put_hidden(t, NONE_PASSES, "not significant throughout", group, notes, err) ||
                      put_hidden(t, NO_TEST, "not tested", group, notes, err));
}

/* What the columns, numbers and marks of the table are. */
static int put_legend(struct sheet *t, struct buf *out, struct err *err)
{
    if (!(t->f.values > 0))
        return 0;
    t->legend.counts = t->column_dim == t->f.value.n_dims && t->f.test != TEST_NONE && !t->untried;
    t->legend.not_significant |= t->untried;
    t->legend.beside = t->beside;
    t->legend.n_beside = t->n_beside;
    t->legend.right = &t->right;
    t->legend.parts = &t->parts;
    return legend_text(&t->f, &t->legend, out, err);
}

/* Of each row's strongest: could others have come first? */
static int put_stability(struct sheet *t, struct result *r, struct buf *out, struct err *err)
{
    struct steadiness steady;
    size_t said = 0;
    int code = steadiness_open(&steady, r, &t->f, err);

    for (size_t s = 0; s < t->f.n_order && !code; s++) {
        size_t stratum = t->f.order[s];

        code = finding_seek(&t->f, stratum, err);
        for (size_t row = 0; row < t->n_rows && !code; row++) {
            struct passing c = look(t, row, 0);

            if (c.found)
                code = steadiness_text(&steady, &t->f, stratum, c.best[0], &said, out, err);
        }
    }
    steadiness_close(&steady);
    return code;
}

/* The table, and what stands under it. */
static int put_all(struct sheet *t, struct result *r, const char *group, struct buf *out,
                   struct buf *notes, struct err *err)
{
    bool stored = t->f.test == TEST_STORED;

    lay_out(t);
    put_title(t, group, out, err);
    if (put_table(t, r, group, out, notes, err))
        return err->code;
    for (size_t k = 0; k < t->f.n_order && stored && t->f.tests > 0; k++)
        if (power_text(&t->f, t->f.order[k], notes, err))
            return err->code;
    return err_if(err, (stored && !t->untried && put_stability(t, r, notes, err)) ||
                           put_legend(t, notes, err) ||
                           contrast_text(r, group, t->f.headline, notes, err) ||
                           nulls_text(r, group, &t->f, notes, err));
}

int headline_text(struct result *r, const char *group, const struct headline *h, struct buf *out,
                  struct buf *notes, struct err *err)
{
    struct sheet t = {0};

    if (!finding_open(&t.f, r, group, h, err) && !open_beside(&t, r, group, err) &&
        !right_read(&t.right, r, err) && t.f.value.elements &&
        !parts_read(&t.parts, &t.f, r, group, err))
        put_all(&t, r, group, out, notes, err);
    for (size_t k = 0; k < t.n_beside; k++)
        average_close(&t.beside[k]);
    finding_close(&t.f);
    return err->code;
}
