#include "report/top.h"

#include "base/str.h"
#include "report/grid.h"
#include "report/legend.h"

bool *top_strata(const struct top *t, struct result *r, const struct average *a, struct err *err)
{
    bool *chosen = arena_alloc(&r->arena, a->n_strata, sizeof *chosen, err);

    if (chosen)
        strata_choose(a->stratum, a->n_strata, t->dataset, t->step, chosen);
    return chosen;
}

/* For programs ----------------------------------------------------------------------------- */

int top_json_table(struct json_out *j, const char *group, const char *variable, const char *title,
                   const char *unit, const char *of, size_t cells, struct err *err)
{
    json_begin(j, NULL, '{', err);
    json_str(j, "group", group, err);
    json_str(j, "variable", variable, err);
    json_str(j, "title", title, err);
    json_str(j, "unit", unit, err);
    json_str(j, "of", of, err);
    json_int(j, "cells", (int64_t)cells, err);
    return json_begin(j, "rows", '[', err);
}

void top_json_row(struct json_out *j, const char *dataset, int template, int step, struct err *err)
{
    json_begin(j, NULL, '{', err);
    json_str(j, "dataset", dataset, err);
    json_int(j, "template", template, err);
    json_int(j, "step", step, err);
    json_begin(j, "place", '{', err);
}

int top_json_numbers(struct json_out *j, const double v[TOP_NUMBERS], int64_t n, struct err *err)
{
    static const char *const names[TOP_NUMBERS] = {"mean", "lo", "hi", "chance", "q", "direct"};

    json_end(j, '}', err);
    for (size_t i = 0; i < TOP_NUMBERS; i++)
        json_num(j, names[i], v[i], err);
    json_int(j, "n", n, err);
    return json_begin(j, "tokens", '[', err);
}

/* A list that the file has in order -------------------------------------------------------- */

enum { LISTED_MAX = 8 };

/* -1: it has none. */
static const char *listed(struct result *r, const char *name, const char *text, struct err *err)
{
    if (str_eq(text, "-1"))
        return "-";
    return label_raised(name, text, r->layers_from, &r->arena, err);
}

static int put_list(const struct top *t, struct result *r, const char *group,
                    const struct headline *h, struct buf *out, bool *shown, struct err *err)
{
    const struct h5info *v = catalogue_find(&r->all, group, h->variable);
    const char **text[LISTED_MAX], *name[LISTED_MAX], *stem;
    size_t n = v && v->rank ? v->size[0] : 0, rows = n < t->n ? n : t->n, columns = 0;
    struct grid g = {0};
    double *value;

    if (!n || result_numbers(r, group, h->variable, n, &value, err))
        return err->code;
    while (columns < LISTED_MAX && (stem = list_word(h->listed, columns, &r->arena, err))) {
        name[columns] = stem;
        if (result_text(r, group, stem, n, &text[columns++], err))
            return err->code;
    }
    grid_put(&g, err, "k");
    for (size_t c = 0; c < columns; c++)
        grid_put(&g, err, "%s", name[c]);
    grid_put(&g, err, "%s", h->variable);
    g.columns = columns + 2;
    for (size_t i = 0; i < rows; i++) {
        grid_put(&g, err, "%zu", i + 1);
        for (size_t c = 0; c < columns; c++)
            grid_put(&g, err, "%s", listed(r, name[c], text[c][i], err));
        grid_number(&g, value[i], 4, true, err);
    }
    buf_printf(out, err, "\n%s: %s\nthe first %zu of %zu\n", group, h->title, rows, n);
    grid_text(&g, out, err);
    grid_release(&g);
    *shown = true;
    return err->code;
}

/* Groups ----------------------------------------------------------------------------------- */

/* How the average changes from step to step, where all steps are shown. */
static int put_contrasts(const struct top *t, struct result *r, const char *group,
                         const struct headline *h, struct buf *out, struct err *err)
{
    struct buf lines = {0};
    int code = t->json || t->dataset || t->step >= 0 ? 0 : contrast_text(r, group, h, &lines, err);

    if (!code && lines.len && buf_str(&lines, err))
        code = buf_printf(out, err, "\n%s: %s\n%s", group, h->title, lines.data);
    buf_release(&lines);
    return err_if(err, code);
}

