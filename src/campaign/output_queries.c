#include "campaign/output_queries.h"

#include "campaign/rows.h"

#include <string.h>

struct column {
    struct variable var;
    const void *(*value)(const struct query *q, void *tmp);
};

static const void *get_item(const struct query *q, void *tmp)
{
    *(const char **)tmp = q->item;
    return tmp;
}

static const void *get_subject(const struct query *q, void *tmp)
{
    *(const char **)tmp = q->subject;
    return tmp;
}

static const void *get_dataset(const struct query *q, void *tmp)
{
    *(const char **)tmp = q->dataset;
    return tmp;
}

static const void *get_template(const struct query *q, void *tmp)
{
    *(int8_t *)tmp = (int8_t)q->template;
    return tmp;
}

static const void *get_step(const struct query *q, void *tmp)
{
    *(int8_t *)tmp = (int8_t)q->step;
    return tmp;
}

static const struct column coordinates[] = {
    {{"item", V_STR, "query", "unit of statistics", NULL}, get_item},
    {{"subject", V_STR, "query", "subject of the query", NULL}, get_subject},
    {{"dataset", V_STR, "query", "dataset of the query", NULL}, get_dataset},
    {{"template", V_I1, "query", "prompt template, 0 = not known", NULL}, get_template},
    {{"step", V_I1, "query", "answer asked for, 0 = not known", NULL}, get_step},
};

static const void *get_text(const struct query *q, void *tmp)
{
    *(const char **)tmp = q->text;
    return tmp;
}

static const void *get_n_tokens(const struct query *q, void *tmp)
{
    *(int32_t *)tmp = q->n;
    return tmp;
}

static const void *get_collision(const struct query *q, void *tmp)
{
    *(int8_t *)tmp = (int8_t)q->target_collision;
    return tmp;
}

static const void *get_generic(const struct query *q, void *tmp)
{
    *(int8_t *)tmp = (int8_t)q->target_generic;
    return tmp;
}

static const void *get_in_prompt(const struct query *q, void *tmp)
{
    *(int8_t *)tmp = (int8_t)q->target_in_prompt;
    return tmp;
}

static const void *get_bos(const struct query *q, void *tmp)
{
    *(int8_t *)tmp = (int8_t)q->bos;
    return tmp;
}

static const void *get_prefix(const struct query *q, void *tmp)
{
    *(const char **)tmp = q->answer_prefix;
    return tmp;
}

/* What is known of a query without the model. */
static const struct column facts[] = {
    {{"text", V_STR, "query", "the prompt", NULL}, get_text},
    {{"n_tokens", V_I4, "query", "tokens in the prompt", NULL}, get_n_tokens},
    {{"target_collision", V_I1, "query", "two targets are the same token", NULL}, get_collision},
    {{"target_generic", V_I1, "query", "the target starts many answers of the dataset", NULL},
     get_generic},
    {{"target_in_prompt", V_I1, "query", "the target stands in the prompt", NULL}, get_in_prompt},
    {{"bos", V_I1, "query", "the prompt begins with the tokenizer's BOS", NULL}, get_bos},
    {{"answer_prefix", V_STR, "query", "what the prompt ends in: quote, space or nothing", NULL},
     get_prefix},
};

static int write_columns(struct output *o, struct h5group *g, const struct column *column, size_t n,
                         bool coordinate, struct err *err)
{
    const struct dataset *ds = &o->c->data;

    for (size_t k = 0; k < n; k++) {
        const struct variable *v = &column[k].var;
        size_t size = vtype_size(v->type);
        char *all = arena_alloc(&o->arena, ds->n, size, err);

        if (!all || (coordinate ? h5_coordinate(g, v, err) : h5_define(g, v, err)))
            return err->code;
        for (size_t q = 0; q < ds->n; q++) {
            char tmp[sizeof(void *)];

            memcpy(all + q * size, column[k].value(&ds->query[q], tmp), size);
        }
        if (h5_write(g, v->name, 0, ds->n, all, err))
            return err->code;
    }
    return 0;
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

/* An (n) array of token ids per query. */
static int write_tokens(struct output *o, struct h5group *g, const struct variable *v, size_t n,
                        const int32_t *(*of)(const struct query *), struct err *err)
{
    int32_t *ids = arena_alloc(&o->arena, n, sizeof *ids, err);

    if (!ids || h5_define(g, v, err))
        return err->code;
    for (size_t q = 0; q < o->c->data.n; q++) {
        const int32_t *own = of(&o->c->data.query[q]);

        fill(V_I4, ids, n);
        if (own && n)
            memcpy(ids, own, n * sizeof *ids);
        if (h5_write(g, v->name, q, 1, ids, err))
            return err->code;
    }
    return 0;
}

static const int32_t *targets_of(const struct query *q)
{
    return q->target;
}

static const int32_t *controls_of(const struct query *q)
{
    return q->control;
}

static const int32_t *subject_controls_of(const struct query *q)
{
    return q->s_control;
}

int write_coordinates(struct output *o, struct h5group *g, struct err *err)
{
    return write_columns(o, g, coordinates, sizeof coordinates / sizeof *coordinates, true, err);
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

    if (write_columns(o, g, facts, sizeof facts / sizeof *facts, false, err) ||
        write_ids(o, g, err) || write_spans(o, g, err) ||
        write_tokens(o, g, &target, ds->n_targets, targets_of, err))
        return err->code;
    if (!ds->n_controls)
        return 0;
    return write_tokens(o, g, &control, ds->n_controls, controls_of, err) ||
                   write_tokens(o, g, &subjects, ds->n_controls, subject_controls_of, err)
               ? err->code
               : 0;
}
