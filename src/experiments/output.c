/*
 * From the journal's rows to the result file: group by group, query by query, so that no more than
 * one query's arrays are held at once.
 */
#include "experiments/campaign.h"

#include "base/hash.h"
#include "base/str.h"
#include "experiments/rows.h"
#include "experiments/strata.h"
#include "experiments/survey.h"
#include "results/h5file.h"
#include "version.h"

#include <math.h>
#include <string.h>

struct output {
    struct campaign *c;
    struct journal *journal;
    struct h5file *file;
    struct campaign_report *report;
    bool partial;
    const char **status; /* (queries) of the query as a whole; NULL = ok */
    struct strata strata;
    struct arena arena;
    struct arena group; /* forgotten after each group */
};

static const char *or_ok(const char *status)
{
    return status ? status : "ok";
}

/* --- coordinates that every group repeats --- */

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

static int write_facts(struct output *o, struct h5group *g, struct err *err)
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

/* --- an experiment's group --- */

/* Which key/value head a query head reads, where a group has heads; -1 = several heads. */
static int write_kv_heads(struct output *o, struct h5group *g, const struct axis *axis,
                          struct err *err)
{
    static const struct variable v = {"kv_head", V_I4, "head", "key/value head of the head", NULL};
    const struct shape *s = &o->c->model->shape;
    const int32_t *head = axis->dim.coord;
    int32_t *kv = arena_alloc(&o->arena, axis->dim.size, sizeof *kv, err);

    if (!kv)
        return err->code;
    for (size_t i = 0; i < axis->dim.size; i++) {
        int h = head ? head[i] : (int)i;

        kv[i] = h < 0 ? -1 : h / (s->n_heads / s->n_kv_heads);
    }
    return h5_coordinate(g, &v, err) || h5_write(g, v.name, 0, axis->dim.size, kv, err) ? err->code
                                                                                        : 0;
}

/* What stands beside the numbers of an axis: its configurations in words, a head's key/value head.
 */
static int write_axis_notes(struct output *o, struct h5group *g, const struct experiment *x,
                            struct err *err)
{
    for (int i = 0; i < x->n_axes; i++) {
        const struct axis *axis = &x->axis[i];
        const char *name = axis->dim.name;
        struct variable v = {NULL, V_STR, name, "the configuration in words", NULL};

        if (strcmp(name, "head") == 0 && write_kv_heads(o, g, axis, err))
            return err->code;
        if (!axis->label)
            continue;
        v.name = arena_printf(&o->arena, err, "%s_label", name);
        if (!v.name || h5_coordinate(g, &v, err) ||
            h5_write(g, v.name, 0, axis->dim.size, axis->label, err))
            return err->code;
    }
    return 0;
}

/* The experiment's own keys, as they stand in the config: which modes its numbers come from. */
static int stamp_config(struct h5group *g, const struct experiment *x, struct err *err)
{
    struct buf b = {0};
    const char *text;
    int code = 0;

    if (x->entry && !config_print_experiment(x->entry, true, &b, err)) {
        text = buf_str(&b, err);
        code = text ? h5_attr_str(g, "config", text, err) : err->code;
    }
    buf_release(&b);
    return code ? code : err->code;
}

static int make_group(struct output *o, const struct experiment *x, struct h5group **g,
                      struct err *err)
{
    static const char *const bounds[] = {"begin", "end"};
    const struct dataset *ds = &o->c->data;
    struct dim dims[AXES_MAX + 5] = {{"query", ds->n, V_I8, NULL, NULL}};
    size_t n = 1;

    for (int i = 0; i < x->n_axes; i++)
        dims[n++] = x->axis[i].dim;
    if (x->n_aggregates)
        dims[n++] = (struct dim){"stratum", o->strata.n, V_I4, NULL, "average over queries"};
    if (x == o->c->x) { /* queries */
        dims[n++] = (struct dim){"token", (size_t)ds->max_tokens, V_I4, NULL, NULL};
        dims[n++] = (struct dim){"bound", 2, V_STR, bounds, NULL};
        if (ds->n_controls)
            dims[n++] = (struct dim){"control", ds->n_controls, V_I4, NULL, NULL};
    }
    if (h5_group(o->file, x->name, dims, n, g, err) ||
        h5_attr_str(*g, "kind", x->kind->name, err) || stamp_config(*g, x, err) ||
        (x->n_aggregates && h5_attr_str(*g, "average", o->c->config.statistics.average, err)) ||
        write_axis_notes(o, *g, x, err) ||
        write_columns(o, *g, coordinates, sizeof coordinates / sizeof *coordinates, true, err))
        return err->code;
    for (int i = 0; i < x->n_fields; i++)
        if (h5_define(*g, &x->field[i].var, err))
            return err->code;
    return 0;
}

