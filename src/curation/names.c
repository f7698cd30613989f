#include "curation/names.h"

#include "base/str.h"
#include "model/tokenizer/fold.h"

#include <string.h>

static const struct names *names_of(const struct curation *c, const struct fact_subject *s)
{
    return &c->names[s - c->facts.subject];
}

/* The object that has the name already; else `object`, which has it from now on. */
static int enter(struct curation *c, struct names *n, const char *name, size_t *object,
                 struct err *err)
{
    struct buf folded = {0};
    const char *own = NULL;

    if (!text_fold(name, strlen(name), &folded, err) && buf_str(&folded, err))
        own = arena_strdup(&c->arena, folded.data, err);
    buf_release(&folded);
    if (!own || !*own)
        return err->code;
    for (size_t i = 0; i < n->n; i++)
        if (str_eq(n->name[i], own)) {
            *object = n->object[i];
            return 0;
        }
    n->name[n->n] = own;
    n->object[n->n++] = *object;
    return 0;
}

/* One more object, the last of those that are kept; *known: it is an earlier one. */
static int enter_object(struct curation *c, struct names *n, const struct fact_object *o,
                        size_t last, bool *known, struct err *err)
{
    size_t before = n->n, is = last;

    enter(c, n, o->name, &is, err);
    for (size_t k = 0; k < o->n_aliases && !err->code; k++)
        enter(c, n, o->alias[k], &is, err);
    *known = is != last;
    for (size_t i = before; i < n->n; i++)
        n->object[i] = is;
    return err->code;
}

static int make_one(struct curation *c, struct fact_subject *s, struct names *n, struct err *err)
{
    size_t most = 0, kept = 0;

    for (size_t i = 0; i < s->n; i++)
        most += 1 + s->object[i].n_aliases;
    n->name = arena_alloc(&c->arena, most, sizeof *n->name, err);
    n->object = arena_alloc(&c->arena, most, sizeof *n->object, err);
    for (size_t i = 0; n->name && n->object && i < s->n && !err->code; i++) {
        bool known;

        if (enter_object(c, n, &s->object[i], kept, &known, err))
            break;
        if (!known)
            s->object[kept++] = s->object[i];
        else if (!c->facts.n_duplicates++)
            c->facts.duplicate = arena_printf(&c->arena, err, "%s: %s, %s", c->config.curate.facts,
                                              s->name, s->object[i].name);
    }
    s->n = kept;
    return err->code;
}

int names_make(struct curation *c, struct err *err)
{
    c->names = arena_alloc(&c->arena, c->facts.n, sizeof *c->names, err);
    for (size_t i = 0; c->names && i < c->facts.n && !err->code; i++)
        make_one(c, &c->facts.subject[i], &c->names[i], err);
    return err->code;
}

const struct fact_object *names_find(const struct curation *c, const struct fact_subject *s,
                                     const char *name)
{
    const struct names *n = names_of(c, s);

    for (size_t i = 0; i < n->n; i++)
        if (str_eq(n->name[i], name))
            return &s->object[n->object[i]];
    return NULL;
}

bool names_meet(const struct curation *c, const struct fact_subject *a,
                const struct fact_subject *b, const struct fact_object *only)
{
    const struct names *n = names_of(c, b);

    for (size_t i = 0; i < n->n; i++)
        if ((!only || &b->object[n->object[i]] == only) && names_find(c, a, n->name[i]))
            return true;
    return false;
}
