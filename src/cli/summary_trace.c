/* Where restoring a module brings the target back. */
#include "cli/summary.h"

#include "base/mem.h"
#include "cli/command.h"

#include <math.h>

struct table {
    struct members members;
    char **corruption, **site, **role;
    double *window, *high, *low; /* (window), (query), (query, corruption) */
    double *score, *count;       /* (stratum, corruption, site, window, role, layer) */
    double *stratum_step;
    struct h5info shape; /* of score */
};

static int read_table(struct h5file *f, const char *group, struct table *t, struct err *err)
{
    struct h5info info;

    *t = (struct table){0};
    return members_read(&t->members, f, group, err) ||
                   h5_read_str(f, group, "corruption", &t->corruption, &info, err) ||
                   h5_read_str(f, group, "site", &t->site, &info, err) ||
                   h5_read_str(f, group, "role", &t->role, &info, err) ||
                   h5_read_f64(f, group, "window", &t->window, &info, err) ||
                   h5_read_f64(f, group, "high", &t->high, &info, err) ||
                   h5_read_f64(f, group, "low", &t->low, &info, err) ||
                   h5_read_f64(f, group, "stratum_step", &t->stratum_step, &info, err) ||
                   h5_read_f64(f, group, "role_score_n", &t->count, &info, err) ||
                   h5_read_f64(f, group, "role_score", &t->score, &t->shape, err)
               ? err->code
               : 0;
}

static void free_table(struct table *t)
{
    members_free(&t->members);
    mem_free(t->corruption);
    mem_free(t->site);
    mem_free(t->role);
    mem_free(t->window);
    mem_free(t->high);
    mem_free(t->low);
    mem_free(t->score);
    mem_free(t->count);
    mem_free(t->stratum_step);
}

/* Mean of high and low over the step's queries that have the corruption. */
static void levels(const struct table *t, double step, size_t corruption, struct mean *high,
                   struct mean *low)
{
    double high_square = 0, low_square = 0;

    *high = *low = (struct mean){0};
    for (size_t q = 0; q < t->members.n; q++) {
        double v = t->low[q * t->shape.size[1] + corruption];

        if (!members_has(&t->members, q, step) || isnan(v))
            continue;
        mean_add(high, &high_square, t->high[q]);
        mean_add(low, &low_square, v);
    }
}

static int print_row(const struct table *t, size_t stratum, const size_t at[3], struct err *err)
{
    const size_t *size = t->shape.size;
    size_t first = ((stratum * size[1] + at[0]) * size[2] + at[1]) * size[3] + at[2];
    size_t best = 0, cells = size[4] * size[5];
    const double *score = t->score + first * cells, *n = t->count + first * cells;
    struct mean high, low;
    bool any = false;

    levels(t, t->stratum_step[stratum], at[0], &high, &low);
    for (size_t i = 0; i < cells; i++)
        if (n[i] > 0 && (!any || score[i] > score[best])) {
            best = i;
            any = true;
        }
    if (!any || !high.n)
        return 0;
    return out_printf(err, "  %4.0f %4zu  %-10s %-8s %6.0f  %6.3f %6.3f  %6.3f  %s @%zu\n",
                      t->stratum_step[stratum], high.n, t->corruption[at[0]], t->site[at[1]],
                      t->window[at[2]], high.mean, low.mean, score[best], t->role[best / size[5]],
                      best % size[5]);
}

int summary_trace(struct h5file *f, const char *group, struct err *err)
{
    struct table t;
    int code = read_table(f, group, &t, err);
    size_t at[3];

    if (!code)
        code = out_printf(
            err,
            "\n%s: probability of the target, clean, corrupted, and with the one module "
            "restored that brings back most (role @layer)\n"
            "  %4s %4s  %-10s %-8s %6s  %6s %6s  %6s  %s\n",
            group, "step", "n", "corrupted", "site", "window", "clean", "corr.", "best", "where");
    for (size_t s = 0; !code && s < t.shape.size[0]; s++)
        for (at[0] = 0; !code && at[0] < t.shape.size[1]; at[0]++)
            for (at[1] = 0; !code && at[1] < t.shape.size[2]; at[1]++)
                for (at[2] = 0; !code && at[2] < t.shape.size[3]; at[2]++)
                    code = print_row(&t, s, at, err);
    free_table(&t);
    return code;
}
