/* Drafts into queries: what needs one line only (draft_finish), and what needs all names (settle).
 */
#include "data/settle.h"

#include "base/str.h"
#include "data/fields.h"
#include "data/text.h"

#include <string.h>

static int check_prompt(struct loader *l, struct err *err)
{
    size_t n = l->d.own.n;

    if ((!n && query_bad(l, err, "empty prompt")) ||
        (l->d.cf.ids && l->d.cf.n != n &&
         query_bad(l, err, "counterfactual of %zu %s, expected %zu as in the prompt", l->d.cf.n,
                   str_noun(l->d.cf.n, "token", "tokens"), n)))
        return err->code;
    if (l->opt->max_tokens <= 0 || n <= (size_t)l->opt->max_tokens)
        return 0;
    l->d.own = (struct draft_prompt){.text = l->d.own.text}; /* nobody need make room for it */
    return query_bad(l, err, "prompt of %zu tokens is longer than %s%s%d", n,
                     l->opt->max_is ? l->opt->max_is : "", l->opt->max_is ? " of " : "",
                     l->opt->max_tokens);
}

static int own_name(const struct loader *l, int answer)
{
    for (size_t i = 0; i < l->d.n_targets; i++)
        if (answer_number(l->ds->target_name[l->d.target[i].name]) == answer)
            return l->d.target[i].name;
    return -1;
}

/* Right unless said: the answer of this step, or the only target there is. */
static void default_right(struct loader *l)
{
    if (l->d.right < 0 && l->q.step)
        l->d.right = own_name(l, l->q.step);
    if (l->d.right < 0 && l->d.n_targets == 1)
        l->d.right = l->d.target[0].name;
}

/* Foils unless said: the answers given before this step (before the right one, if the data give no
   step). */
static int default_foils(struct loader *l, struct err *err)
{
    int step = l->q.step;

    if (l->d.foil)
        return 0;
    if (!step && l->d.right >= 0)
        step = answer_number(l->ds->target_name[l->d.right]);
    l->d.foil = arena_alloc(&l->scratch, l->d.n_targets, sizeof *l->d.foil, err);
    if (!l->d.foil)
        return err->code;
    for (size_t i = 0; i < l->d.n_targets; i++) {
        int name = l->d.target[i].name, answer = answer_number(l->ds->target_name[name]);

        if (answer && answer < step && name != l->d.right)
            l->d.foil[l->d.n_foils++] = name;
    }
    return 0;
}

/* A query of no named item or subject is an item of its own, known by its prompt and not by its
   line, so that it keeps its name when files change around it. */
static int default_item(struct loader *l, struct err *err)
{
    char hex[HASH_HEX];

    if (!l->q.subject)
        l->q.subject = "";
    if (!l->q.item && *l->q.subject)
        l->q.item = l->q.subject;
    if (l->q.item)
        return 0;
    if (l->d.own.ids)
        hash_hex(hex, hash_bytes(l->d.own.ids, l->d.own.n * sizeof *l->d.own.ids));
    else
        hash_hex(hex, hash_bytes(l->d.own.text ? l->d.own.text : "",
                                 l->d.own.text ? strlen(l->d.own.text) : 0));
    l->q.item = arena_printf(&l->ds->arena, err, "#%.12s", hex);
    return l->q.item ? 0 : err->code;
}

int draft_finish(struct loader *l, struct err *err)
{
    default_right(l);
    return err_if(err, default_foils(l, err) || default_item(l, err) ||
                           prompt_add_bos(l, &l->d.own, err) || prompt_add_bos(l, &l->d.cf, err) ||
                           check_prompt(l, err));
}

/*
 * The place at which the answers of a query differ, each from each other: 0 unless first_distinct
 * is set and their first tokens do not. Where there is no such place (an answer that is the
 * beginning of another has ended before it; tokens not known) it is 0 as well, and the query keeps
 * its target_collision. The prompt is not extended by the tokens that come before: what is followed
 * is then no longer the next token, but the one that tells the answers apart.
 */
static size_t distinct_place(const struct loader *l, const struct draft *d)
{
    const struct named_target *t[NAMES_MAX];
    size_t n = 0, place;

    for (size_t i = 0; i < d->n_targets; i++)
        if (!str_eq(l->ds->target_name[d->target[i].name], "subject"))
            t[n++] = &d->target[i];
    for (place = 0; l->opt->first_distinct; place++) {
        bool distinct = true;

        for (size_t i = 0; i < n; i++) {
            if (!t[i]->ids || place >= t[i]->n_ids)
                return 0;
            for (size_t j = 0; j < i && distinct; j++)
                distinct = t[i]->ids[place] != t[j]->ids[place];
        }
        if (distinct)
            return place;
    }
    return 0;
}

