/* From averages to their pages: which panels and entries that have anything, the CSV. */
#include "report/figures/gnuplot.h"
#include "report/figures/page.h"

#include "base/str.h"
#include "report/words.h"

#include <math.h>
#include <string.h>

/* What a page has room for; more is left out, and the caption says so. */
static const size_t room[PLACES] = {
    [ROW] = 24, [COLUMN] = 12, [SERIES] = 10, [DOWN] = 1024, [ALONG] = 1024};

enum { HIGHEST = 864 }; /* 9 inch, what a sheet of paper has room for */

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

double chart_value(const struct chart *c, const struct plotted *a, enum statistic what,
                   const size_t at[PLACES])
{
    const struct material *of = c->of;
    size_t i = of->slot[c->stratum_of[at[COLUMN]]] * a->average.elements;

    for (size_t d = 0; d < of->n_dims; d++)
        i += a->stride[d] * c->fixed[d];
    for (int p = 0; p < PLACES; p++)
        if (of->at[p] >= 0)
            i += a->stride[of->at[p]] * c->entry[p][at[p]];
    return a->v[what] ? a->v[what][i] : (double)NAN;
}

const char *chart_label(const struct chart *c, enum place p, size_t i)
{
    int d = c->of->at[p];

    return d < 0 ? "" : c->of->dim[d].label[c->entry[p][i]];
}

const char *chart_words(const struct chart *c, enum place p, size_t i)
{
    int d = c->of->at[p];

    return d < 0 ? "" : c->of->shown[d][c->entry[p][i]];
}

void chart_column_words(const struct chart *c, size_t column, struct buf *b, struct err *err)
{
    const int step = material_strata(c->of)[c->stratum_of[column]].step;
    const char *what = chart_words(c, COLUMN, column);
    const char *befell = c->of->figure.column_words;

    if (*what)
        buf_printf(b, err, "%s%s%s, ", what, *befell ? " " : "", befell);
    if (step > 0)
        buf_printf(b, err, "step\u00a0%d, ", step);
}

/* Which panels and entries ----------------------------------------------------------------- */

/* Columns of the page of stratum `like`: entry by entry, in each by step. */
static void add_columns(struct chart *c, size_t entry, size_t like)
{
    const struct stratum_info *strata = material_strata(c->of);
    const size_t first = c->n[COLUMN];

    for (size_t s = 0; s < material_n_strata(c->of); s++) {
        size_t k = c->n[COLUMN];

        if (!same_page(&strata[s], &strata[like]))
            continue;
        for (; k > first && strata[c->stratum_of[k - 1]].step > strata[s].step; k--)
            c->stratum_of[k] = c->stratum_of[k - 1];
        c->stratum_of[k] = s;
        c->entry[COLUMN][c->n[COLUMN]++] = entry;
    }
}

static int all_entries(struct chart *c, struct arena *a, size_t like, struct err *err)
{
    const struct material *of = c->of;
    const size_t n_strata = material_n_strata(of);

    for (int p = 0; p < PLACES; p++) {
        const size_t n = of->at[p] < 0 ? 1 : of->dim[of->at[p]].size;
        const size_t room_for = p == COLUMN ? n * n_strata : n;

        c->entry[p] = arena_alloc(a, room_for, sizeof *c->entry[p], err);
        if (p == COLUMN)
            c->stratum_of = arena_alloc(a, room_for, sizeof *c->stratum_of, err);
        if (err->code)
            return err->code;
        for (size_t i = 0; i < n; i++)
            if (p == COLUMN)
                add_columns(c, i, like);
            else
                c->entry[p][c->n[p]++] = i;
    }
    return 0;
}

/* Bytes of a name that are its beginning: `logit` of logit.answer_1, `answer` of answer_1. */
static size_t name_stem(const char *name)
{
    const char *dot = strchr(name, '.');
    size_t n = strlen(name);

    if (dot)
        return (size_t)(dot - name);
    while (n && strchr("_0123456789", name[n - 1]))
        n--;
    return n;
}

static bool alike(const char *a, const char *b)
{
    return name_stem(a) == name_stem(b) && strncmp(a, b, name_stem(a)) == 0;
}

/* Entry i comes to stand at `to`. */
static void move_entry(struct chart *c, enum place p, size_t to, size_t i)
{
    c->entry[p][to] = c->entry[p][i];
    if (p == COLUMN)
        c->stratum_of[to] = c->stratum_of[i];
}