static void take_audit(double *worst, double v)
{
    if (isnan(*worst) || v > *worst)
        *worst = v;
}

/* --- averages over queries --- */

static int stratum_coordinates(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable dataset = {
        "stratum_dataset", V_STR, "stratum",
        "dataset of the average; empty = over all; unnamed = the data names none", NULL};
    static const struct variable template = {"stratum_template", V_I4, "stratum",
                                             "template of the average; -1 = over all", NULL};
    static const struct variable step = {"stratum_step", V_I4, "stratum", "step of the average",
                                         NULL};
    const struct strata *s = &o->strata;
    const char **name = arena_alloc(&o->arena, s->n, sizeof *name, err);
    int32_t *number = arena_alloc(&o->arena, 2 * s->n, sizeof *number, err);

    if (!name || !number)
        return err->code;
    for (size_t i = 0; i < s->n; i++) {
        name[i] = s->v[i].over == OVER_DATASETS || *s->v[i].dataset ? s->v[i].dataset : "unnamed";
        number[i] = s->v[i].template;
        number[s->n + i] = s->v[i].step;
    }
    return h5_coordinate(g, &dataset, err) || h5_write(g, dataset.name, 0, s->n, name, err) ||
                   h5_coordinate(g, &template, err) ||
                   h5_write(g, template.name, 0, s->n, number, err) ||
                   h5_coordinate(g, &step, err) ||
                   h5_write(g, step.name, 0, s->n, number + s->n, err)
               ? err->code
               : 0;
}

/* One of NAME, NAME_se, NAME_lo, NAME_hi, NAME_n from all estimates (element, stratum). */
static int write_estimates(struct output *o, struct h5group *g, const struct variable *var,
                           const char *suffix, const struct estimate *e, size_t elements,
                           struct err *err)
{
    size_t n = o->strata.n;
    struct variable v = *var;
    double *f = arena_alloc(&o->group, elements * n, sizeof *f, err);
    int32_t *count = arena_alloc(&o->group, elements * n, sizeof *count, err);
    bool is_count = suffix[0] && suffix[1] == 'n';

    v.name = arena_printf(&o->group, err, "%s%s", var->name, suffix);
    if (!f || !count || !v.name)
        return err->code;
    if (is_count) {
        v.type = V_I4;
        v.units = NULL;
    }
    for (size_t i = 0; i < elements * n; i++) {
        const struct estimate *x = &e[(i % elements) * n + i / elements];

        count[i] = x->n;
        f[i] = !suffix[0] ? x->mean : suffix[1] == 's' ? x->se : suffix[1] == 'l' ? x->lo : x->hi;
    }
    return h5_define(g, &v, err) ||
                   h5_write(g, v.name, 0, n, is_count ? (void *)count : (void *)f, err)
               ? err->code
               : 0;
}

static enum template_mean templates(const struct output *o, const struct experiment *x)
{
    return str_eq(o->c->config.statistics.average, "authors") ? x->kind->authors_average
                                                              : TEMPLATES_MEAN;
}

static int write_aggregate(struct output *o, struct h5group *g, const struct experiment *x,
                           const struct aggregate *a, const float *value, struct err *err)
{
    static const char *const suffixes[] = {"", "_se", "_lo", "_hi", "_n"};
    size_t elements = padded_elements(x, &a->field);
    struct estimate *e = arena_alloc(&o->group, elements * o->strata.n, sizeof *e, err);

    if (!e || strata_estimate(&o->strata, templates(o, x), value, elements, e, err))
        return err->code;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        bool interval = suffixes[i][0] && suffixes[i][1] != 'n';

        if (!(interval && a->no_interval) &&
            write_estimates(o, g, &a->field.var, suffixes[i], e, elements, err))
            return err->code;
    }
    return 0;
}

/* --- cells --- */

