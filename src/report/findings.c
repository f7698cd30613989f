#include "report/findings.h"

#include "base/mem.h"
#include "base/out.h"
#include "base/str.h"
#include "statistics/dist.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double LEVEL = 0.05;

int average_read(struct average *a, struct h5file *f, const char *group, const char *name,
                 struct err *err)
{
    static const char *const ends[] = {"", "_se", "_lo", "_hi", "_n"};
    double **into[] = {&a->mean, &a->se, &a->lo, &a->hi, &a->n};

    *a = (struct average){0};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char whole[256];

        snprintf(whole, sizeof whole, "%s%s", name, ends[i]);
        if (h5_read_f64(f, group, whole, into[i], &a->shape, err))
            return err->code;
    }
    a->elements = 1;
    for (size_t i = 1; i < a->shape.rank; i++)
        a->elements *= a->shape.size[i];
    return 0;
}

void average_free(struct average *a)
{
    mem_free(a->mean);
    mem_free(a->se);
    mem_free(a->lo);
    mem_free(a->hi);
    mem_free(a->n);
}

/* --- rows and their items --- */

struct member {
    const char *dataset, *item;
};

static int by_item(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int order = strcmp(x->dataset, y->dataset);

    return order ? order : strcmp(x->item, y->item);
}

struct queries {
    char **status, **dataset, **item;
    double *step;
    struct member *member; /* (n) room */
    size_t n;
};

/* Different items among the usable queries of a step. */
static double count_items(struct queries *q, double step)
{
    size_t members = 0, items = 0;

    for (size_t i = 0; i < q->n; i++)
        if (q->step[i] == step && str_eq(q->status[i], "ok"))
            q->member[members++] = (struct member){q->dataset[i], q->item[i]};
    if (members)
        qsort(q->member, members, sizeof *q->member, by_item);
    for (size_t i = 0; i < members; i++)
        items += i == 0 || by_item(&q->member[i - 1], &q->member[i]) != 0;
    return (double)items;
}

static int queries_read(struct queries *q, struct h5file *f, const char *group, struct err *err)
{
    struct h5info info;

    if (h5_read_str(f, group, "status", &q->status, &info, err) ||
        h5_read_str(f, group, "dataset", &q->dataset, &info, err) ||
        h5_read_str(f, group, "item", &q->item, &info, err) ||
        h5_read_f64(f, group, "step", &q->step, &info, err))
        return err->code;
    q->n = info.size[0];
    q->member = mem_alloc(q->n, sizeof *q->member, err);
    return q->member ? 0 : err->code;
}

static void queries_free(struct queries *q)
{
    mem_free(q->status);
    mem_free(q->dataset);
    mem_free(q->item);
    mem_free(q->step);
    mem_free(q->member);
}

static int by_step(const void *a, const void *b)
{
    const struct top *x = a, *y = b;

    return (x->step > y->step) - (x->step < y->step);
}

/* Rows stand in the order: the data's own, over templates, over datasets; so a later row of a step
   averages over more. A step of one dataset has no row over datasets. */
int tops_read(struct tops *t, struct h5file *f, const char *group, const char *strata,
              struct err *err)
{
    struct queries q = {0};
    struct h5info info = {0};
    double *step = NULL;

    *t = (struct tops){0};
    if (queries_read(&q, f, group, err) ||
        h5_read_f64(f, strata, "stratum_step", &step, &info, err))
        goto out;
    t->v = mem_alloc(info.size[0], sizeof *t->v, err);
    for (size_t i = 0; t->v && i < info.size[0]; i++) {
        size_t k = 0;

        while (k < t->n && t->v[k].step != step[i])
            k++;
        t->v[k] = (struct top){step[i], i, count_items(&q, step[i])};
        t->n += k == t->n;
    }
    if (t->n)
        qsort(t->v, t->n, sizeof *t->v, by_step);
out:
    queries_free(&q);
    mem_free(step);
    return err->code;
}

void tops_free(struct tops *t)
{
    mem_free(t->v);
}

/* --- tests --- */

double average_tests(const struct average *a, const struct tops *t)
{
    double tests = 0;

    for (size_t k = 0; k < t->n; k++)
        for (size_t i = 0; i < a->elements; i++)
            tests += a->n[t->v[k].row * a->elements + i] > 0;
    return tests;
}

static double clusters(const struct average *a, const struct top *t, size_t at)
{
    return a->n[at] < t->items ? a->n[at] : t->items;
}

/* The bootstrap's standard error lacks the factor of n - 1. */
bool differs_from_zero(const struct average *a, const struct top *t, size_t i, double tests)
{
    size_t at = t->row * a->elements + i;
    double n = clusters(a, t, at), se = a->se[at] * sqrt(n / (n - 1));

    if (n < 2 || !(se > 0) || !(a->lo[at] > 0 || a->hi[at] < 0))
        return false;
    return student_tail(a->mean[at] / se, n - 1) * tests < LEVEL;
}

bool exceeds_chance(const struct average *rate, const struct average *chance, const struct top *t,
                    size_t i, double tests)
{
    size_t at = t->row * rate->elements + i;
    double n = clusters(rate, t, at);

    if (n < 2 || !(rate->lo[at] > chance->mean[at]))
        return false;
    return binomial_tail(floor(rate->mean[at] * n + 1e-9), n, chance->mean[at]) * tests < LEVEL;
}

long find_extreme(const struct average *a, const struct top *t, size_t i0, size_t step,
                  size_t count, double sign, double tests)
{
    const double *mean = a->mean + t->row * a->elements;
    long best = -1;

    for (size_t k = 0; k < count; k++) {
        size_t i = i0 + k * step;

        if (sign * mean[i] > 0 && (best < 0 || sign * mean[i] > sign * mean[best]) &&
            differs_from_zero(a, t, i, tests))
            best = (long)i;
    }
    return best;
}

int found_print(const struct average *a, const struct top *t, long i, const char *at,
                struct err *err)
{
    size_t k = t->row * a->elements + (size_t)(i < 0 ? 0 : i);

    if (i < 0)
        return out_printf(err, "  %-*s", 14 + (int)strlen(at), "-");
    return out_printf(err, "  %+6.2f \u00b1%5.2f %s", a->mean[k], a->se[k], at);
}

static bool any_row(const struct table_of *t)
{
    for (size_t s = 0; s < t->tops->n; s++)
        for (size_t k = 0; k < t->n; k++)
            if (t->has(t->table, &t->tops->v[s], k))
                return true;
    return false;
}

int table_print(const struct table_of *t, struct err *err)
{
    if (!(t->tests > 0))
        return out_printf(err, "  nothing can be said: there are no numbers to test\n");
    if (!any_row(t))
        return out_printf(err, "  nothing found: of %.0f numbers none %s\n", t->tests, t->what);
    if (out_printf(err, "%s", t->header))
        return err->code;
    for (size_t s = 0; s < t->tops->n; s++)
        for (size_t k = 0; k < t->n; k++)
            if (t->has(t->table, &t->tops->v[s], k) && t->print(t->table, &t->tops->v[s], k, err))
                return err->code;
    return 0;
}