/* Only the rows or columns whose names begin as `name` does. */
static void keep_alike(struct chart *c, enum place p, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->n[p]; i++)
        if (alike(chart_label(c, p, i), name))
            move_entry(c, p, kept++, i);
    c->n[p] = kept;
}

/* Numbers between others are seen, though they may have no value. */
static void fill_gaps(bool *seen, size_t n)
{
    size_t first = 0;

    while (n && !seen[n - 1])
        n--;
    while (first < n && !seen[first])
        first++;
    for (size_t i = first; i < n; i++)
        seen[i] = true;
}

/* Which entries of a place have a value in what is left of the chart. */
static void find_seen(const struct chart *c, enum place p, bool *seen)
{
    size_t at[PLACES], cells = chart_cells(c);
    int d = c->of->at[p];

    for (size_t i = 0; i < cells; i++) {
        chart_cell(c, i, at);
        if (!seen[at[p]] && isfinite(chart_value(c, &c->of->average[0], STAT_MEAN, at)))
            seen[at[p]] = true;
    }
    if ((p == DOWN || p == ALONG) && d >= 0 && c->of->dim[d].numbers)
        fill_gaps(seen, c->n[p]);
}

/* Leaves out what has no value anywhere in the chart (of an axis only where there is no room for
   all), and then what there is no room for: place by place, so that some value is left. */
static int keep_seen(struct chart *c, struct arena *a, struct err *err)
{
    for (enum place p = ROW; p < PLACES; p++) {
        bool *seen = arena_alloc(a, c->n[p], sizeof *seen, err);
        bool all = p == ALONG && c->n[p] <= room[p];
        size_t n = 0;

        if (!seen)
            return err->code;
        if (!all)
            find_seen(c, p, seen);
        for (size_t i = 0; i < c->n[p]; i++) {
            if (!all && !seen[i])
                continue;
            if (n == room[p])
                c->left_out[p]++;
            else
                move_entry(c, p, n++, i);
        }
        c->n[p] = n;
    }
    return 0;
}

/* Of a graph only the edges that are drawn: the same in all panels. */
static int keep_strongest(struct chart *c, struct arena *a, struct err *err)
{
    size_t edge[GRAPH_EDGES], n = graph_strongest(c, edge), kept = 0;
    bool *drawn = arena_alloc(a, c->n[ALONG] + 1, sizeof *drawn, err);

    if (!drawn)
        return err->code;
    while (n > 0)
        drawn[edge[--n]] = true;
    for (size_t i = 0; i < c->n[ALONG]; i++)
        if (drawn[i])
            move_entry(c, ALONG, kept++, i);
    c->left_out[ALONG] = c->n[ALONG] - kept;
    c->n[ALONG] = kept;
    return 0;
}

/* The CSV ---------------------------------------------------------------------------------- */

static void put_header(struct buf *csv, const struct material *of, struct err *err)
{
    buf_puts(csv, "stratum,step", err);
    for (size_t d = 0; d < of->n_dims; d++) {
        buf_puts(csv, ",", err);
        csv_text(csv, of->dim[d].name, err);
    }
    for (size_t i = 0; i < of->n_averages; i++) {
        const char *name = of->average[i].average.name;

        buf_printf(csv, err, i < of->n_values ? ",%s,%s_lo,%s_hi" : ",%s", name, name, name);
    }
    buf_puts(csv, ",n\n", err);
}

static void put_statistic(struct buf *csv, const struct chart *c, const struct plotted *a,
                          enum statistic what, const size_t at[PLACES], struct err *err)
{
    buf_puts(csv, ",", err);
    csv_number(csv, chart_value(c, a, what, at), err);
}

static void put_line(struct buf *csv, const struct chart *c, const size_t at[PLACES],
                     struct err *err)
{
    const struct material *of = c->of;
    size_t entry[DIMS_MAX];

    memcpy(entry, c->fixed, sizeof entry);
    for (int p = 0; p < PLACES; p++)
        if (of->at[p] >= 0)
            entry[of->at[p]] = c->entry[p][at[p]];
    csv_text(csv, c->stratum, err);
    buf_printf(csv, err, ",%d", material_strata(of)[c->stratum_of[at[COLUMN]]].step);
    for (size_t d = 0; d < of->n_dims; d++) {
        buf_puts(csv, ",", err);
        csv_text(csv, of->dim[d].label[entry[d]], err);
    }
    for (size_t i = 0; i < of->n_averages; i++)
        for (size_t k = 0; k < (i < of->n_values ? INTERVAL : 1); k++)
            put_statistic(csv, c, &of->average[i], interval[k], at, err);
    put_statistic(csv, c, &of->average[0], STAT_N, at, err);
    buf_puts(csv, "\n", err);
}

