/* One table of `lensweep top`: the largest averages of a variable, with their intervals. */
#include "report/top/top.h"

#include "base/mem.h"
#include "base/out.h"
#include "base/str.h"
#include "report/grid.h"

#include <math.h>
#include <string.h>

struct value {
    double mean, lo, hi, beside, direct, n, key;
    size_t stratum, cell;
};

struct table {
    struct top *top;
    const struct ranking *r;
    const char *group; /* that has the averages */
    struct column mean, lo, hi, n, beside;
    struct column label[DIMS_MAX]; /* of dimension i of mean; 0 is not used */
    struct scope scope;
    struct value *best; /* in falling order */
    size_t n_best, n_cells;
    size_t split;  /* dimension of a table each; 0 = none */
    size_t direct; /* of a table of total effects: where on it the direct ones are; 0 = nowhere */
};

/* Reading ---------------------------------------------------------------------------------- */

static const struct h5info *find(const struct table *t, const char *prefix, const char *name,
                                 struct err *err)
{
    char *full = arena_printf(&t->top->arena, err, "%s%s", prefix, name);

    return full ? catalogue_find(&t->top->all, t->group, full) : NULL;
}

/* A variable of the shape of t->mean. */
static int open_like(struct table *t, const char *prefix, const char *name, struct column *c,
                     struct err *err)
{
    const struct h5info *v = find(t, prefix, name, err), *m = &t->mean.info;
    bool same = v && v->rank == m->rank && v->type != V_STR;

    for (size_t i = 0; same && i < m->rank; i++)
        same = v->size[i] == m->size[i];
    if (!same)
        return err->code ? err->code
                         : err_set(err, ERR_IO, "%s has no numbers %s%s of the shape of %s",
                                   t->group, prefix, name, m->name);
    return column_open(c, t->top->file, v, err);
}

/* What its places are called: in words (layer_label), there or where NAME of NAME/stats has them,
   else its coordinates. */
static const struct h5info *labels(struct table *t, size_t i, struct err *err)
{
    const struct catalogue *all = &t->top->all;
    const struct h5info *m = &t->mean.info, *v;
    const char *name = arena_printf(&t->top->arena, err, "%s_label", m->dim[i]);
    const char *outer = arena_printf(&t->top->arena, err, "%.*s",
                                     (int)(strlen(t->group) - strlen(t->r->sub)), t->group);

    v = name && outer ? catalogue_find(all, outer, name) : NULL;
    return v && v->rank == 1 && v->size[0] == m->size[i] ? v : catalogue_scale(all, m, i);
}

static int open_labels(struct table *t, struct err *err)
{
    for (size_t i = 1; i < t->mean.info.rank; i++) {
        const struct h5info *scale = labels(t, i, err);

        if (err->code)
            return err->code;
        if (scale && column_open(&t->label[i], t->top->file, scale, err))
            return err->code;
        if (t->r->split && str_eq(t->mean.info.dim[i], t->r->split))
            t->split = i;
    }
    return 0;
}

static int open_table(struct table *t, const struct h5info *v, const char *bounds, struct err *err)
{
    if (v->type == V_STR || v->rank < 2 || !str_eq(v->dim[0], "stratum"))
        return err_set(err, ERR_IO, "%s/%s is no average over queries", t->group, v->name);
    if (column_open(&t->mean, t->top->file, v, err) || open_like(t, bounds, "lo", &t->lo, err) ||
        open_like(t, bounds, "hi", &t->hi, err) || open_like(t, bounds, "n", &t->n, err) ||
        scope_open(&t->scope, t->top, t->group, t->mean.n, err) || open_labels(t, err))
        return err->code;
    if (t->r->beside && find(t, "", t->r->beside, err) &&
        open_like(t, "", t->r->beside, &t->beside, err))
        return err->code;
    t->best = arena_alloc(&t->top->arena, t->top->n, sizeof *t->best, err);
    return t->best ? 0 : err->code;
}

