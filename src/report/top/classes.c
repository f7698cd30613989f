/* `lensweep top --classes`: heads that promote or suppress beside what ablating them changes. */
#include "report/top/top.h"

#include "base/mem.h"
#include "base/out.h"
#include "base/str.h"
#include "report/grid.h"
#include "report/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROMOTION, PROMOTION_CHANCE, SUPPRESSION, SUPPRESSION_CHANCE, RATES };
enum { MEAN, LO, HI, Q, EFFECTS };
enum { SWEEPS_MAX = (GRID_COLUMNS_MAX - 1 - RATES) / 3 };

/* A group of kind heads. */
struct heads {
    const char *group;
    struct column rate[RATES]; /* (stratum, layer, head, target); authors: no target, no chance */
    struct column target;
    struct scope scope;
    size_t layers, heads, targets; /* targets 1: the rate is of all of them */
};

/* A sweep over the same heads, at the last token. */
struct effects {
    const char *group;
    struct sweep sweep;
    struct column v[EFFECTS];
    struct scope scope;
    size_t last; /* place of `last` among its positions */
};

struct table {
    struct top *top;
    const char *group[2][64]; /* heads, ablation */
    size_t n_groups[2];
    struct heads heads;
    struct effects with[SWEEPS_MAX];
    size_t n_with, n_sweeps;
};

/* Reading ---------------------------------------------------------------------------------- */

static int visit_group(void *ctx, const char *name, struct err *err)
{
    struct table *t = ctx;
    char *kind;

    if (h5_read_attr(t->top->file, name, "kind", &kind, err))
        return err->code;
    for (size_t i = 0; kind && i < 2; i++)
        if (str_eq(kind, i ? "ablation" : "heads") && t->n_groups[i] < 64)
            t->group[i][t->n_groups[i]++] = arena_strdup(&t->top->arena, name, err);
    mem_free(kind);
    return err->code;
}

/* Opens a variable if it is there and has the shape of `like`, where that is given. */
static int open_column(struct table *t, const char *group, const char *name,
                       const struct h5info *like, struct column *c, struct err *err)
{
    const struct h5info *v = catalogue_find(&t->top->all, group, name);
    bool same = v && v->type != V_STR && (!like || v->rank == like->rank);

    for (size_t i = 0; same && like && i < v->rank; i++)
        same = v->size[i] == like->size[i];
    return same ? column_open(c, t->top->file, v, err) : 0;
}

static int open_heads(struct table *t, const char *group, struct err *err)
{
    static const char *const names[RATES] = {"promotion", "promotion_chance", "suppression",
                                             "suppression_chance"};
    struct heads *h = &t->heads;
    const struct h5info *first = catalogue_find(&t->top->all, group, names[0]);
    const struct h5info *target = catalogue_find(&t->top->all, group, "target");

    *h = (struct heads){.group = group};
    if (!first || !target || first->rank < 3)
        return 0;
    for (int i = 0; i < RATES; i++)
        if (open_column(t, group, names[i], first, &h->rate[i], err))
            return err->code;
    h->layers = first->size[1];
    h->heads = first->size[2];
    h->targets = first->rank == 4 ? first->size[3] : 1;
    if (target->type != V_STR || target->rank != 1 || !h->rate[SUPPRESSION].n ||
        (first->rank == 4 && target->size[0] != h->targets))
        return err_set(err, ERR_IO, "%s has not the rates of heads", group);
    return column_open(&h->target, t->top->file, target, err) ||
                   scope_open(&h->scope, t->top, group, first->size[0], err)
               ? err->code
               : 0;
}

static void close_heads(struct heads *h)
{
    for (int i = 0; i < RATES; i++)
        column_close(&h->rate[i]);
    column_close(&h->target);
    scope_close(&h->scope);
}

/* Has it all layers and heads one by one, and the position `last`? */
static bool is_like(const struct heads *h, struct effects *e)
{
    const struct sweep *s = &e->sweep;
    size_t layer = sweep_dim(s, "layer"), head = sweep_dim(s, "head");
    size_t position = sweep_dim(s, "position");

    if (!str_eq(s->site, "head") || layer != 1 || head != 2 || position != 3 ||
        s->shape.rank != 5 || s->shape.size[1] != h->layers || s->shape.size[2] != h->heads)
        return false;
    for (e->last = 0; e->last < s->shape.size[3]; e->last++)
        if (str_eq(s->label[3][e->last], "last"))
            return s->shape.size[0] == h->scope.n;
    return false;
}

