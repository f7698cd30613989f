/* The traps of the data as flags (docs/methods.md 1). */
#include "data/flags.h"

#include "data/groups.h"

#include <stdlib.h>
#include <string.h>

/*
 * One answer of one query. Answers are the same when their strings are, spaces around them apart
 * (after a quote an answer has no space in front); where the data give no strings, when item and
 * token are.
 */
struct data_answer {
    const char *text; /* NULL = not known */
    size_t n;
    int set, item;
    int32_t token;
};

static int by_answer(const void *a, const void *b)
{
    const struct data_answer *x = a, *y = b;
    int d = compare(x->set, y->set);

    d = d ? d : compare(!x->text, !y->text);
    if (d)
        return d;
    if (!x->text) {
        d = compare(x->item, y->item);
        return d ? d : compare(x->token, y->token);
    }
    d = memcmp(x->text, y->text, x->n < y->n ? x->n : y->n);
    return d ? d : compare((int64_t)x->n, (int64_t)y->n);
}

static int by_token(const void *a, const void *b)
{
    const struct data_answer *x = a, *y = b;
    int d = compare(x->set, y->set);

    return d ? d : compare(x->token, y->token);
}

static int by_token_answer(const void *a, const void *b)
{
    int d = by_token(a, b);

    return d ? d : by_answer(a, b);
}

static const char *trim(const char *s, size_t *n)
{
    while (*n && *s == ' ') {
        s++;
        --*n;
    }
    while (*n && s[*n - 1] == ' ')
        --*n;
    return s;
}

/* All answers of usable queries into v; how many. */
static size_t gather_answers(const struct loader *l, struct data_answer *v)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++) {
        const struct query *q = &l->ds->query[i];

        for (size_t k = 0; k < l->draft[i].n_targets && !q->status; k++) {
            const struct named_target *t = &l->draft[i].target[k];
            struct data_answer a = {t->text, t->text ? strlen(t->text) : 0, l->group[i].set,
                                    l->group[i].item, q->target[t->name]};

            if (a.token < 0 || !is_answer(l, a.set, t->name))
                continue;
            a.text = a.text ? trim(a.text, &a.n) : NULL;
            v[n++] = a;
        }
    }
    return n;
}

/* How many different answers each dataset has: (datasets), v sorted by answer. */
static void count_answers(const struct data_answer *v, size_t n, size_t *total)
{
    for (size_t i = 0; i < n; i++)
        if (!i || by_answer(&v[i - 1], &v[i]))
            total[v[i].set]++;
}

/* v sorted by token and answer -> one entry per dataset and token, n = how many different answers
   it starts; the number of entries. */
static size_t count_starts(struct data_answer *v, size_t n)
{
    size_t out = 0;

    for (size_t i = 0; i < n;) {
        struct data_answer first = v[i];
        size_t answers = 0, k;

        for (k = i; k < n && !by_token(&first, &v[k]); k++)
            answers += k == i || by_answer(&v[k - 1], &v[k]);
        i = k;
        first.n = answers;
        v[out++] = first;
    }
    return out;
}

/* Generic: starts more than 2 % of the dataset's different answers, and at least three. */
static void flag_generic(struct loader *l, const struct data_answer *v, size_t n,
                         const size_t *total)
{
    for (size_t i = 0; i < l->n; i++) {
        struct query *q = &l->ds->query[i];
        struct data_answer key = {.set = l->group[i].set};
        const struct data_answer *found;

        if (q->right < 0 || q->status)
            continue;
        key.token = q->target[q->right];
        found = bsearch(&key, v, n, sizeof *v, by_token);
        q->target_generic = found && found->n >= 3 && found->n * 50 > total[key.set];
    }
}

static int find_generic(struct loader *l, struct err *err)
{
    size_t n = 0, *total = arena_alloc(&l->scratch, l->n, sizeof *total, err);
    struct data_answer *v;

    for (size_t i = 0; i < l->n; i++)
        n += l->draft[i].n_targets;
    v = total ? mem_alloc(n, sizeof *v, err) : NULL;
    if (!v)
        return err->code;
    n = gather_answers(l, v);
    qsort(v, n, sizeof *v, by_answer);
    count_answers(v, n, total);
    qsort(v, n, sizeof *v, by_token_answer);
    flag_generic(l, v, count_starts(v, n), total);
    mem_free(v);
    return 0;
}

static void flag_targets(struct query *q, size_t n_targets)
{
    for (size_t i = 0; i < n_targets; i++)
        for (size_t k = 0; k < i; k++)
            if (q->target[i] >= 0 && q->target[i] == q->target[k])
                q->target_collision = 1;
    for (int i = 0; q->right >= 0 && i < q->n; i++)
        if (q->ids[i] >= 0 && q->ids[i] == q->target[q->right])
            q->target_in_prompt = 1;
}

/* What the last tokens spell; a character may be cut into as many tokens as it has bytes. */
static size_t spelled_end(const struct loader *l, const struct query *q, char *out, size_t max)
{
    const struct codec *c = l->codec;
    size_t n = 0;

    for (int i = q->n - 1; i >= 0 && n < 4; i--) {
        size_t length = 0;
        const char *s = q->ids[i] < 0 ? NULL : c->bytes(c->ctx, q->ids[i], &length);

        if (!s)
            break;
        if (length > max - n) {
            s += length - (max - n);
            length = max - n;
        }
        memmove(out + length, out, n);
        memcpy(out, s, length);
        n += length;
    }
    return n;
}

/* " ' ` and the typographic and angle quotes. */
static const char *prefix_of(const char *s, size_t n)
{
    static const char *const quotes[] = {
        "\"",
        "'",
        "`",
        "\xe2\x80\x98",
        "\xe2\x80\x99",
        "\xe2\x80\x9a",
        "\xe2\x80\x9b",
        "\xe2\x80\x9c",
        "\xe2\x80\x9d",
        "\xe2\x80\x9e",
        "\xe2\x80\x9f",
        "\xc2\xab",
        "\xc2\xbb",
        "\xe2\x80\xb9",
        "\xe2\x80\xba",
    };

    if (n && s[n - 1] == ' ')
        return "space";
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
        size_t length = strlen(quotes[i]);

        if (n >= length && !memcmp(s + n - length, quotes[i], length))
            return "quote";
    }
    return "";
}

int flag_queries(struct loader *l, struct err *err)
{
    char end[64];

    for (size_t i = 0; i < l->n; i++) {
        struct query *q = &l->ds->query[i];

        flag_targets(q, l->ds->n_targets);
        q->bos = q->n && l->codec->bos >= 0 && q->ids[0] == l->codec->bos;
        if (l->codec->bytes && q->n)
            q->answer_prefix = prefix_of(end, spelled_end(l, q, end, sizeof end));
        else
            q->answer_prefix = prefix_of(q->text, strlen(q->text));
    }
    return find_generic(l, err);
}
