#include "campaign/output_queries.h"

#include "campaign/rows.h"
#include "data/property.h"
#include "experiments/kit/text.h"
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

static void put_ids(const struct dataset *ds, const struct query *q, int32_t *out)
{
    int n = q->n < ds->max_tokens ? q->n : ds->max_tokens;

    if (n > 0)
        memcpy(out, q->ids, (size_t)n * sizeof *out);
}

static void put_bounds(const struct dataset *ds, const struct query *q, int32_t *out)
{
    for (size_t i = 0; q->span && i < ds->n_spans; i++)
        if (!span_empty(q->span[i])) {
            out[2 * i] = q->span[i].lo;
            out[2 * i + 1] = q->span[i].hi;
        }
}

static void put_list(const int32_t *list, size_t n, int32_t *out)
{
    if (list && n)
        memcpy(out, list, n * sizeof *out);
}

static void put_targets(const struct dataset *ds, const struct query *q, int32_t *out)
{
    put_list(q->target, ds->n_targets, out);
}

static void put_controls(const struct dataset *ds, const struct query *q, int32_t *out)
{
    put_list(q->control, ds->n_controls, out);
}

static void put_subject_controls(const struct dataset *ds, const struct query *q, int32_t *out)
{
    put_list(q->s_control, ds->n_controls, out);
}

static void put_answer_tokens(const struct dataset *ds, const struct query *q, int32_t *out)
{
    for (size_t t = 0; q->whole && t < ds->n_targets; t++)
        if (q->whole[t].n)
            out[t] = q->whole[t].n;
}

/* n numbers of each query: what `put` says of it, -1 elsewhere. */
static int write_fact(struct output *o, struct h5group *g, const char *name, const char *dims,
                      const char *text, size_t n,
                      void (*put)(const struct dataset *ds, const struct query *q, int32_t *out),
                      struct err *err)
{
    const struct dataset *ds = &o->c->data;
    const struct variable v = {name, V_I4, dims, text, NULL};
    int32_t *one = arena_alloc(&o->arena, n, sizeof *one, err);

    if (!one || h5_define(g, &v, err))
        return err->code;
    for (size_t q = 0; q < ds->n && !err->code; q++) {
        row_fill(V_I4, one, n);
        put(ds, &ds->query[q], one);
        h5_write(g, name, q, 1, one, err);
    }
    return err->code;
}

/* --- tokens in words --- */

/* n tokens of a query, of a row of `room`. */
static int write_texts(struct output *o, struct h5group *g, const char *name, size_t query,
                       const int32_t *id, size_t n, size_t room, struct err *err)
{
    const char **text;

    arena_reset(&o->group);
    text = arena_alloc(&o->group, room, sizeof *text, err);
    for (size_t i = 0; text && i < room; i++)
        if (!(text[i] = token_text(&o->c->scene, id && i < n ? id[i] : -1, &o->group, err)))
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

int write_coordinates(struct output *o, struct h5group *g, struct err *err)
{
    return write_properties(o, g, true, err);
}

int write_facts(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable name = {"span_name", V_STR, "span", "name of the span", NULL};
    const struct dataset *ds = &o->c->data;
    size_t targets = ds->n_targets, controls = ds->n_controls;

    return err_if(
        err,
        write_properties(o, g, false, err) ||
            write_fact(o, g, "ids", "query token", "token ids of the prompt",
                       (size_t)ds->max_tokens, put_ids, err) ||
            put_coordinate(g, &name, ds->n_spans, ds->span_name, err) ||
            write_fact(o, g, "span", "query span bound",
                       "tokens [begin, end) of each named span; -1 = has none", 2 * ds->n_spans,
                       put_bounds, err) ||
            write_fact(o, g, "target_id", "query target", "token of each target; -1 = has none",
                       targets, put_targets, err) ||
            write_right(o, g, err) || write_words(o, g, err) ||
            (ds->has_whole && write_fact(o, g, "answer_tokens", "query target",
                                         "tokens of the whole answer; -1 = it is not known",
                                         targets, put_answer_tokens, err)) ||
            (controls &&
             (write_fact(o, g, "control_id", "query control",
                         "first tokens of other items' answers", controls, put_controls, err) ||
              write_fact(o, g, "subject_control_id", "query control",
                         "first tokens of other subjects", controls, put_subject_controls, err))));
}
