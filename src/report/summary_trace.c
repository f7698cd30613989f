/* Where one module alone moves the target. */
#include "report/findings.h"
#include "report/summary.h"

#include "base/mem.h"
#include "base/out.h"

#include <math.h>
#include <stdio.h>

struct table {
    struct members members;
    struct tops tops;
    struct average effect; /* (stratum, corruption, site, window, role, layer) */
    char **corruption, **site, **role;
    double *window, *high, *low; /* (window), (query), (query, corruption) */
    double tests;
};

static int read_table(struct h5file *f, const char *group, struct table *t, struct err *err)
{
    struct h5info info;

    *t = (struct table){0};
    if (members_read(&t->members, f, group, err) || tops_read(&t->tops, f, group, group, err) ||
        h5_read_str(f, group, "corruption", &t->corruption, &info, err) ||
        h5_read_str(f, group, "site", &t->site, &info, err) ||
        h5_read_str(f, group, "role", &t->role, &info, err) ||
        h5_read_f64(f, group, "window", &t->window, &info, err) ||
        h5_read_f64(f, group, "high", &t->high, &info, err) ||
        h5_read_f64(f, group, "low", &t->low, &info, err) ||
        average_read(&t->effect, f, group, "role_effect", err))
        return err->code;
    t->tests = average_tests(&t->effect, &t->tops);
    return 0;
}

static void free_table(struct table *t)
{
    members_free(&t->members);
    tops_free(&t->tops);
    average_free(&t->effect);
    mem_free(t->corruption);
    mem_free(t->site);
    mem_free(t->role);
    mem_free(t->window);
    mem_free(t->high);
    mem_free(t->low);
}

struct levels {
    double high, low;
    size_t n;
};

/* Mean of high and low over the step's queries that have the corruption. */
static struct levels levels(const struct table *t, double step, size_t corruption)
{
    struct levels out = {0};

    for (size_t q = 0; q < t->members.n; q++) {
        double v = t->low[q * t->effect.shape.size[1] + corruption];

        if (!members_has(&t->members, q, step) || isnan(v))
            continue;
        out.high += t->high[q];
        out.low += v;
        out.n++;
    }
    out.high /= (double)out.n;
    out.low /= (double)out.n;
    return out;
}

/* A row is a (corruption, site, window): the strongest of its roles and layers. */
static long strongest(const struct table *t, const struct top *top, size_t row)
{
    size_t cells = t->effect.shape.size[4] * t->effect.shape.size[5];
    const double *mean = t->effect.mean + top->row * t->effect.elements;
    long up = find_extreme(&t->effect, top, row * cells, 1, cells, 1, t->tests);
    long down = find_extreme(&t->effect, top, row * cells, 1, cells, -1, t->tests);

    if (up < 0 || down < 0)
        return up < 0 ? down : up;
    return mean[up] > -mean[down] ? up : down;
}

static bool has_row(const void *table, const struct top *top, size_t row)
{
    return strongest(table, top, row) >= 0;
}

static int print_row(const void *table, const struct top *top, size_t row, struct err *err)
{
    const struct table *t = table;
    const size_t *size = t->effect.shape.size;
    size_t i = (size_t)strongest(t, top, row), at = top->row * t->effect.elements + i;
    size_t corruption = row / size[3] / size[2];
    struct levels level = levels(t, top->step, corruption);

    return out_printf(err,
                      "  %4.0f %4zu  %-10s %-8s %6.0f  %6.3f %6.3f  %+6.3f [%+.3f, %+.3f]  %s "
                      "@%zu\n",
                      top->step, level.n, t->corruption[corruption],
                      t->site[row / size[3] % size[2]], t->window[row % size[3]], level.high,
                      level.low, t->effect.mean[at], t->effect.lo[at], t->effect.hi[at],
                      t->role[i / size[5] % size[4]], i % size[5]);
}

int summary_trace(struct h5file *f, const char *group, struct err *err)
{
    char header[160];
    struct table t;
    int code = read_table(f, group, &t, err);

    snprintf(header, sizeof header, "  %4s %4s  %-10s %-8s %6s  %6s %6s  %-23s  %s\n", "step", "n",
             "corrupted", "site", "window", "clean", "corr.", "change", "where");
    if (!code)
        code = out_printf(err,
                          "\n%s: probability of the target, clean and corrupted, and what the one "
                          "module changes that changes most [95 %% interval] role @layer\n",
                          group) ||
               table_print(&(struct table_of){header,
                                              t.effect.shape.size[1] * t.effect.shape.size[2] *
                                                  t.effect.shape.size[3],
                                              &t.tops, t.tests, "differs from zero", &t, has_row,
                                              print_row},
                           err);
    free_table(&t);
    return code ? err->code : 0;
}