static int settle_targets(struct loader *l, struct query *q, const struct draft *d, struct err *err)
{
    size_t n = l->ds->n_targets, place = distinct_place(l, d);

    q->target = arena_alloc(&l->ds->arena, n, sizeof *q->target, err);
    q->whole = arena_alloc(&l->ds->arena, n, sizeof *q->whole, err);
    q->foil = arena_alloc(&l->ds->arena, n, 1, err);
    if (!q->target || !q->whole || !q->foil)
        return err->code;
    for (size_t i = 0; i < n; i++)
        q->target[i] = -1;
    for (size_t i = 0; i < d->n_targets; i++) {
        const struct named_target *t = &d->target[i];
        bool subject = str_eq(l->ds->target_name[t->name], "subject");

        q->target[t->name] = place && t->ids && !subject ? t->ids[place] : t->id;
        if (t->whole && t->ids && t->id >= 0)
            q->whole[t->name] = (struct tokens){t->ids, (int)t->n_ids};
        l->ds->has_whole |= q->whole[t->name].n > 0;
    }
    for (size_t i = 0; i < d->n_foils; i++)
        q->foil[d->foil[i]] = 1;
    q->right = d->right;
    return 0;
}

static struct span *settle_spans(struct loader *l, const struct draft_prompt *p, struct err *err)
{
    struct span *s = arena_alloc(&l->ds->arena, l->ds->n_spans, sizeof *s, err);

    if (!s || !p->n)
        return s;
    s[0] = (struct span){0, 1};
    s[1] = (struct span){(int)p->n - 1, (int)p->n};
    for (size_t i = 0; i < p->n_spans; i++)
        s[p->span[i].name] = p->span[i].at;
    return s;
}

/* A counterfactual that names fewer spans than the prompt has them where the prompt has them. */
static int settle_counterfactual(struct loader *l, struct query *q, const struct draft *d,
                                 struct err *err)
{
    if (!d->cf.ids || q->status)
        return 0;
    q->cf_span = settle_spans(l, &d->cf, err);
    if (!q->cf_span)
        return err->code;
    for (size_t i = 0; i < l->ds->n_spans; i++)
        if (span_empty(q->cf_span[i]))
            q->cf_span[i] = q->span[i];
    q->cf_ids = d->cf.ids;
    return 0;
}

static int settle_controls(struct loader *l, struct query *q, const struct draft *d,
                           struct err *err)
{
    int32_t *v = arena_alloc(&l->ds->arena, 2 * l->ds->n_controls, sizeof *v, err);

    if (!v)
        return err->code;
    q->control = v;
    q->s_control = v + l->ds->n_controls;
    for (size_t i = 0; i < 2 * l->ds->n_controls; i++)
        v[i] = i < d->n_controls ? d->control[i] : -1;
    return 0;
}

static int settle_one(struct loader *l, struct query *q, const struct draft *d, struct err *err)
{
    q->n = (int)d->own.n;
    q->ids = d->own.ids ? d->own.ids : arena_alloc(&l->ds->arena, 0, sizeof *q->ids, err);
    q->text = d->own.text;
    q->span = q->ids ? settle_spans(l, &d->own, err) : NULL;
    if (!q->span || settle_targets(l, q, d, err) || settle_controls(l, q, d, err) ||
        settle_counterfactual(l, q, d, err))
        return err->code;
    if (q->n > l->ds->max_tokens)
        l->ds->max_tokens = q->n;
    return q->text ? 0 : decode_text(l, q, err);
}

int settle_queries(struct loader *l, struct err *err)
{
    struct dataset *ds = l->ds;

    ds->n_controls = l->opt->n_controls;
    for (size_t i = 0; i < l->n; i++)
        if (l->draft[i].n_controls > ds->n_controls)
            ds->n_controls = l->draft[i].n_controls;
    ds->query = arena_alloc(&ds->arena, l->n, sizeof *ds->query, err);
    if (!ds->query)
        return err->code;
    if (l->n)
        memcpy(ds->query, l->query, l->n * sizeof *ds->query);
    ds->n = l->n;
    for (size_t i = 0; i < l->n; i++)
        if (settle_one(l, &ds->query[i], &l->draft[i], err))
            return err->code;
    return 0;
}
