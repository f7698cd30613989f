#include "experiments/kit/places.h"

#include "base/hash.h"
#include "base/str.h"
#include "experiments/kit/select.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A token's number, or a token set by its name. */
static void one_place(struct place *p, const char *const *name, struct experiment *x,
                      const char *key, struct problems *problems)
{
    char *end;
    long number = strtol(*name, &end, 10);

    *p = (struct place){.label = *name, .nth = -1};
    if (end > *name && !*end) {
        int most = x->data->max_tokens;

        if (number >= 0 && number < most)
            p->range = (struct span){(int)number, (int)number + 1};
        else
            problem_at(x, key, problems,
                       "no prompt has a token %s: the longest has %d, counted from 0", *name, most);
        return;
    }
    p->name = name;
    p->n_names = 1;
    token_set_check(x, key, *name, problems);
}

/* Tokens of a set in the query that has most of them; < 0 and err on failure. */
static int longest(struct experiment *x, const char *name, struct err *err)
{
    int *tok = arena_alloc(x->arena, (size_t)x->data->max_tokens, sizeof *tok, err), most = 0;

    for (size_t q = 0; tok && q < x->data->n; q++) {
        int n = x->data->query[q].status ? 0 : token_set(x->scene, &x->data->query[q], name, tok);

        most = n > most ? n : most;
    }
    return tok ? most : -1;
}

static int add_place(struct places *out, struct place p, struct experiment *x, struct err *err)
{
    if (!p.label || arena_grow(x->arena, &out->v, out->n, &out->cap, sizeof *out->v, err))
        return err->code;
    out->v[out->n++] = p;
    return 0;
}

/* subject[0], subject[1] ... up to the longest that any query has. */
static int add_each_token(struct places *out, const char *name, struct experiment *x,
                          const char *key, struct problems *problems, struct err *err)
{
    const char **list = arena_alloc(x->arena, 1, sizeof *list, err);
    int most = longest(x, name, err);

    if (!list || most < 0)
        return err->code;
    *list = name;
    token_set_check(x, key, name, problems);
    for (int i = 0; i < most; i++) {
        struct place p = {arena_printf(x->arena, err, "%s[%d]", name, i), list, 1, i, {0, 0}};

        if (add_place(out, p, x, err))
            return err->code;
    }
    return 0;
}

static int add_listed(struct places *out, const struct selector *s, struct experiment *x,
                      const char *key, struct problems *problems, struct err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const char *each = each_token_name(s->name[i], x->arena, err);
        struct place p;

        if (err->code)
            return err->code;
        if (!each)
            one_place(&p, &s->name[i], x, key, problems);
        if (each ? add_each_token(out, each, x, key, problems, err) : add_place(out, p, x, err))
            return err->code;
    }
    return 0;
}

static int add_together(struct places *out, const struct selector *s, struct experiment *x,
                        const char *key, struct problems *problems, struct err *err)
{
    struct place p = {.label = "", .name = s->name, .n_names = s->n, .nth = -1};

    for (size_t i = 0; i < s->n; i++) {
        p.label = arena_printf(x->arena, err, "%s%s%s", p.label, i ? "+" : "", s->name[i]);
        if (!p.label)
            return err->code;
        token_set_check(x, key, s->name[i], problems);
    }
    return add_place(out, p, x, err);
}

/* Windows of tokens, or each token: as many as the longest prompt has. */
static int add_windows(struct places *out, int wide, int stride, struct experiment *x,
                       struct err *err)
{
    for (int lo = 0; lo + wide <= x->data->max_tokens; lo += stride) {
        struct place p = {.nth = -1, .range = {lo, lo + wide}};

        p.label = wide == 1 ? arena_printf(x->arena, err, "%d", lo)
                            : arena_printf(x->arena, err, "%d-%d", lo, lo + wide - 1);
        if (add_place(out, p, x, err))
            return err->code;
    }
    return 0;
}

int places_of(struct places *out, const struct selector *s, struct experiment *x, const char *key,
              struct problems *problems, struct err *err)
{
    struct place all = {.label = "all", .nth = -1, .range = {0, INT_MAX}};
    int code = 0;

    memset(out, 0, sizeof *out);
    switch (s->kind) {
    case SELECT_LIST:
        code = add_listed(out, s, x, key, problems, err);
        break;
    case SELECT_TOGETHER:
        code = add_together(out, s, x, key, problems, err);
        break;
    case SELECT_ALL:
        code = add_place(out, all, x, err);
        break;
    case SELECT_EACH:
        code = add_windows(out, 1, 1, x, err);
        break;
    case SELECT_WINDOW:
        code = add_windows(out, s->window, s->stride, x, err);
        break;
    case SELECT_PAIRS:
        no_pairs(x, key, problems);
        break;
    }
    if (code)
        return code;
    if (!out->n && !problems->count)
        problem_at(x, key, problems, "no query of the data has such a position");
    out->tok = arena_alloc(x->arena, 2 * (size_t)x->data->max_tokens, sizeof *out->tok, err);
    out->label = arena_alloc(x->arena, out->n + 1, sizeof *out->label, err);
    for (size_t i = 0; out->label && i < out->n; i++)
        out->label[i] = out->v[i].label;
    return out->label && out->tok ? 0 : err->code;
}

