/* From averages to their pages: which panels and entries that have anything, the CSV. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"

#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a page has room for; more is left out, and the caption says so. */
static const size_t room[PLACES] = {
    [ROW] = 24, [COLUMN] = 6, [SERIES] = 10, [DOWN] = 1024, [ALONG] = 1024};

/* Cells ------------------------------------------------------------------------------------ */

size_t chart_cells(const struct chart *c)
{
    size_t n = 1;

    for (int p = 0; p < PLACES; p++)
        n *= c->n[p];
    return n;
}

void chart_cell(const struct chart *c, size_t i, size_t at[PLACES])
{
    for (int p = PLACES; p-- > 0;) {
        at[p] = i % c->n[p];
        i /= c->n[p];
    }
}

/* Entry of the dimension that lies at a place. */
static size_t entry_at(const struct chart *c, enum place p, size_t i)
{
    return p == COLUMN ? c->column[i].entry : c->entry[p][i];
}

double chart_value(const struct chart *c, const struct plotted *a, enum statistic what,
                   const size_t at[PLACES])
{
    const struct material *of = c->of;
    size_t i = of->slot[c->column[at[COLUMN]].stratum] * a->average.elements;

    for (size_t d = 0; d < of->n_dims; d++)
        i += a->stride[d] * c->fixed[d];
    for (int p = 0; p < PLACES; p++)
        if (of->at[p] >= 0)
            i += a->stride[of->at[p]] * entry_at(c, (enum place)p, at[p]);
    return a->v[what] ? a->v[what][i] : (double)NAN;
}

const char *chart_label(const struct chart *c, enum place p, size_t i)
{
    int d = c->of->at[p];

    return d < 0 ? "" : c->of->dim[d].label[entry_at(c, p, i)];
}

/* Which panels and entries ----------------------------------------------------------------- */

/* Columns of the page of stratum `like`: entry by entry, in each by step. */
static int all_columns(struct chart *c, struct arena *a, size_t like, struct err *err)
{
    const struct material *of = c->of;
    const struct stratum_info *strata = material_strata(of);
    size_t n = material_n_strata(of),
           entries = of->at[COLUMN] < 0 ? 1 : of->dim[of->at[COLUMN]].size;

    c->column = arena_alloc(a, entries * n, sizeof *c->column, err);
    if (!c->column)
        return err->code;
    c->n[COLUMN] = 0;
    for (size_t e = 0; e < entries; e++) {
        size_t first = c->n[COLUMN];

        for (size_t s = 0; s < n; s++) {
            size_t k = c->n[COLUMN];

            if (!same_page(&strata[s], &strata[like]))
                continue;
            for (; k > first && strata[c->column[k - 1].stratum].step > strata[s].step; k--)
                c->column[k] = c->column[k - 1];
            c->column[k] = (struct chart_column){s, e};
            c->n[COLUMN]++;
        }
    }
    return 0;
}

static int all_entries(struct chart *c, struct arena *a, size_t like, struct err *err)
{
    const struct material *of = c->of;

    for (int p = 0; p < PLACES; p++) {
        if (p == COLUMN)
            continue;
        c->n[p] = of->at[p] < 0 ? 1 : of->dim[of->at[p]].size;
        c->entry[p] = arena_alloc(a, c->n[p], sizeof *c->entry[p], err);
        if (!c->entry[p])
            return err->code;
        for (size_t i = 0; i < c->n[p]; i++)
            c->entry[p][i] = i;
    }
    return all_columns(c, a, like, err);
}

/* The part of a name before its number: `answer` of answer_1. */
static size_t stem(const char *name)
{
    size_t n = strlen(name);

    while (n && strchr("_0123456789", name[n - 1]))
        n--;
    return n;
}

static bool alike(const char *a, const char *b)
{
    return stem(a) == stem(b) && strncmp(a, b, stem(a)) == 0;
}

/* Only the columns whose names begin as `name` does. */
static void keep_alike(struct chart *c, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->n[COLUMN]; i++)
        if (alike(chart_label(c, COLUMN, i), name))
            c->column[kept++] = c->column[i];
    c->n[COLUMN] = kept;
}

