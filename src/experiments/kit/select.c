#include "experiments/kit/select.h"

#include "base/rng.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int selections_alloc(struct selections *out, size_t n, struct arena *a, struct err *err)
{
    *out = (struct selections){arena_alloc(a, n, sizeof *out->v, err), n,
                               arena_alloc(a, n, sizeof *out->coordinate, err),
                               arena_alloc(a, n, sizeof *out->label, err)};
    return err->code;
}

static int one(struct selections *out, size_t i, struct span range, int32_t coordinate,
               struct arena *a, struct err *err)
{
    out->v[i] = (struct selection){arena_alloc(a, 1, sizeof *out->v->range, err), 1};
    if (!out->v[i].range)
        return err->code;
    out->v[i].range[0] = range;
    out->coordinate[i] = coordinate;
    out->label[i] = span_len(range) == 1 ? arena_printf(a, err, "%d", range.lo)
                                         : arena_printf(a, err, "%d-%d", range.lo, range.hi - 1);
    return err->code;
}

/* What stands where a number is due: a word, a fraction, {each_token: NAME} as config writes it.
   `alone`: it is all that was given, and another form could be. */
static void not_a_number(struct experiment *x, const char *key, const char *text, int n, bool alone,
                         struct problems *problems)
{
    static const char *const words[] = {"each", "all"};
    const char *near = str_did_you_mean(text, words, 2);

    if (str_ends_with(text, EACH_TOKEN))
        problem_at(x, key, problems, "{each_token: NAME} is of positions: write integers, 0 to %d",
                   n - 1);
    else
        problem_at(
            x, key, problems, "must be an integer, 0 to %d%s, not \"%s\"%s%s%s", n - 1,
            alone ? ", a list of them, each, all, {together: [...]} or {window: W, stride: S}" : "",
            text, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static int element(const struct selector *s, size_t i, int n, struct experiment *x, const char *key,
                   struct problems *problems)
{
    const char *text = s->name[i];
    char *end;
    long v = strtol(text, &end, 10);

    if (end != text && *end == '-' && strtol(end + 1, &end, 10) > v && !*end) {
        problem_at(x, key, problems,
                   "%s is not a number; write [%ld, %ld, ...] for one configuration each, or "
                   "{together: [%ld, %ld, ...]} for one of all",
                   text, v, v + 1, v, v + 1);
        return -1;
    }
    if (*end || end == text) {
        not_a_number(x, key, text, n, s->kind == SELECT_LIST && s->n == 1, problems);
        return -1;
    }
    if (v < 0 || v >= n) {
        problem_at(x, key, problems, "%s is out of range: the model has 0 to %d", text, n - 1);
        return -1;
    }
    return (int)v;
}

static int together(struct selections *out, const struct selector *s, int n, struct experiment *x,
                    const char *key, struct problems *problems, struct err *err)
{
    struct selection *v = out->v;
    struct buf label = {0};
    int code = 0;

    v->range = arena_alloc(x->arena, s->n, sizeof *v->range, err);
    if (!v->range)
        return err->code;
    for (size_t i = 0; i < s->n && !code; i++) {
        int e = element(s, i, n, x, key, problems);

        v->range[v->n++] = (struct span){e, e + 1};
        code = buf_printf(&label, err, "%s%d", i ? "+" : "", e);
    }
    *out->coordinate = s->n == 1 ? v->range[0].lo : -1;
    *out->label = code ? NULL : arena_strndup(x->arena, label.data, label.len, err);
    buf_release(&label);
    return err->code;
}

static size_t count(const struct selector *s, int n)
{
    switch (s->kind) {
    case SELECT_EACH:
        return (size_t)n;
    case SELECT_LIST:
        return s->n;
    case SELECT_WINDOW:
        return s->window > n ? 0 : (size_t)((n - s->window) / s->stride + 1);
    case SELECT_ALL:
    case SELECT_TOGETHER:
    case SELECT_PAIRS:
        break;
    }
    return 1;
}

void no_pairs(struct experiment *x, const char *key, struct problems *problems)
{
    problem_at(x, key, problems,
               "only the heads of kind ablation with site: head can be {pairs: RESULT}");
}

int selections_of(struct selections *out, const struct selector *s, int n, struct experiment *x,
                  const char *key, struct problems *problems, struct err *err)
{
    size_t wanted = count(s, n);

    if (s->kind == SELECT_PAIRS)
        no_pairs(x, key, problems);
    if (!wanted)
        problem_at(x, key, problems, "a window of %d does not fit into %d", s->window, n);
    if (selections_alloc(out, wanted, x->arena, err))
        return err->code;
    if (s->kind == SELECT_TOGETHER)
        return together(out, s, n, x, key, problems, err);
    for (size_t i = 0; i < out->n && !err->code; i++) {
        int lo = (int)i, wide = 1, centre;

        if (s->kind == SELECT_LIST)
            lo = element(s, i, n, x, key, problems);
        if (s->kind == SELECT_WINDOW) {
            lo = (int)i * s->stride;
            wide = s->window;
        }
        centre = lo + wide / 2;
        if (s->kind == SELECT_ALL) {
            wide = n;
            centre = n == 1 ? 0 : -1;
        }
        one(out, i, (struct span){lo, lo + wide}, centre, x->arena, err);
    }
    if (s->kind == SELECT_ALL)
        out->label[0] = "all";
    return err->code;
}

bool selections_single(const struct selections *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].n != 1 || span_len(s->v[i].range[0]) != 1)
            return false;
    return true;
}

