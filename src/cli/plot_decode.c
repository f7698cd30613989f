/* The paper's figure of early decoding: what attention and MLP of each layer add to the logits of
   the answers and of the subject, at each step, averaged over queries. */
#include "cli/plot_decode.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

/* Reading ---------------------------------------------------------------------------------- */

static int read_text(struct h5file *f, const char *group, const char *var, size_t n, char ***s,
                     struct err *err)
{
    struct h5info info;

    if (h5_read_str(f, group, var, s, &info, err))
        return err->code;
    if (info.rank != 1 || info.size[0] != n)
        return err_set(err, ERR_CONFIG, "%s has not one entry for each of %zu", var, n);
    return 0;
}

static int read_numbers(struct h5file *f, const char *group, const char *var, size_t n, double **v,
                        struct err *err)
{
    struct h5info info;

    if (h5_read_f64(f, group, var, v, &info, err))
        return err->code;
    if (info.rank != 1 || info.size[0] != n)
        return err_set(err, ERR_CONFIG, "%s has not one entry for each of %zu", var, n);
    return 0;
}

static bool has_dims(const struct h5info *info, size_t n, const char *const *names)
{
    for (size_t i = 0; i < n; i++)
        if (i >= info->rank || !str_eq(info->dim[i], names[i]))
            return false;
    return info->rank == n;
}

struct wanted {
    const char *group;
    bool control, status;
};

static int note_variable(void *ctx, const struct h5info *v, struct err *err)
{
    struct wanted *w = ctx;

    (void)err;
    if (str_eq(v->group, w->group)) {
        w->control |= str_eq(v->name, "control_logit");
        w->status |= str_eq(v->name, "status");
    }
    return 0;
}

static int read_cells(struct h5file *f, const char *group, bool control, struct lens *l,
                      struct err *err)
{
    static const char *const dims[] = {"query", "layer", "component", "target"};
    struct h5info info;

    if (h5_read_f64(f, group, "logit", &l->logit, &info, err))
        return err->code;
    if (!has_dims(&info, 4, dims))
        return err_set(err, ERR_CONFIG, "logit is not by query, layer, component and target");
    l->Q = info.size[0];
    l->L = info.size[1];
    l->C = info.size[2];
    l->T = info.size[3];
    if (!control)
        return 0;
    if (h5_read_f64(f, group, "control_logit", &l->control, &info, err))
        return err->code;
    if (!has_dims(&info, 3, dims) || info.size[0] != l->Q || info.size[1] != l->L ||
        info.size[2] != l->C)
        return err_set(err, ERR_CONFIG, "control_logit is not by query, layer and component");
    return 0;
}

static int read_lens(struct h5file *f, const char *group, struct lens *l, struct err *err)
{
    struct wanted w = {group, false, false};

    memset(l, 0, sizeof *l);
    if (h5_each(f, note_variable, &w, err) || read_cells(f, group, w.control, l, err) ||
        read_text(f, group, "dataset", l->Q, &l->dataset, err) ||
        read_text(f, group, "component", l->C, &l->component, err) ||
        read_text(f, group, "target", l->T, &l->target, err) ||
        read_numbers(f, group, "template", l->Q, &l->template, err) ||
        read_numbers(f, group, "step", l->Q, &l->step, err))
        return err->code;
    return w.status ? read_text(f, group, "status", l->Q, &l->status, err) : 0;
}

static void lens_release(struct lens *l)
{
    mem_free(l->logit);
    mem_free(l->control);
    mem_free(l->template);
    mem_free(l->step);
    mem_free(l->dataset);
    mem_free(l->status);
    mem_free(l->component);
    mem_free(l->target);
}

/* Means ------------------------------------------------------------------------------------ */

static size_t chart_cells(const struct chart *c)
{
    return c->S * c->lens->C * c->lens->L * (c->lens->T + 1);
}

static bool is_ok(const struct lens *l, size_t q)
{
    return !l->status || str_eq(l->status[q], "ok");
}

static bool in_stratum(const struct lens *l, size_t q, size_t like)
{
    return l->template[q] == l->template[like] && str_eq(l->dataset[q], l->dataset[like]);
}