/* Leaves out what has no value anywhere in the chart, and what there is no room for. */
static int keep_seen(struct chart *c, struct arena *a, struct err *err)
{
    size_t at[PLACES], cells = chart_cells(c);
    bool *seen[PLACES];

    for (int p = 0; p < PLACES; p++)
        if (!(seen[p] = arena_alloc(a, c->n[p], sizeof *seen[p], err)))
            return err->code;
    for (size_t i = 0; i < cells; i++) {
        chart_cell(c, i, at);
        if (isfinite(chart_value(c, &c->of->average[0], STAT_MEAN, at)))
            for (int p = 0; p < PLACES; p++)
                seen[p][at[p]] = true;
    }
    for (int p = 0; p < PLACES; p++) {
        size_t n = 0;

        for (size_t i = 0; i < c->n[p]; i++) {
            if (p != ALONG && !seen[p][i])
                continue;
            if (n == room[p])
                c->left_out[p]++;
            else if (p == COLUMN)
                c->column[n++] = c->column[i];
            else
                c->entry[p][n++] = c->entry[p][i];
        }
        c->n[p] = n;
    }
    return 0;
}

/* The CSV ---------------------------------------------------------------------------------- */

static int put_header(struct buf *csv, const struct material *of, struct err *err)
{
    if (buf_puts(csv, "stratum,step", err))
        return err->code;
    for (size_t d = 0; d < of->n_dims; d++)
        if (buf_puts(csv, ",", err) || csv_text(csv, of->dim[d].name, err))
            return err->code;
    for (size_t i = 0; i < of->n_averages; i++) {
        const char *name = of->average[i].average.name;

        if (i < of->n_values ? buf_printf(csv, err, ",%s,%s_lo,%s_hi", name, name, name)
                             : buf_printf(csv, err, ",%s", name))
            return err->code;
    }
    return buf_puts(csv, ",n\n", err);
}

static int put_statistic(struct buf *csv, const struct chart *c, const struct plotted *a,
                         enum statistic what, const size_t at[PLACES], struct err *err)
{
    return buf_puts(csv, ",", err) || csv_number(csv, chart_value(c, a, what, at), err) ? err->code
                                                                                        : 0;
}

static int put_line(struct buf *csv, const struct chart *c, const size_t at[PLACES],
                    struct err *err)
{
    const struct material *of = c->of;
    size_t entry[DIMS_MAX];

    memcpy(entry, c->fixed, sizeof entry);
    for (int p = 0; p < PLACES; p++)
        if (of->at[p] >= 0)
            entry[of->at[p]] = entry_at(c, (enum place)p, at[p]);
    if (csv_text(csv, c->stratum, err) ||
        buf_printf(csv, err, ",%d", material_strata(of)[c->column[at[COLUMN]].stratum].step))
        return err->code;
    for (size_t d = 0; d < of->n_dims; d++)
        if (buf_puts(csv, ",", err) || csv_text(csv, of->dim[d].label[entry[d]], err))
            return err->code;
    for (size_t i = 0; i < of->n_averages; i++)
        for (size_t k = 0; k < (i < of->n_values ? INTERVAL : 1); k++)
            if (put_statistic(csv, c, &of->average[i], interval[k], at, err))
                return err->code;
    return put_statistic(csv, c, &of->average[0], STAT_N, at, err) || buf_puts(csv, "\n", err)
               ? err->code
               : 0;
}

static int put_csv(struct buf *csv, const struct chart *c, struct err *err)
{
    size_t at[PLACES], cells = chart_cells(c);
    int code = put_header(csv, c->of, err);

    for (size_t i = 0; i < cells && !code; i++) {
        chart_cell(c, i, at);
        code = put_line(csv, c, at, err);
    }
    return code;
}

/* Names ------------------------------------------------------------------------------------ */

static bool is_placed(const struct material *of, size_t d)
{
    for (int p = 0; p < PLACES; p++)
        if (of->at[p] == (int)d)
            return true;
    return false;
}

/* "_window_10" for each dimension without a place that has several entries; in words, ", window 10"
   for each. */
static int fixed_names(const struct chart *c, struct arena *a, const char **name,
                       const char **words, struct err *err)
{
    const struct material *of = c->of;

    *name = *words = "";
    for (size_t d = 0; d < of->n_dims; d++) {
        const struct average_dim *dim = &of->dim[d];
        const char *label = dim->label[c->fixed[d]];

        if (is_placed(of, d))
            continue;
        if (dim->size > 1)
            *name = arena_printf(a, err, "%s_%s_%s", *name, dim->name, label);
        *words = arena_printf(a, err, "%s, %s %s", *words, dim->name, label);
        if (!*name || !*words)
            return err->code;
    }
    return 0;
}

