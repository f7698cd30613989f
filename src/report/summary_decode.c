/* The layers that move each target most, beyond what they do to control tokens. */
#include "report/findings.h"
#include "report/summary.h"

#include "base/mem.h"
#include "base/out.h"

#include <stdio.h>

enum { COLUMNS = 4 }; /* attn highest, attn lowest, mlp highest, mlp lowest */

struct table {
    struct tops tops;
    struct average logit; /* (stratum, layer, component, target), minus that of controls */
    char **target;
    double tests;
};

static int read_table(struct h5file *f, const char *group, struct table *t, struct err *err)
{
    struct h5info info;

    *t = (struct table){0};
    if (tops_read(&t->tops, f, group, group, err) ||
        h5_read_str(f, group, "target", &t->target, &info, err) ||
        average_read(&t->logit, f, group, "mean_centred_logit", err))
        return err->code;
    t->tests = average_tests(&t->logit, &t->tops);
    return 0;
}

static void free_table(struct table *t)
{
    tops_free(&t->tops);
    average_free(&t->logit);
    mem_free(t->target);
}

static long cell(const struct table *t, const struct top *top, size_t target, int column)
{
    const size_t *size = t->logit.shape.size;
    size_t inner = size[2] * size[3], component = (size_t)column / 2;

    return find_extreme(&t->logit, top, component * size[3] + target, inner, size[1],
                        column % 2 ? -1 : 1, t->tests);
}

static bool has_row(const void *table, const struct top *top, size_t target)
{
    for (int c = 0; c < COLUMNS; c++)
        if (cell(table, top, target, c) >= 0)
            return true;
    return false;
}

static int print_row(const void *table, const struct top *top, size_t target, struct err *err)
{
    const struct table *t = table;
    const size_t *size = t->logit.shape.size;

    if (out_printf(err, "  %4.0f %4.0f  %-10s", top->step,
                   t->logit.n[top->row * t->logit.elements + target], t->target[target]))
        return err->code;
    for (int c = 0; c < COLUMNS; c++) {
        long i = cell(t, top, target, c);
        char at[24];

        snprintf(at, sizeof at, "@%-3zu", i < 0 ? 0 : (size_t)i / size[2] / size[3]);
        if (found_print(&t->logit, top, i, at, err))
            return err->code;
    }
    return out_printf(err, "\n");
}

int summary_decode(struct h5file *f, const char *group, struct err *err)
{
    char header[128];
    struct table t;
    int code = read_table(f, group, &t, err);

    snprintf(header, sizeof header, "  %4s %4s  %-10s  %-18s  %-18s  %-18s  %s\n", "step", "n",
             "target", "attn, highest", "attn, lowest", "mlp, highest", "mlp, lowest");
    if (!code)
        code =
            out_printf(err,
                       "\n%s: logits that one layer adds to a target beyond control tokens, mean "
                       "\u00b1 standard error @layer\n",
                       group) ||
            table_print(&(struct table_of){header, t.logit.shape.size[3], &t.tops, t.tests,
                                           "differs from what control tokens get", &t, has_row,
                                           print_row},
                        err);
    free_table(&t);
    return code ? err->code : 0;
}
