#include "results/signed_sum.h"

#include <string.h>

static int no_sum(const char *text, struct err *err)
{
    return err_set(err, ERR_IO, "\"%.200s\" must be a sum of variables", text);
}

/* Is the n-byte key of an entry the label, or does it stand for it: "logit.{target}"? */
static bool stands_for(struct signed_sum *s, const char *key, size_t n, const char *label,
                       struct arena *a, struct err *err)
{
    const char *open = memchr(key, '{', n);
    size_t begin = open ? (size_t)(open - key) : n;

    if (strncmp(label, key, begin) || (!open && label[n]))
        return false;
    if (open) {
        s->dim = arena_strndup(a, open + 1, n - begin - 2, err);
        s->label = label + begin;
    }
    return true;
}

/* The entry's terms, (*n) bytes; NULL = there is no such entry. */
static const char *find_entry(struct signed_sum *s, const char *text, const char *label, size_t *n,
                              struct arena *a, struct err *err)
{
    while (text) {
        size_t all = strcspn(text, ";"), key = strcspn(text, ":");

        *n = all;
        if (key >= all)
            return text;
        *n = all - key - 2;
        if (label && stands_for(s, text, key, label, a, err))
            return text + key + 2;
        text = text[all] ? text + all + 2 : NULL;
    }
    return NULL;
}

/* "-NAME[DIM!=LABEL]", n bytes. */
static int read_term(struct signed_term *t, const char *word, size_t n, struct arena *a,
                     struct err *err)
{
    char *name = arena_strndup(a, word + (*word == '-'), n - (*word == '-'), err), *open, *is;

    if (!name)
        return err->code;
    *t = (struct signed_term){.sign = *word == '-' ? -1 : 1, .variable = name};
    open = strchr(name, '[');
    if (!open)
        return *name ? 0 : no_sum(word, err);
    is = strchr(open, '=');
    if (!is || name[strlen(name) - 1] != ']')
        return no_sum(word, err);
    name[strlen(name) - 1] = '\0';
    *open = *is = '\0';
    t->except = is[-1] == '!';
    if (t->except)
        is[-1] = '\0';
    t->dim = open + 1;
    t->label = is + 1;
    return 0;
}

int signed_sum_read(struct signed_sum *s, const char *text, const char *label, struct arena *a,
                    struct err *err)
{
    size_t left = 0, cap = 0;
    const char *at;

    *s = (struct signed_sum){0};
    at = find_entry(s, text, label, &left, a, err);
    for (size_t n; at && left && !err->code; at += n, left -= n) {
        bool last = left > 7 && !strncmp(at, "unless ", 7);

        at += last ? 7 : 0;
        left -= last ? 7 : 0;
        n = last ? left : strcspn(at, " ");
        n = n < left ? n : left;
        if (last)
            s->unless = arena_strndup(a, at, n, err);
        else if (!arena_grow(a, &s->v, s->n, &cap, sizeof *s->v, err))
            read_term(&s->v[s->n++], at, n, a, err);
        n += n < left;
    }
    return err->code;
}
