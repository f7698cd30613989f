/*
 * From the journal's rows to the result file: group by group, query by query, so that no more than
 * one query's arrays are held at once.
 */
#include "campaign/output.h"

#include "base/hash.h"
#include "campaign/cut.h"
#include "campaign/output_group.h"
#include "campaign/survey.h"
#include "results/h5file.h"
#include "results/h5write.h"
#include "version.h"

#include <math.h>
#include <string.h>

int put_variable(struct h5group *g, const struct variable *v, size_t n, const void *data,
                 struct err *err)
{
    return err_if(err, h5_define(g, v, err) || h5_write(g, v->name, 0, n, data, err));
}

int put_coordinate(struct h5group *g, const struct variable *v, size_t n, const void *data,
                   struct err *err)
{
    return err_if(err, h5_coordinate(g, v, err) || h5_write(g, v->name, 0, n, data, err));
}

static int write_audit(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable v = {"audit", V_F64, "check",
                                      "worst residual, relative to the size of the logits; "
                                      "forked: what it did not exceed",
                                      "1"};
    double kept[AUDIT_COUNT];

    /* The naive executor's last bits are those of the BLAS: run.jsonl has the residual itself. */
    memcpy(kept, o->report->audit, sizeof kept);
    if (!isnan(kept[AUDIT_FORKED]))
        kept[AUDIT_FORKED] = AUDIT_TOLERANCE;
    if (put_variable(g, &v, AUDIT_COUNT, kept, err))
        return err->code;
    for (int i = 0; i < AUDIT_COUNT; i++) {
        double most = audit_tolerance((enum audit)i, *o->c->library);

        if (o->report->audit[i] > most)
            return err_set(err, ERR_NUMERIC,
                           "audit failed: %s differs by %.1e of the logits' size, allowed %.0e; no "
                           "result file was written",
                           audit_names[i], o->report->audit[i], most);
    }
    return 0;
}

/* Of model, data and config as they are but for data.null: what is about nothing is known by it. */
static int origin_of(const struct campaign *c, char out[HASH_HEX], struct err *err)
{
    struct config config = c->config;
    int none = NULL_NONE;
    struct buf b = {0};

    config.data.null = (struct choice_list){1, &none};
    if (!buf_u64(&b, c->model->files_hash.hi, err) && !buf_u64(&b, c->model->files_hash.lo, err) &&
        !buf_u64(&b, c->data.origin.hi, err) && !buf_u64(&b, c->data.origin.lo, err) &&
        !config_print(&config, true, &b, err))
        hash_hex(out, hash_bytes(b.data, b.len));
    buf_release(&b);
    return err->code;
}

/* Only what affects results: two runs of the same config, data and model give the same bytes. */
static int write_provenance(struct output *o, struct err *err)
{
    static const struct dim check = {"check", AUDIT_COUNT, V_STR, audit_names, "what is compared"};
    struct h5group *g;
    struct buf config = {0};
    char model[HASH_HEX], data[HASH_HEX], origin[HASH_HEX];
    const char *text;
    int code;

    code = origin_of(o->c, origin, err) || h5_group(o->file, "provenance", &check, 1, &g, err) ||
           write_audit(o, g, err) || config_print(&o->c->config, true, &config, err);
    text = code ? NULL : buf_str(&config, err);
    hash_hex(model, o->c->model->fingerprint);
    hash_hex(data, dataset_fingerprint(&o->c->data));
    code = !text || h5_attr_str(g, "lensweep_version", LENSWEEP_VERSION, err) ||
           h5_attr_str(g, "git_commit", LENSWEEP_COMMIT, err) ||
           h5_attr_str(g, "hdf5_version", h5_version(), err) ||
           (*o->c->library && h5_attr_str(g, "blas", o->c->library, err)) ||
           h5_attr_str(g, "architecture", o->c->model->arch, err) ||
           h5_attr_i64(g, "model_layers", o->c->model->shape.n_layers, err) ||
           h5_attr_i64(g, "model_heads", o->c->model->shape.n_heads, err) ||
           h5_attr_i64(g, "model_kv_heads", o->c->model->shape.n_kv_heads, err) ||
           h5_attr_i64(g, "model_width", o->c->model->shape.d_model, err) ||
           h5_attr_i64(g, "model_parallel", o->c->model->shape.parallel, err) ||
           h5_attr_str(g, "model_fingerprint", model, err) ||
           h5_attr_str(g, "data_fingerprint", data, err) || h5_attr_str(g, "origin", origin, err) ||
           h5_attr_str(g, "config", text, err) || output_stamp(g, o->c, "model", err) ||
           output_stamp(g, o->c, "run", err);
    buf_release(&config);
    return err_if(err, code);
}

static void count_queries(struct output *o)
{
    for (size_t q = 0; q < o->c->data.n; q++)
        *(!o->status[q]                  ? &o->report->ok
          : o->status[q] == not_computed ? &o->report->waiting
                                         : &o->report->bad) += 1;
}

static const char *title_of(const struct campaign *c)
{
    return c->null == NULL_NONE               ? "lensweep results"
           : c->null == NULL_SHUFFLED_TARGETS ? "lensweep results about nothing: shuffled targets"
                                              : "lensweep results about nothing: random weights";
}

int campaign_write(struct campaign *c, struct journal *j, const char *path, bool partial,
                   struct campaign_report *report, int (*may)(void *ctx, struct err *err),
                   void *ctx, struct err *err)
{
    struct output o = {.c = c, .journal = j, .path = path, .report = report, .partial = partial};
    const struct unit *u = c->unit + c->n_survey;
    struct h5group *root;
    struct dim dims[2];

    memset(report, 0, sizeof *report);
    for (int i = 0; i < AUDIT_COUNT; i++)
        report->audit[i] = (double)NAN;
    o.status = arena_alloc(&o.arena, c->data.n, sizeof *o.status, err);
    o.argmax = arena_alloc(&o.arena, c->data.n, sizeof *o.argmax, err);
    if (!o.status || !o.argmax)
        goto out;
    for (size_t q = 0; q < c->data.n; q++) {
        o.status[q] = c->data.query[q].status;
        o.argmax[q] = -1;
    }
    if (campaign_survey(c, j, err) ||
        strata_open(&o.strata, &c->data, &c->config.statistics, &o.arena, err) ||
        contrasts_open(&o.contrasts, &c->data, &c->config.statistics, &o.arena, err))
        goto out;
    /* Variables `span` and `token` stand in `queries`, so the dimensions of these names stand above
       it. */
    dims[0] = (struct dim){"span", c->data.n_spans, V_STR, c->data.span_name, "named span"};
    dims[1] = (struct dim){"token", (size_t)c->data.max_tokens, V_I4, NULL, NULL};
    if (h5_create(&o.file, path, err) || h5_group(o.file, "", dims, 2, &root, err) ||
        h5_attr_str(root, "Conventions", "CF-1.8", err) ||
        h5_attr_str(root, "title", title_of(c), err))
        goto out;
    for (size_t i = 0; i < c->n; i++) {
        arena_reset(&o.group);
        if (write_group(&o, &c->x[i], &u, err) || h5_complete(o.file, err)) {
            err_wrap(err, "group %s", c->x[i].name);
            goto out;
        }
    }
    if (write_provenance(&o, err))
        goto out;
    count_queries(&o);
out:
    arena_release(&o.group);
    arena_release(&o.scratch);
    arena_release(&o.arena);
    if (!err->code)
        return h5_commit(o.file, may, ctx, err);
    h5_abandon(o.file);
    return err->code;
}
