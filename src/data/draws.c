/*
 * What is drawn from other items of the same dataset: control tokens and counterfactual prompts.
 *
 * A draw must not depend on the order of files, and must change little when queries are appended.
 * So nothing is drawn by its place in a list: each candidate gets a number of its own from the
 * query's stream (controls) or from its own stream (counterfactuals), and the smallest, or the next
 * one round the circle, is taken. A new candidate then displaces another only where its number is
 * small.
 */
#include "data/draws.h"

#include "base/rng.h"
#include "data/groups.h"

#include <stdlib.h>
#include <string.h>

/* A token that some item of a dataset has as an answer (or as its subject), or had before a
   shuffle: the model may well say it. */
struct owned {
    int set, item;
    int32_t token;
};

struct pool {
    struct owned *by_item; /* (n) sorted by set, item, token; each once */
    size_t n;
    struct owned *tokens; /* (n_tokens) sorted by set and token; each once, item = 0 */
    size_t n_tokens;
};

static int by_owner(const void *a, const void *b)
{
    const struct owned *x = a, *y = b;
    int d = compare(x->set, y->set);

    d = d ? d : compare(x->item, y->item);
    return d ? d : compare(x->token, y->token);
}

static size_t sort_unique(struct owned *v, size_t n)
{
    size_t out = 0;

    qsort(v, n, sizeof *v, by_owner);
    for (size_t i = 0; i < n; i++)
        if (!out || by_owner(&v[out - 1], &v[i]))
            v[out++] = v[i];
    return out;
}

static void pool_release(struct pool *p)
{
    mem_free(p->by_item);
    mem_free(p->tokens);
}

/* subject < 0: the pool of answers; else of that target, which is the subject. */
static void pool_take(struct pool *p, const struct loader *l, size_t q, const int32_t *target,
                      int subject)
{
    const struct group *g = &l->group[q];

    for (size_t t = 0; target && t < l->ds->n_targets; t++)
        if (target[t] >= 0 && (subject < 0 ? is_answer(l, g->set, (int)t) : (int)t == subject))
            p->by_item[p->n++] = (struct owned){g->set, g->item, target[t]};
}

static int pool_fill(struct pool *p, const struct loader *l, int subject, struct err *err)
{
    p->by_item = mem_alloc(2 * l->n * l->ds->n_targets, sizeof *p->by_item, err);
    if (!p->by_item)
        return err->code;
    for (size_t i = 0; i < l->n; i++)
        if (!l->ds->query[i].status) {
            pool_take(p, l, i, l->ds->query[i].target, subject);
            pool_take(p, l, i, l->group[i].real, subject);
        }
    p->n = sort_unique(p->by_item, p->n);
    p->tokens = mem_alloc(p->n, sizeof *p->tokens, err);
    if (!p->tokens)
        return err->code;
    for (size_t i = 0; i < p->n; i++)
        p->tokens[i] = (struct owned){p->by_item[i].set, 0, p->by_item[i].token};
    p->n_tokens = sort_unique(p->tokens, p->n);
    return 0;
}

/* A token of this query, or an answer of its item at another step, as it is or was. */
static bool taken(const struct loader *l, const struct pool *p, size_t q, int32_t token)
{
    struct owned key = {l->group[q].set, l->group[q].item, token};
    const int32_t *target = l->ds->query[q].target, *real = l->group[q].real;

    for (size_t t = 0; t < l->ds->n_targets; t++)
        if (target[t] == token || (real && real[t] == token))
            return true;
    return bsearch(&key, p->by_item, p->n, sizeof key, by_owner) != NULL;
}

