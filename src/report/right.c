#include "report/right.h"

#include "base/str.h"
#include "base/wrap.h"

#include <string.h>

/* Reading ---------------------------------------------------------------------------------- */

/* (n, targets) texts of a variable; NULL where the file does not have them. */
static int read_words(struct result *r, const char *name, size_t n, const char ***v,
                      struct err *err)
{
    const struct h5info *info = catalogue_find(&r->all, "queries", name);

    *v = NULL;
    return info ? result_text(r, "queries", name, n, v, err) : 0;
}

static const char *known(const char *const *v, size_t i)
{
    return v ? v[i] : "";
}

/* The columns of the group that say it. */
struct columns {
    const char **status, **right, **target, **item, **said;
    double *step, *template;
    struct column rank, token;
    size_t n, targets;
};

static int open_columns(struct columns *c, struct result *r, struct err *err)
{
    const struct h5info *v = catalogue_find(&r->all, "queries", "clean_rank");
    const struct h5info *token = catalogue_find(&r->all, "queries", "target_token");

    c->n = result_size(r, "queries", "right_target");
    if (!v || v->rank != 2 || !c->n)
        return c->n = 0, err->code;
    c->targets = v->size[1];
    return err_if(err, result_text(r, "queries", "status", c->n, &c->status, err) ||
                           result_text(r, "queries", "right_target", c->n, &c->right, err) ||
                           result_text(r, "queries", "target", c->targets, &c->target, err) ||
                           result_text(r, "queries", "item", c->n, &c->item, err) ||
                           result_numbers(r, "queries", "step", c->n, &c->step, err) ||
                           result_numbers(r, "queries", "template", c->n, &c->template, err) ||
                           read_words(r, "clean_argmax_token", c->n, &c->said, err) ||
                           column_open(&c->rank, r->file, v, err) ||
                           (token && column_open(&c->token, r->file, token, err)));
}

static int take_query(struct right *all, struct result *r, struct columns *c, size_t q,
                      struct err *err)
{
    size_t t = str_index(c->target, c->targets, c->right[q]);
    struct right_query *one = &all->v[all->n];

    if (!str_eq(c->status[q], "ok"))
        return 0;
    if (t == c->targets)
        return all->unsaid++, 0;
    if (column_seek(&c->rank, q, err))
        return err->code;
    *one = (struct right_query){.item = c->item[q],
                                .target = c->target[t],
                                .target_token = "",
                                .said = known(c->said, q),
                                .step = (int)c->step[q],
                                .template = (int)c->template[q],
                                .rank = c->rank.whole[t],
                                .among = t};
    all->n++;
    all->n_right += one->rank == 0;
    if (!one->rank || !c->token.file)
        return 0;
    if (column_seek(&c->token, q, err))
        return err->code;
    one->target_token = arena_strdup(&r->arena, c->token.text[t], err);
    return err->code;
}

/* Of the step of query `first`, the first of it. count: (targets) for work. */
static const char *most_frequent(const struct right *all, size_t first, size_t *count)
{
    const struct right_query *v = all->v;
    size_t best = first;

    for (size_t i = first; i < all->n; i++)
        count[v[i].among] += v[i].step == v[first].step;
    for (size_t i = first; i < all->n; i++)
        if (v[i].step == v[first].step && count[v[i].among] > count[v[best].among])
            best = i;
    return v[best].target;
}

static const struct right_step *find_step(const struct right *all, int step)
{
    for (size_t i = 0; i < all->n_steps; i++)
        if (all->step[i].step == step)
            return &all->step[i];
    return NULL;
}

static int find_steps(struct right *all, struct arena *a, size_t targets, struct err *err)
{
    size_t *count = arena_alloc(a, targets, sizeof *count, err);

    for (size_t i = 0; i < all->n && !err->code; i++) {
        struct right_step s = {.step = all->v[i].step};
        size_t at = all->n_steps;

        if (find_step(all, s.step))
            continue;
        if (arena_grow(a, &all->step, at, &all->max_steps, sizeof *all->step, err))
            return err->code;
        memset(count, 0, targets * sizeof *count);
        s.target = most_frequent(all, i, count);
        for (size_t k = i; k < all->n; k++) {
            s.n += all->v[k].step == s.step;
            s.n_right += all->v[k].step == s.step && all->v[k].rank == 0;
        }
        for (; at > 0 && all->step[at - 1].step > s.step; at--)
            all->step[at] = all->step[at - 1];
        all->step[at] = s;
        all->n_steps++;
    }
    return err->code;
}

