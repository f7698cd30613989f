#include "campaign/output_queries.h"

#include "base/utf8.h"
#include "campaign/rows.h"
#include "data/property.h"
#include "results/h5write.h"

#include <string.h>

static enum vtype vtype_of(enum property_type type)
{
    return type == PROPERTY_TEXT ? V_STR : type == PROPERTY_COUNT ? V_I4 : V_I1;
}

/* Writes the property of all queries as its variable has it. */
static int write_property(struct output *o, struct h5group *g, const struct property *p,
                          struct err *err)
{
    const struct dataset *ds = &o->c->data;
    struct variable v = {p->name, vtype_of(p->type), "query", p->meaning, NULL};
    void *all = arena_alloc(&o->arena, ds->n, vtype_size(v.type), err);

    if (!all)
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        const struct query *query = &ds->query[q];

        if (v.type == V_STR)
            ((const char **)all)[q] = property_text(p, query);
        else if (v.type == V_I4)
            ((int32_t *)all)[q] = property_number(p, query);
        else
            ((int8_t *)all)[q] = (int8_t)property_number(p, query);
    }
    return p->use & PROPERTY_COORDINATE ? put_coordinate(g, &v, ds->n, all, err)
                                        : put_variable(g, &v, ds->n, all, err);
}

static int write_properties(struct output *o, struct h5group *g, bool coordinates, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < n_properties && !code; i++)
        if (!(properties[i].use & PROPERTY_COORDINATE) != coordinates)
            code = write_property(o, g, &properties[i], err);
    return code;
}

/* --- arrays of the group `queries` --- */

static int write_ids(struct output *o, struct h5group *g, struct err *err)
{
    const struct dataset *ds = &o->c->data;
    static const struct variable v = {"ids", V_I4, "query token", "token ids of the prompt", NULL};
    int32_t *ids = arena_alloc(&o->arena, (size_t)ds->max_tokens, sizeof *ids, err);

    if (!ids || h5_define(g, &v, err))
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        int n = ds->query[q].n < ds->max_tokens ? ds->query[q].n : ds->max_tokens;

        fill(V_I4, ids, (size_t)ds->max_tokens);
        if (n > 0)
            memcpy(ids, ds->query[q].ids, (size_t)n * sizeof *ids);
        if (h5_write(g, v.name, q, 1, ids, err))
            return err->code;
    }
    return 0;
}

static int write_spans(struct output *o, struct h5group *g, struct err *err)
{
    const struct dataset *ds = &o->c->data;
    static const struct variable v = {"span", V_I4, "query span bound",
                                      "tokens [begin, end) of each named span; -1 = has none",
                                      NULL};
    static const struct variable name = {"span_name", V_STR, "span", "name of the span", NULL};
    int32_t *bounds = arena_alloc(&o->arena, 2 * ds->n_spans, sizeof *bounds, err);

    if (!bounds || h5_coordinate(g, &name, err) || h5_define(g, &v, err) ||
        h5_write(g, name.name, 0, ds->n_spans, ds->span_name, err))
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        for (size_t i = 0; i < ds->n_spans; i++) {
            struct span s = ds->query[q].span ? ds->query[q].span[i] : (struct span){0, 0};

            bounds[2 * i] = span_empty(s) ? -1 : s.lo;
            bounds[2 * i + 1] = span_empty(s) ? -1 : s.hi;
        }
        if (h5_write(g, v.name, q, 1, bounds, err))
            return err->code;
    }
    return 0;
}

/* Token ids of a query, (n): the list in it at this offset. */
static int write_tokens(struct output *o, struct h5group *g, const struct variable *v, size_t n,
                        size_t offset, struct err *err)
{
    int32_t *ids = arena_alloc(&o->arena, n, sizeof *ids, err);

    if (!ids || h5_define(g, v, err))
        return err->code;
    for (size_t q = 0; q < o->c->data.n; q++) {
        const void *list = (const char *)&o->c->data.query[q] + offset;
        const int32_t *own = *(int32_t *const *)list;

        fill(V_I4, ids, n);
        if (own && n)
            memcpy(ids, own, n * sizeof *ids);
        if (h5_write(g, v->name, q, 1, ids, err))
            return err->code;
    }
    return 0;
}

/* --- tokens in words --- */

