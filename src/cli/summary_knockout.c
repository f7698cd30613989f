/* What cutting each token set does to the targets. */
#include "cli/summary.h"

#include "base/mem.h"
#include "cli/command.h"

#include <math.h>

struct table {
    struct members members;
    char **target, **set;
    double *cut, *clean, *kl; /* (query, set, target), (query, target), (query, set) */
    struct h5info shape;      /* of cut */
};

static int read_table(struct h5file *f, const char *group, struct table *t, struct err *err)
{
    struct h5info info;

    *t = (struct table){0};
    return members_read(&t->members, f, group, err) ||
                   h5_read_str(f, group, "target", &t->target, &info, err) ||
                   h5_read_str(f, group, "token_set", &t->set, &info, err) ||
                   h5_read_f64(f, "queries", "clean_logprob", &t->clean, &info, err) ||
                   h5_read_f64(f, group, "kl", &t->kl, &info, err) ||
                   h5_read_f64(f, group, "out_logprob", &t->cut, &t->shape, err)
               ? err->code
               : 0;
}

static void free_table(struct table *t)
{
    members_free(&t->members);
    mem_free(t->target);
    mem_free(t->set);
    mem_free(t->cut);
    mem_free(t->clean);
    mem_free(t->kl);
}

static struct mean change(const struct table *t, double step, size_t set, size_t target)
{
    size_t sets = t->shape.size[1], targets = t->shape.size[2];
    struct mean m = {0};
    double square = 0;

    for (size_t q = 0; q < t->members.n; q++)
        if (members_has(&t->members, q, step))
            mean_add(&m, &square,
                     t->cut[(q * sets + set) * targets + target] - t->clean[q * targets + target]);
    mean_end(&m, square);
    return m;
}

static struct mean divergence(const struct table *t, double step, size_t set)
{
    struct mean m = {0};
    double square = 0;

    for (size_t q = 0; q < t->members.n; q++)
        if (members_has(&t->members, q, step))
            mean_add(&m, &square, t->kl[q * t->shape.size[1] + set]);
    mean_end(&m, square);
    return m;
}

static int print_row(const struct table *t, double step, size_t set, struct err *err)
{
    struct mean kl = divergence(t, step, set);

    if (!kl.n)
        return 0; /* no query of this step has the set */
    if (out_printf(err, "  %4.0f %4zu  %-16s %5.2f", step, kl.n, t->set[set], kl.mean))
        return err->code;
    for (size_t k = 0; k < t->shape.size[2]; k++) {
        struct mean m = change(t, step, set, k);

        if (mean_print(&m, err))
            return err->code;
    }
    return out_printf(err, "\n");
}

int summary_knockout(struct h5file *f, const char *group, struct err *err)
{
    struct table t;
    int code = read_table(f, group, &t, err);

    if (!code && t.shape.rank != 3) /* cut layer by layer or head by head: too much for a table */
        goto out;
    if (!code)
        code =
            out_printf(err,
                       "\n%s: change of the targets' log-probabilities when the last token cannot "
                       "attend to a set, mean \u00b1 standard error\n  %4s %4s  %-16s %5s",
                       group, "step", "n", "cut", "KL");
    for (size_t k = 0; !code && k < t.shape.size[2]; k++)
        code = out_printf(err, "  %-14s", t.target[k]);
    if (!code)
        code = out_printf(err, "\n");
    for (double step = 0; !code && step < STEPS_MAX; step++)
        for (size_t set = 0; !code && set < t.shape.size[1]; set++)
            code = print_row(&t, step, set, err);
out:
    free_table(&t);
    return code;
}
