/*
 * How many configurations of a sweep change a metric, and the three that change it most.
 *
 * What counts is decided by the file's own tests (docs/methods.md 4): a sign test over items,
 * corrected over its family (q), and beside it the test that most items change by more than
 * statistics.min_effect. KL has no sign and no test, and direct effects stand beside total ones in
 * `lensweep top`: neither has a row here.
 */
#include "report/findings.h"
#include "report/summary.h"
#include "report/sweep.h"

#include "base/mem.h"
#include "base/out.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STRONGEST = 3 };
enum { MEAN, LO, HI, P, Q, Q_MIN, ITEMS, COLUMNS };

struct table {
    struct sweep sweep;
    struct tops tops;
    double *v[COLUMNS]; /* (stratum, configurations, metric) */
    size_t elements;    /* of a stratum */
    size_t *size;       /* (elements) tests of each family of a stratum, see count_tests */
    double tests;
    bool found; /* anything at all */
};

static bool is_shown(const struct table *t, size_t metric)
{
    return strncmp(t->sweep.metric[metric], "direct", 6) != 0;
}

/* Which family of its stratum a test belongs to, as a number below `elements`. */
static size_t family_of(const struct sweep *s, size_t element)
{
    size_t family = 0, n = 1;

    for (size_t i = s->shape.rank; i-- > 1; element /= s->shape.size[i])
        if (!s->family[i]) {
            family += element % s->shape.size[i] * n;
            n *= s->shape.size[i];
        }
    return family;
}

/* t->size for one row; returns how many families have tests. */
static size_t count_tests(struct table *t, const struct top *top)
{
    const struct sweep *s = &t->sweep;
    size_t first = s->family[0] ? 0 : top->row, n = 0;
    size_t rows = s->family[0] ? s->shape.size[0] : 1;
    const double *p = t->v[P] + first * t->elements;

    memset(t->size, 0, t->elements * sizeof *t->size);
    for (size_t i = 0; i < rows * t->elements; i++) {
        size_t *size = &t->size[family_of(s, i % t->elements)];

        n += !*size && !isnan(p[i]);
        *size += !isnan(p[i]);
    }
    return n;
}

/* Does anything stand correction over all families, too? */
static void search(struct table *t)
{
    double families = 0, least = INFINITY;

    for (size_t k = 0; k < t->tops.n; k++) {
        const struct top *top = &t->tops.v[k];
        size_t n = count_tests(t, top);

        families = t->sweep.family[0] ? fmax(families, (double)n) : families + (double)n;
        for (size_t i = 0; i < t->elements; i++) {
            size_t at = top->row * t->elements + i;

            if (!is_shown(t, i % t->sweep.metrics) || isnan(t->v[P][at]))
                continue;
            t->tests++;
            least = fmin(least, t->v[Q][at]);
        }
    }
    t->found = least * families <= t->sweep.fdr;
}

static int read_table(struct h5file *f, const char *group, struct table *t, struct err *err)
{
    static const char *const names[COLUMNS] = {"mean", "lo", "hi", "p", "q", "q_min", "n_clusters"};
    const struct sweep *s = &t->sweep;
    struct h5info info;

    *t = (struct table){0};
    if (sweep_read(&t->sweep, f, group, err) || !s->cells)
        return err->code;
    if (tops_read(&t->tops, f, group, s->stats, err))
        return err->code;
    t->elements = s->cells * s->metrics;
    for (int i = 0; i < COLUMNS; i++) {
        if (h5_read_f64(f, s->stats, names[i], &t->v[i], &info, err))
            return err->code;
        if (info.rank != s->shape.rank || memcmp(info.size, s->shape.size, sizeof info.size) != 0)
            return err_set(err, ERR_IO, "%s/%s has not the shape of mean", s->stats, names[i]);
    }
    t->size = mem_alloc(t->elements, sizeof *t->size, err);
    if (t->size)
        search(t);
    return err->code;
}

static void free_table(struct table *t)
{
    tops_free(&t->tops);
    sweep_free(&t->sweep);
    for (int i = 0; i < COLUMNS; i++)
        mem_free(t->v[i]);
    mem_free(t->size);
}

/* --- rows --- */

struct row {
    size_t changed, by_more; /* configurations */
    size_t best[STRONGEST];  /* of those that change it */
    double items;
};

/* The strongest in falling order; of equal ones the first. */
static void take(const double *mean, struct row *r, size_t at)
{
    size_t n = r->changed < STRONGEST ? r->changed : STRONGEST, i = n;

    while (i > 0 && fabs(mean[r->best[i - 1]]) < fabs(mean[at]))
        i--;
    if (i == STRONGEST)
        return;
    for (size_t k = n < STRONGEST ? n : STRONGEST - 1; k > i; k--)
        r->best[k] = r->best[k - 1];
    r->best[i] = at;
}