int right_read(struct right *all, struct result *r, struct err *err)
{
    struct columns c = {0};

    *all = (struct right){0};
    if (!open_columns(&c, r, err))
        all->v = arena_alloc(&r->arena, c.n, sizeof *all->v, err);
    for (size_t q = 0; q < c.n && !err->code; q++)
        take_query(all, r, &c, q, err);
    if (!err->code)
        find_steps(all, &r->arena, c.targets, err);
    column_close(&c.rank);
    column_close(&c.token);
    return err->code;
}

const char *right_target(const struct right *all, int step)
{
    const struct right_step *s = find_step(all, step);

    return s ? s->target : NULL;
}

const struct right_step *right_own(const struct right *all, int step)
{
    const struct right_step *s = find_step(all, step);

    return s && 10 * s->n_right >= s->n ? s : NULL;
}

bool names_target(const char *label, const char *target)
{
    const char *dot = strrchr(label, '.');

    return str_eq(dot ? dot + 1 : label, target);
}

/* Words ------------------------------------------------------------------------------------ */

/* A token may be a line break. */
static void put_token(struct buf *out, const char *before, const char *token, struct err *err)
{
    buf_printf(out, err, "%s\"", before);
    buf_escaped(out, token, err);
    buf_puts(out, "\"", err);
}

int right_words(const struct right_query *q, struct buf *out, struct err *err)
{
    char name[STR_NAME];

    buf_puts(out, *q->item ? str_name(name, q->item) : "a query", err);
    if (q->template > 1)
        buf_printf(out, err, ", template %d", q->template);
    if (q->step > 0)
        buf_printf(out, err, ", step %d", q->step);
    if (*q->said)
        put_token(out, ": says ", q->said, err);
    if (!*q->target_token)
        return buf_printf(out, err, " (%s has rank %lld)", str_name(name, q->target),
                          (long long)q->rank);
    put_token(out, ", right is ", q->target_token, err);
    return buf_printf(out, err, " (rank %lld)", (long long)q->rank);
}

/* "; step 1: 16 of 17, step 2: 13 of 17" where there are several. */
static void put_steps(const struct right *all, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < all->n_steps && all->n_steps > 1; i++)
        buf_printf(out, err, "%sstep %d: %zu of %zu", i ? ", " : "; ", all->step[i].step,
                   all->step[i].n_right, all->step[i].n);
}

static int put_wrong(const struct right *all, struct buf *out, struct err *err)
{
    enum { NAMED = 8 };
    struct buf line = {0};
    size_t n = 0, wrong = all->n - all->n_right;

    for (size_t i = 0; i < all->n && n < NAMED; i++)
        if (all->v[i].rank) {
            buf_puts(&line, n++ ? "; " : "wrong: ", err);
            right_words(&all->v[i], &line, err);
        }
    if (wrong > n)
        buf_printf(&line, err, "; and %zu more (clean_rank in the group queries)", wrong - n);
    return wrap_line(out, "  ", &line, err);
}

int right_sentence(const struct right *all, struct buf *out, struct err *err)
{
    if (!all->n)
        return buf_puts(out,
                        all->unsaid ? "the data do not say which target is right"
                                    : "no query was computed: what the model says is not known",
                        err);
    buf_printf(out, err,
               "the model is right in %zu of %zu %s (its most probable next token is the "
               "target)",
               all->n_right, all->n, str_noun(all->n, "query", "queries"));
    put_steps(all, out, err);
    return err->code;
}

int right_text(const struct right *all, struct buf *out, struct err *err)
{
    right_sentence(all, out, err);
    buf_puts(out, "\n", err);
    if (all->n && all->unsaid)
        buf_printf(out, err, "  of %zu more the data do not say what is right\n", all->unsaid);
    return put_wrong(all, out, err);
}