/* The steps that occur, in order; queries of further ones are not drawn. */
static void find_steps(const struct lens *l, struct chart *c)
{
    for (size_t q = 0; q < l->Q; q++) {
        int step = (int)l->step[q];
        size_t at = 0;

        while (at < c->S && c->step[at] < step)
            at++;
        if (!is_ok(l, q) || c->S == STEPS_MAX || (at < c->S && c->step[at] == step))
            continue;
        memmove(c->step + at + 1, c->step + at, (c->S - at) * sizeof *c->step);
        c->step[at] = step;
        c->S++;
    }
}

static void add_value(struct cell *c, double v)
{
    double d = v - c->mean;

    if (!isfinite(v))
        return;
    c->n++;
    c->mean += d / (double)c->n;
    c->m2 += d * (v - c->mean);
}

static void add_query(struct chart *c, size_t s, size_t q)
{
    const struct lens *l = c->lens;

    for (size_t layer = 0; layer < l->L; layer++)
        for (size_t comp = 0; comp < l->C; comp++) {
            size_t at = (q * l->L + layer) * l->C + comp;

            for (size_t t = 0; t < l->T; t++)
                add_value(cell_at(c, s, comp, layer, t), l->logit[at * l->T + t]);
            if (l->control)
                add_value(cell_at(c, s, comp, layer, l->T), l->control[at]);
        }
}

static void average_queries(struct chart *c, size_t like)
{
    const struct lens *l = c->lens;

    for (size_t q = 0; q < l->Q; q++)
        for (size_t s = 0; s < c->S; s++)
            if ((int)l->step[q] == c->step[s] && is_ok(l, q) && in_stratum(l, q, like))
                add_query(c, s, q);
    for (size_t i = 0; i < chart_cells(c); i++) {
        struct cell *x = &c->cell[i];
        double n = (double)x->n;

        x->se = x->n > 1 ? sqrt(x->m2 / (n - 1) / n) : (double)NAN;
        x->mean = x->n ? x->mean : (double)NAN;
    }
}

/* Every stratum counts once; their errors are independent. */
static void average_strata(struct chart *c, const struct chart *of, size_t n)
{
    for (size_t i = 0; i < chart_cells(c); i++) {
        struct cell *x = &c->cell[i];
        double variance = 0, k = 0;

        for (size_t j = 0; j < n; j++) {
            const struct cell *y = &of[j].cell[i];

            if (!y->n)
                continue;
            k++;
            x->mean += (y->mean - x->mean) / k;
            variance += y->se * y->se;
            x->n += y->n;
        }
        x->se = sqrt(variance) / k;
        x->mean = x->n ? x->mean : (double)NAN;
    }
}

/* The CSV ---------------------------------------------------------------------------------- */

static const char *target_name(const struct lens *l, size_t t)
{
    return t < l->T ? l->target[t] : "control";
}

static int put_row(struct buf *csv, const struct chart *c, size_t s, size_t comp, size_t layer,
                   size_t t, struct err *err)
{
    const struct cell *x = cell_at(c, s, comp, layer, t);

    if (csv_text(csv, c->stratum, err) || buf_printf(csv, err, ",%d,", c->step[s]) ||
        csv_text(csv, c->lens->component[comp], err) || buf_printf(csv, err, ",%zu,", layer) ||
        csv_text(csv, target_name(c->lens, t), err) || buf_puts(csv, ",", err) ||
        csv_number(csv, x->mean, err) || buf_puts(csv, ",", err) || csv_number(csv, x->se, err))
        return err->code;
    return buf_printf(csv, err, ",%zu\n", x->n);
}

static int put_csv(struct buf *csv, const struct chart *c, struct err *err)
{
    const struct lens *l = c->lens;
    size_t targets = l->T + (l->control != NULL);

    if (buf_puts(csv, "stratum,step,component,layer,target,mean,se,n\n", err))
        return err->code;
    for (size_t s = 0; s < c->S; s++)
        for (size_t comp = 0; comp < l->C; comp++)
            for (size_t t = 0; t < targets; t++)
                for (size_t layer = 0; layer < l->L; layer++)
                    if (put_row(csv, c, s, comp, layer, t, err))
                        return err->code;
    return 0;
}

