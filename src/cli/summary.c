/*
 * The summary at the end of a run, read back from the result file: how many queries were right, and
 * for each decode experiment the layers that move each target most.
 */
#include "cli/job.h"

#include "base/mem.h"
#include "base/str.h"
#include "cli/command.h"
#include "results/h5file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct table {
    const char *group;
    char **status, **target, **component;
    double *step, *logit; /* (query), (query, layer, component, target) */
    struct h5info shape;  /* of logit */
    size_t queries, n_targets;
};

static int read_table(struct h5file *f, const char *group, struct table *t, struct err *err)
{
    struct h5info info;

    memset(t, 0, sizeof *t);
    t->group = group;
    if (h5_read_str(f, group, "status", &t->status, &info, err) ||
        h5_read_str(f, group, "target", &t->target, &info, err) ||
        h5_read_str(f, group, "component", &t->component, &info, err) ||
        h5_read_f64(f, group, "step", &t->step, &info, err) ||
        h5_read_f64(f, group, "logit", &t->logit, &t->shape, err))
        return err->code;
    t->queries = t->shape.size[0];
    t->n_targets = t->shape.size[3];
    return 0;
}

static void free_table(struct table *t)
{
    mem_free(t->status);
    mem_free(t->target);
    mem_free(t->component);
    mem_free(t->step);
    mem_free(t->logit);
}

struct mean {
    double mean, se;
    size_t n;
};

/* Over the usable queries of a step. */
static struct mean mean_at(const struct table *t, double step, size_t layer, size_t component,
                           size_t target)
{
    const size_t *size = t->shape.size;
    struct mean m = {0};
    double square = 0;

    for (size_t q = 0; q < t->queries; q++) {
        double v = t->logit[((q * size[1] + layer) * size[2] + component) * size[3] + target];

        if (t->step[q] != step || !str_eq(t->status[q], "ok") || isnan(v))
            continue;
        m.n++;
        square += (v - m.mean) * (v - m.mean) * (double)(m.n - 1) / (double)m.n;
        m.mean += (v - m.mean) / (double)m.n;
    }
    m.se = m.n > 1 ? sqrt(square / (double)(m.n - 1) / (double)m.n) : (double)NAN;
    return m;
}

static int print_extreme(const struct table *t, double step, size_t component, size_t target,
                         double sign, struct err *err)
{
    struct mean best = {0};
    size_t at = 0;

    for (size_t l = 0; l < t->shape.size[1]; l++) {
        struct mean m = mean_at(t, step, l, component, target);

        if (m.n && (!best.n || sign * m.mean > sign * best.mean)) {
            best = m;
            at = l;
        }
    }
    if (!best.n)
        return out_printf(err, "  %-20s", "-");
    return out_printf(err, "  %+6.2f \u00b1%5.2f @%-4zu", best.mean, best.se, at);
}

static int print_step(const struct table *t, double step, struct err *err)
{
    size_t n = mean_at(t, step, 0, 0, 0).n;

    for (size_t k = 0; k < t->n_targets; k++) {
        if (mean_at(t, step, 0, 0, k).n > n)
            n = mean_at(t, step, 0, 0, k).n;
        if (out_printf(err, "  %4.0f %4zu  %-10s", step, n, t->target[k]))
            return err->code;
        for (size_t c = 0; c < 2; c++)
            if (print_extreme(t, step, c, k, 1, err) || print_extreme(t, step, c, k, -1, err))
                return err->code;
        if (out_printf(err, "\n"))
            return err->code;
    }
    return 0;
}

static int print_decode(struct h5file *f, const char *group, struct err *err)
{
    struct table t;
    int code = read_table(f, group, &t, err);

    if (!code)
        code =
            out_printf(err,
                       "\n%s: logits that one layer adds at the last token, mean \u00b1 standard "
                       "error over n queries, @layer\n"
                       "  %4s %4s  %-10s  %-18s  %-18s  %-18s  %-18s\n",
                       group, "step", "n", "target", "attn, highest", "attn, lowest",
                       "mlp, highest", "mlp, lowest");
    for (double step = 0; !code && step < 128; step++) {
        bool any = false;

        for (size_t q = 0; q < t.queries; q++)
            any |= t.step[q] == step && str_eq(t.status[q], "ok");
        if (any)
            code = print_step(&t, step, err);
    }
    free_table(&t);
    return code;
}

/* How often the model's next token is the target that counts as right: the target named
   answer_STEP, where there is one. */
static int print_queries(struct h5file *f, struct err *err)
{
    struct h5info info, ranks;
    char **status = NULL, **target = NULL;
    double *step = NULL, *rank = NULL;
    size_t right[128] = {0}, total[128] = {0};
    int code;

    code = h5_read_str(f, "queries", "status", &status, &info, err) ||
           h5_read_str(f, "queries", "target", &target, &info, err) ||
           h5_read_f64(f, "queries", "step", &step, &info, err) ||
           h5_read_f64(f, "queries", "clean_rank", &rank, &ranks, err);
    for (size_t q = 0; !code && q < ranks.size[0]; q++)
        for (size_t k = 0; k < ranks.size[1]; k++) {
            char name[32];

            snprintf(name, sizeof name, "answer_%.0f", step[q]);
            if (step[q] < 1 || step[q] > 127 || !str_eq(status[q], "ok") ||
                !str_eq(target[k], name))
                continue;
            total[(int)step[q]]++;
            right[(int)step[q]] += rank[q * ranks.size[1] + k] == 0;
        }
    for (int s = 1; !code && s < 128; s++)
        if (total[s])
            code = out_printf(
                err, "step %d: answer_%d is the model's next token in %zu of %zu queries\n", s, s,
                right[s], total[s]);
    mem_free(status);
    mem_free(target);
    mem_free(step);
    mem_free(rank);
    return code ? err->code : 0;
}

struct groups {
    struct h5file *file;
    char last[256];
};

static int visit(void *ctx, const struct h5info *v, struct err *err)
{
    struct groups *g = ctx;
    char *kind;
    int code;

    if (str_eq(v->group, g->last))
        return 0;
    snprintf(g->last, sizeof g->last, "%s", v->group);
    if (h5_read_attr(g->file, v->group, "kind", &kind, err))
        return err->code;
    code = kind && str_eq(kind, "decode") ? print_decode(g->file, v->group, err) : 0;
    mem_free(kind);
    return code;
}

int print_summary(const char *result, struct err *err)
{
    struct groups g = {0};
    int code;

    if (h5_open(&g.file, result, err))
        return err->code;
    code = print_queries(g.file, err);
    if (!code)
        code = h5_each(g.file, visit, &g, err);
    h5_close(g.file);
    return code;
}
