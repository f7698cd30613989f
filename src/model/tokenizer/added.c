#include "model/tokenizer/added.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "model/tokenizer/regex.h"

#include <stdlib.h>
#include <string.h>

int added_push(struct added *a, const char *s, size_t n, int32_t id, unsigned flags,
               struct err *err)
{
    char *copy;

    if (mem_room(&a->v, a->n, &a->cap, sizeof *a->v, err))
        return err->code;
    copy = mem_alloc(n + 1, 1, err);
    if (!copy)
        return err->code;
    memcpy(copy, s, n);
    a->v[a->n++] = (struct added_token){copy, n, id, flags};
    return 0;
}

void added_release(struct added *a)
{
    for (size_t i = 0; i < a->n; i++)
        mem_free(a->v[i].s);
    mem_free(a->v);
    regex_free(a->word);
    memset(a, 0, sizeof *a);
}

const struct added_token *added_find(const struct added *a, const char *s, size_t n)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].n == n && !memcmp(a->v[i].s, s, n))
            return &a->v[i];
    return NULL;
}

static int by_bytes(const void *x, const void *y)
{
    const struct added_token *a = x, *b = y;
    int order = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);

    return order ? order : a->n < b->n ? -1 : a->n > b->n;
}

int added_seal(struct added *a, struct err *err)
{
    unsigned flags = 0;

    if (a->n)
        qsort(a->v, a->n, sizeof *a->v, by_bytes);
    for (size_t i = 0; i < a->n; i++) {
        if (i && !by_bytes(&a->v[i - 1], &a->v[i]))
            return err_set(err, ERR_FORMAT, "added tokens %d and %d both stand for \"%.*s\"",
                           a->v[i - 1].id, a->v[i].id, a->v[i].n > 40 ? 40 : (int)a->v[i].n,
                           a->v[i].s);
        a->first[(unsigned char)a->v[i].s[0]] = true;
        flags |= a->v[i].flags;
    }
    return flags & ADDED_SINGLE_WORD ? regex_new_own(&a->word, regex_word, err) : 0;
}

/* The first token in [lo, hi) whose byte at `depth` is at least c; all have that byte or end there,
   and agree before it. */
static size_t lower_bound(const struct added *a, size_t lo, size_t hi, size_t depth, int c)
{
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct added_token *t = &a->v[mid];

        if (t->n <= depth || (unsigned char)t->s[depth] < c)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The longest token that s[0..n) begins with: the sorted list is narrowed byte by byte. */
const struct added_token *added_longest(const struct added *a, const char *s, size_t n)
{
    const struct added_token *best = NULL;
    size_t lo = 0, hi = a->n;

    for (size_t depth = 0; depth < n; depth++) {
        int c = (unsigned char)s[depth];

        lo = lower_bound(a, lo, hi, depth, c);
        hi = lower_bound(a, lo, hi, depth, c + 1);
        if (lo == hi)
            break;
        if (a->v[lo].n == depth + 1)
            best = &a->v[lo];
    }
    return best;
}

static bool inside_word(const struct added *a, const char *s, size_t n, size_t lo, size_t hi)
{
    size_t before = lo ? utf8_last(s, lo) : 0;

    return (lo && regex_matches(a->word, s + before, lo - before)) ||
           (hi < n && regex_matches(a->word, s + hi, n - hi));
}

bool added_next(const struct added *a, const char *s, size_t n, size_t done, size_t *at,
                struct added_hit *hit)
{
    const struct added_token *t;
    size_t lo, hi;

    for (lo = *at; a->n && lo < n; lo = hi) {
        hi = lo + 1;
        t = a->first[(unsigned char)s[lo]] ? added_longest(a, s + lo, n - lo) : NULL;
        if (!t)
            continue;
        hi = *at = lo + t->n;
        if ((t->flags & ADDED_SINGLE_WORD) && inside_word(a, s, n, lo, hi))
            continue; /* stays text, and the search goes on behind it */
        hit->id = t->id;
        hit->lo = t->flags & ADDED_LSTRIP ? utf8_spaces_before(s, lo) : lo;
        if ((t->flags & ADDED_LSTRIP) && hit->lo < done)
            hit->lo = done;
        hit->hi = t->flags & ADDED_RSTRIP ? utf8_spaces_behind(s, n, hi) : hi;
        return true;
    }
    *at = n;
    return false;
}