/* The charts ------------------------------------------------------------------------------- */

static int save_chart(struct figures *out, const struct chart *c, const char *name, struct err *err)
{
    struct buf csv = {0}, gp = {0};
    int code = put_csv(&csv, c, err);

    if (!code)
        code = decode_script(&gp, out, c, name, err);
    if (!code)
        code = figure_save(out, name, &csv, &gp, err);
    buf_release(&csv);
    buf_release(&gp);
    return code;
}

static int make_chart(struct arena *a, const struct lens *l, struct chart *c, struct err *err)
{
    memset(c, 0, sizeof *c);
    c->lens = l;
    find_steps(l, c);
    c->cell = arena_alloc(a, chart_cells(c), sizeof *c->cell, err);
    return c->cell ? 0 : err->code;
}

/* The first query of each (dataset, template) that has one in order. */
static int find_strata(struct arena *a, const struct lens *l, size_t **first, size_t *n,
                       struct err *err)
{
    *n = 0;
    *first = arena_alloc(a, l->Q, sizeof **first, err);
    if (!*first)
        return err->code;
    for (size_t q = 0; q < l->Q; q++) {
        size_t k = 0;

        while (k < *n && !in_stratum(l, q, (*first)[k]))
            k++;
        if (k == *n && is_ok(l, q))
            (*first)[(*n)++] = q;
    }
    return 0;
}

static int plot_stratum(struct figures *out, struct arena *a, const char *group, struct chart *c,
                        size_t like, struct err *err)
{
    const struct lens *l = c->lens;
    int template = (int)l->template[like];
    char *name;

    average_queries(c, like);
    if (template > 0) {
        c->stratum = arena_printf(a, err, "%s/%d", l->dataset[like], template);
        c->title = arena_printf(a, err, "Early decoding at the last token: %s, template %d",
                                l->dataset[like], template);
    } else {
        c->stratum = arena_strdup(a, l->dataset[like], err);
        c->title = arena_printf(a, err, "Early decoding at the last token: %s", l->dataset[like]);
    }
    if (!c->stratum || !c->title)
        return err->code;
    if (template > 0 ? figure_name(out, &name, err, "%s_%s_%d", group, l->dataset[like], template)
                     : figure_name(out, &name, err, "%s_%s", group, l->dataset[like]))
        return err->code;
    return save_chart(out, c, name, err);
}

static int plot_macro(struct figures *out, struct arena *a, const char *group, struct chart *c,
                      const struct chart *strata, size_t n, struct err *err)
{
    char *name;

    average_strata(c, strata, n);
    c->macro = true;
    c->stratum = "macro";
    c->title = arena_printf(a, err, "Early decoding at the last token: mean of %zu strata", n);
    if (!c->title || figure_name(out, &name, err, "%s_macro", group))
        return err->code;
    return save_chart(out, c, name, err);
}

int plot_decode(struct figures *out, struct h5file *f, const char *group, struct err *err)
{
    struct arena a = {0};
    struct chart *charts;
    struct lens l;
    size_t *first, n;
    int code = 0;

    if (read_lens(f, group, &l, err) || find_strata(&a, &l, &first, &n, err))
        goto out;
    if (n == 0) {
        err_set(err, ERR_CONFIG, "no query has the status ok, so there is nothing to draw");
        goto out;
    }
    charts = arena_alloc(&a, n + 1, sizeof *charts, err);
    if (!charts)
        goto out;
    for (size_t k = 0; k <= n && !code; k++)
        code = make_chart(&a, &l, &charts[k], err);
    for (size_t k = 0; k < n && !code; k++)
        code = plot_stratum(out, &a, group, &charts[k], first[k], err);
    if (!code && n > 1)
        plot_macro(out, &a, group, &charts[n], charts, n, err);
out:
    lens_release(&l);
    arena_release(&a);
    return err->code;
}