/* The queries of a page, as its CSV has them, and in words. */
static int name_stratum(const struct material *of, const struct stratum_info *s, struct arena *a,
                        const char **name, const char **words, struct err *err)
{
    const char *dataset = s->dataset;

    if (s->template == 0)
        *name = *words = dataset;
    else if (s->template > 0) {
        *name = arena_printf(a, err, "%s/%d", dataset, s->template);
        *words = arena_printf(a, err, "%s, template %d", dataset, s->template);
    } else {
        *name = arena_printf(a, err, "%s%smacro", dataset, *dataset ? "/" : "");
        *words = !*dataset ? "mean of datasets"
                           : arena_printf(a, err,
                                          of->authors ? "%s, templates as the authors average them"
                                                      : "%s, mean of templates",
                                          dataset);
    }
    return *name && *words ? 0 : err->code;
}

static int name_chart(struct chart *c, struct gallery *out, struct arena *a, size_t like,
                      struct err *err)
{
    const struct material *of = c->of;
    const struct figure *f = &of->figure;
    const char *queries, *first = chart_label(c, COLUMN, 0), *fixed, *words, *apart = "";
    char *name, *title;

    if (f->apart)
        apart = arena_printf(a, err, "_%.*s", (int)stem(first), first);
    if (!apart || name_stratum(of, &material_strata(of)[like], a, &c->stratum, &queries, err) ||
        fixed_names(c, a, &fixed, &words, err) ||
        gallery_name(out, &name, err, "%s_%s%s%s%s%s", of->group, c->stratum, apart, fixed,
                     f->name ? "_" : "", f->name ? f->name : ""))
        return err->code;
    c->name = name;
    title = arena_strdup(a, f->title, err);
    if (!title)
        return err->code;
    *title = *title >= 'a' && *title <= 'z' ? (char)(*title - 'a' + 'A') : *title;
    c->title = arena_printf(a, err, "%s%s%s (%s%s)", out->result, *out->result ? ": " : "", title,
                            queries, words);
    return c->title ? 0 : err->code;
}

/* Pages ------------------------------------------------------------------------------------ */

static int save_chart(struct gallery *out, const struct chart *c, struct err *err)
{
    struct buf csv = {0}, gp = {0};
    int code = put_csv(&csv, c, err);

    if (!code)
        code = chart_script(&gp, out->format, c, err);
    if (!code)
        code = gallery_save(out, c->name, &csv, &gp, err);
    buf_release(&csv);
    buf_release(&gp);
    return code;
}

/* One page, of the columns that are named like `column`; NULL = of all. */
static int save_page(struct gallery *out, const struct material *of, size_t like,
                     const size_t fixed[DIMS_MAX], const char *column, size_t *n, struct err *err)
{
    struct arena a = {0};
    struct chart c = {.of = of};
    int code;

    memcpy(c.fixed, fixed, sizeof c.fixed);
    code = all_entries(&c, &a, like, err);
    if (!code && column)
        keep_alike(&c, column);
    if (!code)
        code = keep_seen(&c, &a, err);
    if (!code && chart_cells(&c)) {
        ++*n;
        code = name_chart(&c, out, &a, like, err) || save_chart(out, &c, err) ? err->code : 0;
    }
    arena_release(&a);
    return code;
}

static int save_apart(struct gallery *out, const struct material *of, size_t like,
                      const size_t fixed[DIMS_MAX], size_t *n, struct err *err)
{
    const struct average_dim *d = &of->dim[of->at[COLUMN]];

    for (size_t i = 0; i < d->size; i++) {
        size_t k = 0;

        while (k < i && !alike(d->label[k], d->label[i]))
            k++;
        if (k == i && save_page(out, of, like, fixed, d->label[i], n, err))
            return err->code;
    }
    return 0;
}

/* The next entries of the dimensions without a place; false = that was the last. */
static bool next_fixed(const struct material *of, size_t fixed[DIMS_MAX])
{
    for (size_t d = of->n_dims; d-- > 0;) {
        if (!is_placed(of, d) && ++fixed[d] < of->dim[d].size)
            return true;
        fixed[d] = 0;
    }
    return false;
}

static bool seen_before(const struct material *of, size_t s)
{
    const struct stratum_info *strata = material_strata(of);

    for (size_t k = 0; k < s; k++)
        if (same_page(&strata[k], &strata[s]))
            return true;
    return false;
}

int charts_save(struct gallery *out, struct material *of, size_t *n, struct err *err)
{
    bool apart = of->figure.apart && of->at[COLUMN] >= 0;
    size_t fixed[DIMS_MAX] = {0};
    int code = 0;

    for (size_t s = 0; s < material_n_strata(of) && !code; s++) {
        if (seen_before(of, s))
            continue;
        code = material_load(of, s, err);
        do
            code = code    ? code
                   : apart ? save_apart(out, of, s, fixed, n, err)
                           : save_page(out, of, s, fixed, NULL, n, err);
        while (!code && next_fixed(of, fixed));
    }
    return code;
}