/* A unit's rows into the query's arrays; sets *status if the unit says one. */
static int place_unit(struct output *o, const struct unit *u, struct buf *rows,
                      void *const at[FIELDS_MAX], const char **status, struct err *err)
{
    const struct experiment *x = &o->c->x[u->experiment];
    int n = o->c->data.query[u->query].n;
    struct cursor c = {(const unsigned char *)rows->data, rows->len, 0, 0};
    uint32_t length = cursor_u32(&c);
    const char *text = cursor_take(&c, length);
    int64_t index[AXES_MAX] = {0};

    if (text && length) {
        *status = arena_strndup(&o->arena, text, length, err);
        return *status ? 0 : err->code;
    }
    if (cursor_u32(&c))
        for (int i = 0; i < AUDIT_COUNT; i++)
            take_audit(&o->report->audit[i], cursor_f64(&c));
    if (u->first == 0 && x->kind->reduce_query)
        row_scatter(&c, x, n, false, index, at);
    for (uint64_t i = 0; x->kind->reduce_cell && i < u->n && !c.bad; i++) {
        cell_index(x, n, u->first + i, index);
        row_scatter(&c, x, n, true, index, at);
    }
    if (c.bad || c.pos != c.size)
        return err_set(err, ERR_BUG,
                       "rows of experiment %s, query %u have %zu bytes, not as planned", x->name,
                       u->query, rows->len);
    return 0;
}

static int make_arrays(struct output *o, const struct experiment *x, void *at[FIELDS_MAX],
                       struct err *err)
{
    for (int i = 0; i < x->n_fields; i++) {
        at[i] = arena_alloc(&o->group, padded_elements(x, &x->field[i]),
                            vtype_size(x->field[i].var.type), err);
        if (!at[i])
            return err->code;
    }
    return 0;
}

/* All units of one query in one experiment, which stand side by side in the list. */
static int place_query(struct output *o, const struct unit **u, uint32_t experiment, size_t query,
                       void *at[FIELDS_MAX], const char **status, struct err *err)
{
    const struct unit *end = o->c->unit + o->c->n_units;
    struct buf rows = {0};
    int code = 0;

    for (; !code && *u < end && (*u)->experiment == experiment && (*u)->query == query; ++*u) {
        buf_clear(&rows);
        if (!journal_has(o->journal, (*u)->key)) {
            o->report->missing_units++;
            if (!o->partial)
                code = err_set(err, ERR_BUG, "a unit of query %zu is not in the journal", query);
            else
                *status = "not computed yet";
            continue;
        }
        code = journal_read(o->journal, (*u)->key, &rows, err) ||
                       place_unit(o, *u, &rows, at, status, err)
                   ? err->code
                   : 0;
    }
    buf_release(&rows);
    return code;
}

static int write_status(struct output *o, struct h5group *g, const char *const *status,
                        struct err *err)
{
    static const struct variable v = {"status", V_STR, "query", "ok, or why it was not computed",
                                      NULL};
    const char **all = arena_alloc(&o->arena, o->c->data.n, sizeof *all, err);

    if (!all || h5_define(g, &v, err))
        return err->code;
    for (size_t q = 0; q < o->c->data.n; q++)
        all[q] = or_ok(status[q]);
    return h5_write(g, v.name, 0, o->c->data.n, all, err);
}

static void name_strata(const struct output *o, const struct survey *s, const char **dataset,
                        int32_t *number)
{
    for (size_t k = 0; k < s->n_strata; k++) {
        const struct query *q = &o->c->data.query[s->first_of[k]];

        dataset[k] = q->dataset;
        number[k] = q->template;
        number[s->n_strata + k] = q->step;
    }
}

/* NAME/means: what a survey found. `group` = dataset, template and step, as in `stratum` but
   without averages of averages. */