static void close_table(struct table *t)
{
    column_close(&t->mean);
    column_close(&t->lo);
    column_close(&t->hi);
    column_close(&t->n);
    column_close(&t->beside);
    for (size_t i = 0; i < DIMS_MAX; i++)
        column_close(&t->label[i]);
    scope_close(&t->scope);
}

/* Ranking ---------------------------------------------------------------------------------- */

static double number(const struct column *c, size_t k)
{
    return c->whole ? (double)c->whole[k] : c->f[k];
}

static void place_of(const struct table *t, size_t cell, size_t at[DIMS_MAX])
{
    for (size_t i = t->mean.info.rank; i-- > 1; cell /= t->mean.info.size[i])
        at[i] = cell % t->mean.info.size[i];
}

static bool has_label(struct table *t, size_t dim, size_t at, const char *label)
{
    return t->label[dim].strings && str_eq(t->label[dim].strings[at], label);
}

static bool is_wanted(struct table *t, size_t cell, size_t split_at)
{
    size_t at[DIMS_MAX];

    place_of(t, cell, at);
    if (t->split && at[t->split] != split_at)
        return false;
    for (size_t i = 1; i < t->mean.info.rank && t->r->without; i++)
        if (has_label(t, i, at[i], t->r->without))
            return false;
    return true;
}

static struct value value_at(const struct table *t, size_t stratum, size_t k, size_t split_at)
{
    struct value v = {.mean = number(&t->mean, k),
                      .lo = number(&t->lo, k),
                      .hi = number(&t->hi, k),
                      .beside = t->beside.n ? number(&t->beside, k) : (double)NAN,
                      .direct =
                          t->direct ? number(&t->mean, k - split_at + t->direct) : (double)NAN,
                      .n = number(&t->n, k),
                      .stratum = stratum,
                      .cell = k};

    v.key = fabs(t->beside.n && t->r->against ? v.mean - v.beside : v.mean);
    return v;
}

/* Keeps the largest; of equal ones the first. */
static void take(struct table *t, const struct value *v)
{
    size_t i = t->n_best;

    while (i > 0 && t->best[i - 1].key < v->key)
        i--;
    if (i >= t->top->n)
        return;
    if (t->n_best < t->top->n)
        t->n_best++;
    for (size_t k = t->n_best - 1; k > i; k--)
        t->best[k] = t->best[k - 1];
    t->best[i] = *v;
}

static int seek(struct table *t, size_t stratum, struct err *err)
{
    return column_seek(&t->mean, stratum, err) || column_seek(&t->lo, stratum, err) ||
                   column_seek(&t->hi, stratum, err) || column_seek(&t->n, stratum, err) ||
                   (t->beside.n && column_seek(&t->beside, stratum, err))
               ? err->code
               : 0;
}

static int rank_cells(struct table *t, size_t split_at, struct err *err)
{
    t->n_best = t->n_cells = 0;
    for (size_t s = 0; s < t->scope.n; s++) {
        if (!t->scope.chosen[s])
            continue;
        if (seek(t, s, err))
            return err->code;
        for (size_t k = 0; k < t->mean.entry; k++) {
            struct value v = value_at(t, s, k, split_at);

            if (isnan(v.key) || !(v.n >= 1) || !is_wanted(t, k, split_at))
                continue;
            t->n_cells++;
            take(t, &v);
        }
    }
    return 0;
}

/* Printing --------------------------------------------------------------------------------- */

/* Enough places for three digits of the largest value. */
static int places(const struct table *t)
{
    double most = 0;
    int n = 3;

    for (size_t i = 0; i < t->n_best; i++)
        most = fmax(most, fabs(t->best[i].mean));
    while (n < 9 && most > 0 && most < 1 && most * pow(10, n) < 100)
        n++;
    return n;
}