static void close_effects(struct effects *e)
{
    sweep_free(&e->sweep);
    for (int i = 0; i < EFFECTS; i++)
        column_close(&e->v[i]);
    scope_close(&e->scope);
}

static int open_effects(struct table *t, const char *group, struct err *err)
{
    static const char *const names[EFFECTS] = {"mean", "lo", "hi", "q"};
    struct effects e = {.group = group};
    bool whole = true;

    if (sweep_read(&e.sweep, t->top->file, group, err))
        goto out;
    if (!e.sweep.cells || !is_like(&t->heads, &e))
        goto out;
    for (int i = 0; i < EFFECTS; i++) {
        if (open_column(t, e.sweep.stats, names[i], &e.sweep.shape, &e.v[i], err))
            goto out;
        whole &= e.v[i].n > 0;
    }
    if (!whole || scope_open(&e.scope, t->top, e.sweep.stats, t->heads.scope.n, err))
        goto out;
    t->n_sweeps++;
    if (t->n_with < SWEEPS_MAX) {
        t->with[t->n_with++] = e;
        return 0;
    }
out:
    close_effects(&e);
    return err->code;
}

/* Of one step ------------------------------------------------------------------------------ */

/* answer_STEP, or the first target that there is. */
static size_t target_of(const struct heads *h, size_t stratum)
{
    char name[32];

    snprintf(name, sizeof name, "answer_%.0f", h->scope.step[stratum]);
    for (size_t i = 0; i < h->target.n; i++)
        if (str_eq(h->target.strings[i], name))
            return i;
    return 0;
}

/* The place of a head's effect in an entry; `metrics` of it if the sweep has not the metric. */
static size_t effect_at(const struct effects *e, const char *target, size_t head)
{
    const struct sweep *s = &e->sweep;
    size_t m = 0;

    while (m < s->metrics &&
           (strncmp(s->metric[m], "logit.", 6) || !str_eq(s->metric[m] + 6, target)))
        m++;
    return m == s->metrics ? SIZE_MAX : (head * s->shape.size[3] + e->last) * s->metrics + m;
}

static int seek(struct table *t, size_t stratum, struct err *err)
{
    for (int i = 0; i < RATES; i++)
        if (t->heads.rate[i].n && column_seek(&t->heads.rate[i], stratum, err))
            return err->code;
    for (size_t k = 0; k < t->n_with; k++)
        for (int i = 0; i < EFFECTS; i++)
            if (column_seek(&t->with[k].v[i], stratum, err))
                return err->code;
    return 0;
}

struct line {
    size_t head; /* layer * heads + head */
    double key;
};

static int by_key(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    return (x->head > y->head) - (x->head < y->head);
}

/* Which sweep orders the heads: one that resamples, else the first; SWEEPS_MAX = none of them has
   the target's logit. */
static size_t leader(const struct table *t, const char *target)
{
    size_t first = SWEEPS_MAX;

    for (size_t k = t->n_with; k-- > 0;)
        if (effect_at(&t->with[k], target, 0) != SIZE_MAX)
            first = k;
    for (size_t k = 0; k < t->n_with; k++)
        if (effect_at(&t->with[k], target, 0) != SIZE_MAX &&
            str_eq(t->with[k].sweep.operation, "resample"))
            return k;
    return first;
}

static size_t sort_heads(const struct table *t, size_t by, const char *target, struct line *line)
{
    size_t n = 0;

    for (size_t h = 0; h < t->heads.layers * t->heads.heads; h++) {
        double v = t->with[by].v[MEAN].f[effect_at(&t->with[by], target, h)];

        if (!isnan(v))
            line[n++] = (struct line){h, fabs(v)};
    }
    if (n)
        qsort(line, n, sizeof *line, by_key);
    return n;
}

/* Printing --------------------------------------------------------------------------------- */

static int print_title(const struct table *t, size_t stratum, const char *target, size_t by,
                       size_t n, struct err *err)
{
    struct buf b = {0};
    size_t shown = n < t->top->n ? n : t->top->n;
    int code = buf_printf(&b, err,
                          "\n%s: how often each head promotes and suppresses %s, and what ablating "
                          "it at the last token changes of the logit of %s; step %.0f",
                          t->heads.group, t->heads.targets > 1 ? target : "any target", target,
                          t->heads.scope.step[stratum]) ||
               scope_words(&t->heads.scope, stratum, &b, err) ||
               buf_printf(&b, err, "\nthe %zu largest of %zu, by absolute effect in %s", shown, n,
                          t->with[by].group) ||
               (t->n_sweeps > t->n_with &&
                buf_printf(&b, err, "; the first %zu of %zu sweeps", t->n_with, t->n_sweeps)) ||
               buf_puts(&b, "\n", err) || out_write(b.data, b.len, err);

    buf_release(&b);
    return code ? err->code : 0;
}