/* A token's text, in the arena of the group; "" for -1, and where the tokenizer lacks it. */
static const char *token_text(struct output *o, int32_t id, struct err *err)
{
    const char *bytes = NULL;
    size_t n = 0;

    if (id >= 0 && o->c->tokenizer)
        bytes = tokenizer_bytes(o->c->tokenizer, id, &n);
    return bytes ? utf8_clean(&o->group, bytes, n, err) : "";
}

/* n tokens of a query, of a row of `room`. */
static int write_texts(struct output *o, struct h5group *g, const char *name, size_t query,
                       const int32_t *id, size_t n, size_t room, struct err *err)
{
    const char **text;

    arena_reset(&o->group);
    text = arena_alloc(&o->group, room, sizeof *text, err);
    for (size_t i = 0; text && i < room; i++)
        if (!(text[i] = token_text(o, id && i < n ? id[i] : -1, err)))
            return err->code;
    return text ? h5_write(g, name, query, 1, text, err) : err->code;
}

/* The prompts and the targets token by token, and what the model says, for whoever reads the file
   without a tokenizer. */
static int write_words(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable token = {"token", V_STR, "query token",
                                          "the tokens of the prompt as text", NULL},
                                 target = {"target_token", V_STR, "query target",
                                           "the target's token as text", NULL},
                                 argmax = {"clean_argmax_token", V_STR, "query",
                                           "most probable next token as text", NULL};
    const struct dataset *ds = &o->c->data;

    if (h5_define(g, &token, err) || h5_define(g, &target, err) || h5_define(g, &argmax, err))
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        const struct query *query = &ds->query[q];

        if (write_texts(o, g, token.name, q, query->ids, (size_t)query->n, (size_t)ds->max_tokens,
                        err) ||
            write_texts(o, g, target.name, q, query->target, ds->n_targets, ds->n_targets, err) ||
            write_texts(o, g, argmax.name, q, &o->argmax[q], 1, 1, err))
            return err->code;
    }
    return 0;
}

/* Which target counts as right. */
static int write_right(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable v = {"right_target", V_STR, "query",
                                      "target that counts as right; empty = the data does not say",
                                      NULL};
    const struct dataset *ds = &o->c->data;
    const char **all = arena_alloc(&o->arena, ds->n, sizeof *all, err);

    for (size_t q = 0; all && q < ds->n; q++)
        all[q] = ds->query[q].right < 0 ? "" : ds->target_name[ds->query[q].right];
    return all ? put_variable(g, &v, ds->n, all, err) : err->code;
}

/* How many tokens each answer has, where the data gives whole answers. */
static int write_answer_tokens(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable v = {"answer_tokens", V_I4, "query target",
                                      "tokens of the whole answer; -1 = it is not known", NULL};
    const struct dataset *ds = &o->c->data;
    int32_t *n = arena_alloc(&o->arena, ds->n_targets, sizeof *n, err);

    if (!n || h5_define(g, &v, err))
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        for (size_t t = 0; t < ds->n_targets; t++) {
            const struct tokens *whole = ds->query[q].whole;

            n[t] = whole && whole[t].n ? whole[t].n : -1;
        }
        if (h5_write(g, v.name, q, 1, n, err))
            return err->code;
    }
    return 0;
}

int write_coordinates(struct output *o, struct h5group *g, struct err *err)
{
    return write_properties(o, g, true, err);
}

int write_facts(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable target = {"target_id", V_I4, "query target",
                                           "token of each target; -1 = has none", NULL};
    static const struct variable control = {"control_id", V_I4, "query control",
                                            "first tokens of other items' answers", NULL};
    static const struct variable subjects = {"subject_control_id", V_I4, "query control",
                                             "first tokens of other subjects", NULL};
    const struct dataset *ds = &o->c->data;

    if (write_properties(o, g, false, err) || write_ids(o, g, err) || write_spans(o, g, err) ||
        write_tokens(o, g, &target, ds->n_targets, offsetof(struct query, target), err) ||
        write_right(o, g, err) || write_words(o, g, err) ||
        (ds->has_whole && write_answer_tokens(o, g, err)))
        return err->code;
    if (!ds->n_controls)
        return 0;
    return err_if(
        err,
        write_tokens(o, g, &control, ds->n_controls, offsetof(struct query, control), err) ||
            write_tokens(o, g, &subjects, ds->n_controls, offsetof(struct query, s_control), err));
}