/* First token of a dataset in the sorted list. */
static size_t set_begin(const struct pool *p, int set)
{
    size_t lo = 0, hi = p->n_tokens;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (p->tokens[mid].set < set)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The n tokens with the smallest numbers, smallest first; number = (n) scratch. */
static size_t draw(const struct loader *l, const struct pool *p, size_t q, const char *purpose,
                   int32_t *out, uint64_t *number, size_t n)
{
    struct rng r = rng_for(l->opt->seed, l->group[q].key, purpose);
    int set = l->group[q].set;
    size_t have = 0;

    for (size_t i = set_begin(p, set); i < p->n_tokens && p->tokens[i].set == set; i++) {
        int32_t token = p->tokens[i].token;
        uint64_t mine;
        size_t k;

        r.counter = (uint64_t)token;
        mine = rng_u64(&r);
        if ((have == n && mine >= number[n - 1]) || taken(l, p, q, token))
            continue;
        have += have < n;
        for (k = have - 1; k && number[k - 1] > mine; k--) {
            number[k] = number[k - 1];
            out[k] = out[k - 1];
        }
        number[k] = mine;
        out[k] = token;
    }
    return have;
}

static void count_controls(struct loader *l)
{
    size_t fewest = SIZE_MAX;

    for (size_t i = 0; i < l->n; i++) {
        const struct query *q = &l->ds->query[i];
        size_t n = 0;

        for (size_t k = 0; k < l->ds->n_controls && !q->status; k++)
            n += q->control[k] >= 0;
        if (!q->status && n < fewest)
            fewest = n;
    }
    l->ds->controls_min = fewest == SIZE_MAX ? 0 : fewest;
}

int draw_controls(struct loader *l, struct err *err)
{
    int subject = dataset_target(l->ds, "subject"), code = 0;
    size_t n = l->ds->n_controls;
    struct pool answers = {0}, subjects = {0};
    uint64_t *number;

    if (!n)
        return 0;
    number = mem_alloc(n, sizeof *number, err);
    if (!number || pool_fill(&answers, l, -1, err) ||
        (subject >= 0 && pool_fill(&subjects, l, subject, err))) {
        code = err->code;
        goto out;
    }
    for (size_t i = 0; i < l->n; i++) {
        struct query *q = &l->ds->query[i];

        if (q->status)
            continue;
        if (!l->draft[i].control)
            draw(l, &answers, i, "controls", q->control, number, n);
        if (subject >= 0 && q->target[subject] >= 0)
            draw(l, &subjects, i, "subject controls", q->s_control, number, n);
    }
    count_controls(l);
out:
    pool_release(&answers);
    pool_release(&subjects);
    mem_free(number);
    return code;
}

/* A usable query as a donor: those of one dataset, template, step and shape stand together, items
   in an order drawn by seed. */
struct donor {
    int set, template, step, item;
    uint64_t shape; /* of the lengths of the prompt and of all spans */
    uint64_t order;
    uint64_t tie; /* between prompts of one item */
    size_t q;
};

static int by_class(const void *a, const void *b)
{
    const struct donor *x = a, *y = b;
    int d = compare(x->set, y->set);

    d = d ? d : compare(x->template, y->template);
    d = d ? d : compare(x->step, y->step);
    return d ? d : (x->shape > y->shape) - (x->shape < y->shape);
}

static int by_circle(const void *a, const void *b)
{
    const struct donor *x = a, *y = b;
    int d = by_class(a, b);

    d = d ? d : (x->order > y->order) - (x->order < y->order);
    d = d ? d : compare(x->item, y->item);
    d = d ? d : (x->tie > y->tie) - (x->tie < y->tie);
    return d ? d : (x->q > y->q) - (x->q < y->q);
}

static bool same_shape(const struct query *a, const struct query *b, size_t n_spans)
{
    for (size_t i = 0; i < n_spans; i++)
        if (span_len(a->span[i]) != span_len(b->span[i]))
            return false;
    return a->n == b->n;
}

/* Gives every query of a class (n donors) the first prompt of the next item round the circle. */
static void link_class(struct loader *l, const struct donor *v, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        const struct query *from;

        for (end = i; end < n && v[end].item == v[i].item; end++)
            ;
        from = &l->ds->query[v[end % n].q];
        for (size_t k = i; k < end && v[end % n].item != v[i].item; k++) {
            struct query *q = &l->ds->query[v[k].q];

            if (q->cf_ids || !same_shape(q, from, l->ds->n_spans))
                continue;
            q->cf_ids = from->ids;
            q->cf_span = from->span;
        }
    }
}

static struct donor donor_of(const struct loader *l, size_t i, const char *purpose, int *lengths)
{
    const struct query *q = &l->ds->query[i];
    const struct group *g = &l->group[i];
    struct rng r = rng_for(l->opt->seed, g->key, purpose);
    size_t n_spans = l->ds->n_spans;