static int put_headings(const struct table *t, const char *target, struct grid *g, struct err *err)
{
    static const char *const names[RATES] = {"promotes", "chance", "suppresses", "chance"};
    int code = grid_put(g, err, "head");

    for (int i = 0; i < RATES && !code; i++)
        if (t->heads.rate[i].n)
            code = grid_put(g, err, "%s", names[i]);
    for (size_t k = 0; k < t->n_with && !code; k++)
        if (effect_at(&t->with[k], target, 0) != SIZE_MAX)
            code = grid_put(g, err, "%s", t->with[k].group) || grid_put(g, err, "95 %%") ||
                   grid_put(g, err, "q");
    g->columns = g->n;
    return code ? err->code : 0;
}

static int put_effect(const struct effects *e, size_t at, struct grid *g, struct err *err)
{
    double v[EFFECTS];

    for (int i = 0; i < EFFECTS; i++)
        v[i] = e->v[i].f[at];
    if (grid_put(g, err, isnan(v[MEAN]) ? "-" : "%+.3f", v[MEAN]) ||
        grid_put(g, err, isnan(v[MEAN]) ? "-" : "[%+.3f, %+.3f]", v[LO], v[HI]))
        return err->code;
    return grid_put(g, err, isnan(v[Q]) ? "-" : "%.2g", v[Q]);
}

static int put_line(const struct table *t, size_t head, size_t target_at, struct grid *g,
                    struct err *err)
{
    const struct heads *h = &t->heads;
    const char *target = h->target.strings[target_at];
    size_t at = h->targets > 1 ? head * h->targets + target_at : head;
    int code = grid_put(g, err, "%zu.%zu", head / h->heads, head % h->heads);

    for (int i = 0; i < RATES && !code; i++)
        if (h->rate[i].n)
            code = isnan(h->rate[i].f[at]) ? grid_put(g, err, "-")
                                           : grid_put(g, err, "%.2f", h->rate[i].f[at]);
    for (size_t k = 0; k < t->n_with && !code; k++) {
        size_t effect = effect_at(&t->with[k], target, head);

        if (effect != SIZE_MAX)
            code = put_effect(&t->with[k], effect, g, err);
    }
    return code;
}

static int print_step(struct table *t, size_t stratum, bool *shown, struct err *err)
{
    size_t target_at = target_of(&t->heads, stratum), by, n;
    const char *target = t->heads.target.strings[target_at];
    struct line *line =
        arena_alloc(&t->top->arena, t->heads.layers * t->heads.heads, sizeof *line, err);
    struct grid g = {0};

    if (!line || seek(t, stratum, err))
        return err->code;
    by = leader(t, target);
    n = by < SWEEPS_MAX ? sort_heads(t, by, target, line) : 0;
    if (!n)
        return 0;
    *shown = true;
    if (!print_title(t, stratum, target, by, n, err))
        put_headings(t, target, &g, err);
    for (size_t i = 0; i < n && i < t->top->n && !err->code; i++)
        put_line(t, line[i].head, target_at, &g, err);
    if (!err->code)
        grid_print(&g, err);
    grid_release(&g);
    return err->code;
}

static int print_heads(struct table *t, const char *group, bool *shown, struct err *err)
{
    t->n_with = t->n_sweeps = 0;
    if (!open_heads(t, group, err) && t->heads.target.n)
        for (size_t i = 0; i < t->n_groups[1] && !err->code; i++)
            open_effects(t, t->group[1][i], err);
    for (size_t s = 0; t->n_with && s < t->heads.scope.n && !err->code; s++)
        if (t->heads.scope.chosen[s])
            print_step(t, s, shown, err);
    close_heads(&t->heads);
    for (size_t k = 0; k < t->n_with; k++)
        close_effects(&t->with[k]);
    return err->code;
}

int top_classes(struct top *top, bool *shown, struct err *err)
{
    struct table *t = arena_alloc(&top->arena, 1, sizeof *t, err);

    if (!t)
        return err->code;
    memset(t, 0, sizeof *t);
    t->top = top;
    if (h5_each_group(top->file, visit_group, t, err))
        return err->code;
    for (size_t i = 0; i < t->n_groups[0] && !err->code; i++)
        print_heads(t, t->group[0][i], shown, err);
    return err->code;
}