int add_selections_axis(struct experiment *x, const char *name, const struct selections *sel,
                        int *axis, struct err *err)
{
    *axis = x->n_axes;
    if (add_axis(x, name, sel->n, err))
        return err->code;
    x->axis[*axis].dim.coord = sel->coordinate;
    x->axis[*axis].label = sel->label;
    return 0;
}

static bool in_any_span(const struct scene *s, const struct query *q, int t)
{
    for (size_t i = 0; i < s->data->n_spans; i++)
        if (span_has(q->span[i], t))
            return true;
    return false;
}

static int other_tokens(const struct scene *s, const struct query *q, int *tok)
{
    int n = 0;

    for (int t = 0; t < q->n; t++) /* first and last are spans too */
        if (!in_any_span(s, q, t))
            tok[n++] = t;
    return n;
}

static int span_tokens(const struct scene *s, const struct query *q, const char *name, int *tok)
{
    int i = dataset_span(s->data, name), n = 0;

    for (int t = i < 0 ? 0 : q->span[i].lo; i >= 0 && t < q->span[i].hi; t++)
        tok[n++] = t;
    return n;
}

/* `size` tokens of `other`, in rising order; the draw depends on query and name alone. */
static int random_tokens(const struct scene *s, const struct query *q, const char *name, int size,
                         int *tok)
{
    int n = other_tokens(s, q, tok), kept = 0;
    struct rng r = rng_for((uint64_t)s->config->data.seed, q->fingerprint.lo, name);

    if (n < size)
        return 0;
    for (int i = 0; i < n; i++) /* each of the rest with the chance that fills what is left */
        if (rng_below(&r, (uint64_t)(n - i)) < (uint64_t)(size - kept))
            tok[kept++] = tok[i];
    return kept;
}

const char *token_set_drawn(const struct scene *s, const char *name, char room[DRAWN_NAME])
{
    const char *span = str_begins(name, "random_") ? name + 7 : NULL;
    const char *end = span ? strrchr(span, '_') : NULL;

    if (!span || dataset_span(s->data, span) >= 0 || !end || !end[1] ||
        strspn(end + 1, "0123456789") != strlen(end + 1) || (size_t)(end - span) >= DRAWN_NAME)
        return span;
    memcpy(room, span, (size_t)(end - span));
    room[end - span] = '\0';
    return room;
}

int token_set(const struct scene *s, const struct query *q, const char *name, int *tok)
{
    char room[DRAWN_NAME];
    const char *span = token_set_drawn(s, name, room);

    if (str_eq(name, "other"))
        return other_tokens(s, q, tok);
    if (span)
        return random_tokens(s, q, name, span_tokens(s, q, span, tok), tok);
    return span_tokens(s, q, name, tok);
}

bool token_set_known(const struct scene *s, const char *name, const char **near)
{
    char room[DRAWN_NAME];
    const char *span = token_set_drawn(s, name, room);

    span = span ? span : name;
    *near = NULL;
    if (str_eq(name, "other") || dataset_span(s->data, span) >= 0)
        return true;
    *near = str_did_you_mean(span, s->data->span_name, s->data->n_spans);
    return false;
}

static void no_span(const struct experiment *x, const char *key, const char *name, const char *near,
                    struct problems *problems)
{
    char spans[160] = "";
    size_t at = 0;

    if (near) {
        problem_at(x, key, problems, "the data has no span \"%s\" (did you mean \"%s\"?)", name,
                   near);
        return;
    }
    for (size_t i = 0; i < x->data->n_spans && at < sizeof spans; i++)
        at += (size_t)snprintf(spans + at, sizeof spans - at, "%s%s", i ? ", " : "",
                               x->data->span_name[i]);
    problem_at(x, key, problems, "the data has no span \"%s\"%s; it has %s", name,
               config_given(x->entry, key) ? "" : " (the default)", spans);
}

void token_set_check(const struct experiment *x, const char *key, const char *name,
                     struct problems *problems)
{
    const char *near;

    if (!token_set_known(x->scene, name, &near))
        no_span(x, key, name, near, problems);
}

void span_check(const struct experiment *x, const char *key, const char *name,
                struct problems *problems)
{
    if (dataset_span(x->data, name) < 0)
        no_span(x, key, name, str_did_you_mean(name, x->data->span_name, x->data->n_spans),
                problems);
}

static int rank_of_name(const char *name)
{
    return str_eq(name, "subject")            ? 0
           : strncmp(name, "answer_", 7) == 0 ? 1
           : str_eq(name, "relation")         ? 2
                                              : 3;
}

static bool comes_after(const char *a, const char *b)
{
    int rank = rank_of_name(a) - rank_of_name(b);

    return rank > 0 || (rank == 0 && strcmp(a, b) > 0);
}

size_t span_order(const struct dataset *ds, int *order)
{
    size_t n = 0;

    for (size_t i = 0; i < ds->n_spans; i++) { /* by insertion: a handful */
        const char *own = ds->span_name[i];
        size_t k = n;

        if (str_eq(own, "first") || str_eq(own, "last"))
            continue;
        for (; k > 0 && comes_after(ds->span_name[order[k - 1]], own); k--)
            order[k] = order[k - 1];
        order[k] = (int)i;
        n++;
    }
    return n;
}

const int *span_order_in(const struct dataset *ds, struct arena *a, struct err *err)
{
    int *order = arena_alloc(a, ds->n_spans, sizeof *order, err);

    if (order)
        span_order(ds, order);
    return order;
}