/* "cities, template 1", where all rows are of it. */
static bool is_mixed(const struct table *t)
{
    bool mixed = false;

    for (size_t i = 1; i < t->n_best; i++)
        mixed |= !scope_same(&t->scope, t->best[i].stratum, t->best[0].stratum);
    return mixed;
}

static char *attribute(const struct table *t, const char *name, struct err *err)
{
    char *path = arena_printf(&t->top->arena, err, "%s/%s", t->group, t->mean.info.name);
    char *value = NULL, *kept = NULL;

    if (!path || h5_read_attr(t->top->file, path, name, &value, err))
        return NULL;
    kept = arena_strdup(&t->top->arena, value ? value : "", err);
    mem_free(value);
    return kept;
}

static int put_title(struct table *t, struct buf *b, size_t split_at, bool mixed, struct err *err)
{
    const char *units = attribute(t, "units", err), *name = attribute(t, "long_name", err);
    int code =
        !units || !name || buf_printf(b, err, "\n%s: %s: %s", t->group, t->mean.info.name, name);

    if (!code && *units && !str_eq(units, "1"))
        code = buf_printf(b, err, " [%s]", units);
    if (!code && t->split && t->label[t->split].strings)
        code = buf_printf(b, err, ": %s", t->label[t->split].strings[split_at]);
    code =
        code || (!mixed && scope_words(&t->scope, t->best[0].stratum, b, err)) ||
        buf_printf(b, err, "\nthe %zu largest of %zu, %s%s%s\n", t->n_best, t->n_cells,
                   t->beside.n && t->r->against ? "by the difference from " : "by absolute value",
                   t->beside.n && t->r->against ? t->r->heading : "",
                   t->n_cells > t->n_best ? "; each interval is that cell's own" : "");
    return code ? err->code : 0;
}

static int put_headings(struct table *t, struct grid *g, bool mixed, struct err *err)
{
    int code = mixed && (grid_put(g, err, "dataset") || grid_put(g, err, "template"));

    code = code || grid_put(g, err, "step");
    for (size_t i = 1; i < t->mean.info.rank && !code; i++)
        if (i != t->split)
            code = grid_put(g, err, "%s", t->mean.info.dim[i]);
    code = code || grid_put(g, err, t->direct ? "total" : "mean") ||
           grid_put(g, err, "95 %% low") || grid_put(g, err, "95 %% high") ||
           (t->beside.n && grid_put(g, err, "%s", t->r->heading)) ||
           (t->direct && (grid_put(g, err, "direct") || grid_put(g, err, "indirect"))) ||
           grid_put(g, err, "n");
    g->columns = g->n;
    return code ? err->code : 0;
}

static int put_label(struct table *t, struct grid *g, size_t dim, size_t at, struct err *err)
{
    struct column *c = &t->label[dim];

    if (!c->n)
        return grid_put(g, err, "%zu", at);
    if (column_seek(c, at, err))
        return err->code;
    if (c->strings)
        return grid_put(g, err, "%s", c->text[0]);
    return grid_put(g, err, "%.0f", number(c, 0));
}

static int put_number(struct grid *g, double v, int decimals, bool sign, struct err *err)
{
    if (isnan(v))
        return grid_put(g, err, "-");
    return grid_put(g, err, sign ? "%+.*f" : "%.*f", decimals, v);
}

/* A q may be far below all decimals. */
static int put_beside(const struct table *t, struct grid *g, const struct value *v, int decimals,
                      bool sign, struct err *err)
{
    if (t->r->against || isnan(v->beside))
        return put_number(g, v->beside, decimals, sign, err);
    return grid_put(g, err, "%.2g", v->beside);
}

