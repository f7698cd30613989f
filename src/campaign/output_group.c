#include "campaign/output_group.h"

#include "base/str.h"
#include "campaign/cut.h"
#include "campaign/output_averages.h"
#include "campaign/output_contrasts.h"
#include "campaign/output_queries.h"
#include "campaign/output_strata.h"
#include "campaign/output_survey.h"
#include "campaign/rows.h"
#include "results/h5write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the group and what stands beside its numbers --- */

/* Which key/value head a query head reads, where a group has heads, or which one a head is; -1 =
   several heads. */
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

        kv[i] = h < 0 ? -1 : axis->key_value ? h : shape_group(s, h);
    }
    return put_coordinate(g, &v, axis->dim.size, kv, err);
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

        if (strcmp(name, "head") == 0 && axis_named(x, "kv_head", 7) < 0 &&
            write_kv_heads(o, g, axis, err))
            return err->code;
        if (!axis->label)
            continue;
        v.name = arena_printf(&o->arena, err, "%s_label", name);
        if (!v.name || put_coordinate(g, &v, axis->dim.size, axis->label, err))
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

    if (x->entry && !config_print_experiment(x->entry, &b, err)) {
        text = buf_str(&b, err);
        code = text ? h5_attr_str(g, "config", text, err) : err->code;
    }
    buf_release(&b);
    return code ? code : err->code;
}

/* Which keys a group bears as attributes. */
struct stamp {
    struct h5group *g;
    const struct experiment *x;
    const char *section; /* and those of this section, as "SECTION.KEY" */
};

/* A number as a number, everything else as the config has it. */
static int stamp_value(struct h5group *g, const char *name, const struct config_key *key,
                       struct err *err)
{
    char *end;
    double v = strtod(key->counted, &end);

    if (end == key->counted || *end)
        return h5_attr_str(g, name, key->counted, err);
    if (strspn(key->counted, "-0123456789") == strlen(key->counted))
        return h5_attr_i64(g, name, (int64_t)v, err);
    return h5_attr_f64(g, name, v, err);
}

static int stamp_key(void *to, const struct config_key *key, struct err *err)
{
    const struct stamp *s = to;
    char name[128];

    if (key->at.row->affects != RESULTS)
        return 0;
    if (key->experiment)
        return !s->x || key->experiment != s->x->entry || str_eq(key->key, "name") ||
                       str_eq(key->key, "kind")
                   ? 0
                   : stamp_value(s->g, key->key, key, err);
    if (!str_eq(key->section, s->section))
        return 0;
    snprintf(name, sizeof name, "%s.%s", key->section, key->key);
    return stamp_value(s->g, name, key, err);
}

int output_stamp(struct h5group *g, const struct campaign *c, const char *section, struct err *err)
{
    struct stamp s = {.g = g, .section = section};

    return config_each(&c->config, stamp_key, &s, err);
}

/* Every key that the group's numbers depend on, one by one, for readers of the file. */
static int stamp_keys(struct output *o, struct h5group *g, const struct experiment *x,
                      struct err *err)
{
    struct stamp s = {g, x, x == o->c->x ? "data" : x->n_aggregates ? "statistics" : "-"};

    return config_each(&o->c->config, stamp_key, &s, err);
}

static int stamp_inputs(struct output *o, struct h5group *g, const struct experiment *x,
                        struct err *err)
{
    const char *text = inputs_text(x, &o->group, err);

    return !text || (*text && h5_attr_str(g, "inputs", text, err)) ? err->code : 0;
}

/* Of its own: those that are tested stand in a group below. */
static bool has_averages(const struct experiment *x)
{
    for (int i = 0; i < x->n_aggregates; i++)
        if (!x->aggregate[i].tested)
            return true;
    return false;
}

/* The average that a headline shows; in `stats` all are made of the tested one. */
static const struct aggregate *shown_by(const struct experiment *x, const struct headline *h)
{
    for (int i = 0; i < x->n_aggregates; i++)
        if (h->inside ? x->aggregate[i].tested != NULL
                      : str_eq(x->aggregate[i].field.var.name, h->variable))
            return &x->aggregate[i];
    return NULL;
}

