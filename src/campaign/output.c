/*
 * From the journal's rows to the result file: group by group, query by query, so that no more than
 * one query's arrays are held at once.
 */
#include "campaign/output.h"

#include "base/hash.h"
#include "base/str.h"
#include "campaign/rows.h"
#include "version.h"

#include <math.h>
#include <string.h>

static const char *or_ok(const char *status)
{
    return status ? status : "ok";
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

    if (x->entry && !config_print_experiment(x->entry, &b, err)) {
        text = buf_str(&b, err);
        code = text ? h5_attr_str(g, "config", text, err) : err->code;
    }
    buf_release(&b);
    return code ? code : err->code;
}

/* Of its own: those that are tested stand in a group below. */
static bool has_averages(const struct experiment *x)
{
    for (int i = 0; i < x->n_aggregates; i++)
        if (!x->aggregate[i].tested)
            return true;
    return false;
}

static int make_group(struct output *o, const struct experiment *x, struct h5group **g,
                      struct err *err)
{
    static const char *const bounds[] = {"begin", "end"};
    const struct dataset *ds = &o->c->data;
    struct dim dims[AXES_MAX + 5] = {{"query", ds->n, V_I8, NULL, NULL}};
    size_t n = 1;

    for (int i = 0; i < x->n_axes; i++)
        if (!x->axis[i].hidden)
            dims[n++] = x->axis[i].dim;
    if (has_averages(x))
        dims[n++] = (struct dim){"stratum", o->strata.n, V_I4, NULL, "average over queries"};
    if (x == o->c->x) { /* queries */
        dims[n++] = (struct dim){"token", (size_t)ds->max_tokens, V_I4, NULL, NULL};
        dims[n++] = (struct dim){"bound", 2, V_STR, bounds, NULL};
        if (ds->n_controls)
            dims[n++] = (struct dim){"control", ds->n_controls, V_I4, NULL, NULL};
    }
    if (h5_group(o->file, x->name, dims, n, g, err) ||
        h5_attr_str(*g, "kind", x->kind->name, err) || stamp_config(*g, x, err) ||
        (has_averages(x) &&
         h5_attr_str(*g, "average",
                     choice_word(average_choices, (int)o->c->config.statistics.average), err)) ||
        write_axis_notes(o, *g, x, err) || write_coordinates(o, *g, err))
        return err->code;
    for (int i = 0; i < x->n_constants; i++)
        if (h5_define(*g, &x->constant[i].var, err) ||
            h5_write(*g, x->constant[i].var.name, 0, x->constant[i].n, x->constant[i].data, err))
            return err->code;
    for (int i = 0; i < x->n_fields; i++)
        if (!x->field[i].hidden && h5_define(*g, &x->field[i].var, err))
            return err->code;
    return 0;
}

static void take_audit(double *worst, double v)
{
    if (isnan(*worst) || v > *worst)
        *worst = v;
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

static int write_experiment(struct output *o, const struct experiment *x, const struct unit **u,
                            struct err *err)
{
    const struct dataset *ds = &o->c->data;
    uint32_t self = (uint32_t)(x - o->c->x);
    const char **status = arena_alloc(&o->arena, ds->n, sizeof *status, err);
    struct averages *averages = NULL;
    void *at[FIELDS_MAX];
    struct h5group *g;

    if (!status || make_group(o, x, &g, err) || make_arrays(o, x, at, err) ||
        averages_open(&averages, o, x, err))
        return err->code;
    for (size_t q = 0; q < ds->n && !err->code; q++) {
        status[q] = o->status[q];
        if (!status[q])
            status[q] = query_skip(x, &ds->query[q]);
        for (int i = 0; i < x->n_fields; i++)
            fill(x->field[i].var.type, at[i], padded_elements(x, &x->field[i]));
        if (place_query(o, u, self, q, at, &status[q], err))
            break;
        if (x->kind->fill_late && !status[q])
            x->kind->fill_late(x, &ds->query[q], at);
        for (int i = 0; i < x->n_fields && !err->code; i++)
            if (!x->field[i].hidden)
                h5_write(g, x->field[i].var.name, q, 1, at[i], err);
        if (!err->code)
            averages_take(averages, q, at, !status[q], err);
    }
    if (!err->code)
        averages_write(averages, g, err);
    averages_close(averages);
    if (err->code)
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
    struct output o = {.c = c, .journal = j, .path = path, .report = report, .partial = partial};
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