static int put_row(struct table *t, struct grid *g, const struct value *v, bool mixed, bool sign,
                   int decimals, struct err *err)
{
    size_t at[DIMS_MAX];
    int code = 0;

    place_of(t, v->cell, at);
    if (mixed)
        code = grid_put(g, err, "%s",
                        *t->scope.dataset[v->stratum] ? t->scope.dataset[v->stratum] : "all") ||
               (t->scope.template[v->stratum] < 0
                    ? grid_put(g, err, "all")
                    : grid_put(g, err, "%.0f", t->scope.template[v->stratum]));
    code = code || grid_put(g, err, "%.0f", t->scope.step[v->stratum]);
    for (size_t i = 1; i < t->mean.info.rank && !code; i++)
        if (i != t->split)
            code = put_label(t, g, i, at[i], err);
    code = code || put_number(g, v->mean, decimals, sign, err) ||
           put_number(g, v->lo, decimals, sign, err) || put_number(g, v->hi, decimals, sign, err) ||
           (t->beside.n && put_beside(t, g, v, decimals, sign, err)) ||
           (t->direct && (put_number(g, v->direct, decimals, sign, err) ||
                          put_number(g, v->mean - v->direct, decimals, sign, err))) ||
           grid_put(g, err, "%.0f", v->n);
    return code ? err->code : 0;
}

static int print_best(struct table *t, size_t split_at, struct err *err)
{
    struct buf title = {0};
    struct grid g = {0};
    bool mixed = is_mixed(t), sign = false;
    int decimals = places(t);
    int code = put_title(t, &title, split_at, mixed, err) ||
               out_write(title.data, title.len, err) || put_headings(t, &g, mixed, err);

    for (size_t i = 0; i < t->n_best; i++)
        sign |= t->best[i].mean < 0 || t->best[i].lo < 0 || t->direct;
    for (size_t i = 0; i < t->n_best && !code; i++)
        code = put_row(t, &g, &t->best[i], mixed, sign, decimals, err);
    if (!code)
        code = grid_print(&g, err);
    grid_release(&g);
    buf_release(&title);
    return code ? err->code : 0;
}

/* Where the direct effects are that belong to the total ones of a table ("logit.subject" and
   "direct.subject"); the metrics are the last dimension. */
static size_t direct_of(const struct table *t, size_t split_at)
{
    const struct column *c = &t->label[t->split];
    const char *total = c->strings ? c->strings[split_at] : "";

    if (t->split + 1 != t->mean.info.rank || strncmp(total, "logit.", 6) != 0)
        return 0;
    for (size_t i = 1; i < c->n; i++)
        if (strncmp(c->strings[i], "direct.", 7) == 0 && str_eq(c->strings[i] + 7, total + 6))
            return i;
    return 0;
}

/* The largest of one variable; nothing if it has no values. */
static int show(struct top *top, const struct ranking *r, const char *group, const char *name,
                const char *bounds, bool *shown, struct err *err)
{
    const struct h5info *v = catalogue_find(&top->all, group, name);
    struct table t = {.top = top, .r = r, .group = group};
    size_t tables = 1;
    int code = 0;

    if (!v)
        return 0;
    code = open_table(&t, v, bounds, err);
    if (!code && t.split)
        tables = t.mean.info.size[t.split];
    for (size_t i = 0; i < tables && !code; i++) {
        t.direct = t.split ? direct_of(&t, i) : 0;
        code = rank_cells(&t, i, err);
        if (code || !t.n_best)
            continue;
        *shown = true;
        code = print_best(&t, i, err);
    }
    close_table(&t);
    return code;
}

int top_table(struct top *top, const struct ranking *r, const char *group, bool *shown,
              struct err *err)
{
    const char *own = arena_printf(&top->arena, err, "%s%s", group, r->sub);
    const char *bounds = arena_printf(&top->arena, err, "%s_", r->instead ? r->instead : "");
    bool first = false;

    if (!own || !bounds || show(top, r, own, r->mean, r->bounds, &first, err))
        return err->code;
    if (!first && r->instead && show(top, r, own, r->instead, bounds, &first, err))
        return err->code;
    *shown |= first;
    return 0;
}
