/* Heads that promote or suppress a target more often than chance. */
#include "report/findings.h"
#include "report/summary.h"

#include "base/mem.h"
#include "base/out.h"

#include <stdio.h>
#include <string.h>

enum { PROMOTION, SUPPRESSION, RATES };

struct table {
    struct tops tops;
    struct average rate[RATES], chance[RATES]; /* (stratum, layer, head, target) */
    char **target;
    double tests;
};

static int read_table(struct h5file *f, const char *group, struct table *t, struct err *err)
{
    static const char *const names[RATES] = {"promotion", "suppression"};
    struct h5info info;

    *t = (struct table){0};
    if (tops_read(&t->tops, f, group, group, err) ||
        h5_read_str(f, group, "target", &t->target, &info, err))
        return err->code;
    for (int i = 0; i < RATES; i++) {
        char chance[64];

        snprintf(chance, sizeof chance, "%s_chance", names[i]);
        if (average_read(&t->rate[i], f, group, names[i], err) ||
            average_read(&t->chance[i], f, group, chance, err))
            return err->code;
        t->tests += average_tests(&t->rate[i], &t->tops);
    }
    return 0;
}

static void free_table(struct table *t)
{
    tops_free(&t->tops);
    mem_free(t->target);
    for (int i = 0; i < RATES; i++) {
        average_free(&t->rate[i]);
        average_free(&t->chance[i]);
    }
}

/* How many heads do it, and which most often. */
static size_t count_heads(const struct table *t, const struct top *top, size_t target, int rate,
                          size_t *most)
{
    const struct average *a = &t->rate[rate];
    const double *mean = a->mean + top->row * a->elements;
    size_t targets = a->shape.size[3], n = 0;

    for (size_t i = target; i < a->elements; i += targets)
        if (exceeds_chance(a, &t->chance[rate], top, i, t->tests)) {
            if (!n || mean[i] > mean[*most])
                *most = i;
            n++;
        }
    return n;
}

static int print_rate(const struct table *t, const struct top *top, size_t target, int rate,
                      struct err *err)
{
    const struct average *a = &t->rate[rate];
    size_t most = 0, n = count_heads(t, top, target, rate, &most), at;
    const size_t *size = a->shape.size;

    if (!n)
        return out_printf(err, "  %5s %-35s", "-", "");
    at = top->row * a->elements + most;
    return out_printf(err, "  %5zu %5.2f [%4.2f, %4.2f] chance %4.2f  %3zu.%-3zu", n, a->mean[at],
                      a->lo[at], a->hi[at], t->chance[rate].mean[at], most / size[3] / size[2],
                      most / size[3] % size[2]);
}

static bool has_row(const void *table, const struct top *top, size_t target)
{
    size_t most;

    return count_heads(table, top, target, PROMOTION, &most) ||
           count_heads(table, top, target, SUPPRESSION, &most);
}

static int print_row(const void *table, const struct top *top, size_t target, struct err *err)
{
    const struct table *t = table;

    return out_printf(err, "  %4.0f  %-10s", top->step, t->target[target]) ||
                   print_rate(t, top, target, PROMOTION, err) ||
                   print_rate(t, top, target, SUPPRESSION, err) || out_printf(err, "\n")
               ? err->code
               : 0;
}

/* classify: authors judges a head by all logits of its layer: there is no chance to compare with.
 */
static bool has_chance(struct h5file *f, const char *group, struct err *err)
{
    char *config;
    bool has;

    if (h5_read_attr(f, group, "config", &config, err) || !config)
        return false;
    has = !strstr(config, "classify: authors");
    mem_free(config);
    return has;
}

int summary_heads(struct h5file *f, const char *group, struct err *err)
{
    char header[128];
    struct table t;
    int code;

    if (!has_chance(f, group, err))
        return err->code;
    code = read_table(f, group, &t, err);
    snprintf(header, sizeof header, "  %4s  %-10s  %-41s  %s\n", "step", "target", "promote",
             "suppress");
    if (!code)
        code =
            out_printf(err,
                       "\n%s: heads that promote or suppress a target more often than chance: how "
                       "many, and the first's rate [95 %% interval], layer.head\n",
                       group) ||
            table_print(&(struct table_of){header, t.rate[0].shape.size[3], &t.tops, t.tests,
                                           "is greater than chance", &t, has_row, print_row},
                        err);
    free_table(&t);
    return code ? err->code : 0;
}