/* What the kind declares of its averages, and how those are judged. */
static int write_headlines(struct output *o, struct h5group *g, const struct experiment *x,
                           struct err *err)
{
    struct headline own[HEADLINES_MAX];

    for (int i = 0; i < x->n_headlines; i++) {
        const struct aggregate *a = shown_by(x, &x->headline[i]);

        own[i] = x->headline[i];
        if (a && targets_in_words(o, x, a, &own[i].by_token, err))
            return err->code;
    }
    return headlines_write(g, own, (size_t)x->n_headlines, err);
}

static int make_group(struct output *o, const struct experiment *x, struct h5group **g,
                      struct err *err)
{
    static const char *const bounds[] = {"begin", "end"};
    const struct dataset *ds = &o->c->data;
    struct dim dims[AXES_MAX + 6] = {{"query", ds->n, V_I8, NULL, NULL}};
    size_t n = !x->of_model;

    for (int i = 0; i < x->n_axes; i++)
        if (!x->axis[i].hidden)
            dims[n++] = x->axis[i].dim;
    if (has_averages(x))
        dims[n++] = (struct dim){"stratum", o->strata.n, V_I4, NULL, "average over queries"};
    if (has_contrasts(o, x))
        dims[n++] = contrast_dim(o);
    if (x == o->c->x) { /* queries */
        dims[n++] = (struct dim){"bound", 2, V_STR, bounds, NULL};
        if (ds->n_controls)
            dims[n++] = (struct dim){"control", ds->n_controls, V_I4, NULL, NULL};
    }
    if (h5_group(o->file, x->name, dims, n, g, err) ||
        h5_attr_str(*g, "kind", x->kind->name, err) || stamp_config(*g, x, err) ||
        stamp_keys(o, *g, x, err) || stamp_inputs(o, *g, x, err) ||
        (has_averages(x) &&
         (h5_attr_str(*g, "average",
                      choice_word(average_choices, (int)o->c->config.statistics.average), err) ||
          h5_attr_str(*g, "intervals", INTERVALS, err))) ||
        write_headlines(o, *g, x, err) || figures_write(*g, x->figure, (size_t)x->n_figures, err) ||
        authors_layout_write(*g, &x->authors, err) || write_axis_notes(o, *g, x, err) ||
        (!x->of_model && write_coordinates(o, *g, err)))
        return err->code;
    for (int i = 0; i < x->n_constants; i++)
        if (put_variable(*g, &x->constant[i].var, x->constant[i].n, x->constant[i].data, err))
            return err->code;
    for (int i = 0; i < x->n_fields; i++)
        if (!x->field[i].hidden && h5_define(*g, &x->field[i].var, err))
            return err->code;
    return 0;
}

/* --- the rows of its units --- */

const char not_computed[] = "not computed yet";

static void take_audit(double *worst, double v)
{
    if (isnan(*worst) || v > *worst)
        *worst = v;
}

/* A unit's rows into the query's arrays; sets *status if the unit says one. */
static int place_unit(struct output *o, const struct unit *u, struct buf *rows,
                      void *const at[FIELDS_MAX], const char **status, struct err *err)
{
    const struct experiment *x = &o->c->x[u->experiment];
    int n = o->c->data.query[u->query].n;
    struct cursor c = {(const unsigned char *)rows->data, rows->len, 0, 0};
    uint32_t length = cursor_u32(&c);
    const char *text = cursor_take(&c, length);

    if (text && length) {
        *status = arena_strndup(&o->arena, text, length, err);
        return *status ? 0 : err->code;
    }
    for (int i = 0; u->work == UNIT_AUDIT && i < AUDIT_COUNT; i++)
        take_audit(&o->report->audit[i], cursor_f64(&c));
    if (u->work == UNIT_CELLS)
        cells_scatter(&c, x, n, u->first, u->n, at);
    if (c.bad || c.pos != c.size)
        return err_set(err, ERR_IO,
                       "the journal's rows of experiment %s, query %u are not those of their unit "
                       "(%zu bytes): another program wrote them",
                       x->name, u->query, rows->len);
    return 0;
}