    lengths[n_spans] = q->n;
    for (size_t s = 0; s < n_spans; s++)
        lengths[s] = span_len(q->span[s]);
    return (struct donor){g->set,
                          q->template,
                          q->step,
                          g->item,
                          hash_u64(lengths, (n_spans + 1) * sizeof *lengths),
                          rng_u64(&r),
                          hash_u64(q->ids, (size_t)q->n * sizeof *q->ids),
                          i};
}

/* All usable queries, class by class round their circles; *v is the caller's to free. */
static int find_donors(const struct loader *l, const char *purpose, bool by_shape, struct donor **v,
                       size_t *n, struct err *err)
{
    int *lengths = mem_alloc(l->ds->n_spans + 1, sizeof *lengths, err);

    *n = 0;
    *v = lengths ? mem_alloc(l->n, sizeof **v, err) : NULL;
    for (size_t i = 0; *v && i < l->n; i++) {
        if (l->ds->query[i].status)
            continue;
        (*v)[*n] = donor_of(l, i, purpose, lengths);
        (*v)[*n].shape = by_shape ? (*v)[*n].shape : 0;
        ++*n;
    }
    mem_free(lengths);
    if (*v)
        qsort(*v, *n, sizeof **v, by_circle);
    return *v ? 0 : err->code;
}

static size_t class_size(const struct donor *v, size_t n)
{
    size_t k = 0;

    while (k < n && !by_class(&v[0], &v[k]))
        k++;
    return k;
}

int draw_counterfactuals(struct loader *l, struct err *err)
{
    struct donor *v;
    size_t n;

    if (find_donors(l, "counterfactual", true, &v, &n, err))
        return err->code;
    for (size_t i = 0, some; i < n; i += some) {
        some = class_size(v + i, n - i);
        link_class(l, v + i, some);
    }
    mem_free(v);
    return 0;
}

/* The queries as they were, and what flags are about. */
struct asked {
    struct query *query;
    struct draft *draft;
};

/* Query i is asked for what another was. Is that something else? */
static bool give(struct loader *l, size_t i, const struct asked *all, size_t from)
{
    struct query *q = &l->ds->query[i];
    const struct query *w = &all->query[from];
    bool other = q->right != w->right ||
                 memcmp(q->target, w->target, l->ds->n_targets * sizeof *q->target) != 0;

    l->group[i].real = q->target;
    q->target = w->target;
    q->whole = w->whole;
    q->answer = w->answer;
    q->right = w->right;
    q->foil = w->foil;
    l->draft[i].target = all->draft[from].target;
    l->draft[i].n_targets = all->draft[from].n_targets;
    return other;
}

/* How many queries the item of the first has. */
static size_t of_item(const struct donor *v, size_t n)
{
    size_t k = 1;

    while (k < n && v[k].item == v[0].item)
        k++;
    return k;
}

/* An item with more queries than the next one takes those of the next one again. */
static bool shuffle_class(struct loader *l, const struct donor *v, size_t n,
                          const struct asked *all)
{
    bool other = false;

    for (size_t i = 0, own; i < n; i += own) {
        size_t next = (i + (own = of_item(v + i, n - i))) % n, others = of_item(v + next, n - next);

        for (size_t k = 0; k < own; k++)
            other |= give(l, v[i + k].q, all, v[next + k % others].q);
    }
    return other;
}

int shuffle_targets(struct loader *l, struct err *err)
{
    struct asked all = {mem_alloc(l->n, sizeof *all.query, err),
                        mem_alloc(l->n, sizeof *all.draft, err)};
    struct donor *v = NULL;
    bool moved = false;
    size_t n = 0;
    int code = !all.query || !all.draft ? err->code
                                        : find_donors(l, "shuffled targets", false, &v, &n, err);

    if (!code && l->n) {
        memcpy(all.query, l->ds->query, l->n * sizeof *all.query);
        memcpy(all.draft, l->draft, l->n * sizeof *all.draft);
    }
    for (size_t i = 0, some; !code && i < n; i += some) {
        some = class_size(v + i, n - i);
        moved |= shuffle_class(l, v + i, some, &all);
    }
    if (!code && n && !moved)
        problems_add(l->problems, "data", 0, 0,
                     "null: shuffled_targets would change nothing: no dataset, template and step "
                     "has items with different targets");
    mem_free(all.query);
    mem_free(all.draft);
    mem_free(v);
    return code;
}
