#include "experiments/kit/where.h"

#include "base/str.h"
#include "data/property.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORDS_MAX = 32, LISTED_MAX = 240 };

/* Whether the clean run's most probable token is the right target: no property of the data. */
static const char correct[] = "correct";
static const char not_selected[] = "not selected by where";

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

    names[n++] = correct;
    for (size_t i = 0; i < n_properties; i++)
        if (properties[i].use & PROPERTY_SELECTS && n < WORDS_MAX)
            names[n++] = properties[i].name;
    return str_did_you_mean(key, names, n);
}

static const char *known_keys(char out[LISTED_MAX])
{
    int at = snprintf(out, LISTED_MAX, "%s", correct);

    for (size_t i = 0; i < n_properties && at < LISTED_MAX; i++)
        if (properties[i].use & PROPERTY_SELECTS)
            at += snprintf(out + at, (size_t)(LISTED_MAX - at), ", %s", properties[i].name);
    return out;
}

static bool came_before(const struct dataset *ds, const struct property *p, size_t q)
{
    for (size_t k = 0; k < q; k++)
        if (str_eq(property_text(p, &ds->query[k]), property_text(p, &ds->query[q])))
            return true;
    return false;
}

/* Has any query this text? If not, the first few that there are, in words. */
static bool occurs(const struct dataset *ds, const struct property *p, const char *value,
                   char words[LISTED_MAX])
{
    enum { SHOWN = 6 };
    int at = 0, shown = 0;

    for (size_t q = 0; q < ds->n; q++)
        if (str_eq(property_text(p, &ds->query[q]), value))
            return true;
    words[0] = '\0';
    for (size_t q = 0; q < ds->n && shown <= SHOWN && at < LISTED_MAX; q++) {
        if (came_before(ds, p, q))
            continue;
        at += snprintf(words + at, (size_t)(LISTED_MAX - at), "%s%s%s%s", shown ? ", " : "",
                       shown == SHOWN ? "" : "\"",
                       shown == SHOWN ? "..." : property_text(p, &ds->query[q]),
                       shown == SHOWN ? "" : "\"");
        shown++;
    }
    return !ds->n;
}

/* false and true are 0 and 1. */
static bool to_number(const char *text, int *v)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (str_eq(text, "true") || str_eq(text, "false"))
        n = text[0] == 't';
    else if (end == text || *end || n < INT_MIN || n > INT_MAX)
        return false;
    *v = (int)n;
    return true;
}

void where_check(const struct experiment *x, struct problems *problems)
{
    const struct where_list *w = &x->entry->head.where;

    for (size_t i = 0; i < w->n; i++) {
        const struct property *p = find(w->key[i]);
        bool right = str_eq(w->key[i], correct);
        const char *near = p || right ? NULL : did_you_mean(w->key[i]);
        char words[LISTED_MAX];
        int number;

        if (right && (!to_number(w->value[i], &number) || (number & ~1)))
            problem_at(x, "where", problems, "correct is \"%s\", expected true or false",
                       w->value[i]);
        else if (!p && !right)
            problem_at(x, "where", problems, "a query has no \"%s\" to select by (%s%s%s)",
                       w->key[i],
                       near ? "did you mean " : "known: ", near ? near : known_keys(words),
                       near ? "?" : "");
        else if (p && p->type == PROPERTY_TEXT && !occurs(x->data, p, w->value[i], words))
            problem_at(x, "where", problems, "no query has the %s \"%s\": there is %s", p->name,
                       w->value[i], words);
        else if (p && p->type != PROPERTY_TEXT && !to_number(w->value[i], &number))
            problem_at(x, "where", problems, "%s is \"%s\", expected a number, true or false",
                       p->name, w->value[i]);
    }
}

const char *where_skip(const struct experiment *x, const struct query *q)
{
    const struct where_list *w = &x->entry->head.where;

    if (x->entry->head.limit && q->number > (size_t)x->entry->head.limit)
        return "beyond the experiment's limit";
    for (size_t i = 0; i < w->n; i++) {
        const struct property *p = find(w->key[i]);
        int number = 0;

        if (!p) /* correct */
            continue;
        if (p->type == PROPERTY_TEXT
                ? !str_eq(property_text(p, q), w->value[i])
                : !to_number(w->value[i], &number) || property_number(p, q) != number)
            return not_selected;
    }
    return NULL;
}

int where_correct(const struct experiment *x)
{
    const struct where_list *w = x->entry ? &x->entry->head.where : NULL;
    int number = -1;

    for (size_t i = 0; w && i < w->n; i++)
        if (str_eq(w->key[i], correct))
            to_number(w->value[i], &number);
    return number;
}

const char *where_refuses(const struct experiment *x, const struct query *q,
                          const struct run *clean)
{
    int asked = where_correct(x);

    if (asked < 0)
        return NULL;
    if (q->right < 0 || q->target[q->right] < 0)
        return "the data does not say which target counts as right";
    return (clean->argmax == q->target[q->right]) == asked ? NULL : not_selected;
}