static struct row look(const struct table *t, const struct top *top, size_t metric)
{
    struct row r = {0};

    for (size_t c = 0; c < t->sweep.cells; c++) {
        size_t at = top->row * t->elements + c * t->sweep.metrics + metric;

        r.items = fmax(r.items, t->v[ITEMS][at]);
        r.by_more += t->v[Q_MIN][at] <= t->sweep.fdr;
        if (!(t->v[Q][at] <= t->sweep.fdr))
            continue;
        take(t->v[MEAN], &r, at);
        r.changed++;
    }
    return r;
}

static bool has_row(const void *table, const struct top *top, size_t metric)
{
    const struct table *t = table;

    return t->found && is_shown(t, metric) && look(t, top, metric).changed > 0;
}

static int print_row(const void *table, const struct top *top, size_t metric, struct err *err)
{
    const struct table *t = table;
    struct row r = look(t, top, metric);
    char where[WHERE_MAX];
    int code = out_printf(err, "  %4.0f %5.0f  %-16s %8zu %8zu", top->step, r.items,
                          t->sweep.metric[metric], r.changed, r.by_more);

    for (size_t i = 0; i < STRONGEST && i < r.changed && !code; i++) {
        size_t at = r.best[i], cell = at % t->elements / t->sweep.metrics;

        code = out_printf(err, "%*s  %+6.2f [%+.2f, %+.2f]  %s\n", i ? 48 : 0, "", t->v[MEAN][at],
                          t->v[LO][at], t->v[HI][at], sweep_where(&t->sweep, cell, where));
    }
    return code;
}

/* --- could anything pass? --- */

/* A configuration in which all items agree has p = 2^(1 - items), and alone passes if that is at
   most fdr / tests of its family: does any reach it? */
static int print_power(struct table *t, const struct top *top, struct err *err)
{
    double nearest = INFINITY, items = 0, tests = 0;

    count_tests(t, top);
    for (size_t i = 0; i < t->elements; i++) {
        size_t at = top->row * t->elements + i, n = t->size[family_of(&t->sweep, i)];
        double p = pow(2, 1 - t->v[ITEMS][at]);

        if (isnan(t->v[P][at]) || !(p * (double)n < nearest))
            continue;
        nearest = p * (double)n;
        items = t->v[ITEMS][at];
        tests = (double)n;
    }
    if (isinf(nearest) || nearest <= t->sweep.fdr)
        return 0;
    return out_printf(
        err,
        "  step %.0f has too few items for one configuration alone: all %.0f agreeing "
        "give p = %.2g, %.0f tests need %.2g, so at least %.0f items\n",
        top->step, items, pow(2, 1 - items), tests, t->sweep.fdr / tests,
        ceil(1 + log2(tests / t->sweep.fdr)));
}

/* --- all of it --- */

static int print_title(const struct table *t, const char *group, struct err *err)
{
    const struct sweep *s = &t->sweep;
    const char *warning = !str_eq(s->operation, "zero") ? ""
                          : str_eq(s->site, "edge")
                              ? " (off-distribution)"
                              : " (off-distribution: read it beside resample)";

    return out_printf(err,
                      "\n%s: %zu configurations of site %s, operation %s%s: how many change a "
                      "metric (q <= %g), by more than %g in most items, and those that change it "
                      "most [95 %% interval] %s\n",
                      group, s->cells, s->site, s->operation, warning, s->fdr, s->min_effect,
                      sweep_dim(s, "head") ? "layer.head" : "layer");
}

static int print_table(struct table *t, struct err *err)
{
    char header[160];

    if (!(t->tests > 0))
        return out_printf(err, "  nothing is tested: no configuration has a value of a metric that "
                               "has a sign (KL has none), or none was picked (statistics.split)\n");
    snprintf(header, sizeof header, "  %4s %5s  %-16s %8s %8s  %s\n", "step", "items", "metric",
             "change", "by more", "most");
    table_print(&(struct table_of){header, t->sweep.metrics, &t->tops, t->tests,
                                   "differs from zero after correction", t, has_row, print_row},
                err);
    for (size_t k = 0; k < t->tops.n && !err->code; k++)
        print_power(t, &t->tops.v[k], err);
    return err->code;
}

int summary_ablation(struct h5file *f, const char *group, struct err *err)
{
    struct table t;
    int code = read_table(f, group, &t, err);

    if (!code && t.sweep.cells)
        code = print_title(&t, group, err) || print_table(&t, err);
    free_table(&t);
    return code ? err->code : 0;
}
