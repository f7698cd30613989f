/* The token sets from which attention takes what moves a target. */
#include "report/findings.h"
#include "report/summary.h"

#include "base/mem.h"
#include "base/out.h"

#include <math.h>
#include <stdio.h>

struct table {
    struct tops tops;
    struct average logit;     /* (stratum, layer, token_set, target), minus that of controls */
    struct average attention; /* (stratum, layer, head, token_set) */
    char **target, **set;
    double tests;
};

static int read_table(struct h5file *f, const char *group, struct table *t, struct err *err)
{
    struct h5info info;

    *t = (struct table){0};
    if (tops_read(&t->tops, f, group, group, err) ||
        h5_read_str(f, group, "target", &t->target, &info, err) ||
        h5_read_str(f, group, "token_set", &t->set, &info, err) ||
        average_read(&t->attention, f, group, "mean_attention", err) ||
        average_read(&t->logit, f, group, "mean_centred_logit", err))
        return err->code;
    t->tests = average_tests(&t->logit, &t->tops);
    return 0;
}

static void free_table(struct table *t)
{
    tops_free(&t->tops);
    average_free(&t->logit);
    average_free(&t->attention);
    mem_free(t->target);
    mem_free(t->set);
}

/* Mean over layers and heads of the attention to a set. */
static double mass(const struct table *t, const struct top *top, size_t set)
{
    size_t sets = t->logit.shape.size[2], rows = t->attention.elements / sets;
    const double *mean = t->attention.mean + top->row * t->attention.elements;
    double sum = 0;

    for (size_t i = 0; i < rows; i++)
        sum += mean[i * sets + set] / (double)rows;
    return sum;
}

/* Of all layers and targets. */
static long cell(const struct table *t, const struct top *top, size_t set, double sign)
{
    const size_t *size = t->logit.shape.size;
    const double *mean = t->logit.mean + top->row * t->logit.elements;
    long best = -1;

    for (size_t k = 0; k < size[3]; k++) {
        long i = find_extreme(&t->logit, top, set * size[3] + k, size[2] * size[3], size[1], sign,
                              t->tests);

        if (i >= 0 && (best < 0 || sign * mean[i] > sign * mean[best]))
            best = i;
    }
    return best;
}

static bool has_row(const void *table, const struct top *top, size_t set)
{
    return cell(table, top, set, 1) >= 0 || cell(table, top, set, -1) >= 0;
}

static int print_row(const void *table, const struct top *top, size_t set, struct err *err)
{
    const struct table *t = table;
    const size_t *size = t->logit.shape.size;

    if (out_printf(err, "  %4.0f  %-10s %9.3f", top->step, t->set[set], mass(t, top, set)))
        return err->code;
    for (int c = 0; c < 2; c++) {
        long i = cell(t, top, set, c ? -1 : 1);
        char at[40];

        snprintf(at, sizeof at, "%-10s @%-3zu", i < 0 ? "" : t->target[(size_t)i % size[3]],
                 i < 0 ? 0 : (size_t)i / size[3] / size[2]);
        if (found_print(&t->logit, top, i, at, err))
            return err->code;
    }
    return out_printf(err, "\n");
}

int summary_lens(struct h5file *f, const char *group, struct err *err)
{
    char header[128];
    struct table t;
    int code = read_table(f, group, &t, err);

    snprintf(header, sizeof header, "  %4s  %-10s %9s  %-29s  %s\n", "step", "set", "attention",
             "highest", "lowest");
    if (!code)
        code =
            out_printf(err,
                       "\n%s: logits that one layer's attention to a token set adds beyond control "
                       "tokens, mean \u00b1 standard error, target @layer\n",
                       group) ||
            table_print(&(struct table_of){header, t.logit.shape.size[2], &t.tops, t.tests,
                                           "differs from what control tokens get", &t, has_row,
                                           print_row},
                        err);
    free_table(&t);
    return code ? err->code : 0;
}