/* "[3]" */
static bool nth_in(const char *text, int *nth)
{
    char *end;
    long v = strtol(text + 1, &end, 10);

    if (end == text + 1 || !str_eq(end, "]") || v < 0 || v >= INT_MAX)
        return false;
    *nth = (int)v;
    return true;
}

/* The names of "subject+last", or of "subject[0]" with *nth, as far as the data has them; NULL and
   no err if it has not. */
static const char **names_in(const char *label, struct experiment *x, size_t *n, int *nth,
                             struct err *err)
{
    const char **name = arena_alloc(x->arena, strlen(label) + 1, sizeof *name, err), *near;
    size_t length = strcspn(label, "[");

    *n = 0;
    if (!name)
        return NULL;
    if (token_set_known(x->scene, label, &near)) {
        name[(*n)++] = label;
        return name;
    }
    if (label[length] && nth_in(label + length, nth))
        label = arena_strndup(x->arena, label, length, err);
    while (label) {
        length = strcspn(label, "+");
        name[*n] = arena_strndup(x->arena, label, length, err);
        if (!name[*n] || !token_set_known(x->scene, name[(*n)++], &near))
            return NULL;
        label = label[length] ? label + length + 1 : NULL;
    }
    return err->code ? NULL : name;
}

/* "all", "5" or "5-7". */
static bool range_in(const char *label, struct span *range)
{
    char *end;
    long lo = strtol(label, &end, 10), hi = lo;

    if (str_eq(label, "all")) {
        *range = (struct span){0, INT_MAX};
        return true;
    }
    if (end > label && *end == '-')
        hi = strtol(end + 1, &end, 10);
    if (end == label || *end || lo < 0 || hi < lo || hi >= INT_MAX)
        return false;
    *range = (struct span){(int)lo, (int)hi + 1};
    return true;
}

int place_of_label(struct places *out, const char *label, struct experiment *x, struct err *err)
{
    struct place *p = arena_alloc(x->arena, 1, sizeof *p, err);
    int *tok = arena_alloc(x->arena, 2 * (size_t)x->data->max_tokens, sizeof *tok, err);
    bool known;

    if (!p || !tok)
        return err->code;
    *p = (struct place){.label = label, .nth = -1};
    known = range_in(label, &p->range);
    if (!known) {
        p->name = names_in(label, x, &p->n_names, &p->nth, err);
        if (err->code)
            return err->code;
        known = p->name;
    }
    *out = (struct places){.v = p, .n = 1, .label = (const char **)&p->label, .tok = tok};
    for (size_t i = 0; known && i < x->data->n; i++)
        if (!x->data->query[i].status && place_tokens(p, x->scene, &x->data->query[i], tok))
            return 0;
    return err_set(err, ERR_CONFIG, "no query of the data has the position %s", label);
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* In rising order, each once; returns how many are left. */
static int sorted_once(int *tok, int n)
{
    int left = 0;

    qsort(tok, (size_t)n, sizeof *tok, by_number);
    for (int i = 0; i < n; i++)
        if (!left || tok[i] != tok[left - 1])
            tok[left++] = tok[i];
    return left;
}

int place_tokens(const struct place *p, const struct scene *s, const struct query *q, int *tok)
{
    int n = 0;

    if (!p->n_names) {
        bool whole = p->range.hi == INT_MAX;

        if (!whole && p->range.hi > q->n)
            return 0;
        for (int t = p->range.lo; t < q->n && t < p->range.hi; t++)
            tok[n++] = t;
        return n;
    }
    if (p->n_names == 1) {
        n = token_set(s, q, p->name[0], tok);
        if (p->nth < 0)
            return n;
        tok[0] = n > p->nth ? tok[p->nth] : -1;
        return n > p->nth;
    }
    for (size_t i = 0; i < p->n_names; i++)
        n = sorted_once(tok, n + token_set(s, q, p->name[i], tok + n));
    return n;
}

bool places_any(const struct places *p, const struct scene *s, const struct query *q)
{
    for (size_t i = 0; i < p->n; i++)
        if (place_tokens(&p->v[i], s, q, p->tok))
            return true;
    return false;
}

int places_likeness(const struct places *p, const struct scene *s, const struct query *q,
                    struct buf *b, struct err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        int n = place_tokens(&p->v[i], s, q, p->tok);

        if (buf_u32(b, (uint32_t)n, err) || buf_put(b, p->tok, (size_t)n * sizeof *p->tok, err))
            return err->code;
    }
    return 0;
}