static int write_survey(struct output *o, const struct experiment *x, struct err *err)
{
    static const struct variable dataset = {"group_dataset", V_STR, "group", "dataset", NULL},
                                 template = {"group_template", V_I4, "group", "template", NULL},
                                 step = {"group_step", V_I4, "group", "step", NULL},
                                 mean = {"mean", V_F32, "group layer role width",
                                         "mean of the site's values over the role's tokens", "1"},
                                 n = {"n", V_I4, "group role", "tokens in the mean", NULL},
                                 std = {"site_std", V_F32, "group layer",
                                        "standard deviation over all of the dataset's values", "1"},
                                 queries = {"n", V_I4, "group", "queries", NULL};
    const struct survey *s = x->survey;
    const char **role = arena_alloc(&o->arena, s->n_roles, sizeof *role, err);
    const char **name = arena_alloc(&o->arena, s->n_strata, sizeof *name, err);
    int32_t *number = arena_alloc(&o->arena, 2 * s->n_strata, sizeof *number, err);
    int32_t *layer = arena_alloc(&o->arena, s->n_layers, sizeof *layer, err);
    const char *path = arena_printf(&o->arena, err, "%s/means", x->name);
    struct dim dims[] = {{"group", s->n_strata, V_I4, NULL, "dataset, template and step"},
                         {"layer", s->n_layers, V_I4, layer, NULL},
                         {"role", s->n_roles, V_STR, role, NULL},
                         {"width", s->width, V_I4, NULL, NULL}};
    struct h5group *g;

    if (!role || !name || !number || !layer || !path)
        return err->code;
    name_strata(o, s, name, number);
    for (size_t l = 0; l < s->n_layers; l++)
        layer[l] = s->layer[l] - (s->site == SITE_RESID);
    for (size_t r = 0; s->means && r < s->n_roles; r++)
        role[r] = match_role_name(&o->c->data, s->role[r], &o->arena, err);
    if (h5_group(o->file, path, dims, s->means ? 4 : 2, &g, err) ||
        h5_coordinate(g, &dataset, err) || h5_write(g, dataset.name, 0, s->n_strata, name, err) ||
        h5_coordinate(g, &template, err) ||
        h5_write(g, template.name, 0, s->n_strata, number, err) || h5_coordinate(g, &step, err) ||
        h5_write(g, step.name, 0, s->n_strata, number + s->n_strata, err) ||
        h5_define(g, s->means ? &n : &queries, err) || h5_write(g, "n", 0, s->n_strata, s->n, err))
        return err->code;
    if (s->means)
        return h5_define(g, &mean, err) || h5_write(g, mean.name, 0, s->n_strata, s->mean, err)
                   ? err->code
                   : 0;
    return h5_define(g, &std, err) || h5_write(g, std.name, 0, s->n_strata, s->std, err) ? err->code
                                                                                         : 0;
}

static int write_experiment(struct output *o, const struct experiment *x, const struct unit **u,
                            struct err *err)
{
    const struct dataset *ds = &o->c->data;
    uint32_t self = (uint32_t)(x - o->c->x);
    const char **status = arena_alloc(&o->arena, ds->n, sizeof *status, err);
    float *value[AGGREGATES_MAX];
    void *at[FIELDS_MAX];
    struct h5group *g;

    for (int i = 0; i < x->n_aggregates; i++) {
        value[i] = arena_alloc(&o->group, ds->n * padded_elements(x, &x->aggregate[i].field),
                               sizeof **value, err);
        if (!value[i])
            return err->code;
    }
    if (!status || make_group(o, x, &g, err) || make_arrays(o, x, at, err))
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        status[q] = o->status[q];
        if (!status[q])
            status[q] = query_skip(x, &ds->query[q]);
        for (int i = 0; i < x->n_fields; i++)
            fill(x->field[i].var.type, at[i], padded_elements(x, &x->field[i]));
        if (place_query(o, u, self, q, at, &status[q], err))
            return err->code;
        if (x->kind->fill_late && !status[q])
            x->kind->fill_late(x, &ds->query[q], at);
        for (int i = 0; i < x->n_fields; i++)
            if (h5_write(g, x->field[i].var.name, q, 1, at[i], err))
                return err->code;
        for (int i = 0; i < x->n_aggregates; i++) {
            size_t elements = padded_elements(x, &x->aggregate[i].field);

            if (status[q])
                fill(V_F32, value[i] + q * elements, elements);
            else
                x->aggregate[i].value(x, &ds->query[q], at, value[i] + q * elements);
        }
    }
    if (x->n_aggregates && stratum_coordinates(o, g, err))
        return err->code;
    if (x->kind->settle)
        x->kind->settle(x, &o->strata, value);
    for (int i = 0; i < x->n_aggregates; i++)
        if (write_aggregate(o, g, x, &x->aggregate[i], value[i], err))
            return err->code;
    if (x == o->c->x) {
        memcpy(o->status, status, ds->n * sizeof *status);
        if (write_facts(o, g, err))
            return err->code;
    }
    if (x->survey && write_survey(o, x, err))
        return err->code;
    return write_status(o, g, status, err);
}

