/* What cutting each token set does to the targets. */
#include "report/findings.h"
#include "report/summary.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/out.h"

#include <stdio.h>

struct table {
    struct tops tops;
    struct average drop, kl; /* (stratum, token_set, target), (stratum, token_set) */
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
        average_read(&t->kl, f, group, "mean_kl", err) ||
        average_read(&t->drop, f, group, "mean_out_logit_drop", err))
        return err->code;
    t->tests = average_tests(&t->drop, &t->tops);
    return 0;
}

static void free_table(struct table *t)
{
    tops_free(&t->tops);
    average_free(&t->drop);
    average_free(&t->kl);
    mem_free(t->target);
    mem_free(t->set);
}

static bool found(const struct table *t, const struct top *top, size_t set, size_t target)
{
    return differs_from_zero(&t->drop, top, set * t->drop.shape.size[2] + target, t->tests);
}

static bool has_row(const void *table, const struct top *top, size_t set)
{
    const struct table *t = table;

    for (size_t k = 0; k < t->drop.shape.size[2]; k++)
        if (found(t, top, set, k))
            return true;
    return false;
}

static int print_row(const void *table, const struct top *top, size_t set, struct err *err)
{
    const struct table *t = table;
    size_t at = top->row * t->kl.elements + set;

    if (out_printf(err, "  %4.0f %4.0f  %-16s %5.2f", top->step, t->kl.n[at], t->set[set],
                   t->kl.mean[at]))
        return err->code;
    for (size_t k = 0; k < t->drop.shape.size[2]; k++) {
        long i = (long)(set * t->drop.shape.size[2] + k);

        if (found_print(&t->drop, top, found(t, top, set, k) ? i : -1, "", err))
            return err->code;
    }
    return out_printf(err, "\n");
}

static char *make_header(const struct table *t, struct buf *b, struct err *err)
{
    buf_printf(b, err, "  %4s %4s  %-16s %5s", "step", "n", "cut", "KL");
    for (size_t k = 0; k < t->drop.shape.size[2]; k++)
        buf_printf(b, err, "  %-14s", t->target[k]);
    buf_printf(b, err, "\n");
    return buf_str(b, err);
}

int summary_knockout(struct h5file *f, const char *group, struct err *err)
{
    struct buf header = {0};
    struct table t;
    int code = read_table(f, group, &t, err);

    /* cut layer by layer or head by head: too much for a table */
    if (!code && t.drop.shape.rank == 3 && make_header(&t, &header, err))
        code =
            out_printf(err,
                       "\n%s: logits that the targets lose when the last token cannot attend to a "
                       "set, mean \u00b1 standard error\n",
                       group) ||
            table_print(&(struct table_of){buf_str(&header, err), t.drop.shape.size[1], &t.tops,
                                           t.tests, "differs from zero", &t, has_row, print_row},
                        err);
    buf_release(&header);
    free_table(&t);
    return code ? err->code : 0;
}