static int put_group(const struct top *t, struct result *r, const struct result_group *g,
                     struct buf *out, bool *shown, struct err *err)
{
    for (size_t i = 0; i < g->headlines.n; i++) {
        const struct headline *h = &g->headlines.v[i];

        if (h->shown_in == ONLY_SUMMARY || (h->listed && (t->json || h->common)))
            continue;
        if (h->listed ? put_list(t, r, g->name, h, out, shown, err)
                      : top_table(t, r, g->name, h, out, shown, err) ||
                            put_contrasts(t, r, g->name, h, out, err))
            return err->code;
    }
    return top_tokens(t, r, g->name, out, shown, err);
}

/* "1, 2, 3": the values of a property that queries have, each once. */
static int put_property(struct result *r, const char *name, struct buf *b, struct err *err)
{
    enum { SHOWN = 10 };
    const size_t n = result_size(r, "queries", name);
    const char **v;
    size_t shown = 0;

    if (!n || result_text(r, "queries", name, n, &v, err))
        return err->code;
    for (size_t i = 0; i < n && shown <= SHOWN && !err->code; i++)
        if (str_index(v, i, v[i]) == i) {
            buf_printf(b, err, "%s%s", shown ? ", " : "", shown < SHOWN ? v[i] : "...");
            shown++;
        }
    return err->code;
}

/* Of a dataset or step that was asked for: which there are. */
static int not_there(struct result *r, struct err *err)
{
    struct buf datasets = {0}, steps = {0};

    if (!put_property(r, "dataset", &datasets, err) && !put_property(r, "step", &steps, err) &&
        buf_str(&datasets, err) && buf_str(&steps, err))
        err_set(err, ERR_CONFIG,
                "nothing can be ranked of that dataset and step (datasets: %s; steps: %s)",
                datasets.len ? datasets.data : "?", steps.len ? steps.data : "?");
    buf_release(&datasets);
    buf_release(&steps);
    return err->code;
}

static int nothing_to_show(const struct top *t, struct result *r, bool described, struct err *err)
{
    bool picked = t->dataset || t->step >= 0;

    if (t->classes)
        return err_set(err, ERR_CONFIG,
                       "--classes needs averages%s of an experiment that says which heads promote "
                       "or suppress, or scores of heads, and of a sweep over site head with layers "
                       "each, heads each, "
                       "positions [last] and metric logit",
                       picked ? " of that dataset and step" : "");
    if (!described)
        return err_set(err, ERR_CONFIG,
                       "%s%s has nothing that can be ranked; a file of an earlier lensweep is "
                       "written anew by the same `lensweep run` or by `lensweep collect`",
                       t->group ? "group " : "the file", t->group ? t->group : "");
    if (picked)
        return not_there(r, err);
    return err_set(err, ERR_CONFIG,
                   "nothing can be ranked: no query has results, or there is no chance that they "
                   "are compared with%s",
                   t->json ? ", or all there is is a list, which stands in the result file as it "
                             "is and has no JSON"
                           : "");
}

static int put_groups(const struct top *t, struct result *r, struct buf *out, struct err *err)
{
    bool shown = false, described = false;

    if (t->group && !result_named(r, t->group, err))
        return err->code;
    if (t->classes)
        top_classes(t, r, out, &shown, err);
    for (size_t i = 0; i < r->n_groups && !t->classes && !err->code; i++) {
        const struct result_group *g = &r->group[i];

        if (t->group && !str_eq(t->group, g->name))
            continue;
        described |= g->headlines.n > 0;
        put_group(t, r, g, out, &shown, err);
    }
    return err->code || shown ? err->code : nothing_to_show(t, r, described, err);
}

int top_text(const struct top *t, const char *path, struct buf *out, struct err *err)
{
    struct result r;

    if (!result_open(&r, path, err)) {
        r.layers_from = (int)t->layers_from;
        if (put_groups(t, &r, out, err))
            err_place(err, "%s", r.path);
    }
    result_close(&r);
    return err->code;
}