static int write_audit(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable v = {"audit", V_F64, "check",
                                      "worst residual, relative to the largest target logit", "1"};

    if (h5_define(g, &v, err) || h5_write(g, v.name, 0, AUDIT_COUNT, o->report->audit, err))
        return err->code;
    for (int i = 0; i < AUDIT_COUNT; i++)
        if (o->report->audit[i] > AUDIT_TOLERANCE)
            return err_set(
                err, ERR_NUMERIC,
                "audit failed: %s differs by %.1e of the largest logit, allowed %.0e; no "
                "result file was written",
                audit_names[i], o->report->audit[i], AUDIT_TOLERANCE);
    return 0;
}

/* Only what affects results: two runs of the same config, data and model give the same bytes. */
static int write_provenance(struct output *o, struct err *err)
{
    static const struct dim check = {"check", AUDIT_COUNT, V_STR, audit_names, "what is compared"};
    struct h5group *g;
    struct buf config = {0};
    char model[HASH_HEX], data[HASH_HEX];
    const char *text;
    int code;

    code = h5_group(o->file, "provenance", &check, 1, &g, err) || write_audit(o, g, err) ||
           config_print(&o->c->config, true, &config, err);
    text = code ? NULL : buf_str(&config, err);
    hash_hex(model, o->c->model->fingerprint);
    hash_hex(data, dataset_fingerprint(&o->c->data));
    code = !text || h5_attr_str(g, "lensweep_version", LENSWEEP_VERSION, err) ||
           h5_attr_str(g, "git_commit", LENSWEEP_COMMIT, err) ||
           h5_attr_str(g, "hdf5_version", h5_version(), err) ||
           h5_attr_str(g, "blas", o->c->library, err) ||
           h5_attr_str(g, "architecture", o->c->model->arch, err) ||
           h5_attr_str(g, "model_fingerprint", model, err) ||
           h5_attr_str(g, "data_fingerprint", data, err) || h5_attr_str(g, "config", text, err);
    buf_release(&config);
    return code ? err->code : 0;
}

int campaign_write(struct campaign *c, struct journal *j, const char *path, bool partial,
                   struct campaign_report *report, struct err *err)
{
    struct output o = {.c = c, .journal = j, .report = report, .partial = partial};
    const struct unit *u = c->unit + c->n_survey;
    struct h5group *root;
    struct dim span;

    memset(report, 0, sizeof *report);
    for (int i = 0; i < AUDIT_COUNT; i++)
        report->audit[i] = (double)NAN;
    o.status = arena_alloc(&o.arena, c->data.n, sizeof *o.status, err);
    if (!o.status)
        goto out;
    for (size_t q = 0; q < c->data.n; q++)
        o.status[q] = c->data.query[q].status;
    if (campaign_survey(c, j, err) ||
        strata_open(&o.strata, &c->data, &c->config.statistics, &o.arena, err))
        goto out;
    /* A variable `span` stands in `queries`, so the dimension of that name stands above it. */
    span = (struct dim){"span", c->data.n_spans, V_STR, c->data.span_name, "named span"};
    if (h5_create(&o.file, path, err) || h5_group(o.file, "", &span, 1, &root, err) ||
        h5_attr_str(root, "Conventions", "CF-1.8", err) ||
        h5_attr_str(root, "title", "lensweep results", err))
        goto out;
    for (size_t i = 0; i < c->n; i++) {
        arena_reset(&o.group);
        if (write_experiment(&o, &c->x[i], &u, err)) {
            err_wrap(err, "group %s", c->x[i].name);
            goto out;
        }
    }
    if (write_provenance(&o, err))
        goto out;
    for (size_t q = 0; q < c->data.n; q++)
        *(o.status[q] ? &report->bad : &report->ok) += 1;
    arena_release(&o.group);
    arena_release(&o.arena);
    return h5_commit(o.file, err);
out:
    h5_abandon(o.file);
    arena_release(&o.group);
    arena_release(&o.arena);
    return err->code;
}
