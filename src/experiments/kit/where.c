#include "experiments/kit/where.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* One row per key: a number (also true and false), or a text, of a query. */
struct property {
    const char *key;
    const char *(*text)(const struct query *q);
    int (*number)(const struct query *q);
};

static int collision(const struct query *q)
{
    return q->target_collision;
}

static int generic(const struct query *q)
{
    return q->target_generic;
}

static int in_prompt(const struct query *q)
{
    return q->target_in_prompt;
}

static int bos(const struct query *q)
{
    return q->bos;
}

static int template(const struct query *q)
{
    return q->template;
}

static int step(const struct query *q)
{
    return q->step;
}

static const char *prefix(const struct query *q)
{
    return q->answer_prefix;
}

static const char *dataset(const struct query *q)
{
    return q->dataset;
}

static const char *item(const struct query *q)
{
    return q->item;
}

static const char *subject(const struct query *q)
{
    return q->subject;
}

static const struct property properties[] = {
    {"answer_prefix", prefix, NULL},
    {"bos", NULL, bos},
    {"dataset", dataset, NULL},
    {"item", item, NULL},
    {"step", NULL, step},
    {"subject", subject, NULL},
    {"target_collision", NULL, collision},
    {"target_generic", NULL, generic},
    {"target_in_prompt", NULL, in_prompt},
    {"template", NULL, template},
};

enum { PROPERTIES = sizeof properties / sizeof *properties };

static const struct property *find(const char *key)
{
    for (int i = 0; i < PROPERTIES; i++)
        if (str_eq(properties[i].key, key))
            return &properties[i];
    return NULL;
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
    const char *names[PROPERTIES];

    for (int i = 0; i < PROPERTIES; i++)
        names[i] = properties[i].key;
    for (size_t i = 0; i < w->n; i++) {
        const struct property *p = find(w->key[i]);
        const char *near = p ? NULL : str_did_you_mean(w->key[i], names, PROPERTIES);
        int number;

        if (!p)
            config_problem(x->scene->config, x->entry, "where", problems,
                           "a query has no \"%s\" to select by%s%s%s", w->key[i],
                           near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
        else if (p->number && !to_number(w->value[i], &number))
            config_problem(x->scene->config, x->entry, "where", problems,
                           "%s is \"%s\", expected a number, true or false", p->key, w->value[i]);
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

        if (p->number ? !to_number(w->value[i], &number) || p->number(q) != number
                      : !str_eq(p->text(q), w->value[i]))
            return "not selected by where";
    }
    return NULL;
}