static void put_csv(struct buf *csv, const struct chart *c, struct err *err)
{
    size_t at[PLACES], cells = chart_cells(c);

    put_header(csv, c->of, err);
    for (size_t i = 0; i < cells && !err->code; i++) {
        chart_cell(c, i, at);
        put_line(csv, c, at, err);
    }
}

/* Names ------------------------------------------------------------------------------------ */

static bool is_placed(const struct material *of, size_t d)
{
    for (int p = 0; p < PLACES; p++)
        if (of->at[p] == (int)d)
            return true;
    return false;
}

static bool is_single(const struct material *of, size_t d)
{
    return list_has(of->figure.single, of->dim[d].name);
}

/* The queries of a page, as its CSV has them, and in words. */
static int name_stratum(const struct material *of, const struct stratum_info *s, struct arena *a,
                        const char **name, const char **words, struct err *err)
{
    const char *dataset = s->dataset;

    if (stratum_of_model(s)) {
        *name = "model";
        *words = "the model's own";
    } else if (s->template == 0)
        *name = *words = dataset;
    else if (s->template > 0) {
        *name = arena_printf(a, err, "%s/%d", dataset, s->template);
        *words = arena_printf(a, err, "%s, template\u00a0%d", dataset, s->template);
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

/* The place whose entries have figures of their own; PLACES = none. */
static enum place apart_place(const struct material *of)
{
    for (enum place p = ROW; p <= COLUMN; p++)
        if (of->figure.apart && of->at[p] >= 0 && str_eq(of->dim[of->at[p]].name, of->figure.apart))
            return p;
    return PLACES;
}

/* "Head outputs set to zero: logit" */
static void put_subject(struct buf *b, const struct chart *c, struct arena *a, struct err *err)
{
    const char *first = chart_label(c, ROW, 0), *title = c->of->figure.title, *metric = "";
    size_t n = strchr(first, '.') ? name_stem(first) : strlen(first), at = b->len;
    const char *whole = arena_strndup(a, first, n, err);

    if (apart_place(c->of) == ROW && whole)
        metric = words_of(a, whole, err);
    if (!metric || buf_printf(b, err, "%s%s%s", title, *metric ? ": " : "", metric) || at == b->len)
        return;
    if (b->data[at] >= 'a' && b->data[at] <= 'z')
        b->data[at] = (char)(b->data[at] - 'a' + 'A');
}

/* ", window 10", but ", last token" of a position. */
static void put_fixed(struct buf *b, const char *dim, const char *shown, struct err *err)
{
    if (!dim)
        return;
    if (str_ends_with(shown, " token") || str_ends_with(shown, " tokens"))
        buf_printf(b, err, ", %s", shown);
    else
        buf_printf(b, err, ", %s %s", dim, shown);
}

/* The whole title: what is drawn, of which queries, and what all its panels have in common. */
static int make_title(struct chart *c, const struct gallery *out, struct arena *a,
                      const char *queries, struct err *err)
{
    const struct material *of = c->of;
    struct buf b = {0};

    buf_printf(&b, err, "%s%s", out->result, *out->result ? ": " : "");
    put_subject(&b, c, a, err);
    buf_printf(&b, err, " (%s", queries);
    for (size_t d = 0; d < of->n_dims; d++)
        if (!is_placed(of, d) && !is_single(of, d))
            put_fixed(&b, words_of(a, of->dim[d].name, err), of->shown[d][c->fixed[d]], err);
    if (c->n[COLUMN] == 1) {
        struct buf common = {0};

        chart_column_words(c, 0, &common, err);
        if (common.len)
            buf_printf(&b, err, ", %.*s", (int)common.len - 2, common.data);
        buf_release(&common);
    }
    if (!buf_puts(&b, ")", err))
        c->title = arena_strndup(a, b.data, b.len, err);
    buf_release(&b);
    return err->code;
}

/* "GROUP_STRATUM", then "_logit" of an entry that has figures of its own, "_window_10" for each
   dimension without a place that has several entries, "_answer_1_step_2" of a column that was
   parted from the others, and the figure's own name. */
static int name_chart(struct chart *c, struct gallery *out, struct arena *a, size_t like,
                      struct err *err)
{
    const struct material *of = c->of;
    const enum place p = apart_place(of);
    const char *queries, *column = chart_label(c, COLUMN, 0);
    struct buf b = {0};

    if (name_stratum(of, &material_strata(of)[like], a, &c->stratum, &queries, err))
        return err->code;
    buf_printf(&b, err, "%s_%s", of->group, c->stratum);
    if (p != PLACES)
        buf_printf(&b, err, "_%.*s", (int)name_stem(chart_label(c, p, 0)), chart_label(c, p, 0));
    for (size_t d = 0; d < of->n_dims; d++)
        if (!is_placed(of, d) && !is_single(of, d) && of->dim[d].size > 1)
            buf_printf(&b, err, "_%s_%s", of->dim[d].name, of->dim[d].label[c->fixed[d]]);
    if (c->whole)
        buf_printf(&b, err, "%s%s_step_%d", *column ? "_" : "", column,
                   material_strata(of)[c->stratum_of[0]].step);
    if (of->figure.name)
        buf_printf(&b, err, "_%s", of->figure.name);
    if (buf_str(&b, err))
        c->name = gallery_name(out, b.data, err);
    buf_release(&b);
    return err->code ? err->code : make_title(c, out, a, queries, err);
}

/* Pages ------------------------------------------------------------------------------------ */

static int save_chart(struct gallery *out, const struct chart *c, struct err *err)
{
    struct buf csv = {0}, gp = {0};

    put_csv(&csv, c, err);
    if (!chart_script(&gp, out, c, err))
        gallery_save(out, &(struct drawing){c->name, c->of->group, c->title}, &csv, &gp, err);
    buf_release(&csv);
    buf_release(&gp);
    return err->code;
}

static int finish_page(struct gallery *out, struct chart *c, struct arena *a, size_t like,
                       size_t *n, struct err *err)
{
    if (keep_seen(c, a, err) || !chart_cells(c))
        return err->code;
    ++*n;
    return err_if(err, name_chart(c, out, a, like, err) || save_chart(out, c, err));
}

/* A page for each column. */
static int part_columns(struct gallery *out, const struct chart *c, struct arena *a, size_t like,
                        size_t *n, struct err *err)
{
    for (size_t k = 0; k < c->n[COLUMN]; k++) {
        struct chart one = *c;

        one.whole = c;
        one.n[COLUMN] = 1;
        one.stratum_of = &c->stratum_of[k];
        one.entry[COLUMN] = &c->entry[COLUMN][k];
        for (int p = 0; p < PLACES; p++) {
            if (p == COLUMN)
                continue;
            one.entry[p] = arena_alloc(a, c->n[p], sizeof *one.entry[p], err);
            if (!one.entry[p])
                return err->code;
            memcpy(one.entry[p], c->entry[p], c->n[p] * sizeof *one.entry[p]);
        }
        if (finish_page(out, &one, a, like, n, err))
            return err->code;
    }
    return 0;
}

/* One page, of the rows or columns that are named like `name`; NULL = of all. What would be higher
   than a sheet of paper is parted by its columns. */
static int save_page(struct gallery *out, const struct material *of, size_t like,
                     const size_t fixed[DIMS_MAX], const char *name, size_t *n, struct err *err)
{
    struct arena a = {0};
    struct chart c = {.of = of, .title = ""};
    double height = 0;

    memcpy(c.fixed, fixed, sizeof c.fixed);
    if (all_entries(&c, &a, like, err))
        goto out;
    if (name)
        keep_alike(&c, apart_place(of), name);
    if ((of->form == GRAPH && keep_strongest(&c, &a, err)) || keep_seen(&c, &a, err) ||
        (chart_cells(&c) && chart_height(&c, out->width, &height, err)))
        goto out;
    if (height > HIGHEST && c.n[COLUMN] > 1)
        part_columns(out, &c, &a, like, n, err);
    else
        finish_page(out, &c, &a, like, n, err);
out:
    arena_release(&a);
    return err->code;
}

static int save_apart(struct gallery *out, const struct material *of, size_t like,
                      const size_t fixed[DIMS_MAX], size_t *n, struct err *err)
{
    const struct average_dim *d = &of->dim[of->at[apart_place(of)]];

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
        if (!is_placed(of, d) && !is_single(of, d) && ++fixed[d] < of->dim[d].size)
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
    bool apart = apart_place(of) != PLACES;
    size_t fixed[DIMS_MAX] = {0};

    for (size_t s = 0; s < material_n_strata(of); s++) {
        if (seen_before(of, s))
            continue;
        if (material_load(of, s, err))
            return err->code;
        do
            if (apart ? save_apart(out, of, s, fixed, n, err)
                      : save_page(out, of, s, fixed, NULL, n, err))
                return err->code;
        while (next_fixed(of, fixed));
    }
    return 0;
}
