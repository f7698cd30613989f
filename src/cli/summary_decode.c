/* The layers that move each target most. */
#include "cli/summary.h"

#include "base/mem.h"
#include "cli/command.h"

#include <math.h>

struct table {
    struct members members;
    char **target;
    double *logit; /* (query, layer, component, target) */
    struct h5info shape;
};

static int read_table(struct h5file *f, const char *group, struct table *t, struct err *err)
{
    struct h5info info;

    *t = (struct table){0};
    return members_read(&t->members, f, group, err) ||
                   h5_read_str(f, group, "target", &t->target, &info, err) ||
                   h5_read_f64(f, group, "logit", &t->logit, &t->shape, err)
               ? err->code
               : 0;
}

static void free_table(struct table *t)
{
    members_free(&t->members);
    mem_free(t->target);
    mem_free(t->logit);
}

static struct mean mean_at(const struct table *t, double step, size_t layer, size_t component,
                           size_t target)
{
    const size_t *size = t->shape.size;
    struct mean m = {0};
    double square = 0;

    for (size_t q = 0; q < t->members.n; q++)
        if (members_has(&t->members, q, step))
            mean_add(&m, &square,
                     t->logit[((q * size[1] + layer) * size[2] + component) * size[3] + target]);
    mean_end(&m, square);
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
        return out_printf(err, "  %-19s", "-");
    return mean_print(&best, err) ? err->code : out_printf(err, " @%-4zu", at);
}

static int print_step(const struct table *t, double step, struct err *err)
{
    for (size_t k = 0; k < t->shape.size[3]; k++) {
        if (out_printf(err, "  %4.0f %4zu  %-10s", step, mean_at(t, step, 0, 0, k).n, t->target[k]))
            return err->code;
        for (size_t c = 0; c < 2; c++)
            if (print_extreme(t, step, c, k, 1, err) || print_extreme(t, step, c, k, -1, err))
                return err->code;
        if (out_printf(err, "\n"))
            return err->code;
    }
    return 0;
}

int summary_decode(struct h5file *f, const char *group, struct err *err)
{
    struct table t;
    int code = read_table(f, group, &t, err);

    if (!code)
        code =
            out_printf(err,
                       "\n%s: logits that one layer adds at the last token, mean \u00b1 standard "
                       "error over n queries, @layer\n"
                       "  %4s %4s  %-10s  %-19s  %-19s  %-19s  %s\n",
                       group, "step", "n", "target", "attn, highest", "attn, lowest",
                       "mlp, highest", "mlp, lowest");
    for (double step = 0; !code && step < STEPS_MAX; step++)
        if (members_any(&t.members, step))
            code = print_step(&t, step, err);
    free_table(&t);
    return code;
}
