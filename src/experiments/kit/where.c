#include "experiments/kit/where.h"

#include "base/str.h"
#include "data/property.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 32 };

/* Of the properties that may be selected by. */
static const struct property *find(const char *key)
{
    const struct property *p = property_find(key);

    return p && p->use & PROPERTY_SELECTS ? p : NULL;
}

static const char *did_you_mean(const char *key)
{
    const char *names[WORDS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < n_properties; i++)
        if (properties[i].use & PROPERTY_SELECTS && n < WORDS_MAX)
            names[n++] = properties[i].name;
    return str_did_you_mean(key, names, n);
}

/* false and true are 0 and 1. */
static bool to_number(const char *text, int *v)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (str_eq(text, "true") || str_eq(text, "false"))
        n = text[0] == 't';
    else if (end == text || *end)
        return false;
    *v = (int)n;
    return true;
}

void where_check(const struct experiment *x, struct problems *problems)
{
    const struct where_list *w = &x->entry->head.where;

    for (size_t i = 0; i < w->n; i++) {
        const struct property *p = find(w->key[i]);
        const char *near = p ? NULL : did_you_mean(w->key[i]);
        int number;

        if (!p)
            config_problem(x->scene->config, x->entry, "where", problems,
                           "a query has no \"%s\" to select by%s%s%s", w->key[i],
                           near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
        else if (p->type != PROPERTY_TEXT && !to_number(w->value[i], &number))
            config_problem(x->scene->config, x->entry, "where", problems,
                           "%s is \"%s\", expected a number, true or false", p->name, w->value[i]);
    }
}

const char *where_skip(const struct experiment *x, const struct query *q)
{
    const struct where_list *w = &x->entry->head.where;

    if (x->entry->head.limit && q->line > (size_t)x->entry->head.limit)
        return "beyond the experiment's limit";
    for (size_t i = 0; i < w->n; i++) {
        const struct property *p = find(w->key[i]);
        int number = 0;

        if (p->type == PROPERTY_TEXT
                ? !str_eq(property_text(p, q), w->value[i])
                : !to_number(w->value[i], &number) || property_number(p, q) != number)
            return "not selected by where";
    }
    return NULL;
}