/* All units of one query in one experiment, which stand side by side in the list. */
static int place_query(struct output *o, const struct unit **u, uint32_t experiment, size_t query,
                       void *at[FIELDS_MAX], const char **status, struct err *err)
{
    const struct unit *end = o->c->unit + o->c->n_units;
    struct buf rows = {0};

    for (; !err->code && *u < end && (*u)->experiment == experiment && (*u)->query == query; ++*u) {
        buf_clear(&rows);
        if (!journal_has(o->journal, (*u)->key)) {
            if (!o->partial)
                err_set(err, ERR_BUG, "a unit of query %zu is not in the journal", query);
            else
                *status = not_computed;
            continue;
        }
        if (!journal_read(o->journal, (*u)->key, &rows, err))
            place_unit(o, *u, &rows, at, status, err);
    }
    buf_release(&rows);
    return err->code;
}

/* --- all of it --- */

/* A query's, or the model's own. */
static int write_fields(struct h5group *g, const struct experiment *x, size_t q,
                        void *const at[FIELDS_MAX], struct err *err)
{
    for (int i = 0; i < x->n_fields; i++) {
        const struct field *f = &x->field[i];
        size_t n = x->of_model ? x->axis[f->axis[0]].dim.size : 1;

        if (!f->hidden && h5_write(g, f->var.name, q, n, at[i], err))
            return err->code;
    }
    return 0;
}

static int write_status(struct output *o, struct h5group *g, const char *const *status,
                        struct err *err)
{
    static const struct variable v = {"status", V_STR, "query", "ok, or why it was not computed",
                                      NULL};
    const char **all = arena_alloc(&o->arena, o->c->data.n, sizeof *all, err);

    if (!all)
        return err->code;
    for (size_t q = 0; q < o->c->data.n; q++)
        all[q] = status[q] ? status[q] : "ok";
    return put_variable(g, &v, o->c->data.n, all, err);
}

int write_group(struct output *o, const struct experiment *x, const struct unit **u,
                struct err *err)
{
    const struct dataset *ds = &o->c->data;
    uint32_t self = (uint32_t)(x - o->c->x);
    const char **status = arena_alloc(&o->arena, ds->n, sizeof *status, err);
    struct averages *averages = NULL;
    struct row row = {.x = x};
    struct h5group *g;

    if (!status || make_group(o, x, &g, err) || fields_alloc(row.at, x, &o->group, err) ||
        averages_open(&averages, o, x, err))
        goto out;
    for (size_t q = 0; q < (x->of_model ? 1 : ds->n) && !err->code; q++) {
        row.q = &ds->query[q];
        status[q] = x->of_model ? NULL : o->status[q];
        if (!status[q] || status[q] == not_computed) {
            const char *skip = query_skip(x, row.q);

            status[q] = skip ? skip : status[q];
        }
        for (int i = 0; i < x->n_fields; i++)
            row_fill(x->field[i].var.type, row.at[i], padded_elements(x, &x->field[i]));
        if (place_query(o, u, self, q, row.at, &status[q], err))
            break;
        if (x->kind->fill_late && !status[q])
            x->kind->fill_late(&row);
        if (x == o->c->x) /* queries */
            o->argmax[q] = *row_i32(&row, "clean_argmax");
        if (!write_fields(g, x, q, row.at, err))
            averages_take(averages, &row, !status[q], err);
    }
    if (!err->code)
        averages_write(averages, g, err);
out:
    averages_close(averages);
    if (err->code)
        return err->code;
    if (x == o->c->x) {
        memcpy(o->status, status, ds->n * sizeof *status);
        if (write_facts(o, g, err))
            return err->code;
    }
    return err_if(err, (x->survey && write_survey(o, x, err)) ||
                           (!x->of_model && write_status(o, g, status, err)));
}
