#include "campaign/verify.h"

#include "base/blas.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/writer.h"
#include "campaign/bundle.h"
#include "campaign/output_group.h"
#include "campaign/rows.h"
#include "campaign/survey.h"
#include "campaign/unit.h"
#include "campaign/words.h"
#include "model/identity.h"
#include "results/h5read.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* What is made of a query's other fields when results are written: compared once the last of its
   drawn units is there. Where the file lacks some of these fields, all its units are drawn. */
struct late {
    uint32_t experiment, query;
    size_t left;          /* units to come */
    bool stop;            /* the query goes no further */
    void *at[FIELDS_MAX]; /* of hidden fields, as the units come */
};

struct verify {
    struct campaign *c;
    struct verified *out;
    struct result file;
    const char ***status; /* (experiments) of the group's queries; NULL = not read yet */
    struct late *late;    /* (n_late) */
    size_t n_late;
    struct journal *journal; /* of surveys, in a folder of its own */
    struct arena scratch;    /* of one unit */
};

/* Is it of this campaign? -------------------------------------------------------------------- */

static int check_attribute(struct result *r, const char *name, const char *own, const char *what,
                           struct err *err)
{
    const char *there;

    if (result_attr(r, "provenance", name, &there, err))
        return err->code;
    if (there && str_eq(there, own))
        return 0;
    return err_set(err, ERR_CONFIG, "%s is not of %s: its %s is %s, here it is %s", r->path, what,
                   name, there ? there : "missing", own);
}

static int check_config(struct result *r, const struct campaign *c, struct err *err)
{
    struct buf own = {0};
    const char *there;
    bool same = false;

    if (!result_attr(r, "provenance", "config", &there, err) &&
        !config_print(&c->config, true, &own, err) && buf_str(&own, err))
        same = there && str_eq(there, own.data);
    buf_release(&own);
    if (!err->code && !same)
        err_set(err, ERR_CONFIG, "%s was made with another config than the one beside it", r->path);
    return err->code;
}

/* Did its files give what they gave then? Results of 0.2.0 do not say, and are not asked. */
static int check_inputs(struct result *r, const struct experiment *x, struct err *err)
{
    char hex[HASH_HEX];
    const char *there, *was;

    if (!x->n_inputs)
        return 0;
    if (result_attr(r, x->name, "inputs", &there, err))
        return err->code;
    for (int i = 0; there && i < x->n_inputs; i++) {
        const char *key = x->input[i].key;

        was = strstr(there, key);
        if (!was || strncmp(was + strlen(key), " ", 1) != 0 ||
            strncmp(was + strlen(key) + 1, hash_hex(hex, x->input[i].hash), HASH_HEX - 1) != 0)
            return err_set(err, ERR_CONFIG,
                           "%s: what experiment %s read from the file of %s has changed since: "
                           "verify with the file that it was made with, or run once more",
                           r->path, x->name, key);
    }
    return 0;
}

int verify_origin(struct result *r, const struct campaign *c, struct err *err)
{
    char model[HASH_HEX], data[HASH_HEX];

    hash_hex(model, c->model->fingerprint);
    hash_hex(data, dataset_fingerprint(&c->data));
    if (check_attribute(r, "model_fingerprint", model, "this model", err) ||
        check_attribute(r, "data_fingerprint", data, "these data", err) || check_config(r, c, err))
        return err->code;
    for (size_t i = 0; i < c->n; i++)
        if (check_inputs(r, &c->x[i], err))
            return err->code;
    return 0;
}

/* Can cells computed here have the bits of the file? */
static int check_library(struct result *r, const struct campaign *c, struct err *err)
{
    if (c->config.run.gemm == GEMM_OPENBLAS)
        return err_set(err, ERR_CONFIG,
                       "%s was made with run.gemm: openblas, whose last bits depend on which rows "
                       "share a product: run it once more and compare with lensweep diff --rtol",
                       r->path);
    return *c->library ? check_attribute(r, "blas", blas_library(), "this machine", err) : 0;
}

/* Drawing ---------------------------------------------------------------------------------- */

/* Cells of a unit. */
static uint64_t weight(const struct unit *u)
{
    return u->work == UNIT_CELLS ? u->n : 0;
}

/* Sets todo[] of the units that hold the drawn cells. */
static int draw(struct verify *v, uint64_t cells, uint64_t seed, unsigned char *todo,
                struct err *err)
{
    const struct campaign *c = v->c;
    uint64_t *end = arena_alloc(&v->scratch, c->n_units, sizeof *end, err), total = 0;
    struct rng r = rng_for(seed, 0, "verify");

    if (!end)
        return err->code;
    for (size_t i = 0; i < c->n_units; i++)
        end[i] = total += weight(&c->unit[i]);
    v->out->cells = cells < total ? cells : total;
    for (size_t i = 0; i < c->n_units && cells >= total; i++)
        todo[i] = weight(&c->unit[i]) > 0;
    for (uint64_t i = 0; i < cells && cells < total; i++) {
        uint64_t cell = rng_below(&r, total);
        size_t lo = 0, hi = c->n_units;

        while (lo < hi) {
            size_t mid = (lo + hi) / 2;

            if (end[mid] <= cell)
                lo = mid + 1;
            else
                hi = mid;
        }
        todo[lo] = 1;
    }
    return 0;
}

static bool needs_all(const struct experiment *x)
{
    for (int i = 0; i < x->n_fields; i++)
        if (x->field[i].hidden && !x->field[i].late && x->kind->fill_late)
            return true;
    return false;
}

/* Units of one query and experiment stand side by side: where those of unit i begin and end. */
static struct span units_beside(const struct campaign *c, size_t i)
{
    const struct unit *u = c->unit;
    size_t lo = i, hi = i + 1;

    while (lo > 0 && u[lo - 1].experiment == u[i].experiment && u[lo - 1].query == u[i].query)
        lo--;
    while (hi < c->n_units && u[hi].experiment == u[i].experiment && u[hi].query == u[i].query)
        hi++;
    return (struct span){(int)lo, (int)hi};
}

static int begin_late(struct verify *v, const struct unit *u, size_t units, struct err *err)
{
    const struct experiment *x = &v->c->x[u->experiment];
    struct late *late = &v->late[v->n_late++];

    *late = (struct late){.experiment = u->experiment, .query = u->query, .left = units};
    for (int i = 0; i < x->n_fields; i++) {
        size_t n = padded_elements(x, &x->field[i]);

        if (!x->field[i].hidden || x->field[i].late)
            continue;
        late->at[i] = arena_alloc(&v->out->arena, n, vtype_size(x->field[i].var.type), err);
        if (!late->at[i])
            return err->code;
        row_fill(x->field[i].var.type, late->at[i], n);
    }
    return 0;
}

/* Which queries have such fields to compare; adds the units that these need to todo[]. */
static int draw_late(struct verify *v, unsigned char *todo, struct err *err)
{
    const struct campaign *c = v->c;

    v->late = arena_alloc(&v->out->arena, c->n_units + 1, sizeof *v->late, err);
    for (size_t i = 0; v->late && i < c->n_units; i++) {
        struct span all = units_beside(c, i);
        size_t units = 0;

        if (!todo[i] || c->unit[i].work != UNIT_CELLS ||
            !c->x[c->unit[i].experiment].kind->fill_late)
            continue;
        for (int k = all.lo; k < all.hi; k++) {
            if (needs_all(&c->x[c->unit[i].experiment]) && c->unit[k].work == UNIT_CELLS)
                todo[k] = 1;
            units += todo[k] && c->unit[k].work == UNIT_CELLS;
        }
        if (begin_late(v, &c->unit[i], units, err))
            return err->code;
        i = (size_t)all.hi - 1;
    }
    return err->code;
}

/* Comparing -------------------------------------------------------------------------------- */

/* The same bits, or no number in both. */
static bool same_value(enum vtype type, const void *a, const void *b)
{
    const float *f = a, *g = b;
    const double *d = a, *e = b;

    return (type == V_F32 && isnan(*f) && isnan(*g)) || (type == V_F64 && isnan(*d) && isnan(*e)) ||
           !memcmp(a, b, vtype_size(type));
}

static const char *value_text(struct arena *a, enum vtype type, const void *p, struct err *err)
{
    switch (type) {
    case V_STR:
        return arena_strdup(a, *(const char *const *)p, err);
    case V_F32:
        return arena_printf(a, err, "%.9g", (double)*(const float *)p);
    case V_F64:
        return arena_printf(a, err, "%.17g", *(const double *)p);
    case V_I1:
        return arena_printf(a, err, "%d", *(const int8_t *)p);
    case V_I4:
        return arena_printf(a, err, "%" PRId32, *(const int32_t *)p);
    case V_I8:
        break;
    }
    return arena_printf(a, err, "%" PRId64, *(const int64_t *)p);
}

/* "layer 3, target answer_1" of the element-th value of a query. */
static const char *place_text(struct verify *v, const struct experiment *x, const struct field *f,
                              size_t element, struct err *err)
{
    struct buf b = {0};
    const char *text = NULL;

    for (int i = 0; i < f->n_axes && !err->code; i++) {
        const struct axis *axis = &x->axis[f->axis[i]];

        if (!buf_printf(&b, err, "%s%s ", b.len ? ", " : "", axis->dim.name))
            axis_put_place(axis, (int64_t)element_place(x, f, element, i), &b, err);
    }
    if (!err->code && buf_str(&b, err))
        text = arena_strdup(&v->out->arena, b.data, err);
    buf_release(&b);
    return text;
}

static int note(struct verify *v, const struct unit *u, const char *variable, const char *place,
                enum vtype type, const void *file, const void *anew, struct err *err)
{
    struct verified *out = v->out;
    const struct query *q = &v->c->data.query[u->query];
    struct difference *d;

    if (!place || out->differ++ >= VERIFY_NAMED)
        return err->code;
    d = &out->difference[out->differ - 1];
    d->variable = arena_printf(&out->arena, err, "%s/%s", v->c->x[u->experiment].name, variable);
    d->query = u->query;
    d->item = arena_strdup(&out->arena, q->item, err);
    d->place = place;
    d->file = value_text(&out->arena, type, file, err);
    d->anew = value_text(&out->arena, type, anew, err);
    return d->variable && d->item && d->file && d->anew ? 0 : err->code;
}

/* A query's values of a written field, as the file has them: (padded) of the field's type. */
static int read_field(struct verify *v, const struct experiment *x, const struct field *f,
                      size_t query, void *to, struct err *err)
{
    const struct h5info *info = catalogue_find(&v->file.all, x->name, f->var.name);
    bool own = !x->of_model; /* an entry of the query's own, among others */
    size_t entry;

    if (!info || info->type != f->var.type || !h5_count(info, own, SIZE_MAX, &entry) ||
        entry != padded_elements(x, f) || !info->rank || (own && info->size[0] != v->c->data.n))
        return err_set(err, ERR_IO, "%s: %s/%s is not there, or has another shape", v->file.path,
                       x->name, f->var.name);
    return h5_read_part(v->file.file, info, f->var.type, query, own ? 1 : info->size[0], to, err);
}

/* The places that the unit fills of one field. */
static int compare_field(struct verify *v, const struct unit *u, const struct field *f,
                         const char *anew, const unsigned char *filled, struct err *err)
{
    const struct experiment *x = &v->c->x[u->experiment];
    size_t n = padded_elements(x, f), width = vtype_size(f->var.type);
    char *there = arena_alloc(&v->scratch, n, width, err);

    if (!there || read_field(v, x, f, u->query, there, err))
        return err->code;
    for (size_t i = 0; i < n; i++, there += width, anew += width) {
        if (!filled[i * width])
            continue;
        v->out->values++;
        if (!same_value(f->var.type, there, anew) &&
            note(v, u, f->var.name, place_text(v, x, f, i, err), f->var.type, there, anew, err))
            return err->code;
    }
    return 0;
}

static int compare_rows(struct verify *v, const struct unit *u, struct cursor rows, struct err *err)
{
    const struct experiment *x = &v->c->x[u->experiment];
    size_t left = rows.size - rows.pos;
    unsigned char *ones = arena_alloc(&v->scratch, left, 1, err);
    void *anew[FIELDS_MAX] = {NULL}, *filled[FIELDS_MAX] = {NULL};
    struct cursor marks = {ones, left, 0, 0};
    int n = v->c->data.query[u->query].n;

    if (!ones || fields_alloc(anew, x, &v->scratch, err) ||
        fields_alloc(filled, x, &v->scratch, err))
        return err->code;
    memset(ones, 1, left);
    cells_scatter(&rows, x, n, u->first, u->n, anew);
    cells_scatter(&marks, x, n, u->first, u->n, filled);
    for (int i = 0; i < x->n_fields; i++)
        if (!x->field[i].late && !x->field[i].hidden &&
            compare_field(v, u, &x->field[i], anew[i], filled[i], err))
            return err->code;
    return rows.bad ? err_set(err, ERR_BUG, "rows of experiment %s are not as planned", x->name)
                    : 0;
}

/* A unit may say why its query goes no further: so must the file. */
static int compare_status(struct verify *v, const struct unit *u, const char *anew, bool *stop,
                          struct err *err)
{
    const char ***status = &v->status[u->experiment], *there;

    if (v->c->x[u->experiment].of_model)
        return *stop = false, 0;
    if (!*status &&
        result_text(&v->file, v->c->x[u->experiment].name, "status", v->c->data.n, status, err))
        return err->code;
    there = (*status)[u->query];
    *stop = *anew || str_eq(there, not_computed);
    if (!*anew || str_eq(there, not_computed))
        return 0;
    v->out->values++;
    return str_eq(there, anew) ? 0 : note(v, u, "status", "", V_STR, &there, &anew, err);
}

/* The fields that are made of the others when results are written, but those of text: they are
   spelled from ids that are compared themselves. */
static int compare_late(struct verify *v, const struct late *late, const struct unit *u,
                        struct err *err)
{
    const struct experiment *x = &v->c->x[late->experiment];
    struct row row = {.x = x, .q = &v->c->data.query[late->query]};

    memcpy(row.at, late->at, sizeof row.at);
    if (fields_alloc(row.at, x, &v->scratch, err))
        return err->code;
    for (int i = 0; i < x->n_fields; i++) {
        const struct field *f = &x->field[i];

        if (f->late)
            row_fill(f->var.type, row.at[i], padded_elements(x, f));
        else if (!f->hidden && read_field(v, x, f, late->query, row.at[i], err))
            return err->code;
    }
    x->kind->fill_late(&row);
    for (int i = 0; i < x->n_fields; i++) {
        const struct field *f = &x->field[i];
        size_t bytes = padded_elements(x, f) * vtype_size(f->var.type);
        unsigned char *all = arena_alloc(&v->scratch, bytes, 1, err);

        if (!all)
            return err->code;
        memset(all, 1, bytes);
        if (f->late && !f->hidden && f->var.type != V_STR &&
            compare_field(v, u, f, row.at[i], all, err))
            return err->code;
    }
    return 0;
}

/* One more unit of a query: its hidden fields are kept until all are there. */
static int take_late(struct verify *v, const struct unit *u, struct cursor rows, bool stop,
                     struct err *err)
{
    const struct experiment *x = &v->c->x[u->experiment];
    void *at[FIELDS_MAX];
    struct late *late = NULL;

    for (size_t i = 0; i < v->n_late; i++)
        if (v->late[i].experiment == u->experiment && v->late[i].query == u->query)
            late = &v->late[i];
    if (!late)
        return 0;
    late->left--;
    late->stop |= stop;
    if (stop || (!needs_all(x) && late->left))
        return 0;
    memcpy(at, late->at, sizeof at);
    if (fields_alloc(at, x, &v->scratch, err))
        return err->code;
    cells_scatter(&rows, x, v->c->data.query[u->query].n, u->first, u->n, at);
    return late->left || late->stop ? 0 : compare_late(v, late, u, err);
}

static int take_cells(struct verify *v, const struct unit_rows *rows, struct err *err)
{
    const struct unit *u = &v->c->unit[rows->unit];
    struct cursor c = {rows->rows, rows->n, 0, 0};
    uint32_t length = cursor_u32(&c);
    const char *text = cursor_take(&c, length);
    bool stop;

    if (u->work != UNIT_CELLS)
        return 0;
    arena_reset(&v->scratch);
    text = arena_strndup(&v->scratch, text ? text : "", text ? length : 0, err);
    if (!text || compare_status(v, u, text, &stop, err))
        return err->code;
    v->out->units++;
    return (!stop && compare_rows(v, u, c, err)) || take_late(v, u, c, stop, err) ? err->code : 0;
}

/* Computing -------------------------------------------------------------------------------- */

static int take_survey(struct verify *v, const struct unit_rows *rows, struct err *err)
{
    return journal_append(v->journal, v->c->unit[rows->unit].key, rows->rows, rows->n, 0, err);
}

static int compute(struct verify *v, const unsigned char *todo,
                   int (*take)(struct verify *v, const struct unit_rows *rows, struct err *err),
                   struct err *err)
{
    struct buf out = {0};
    struct work work;
    double did;

    if (campaign_bundle(v->c, todo, 1, err))
        return err->code;
    work = campaign_work(v->c);
    for (uint64_t i = 0; i < work.n && !err->code; i++) {
        struct cursor at;
        struct unit_rows rows;

        buf_clear(&out);
        if (work.run(work.ctx, i, &out, &did, err))
            break;
        at = (struct cursor){(const unsigned char *)out.data, out.len, 0, 0};
        while (!err->code && bundle_next(v->c, i, &at, &rows))
            take(v, &rows, err);
    }
    buf_release(&out);
    return err->code;
}

/* Each experiment by itself: a run computes all of a query's together, and what shares its waves
   must not matter. */
static int compute_alone(struct verify *v, const unsigned char *todo, struct err *err)
{
    const struct campaign *c = v->c;
    unsigned char *own = arena_alloc(&v->out->arena, c->n_units, 1, err);

    for (size_t e = 0; own && e < c->n && !err->code; e++) {
        for (size_t i = 0; i < c->n_units; i++)
            own[i] = todo[i] && c->unit[i].experiment == e;
        compute(v, own, take_cells, err);
    }
    return err->code;
}

/* What the cells need of the whole data, through a journal that goes away again. */
static int survey(struct verify *v, unsigned char *todo, struct err *err)
{
    char *dir;
    struct journal_stats found;
    struct err ignored = ERR_CLEAR;

    if (!v->c->n_survey || !(dir = file_temp_folder(&v->out->arena, "verify", err)))
        return err->code;
    memset(todo, 1, v->c->n_survey);
    if (!journal_open(&v->journal, dir, &found, err) && !compute(v, todo, take_survey, err) &&
        !journal_sync(v->journal, err))
        campaign_survey(v->c, v->journal, err);
    memset(todo, 0, v->c->n_survey);
    journal_close(v->journal);
    journal_clear(dir, &ignored);
    rmdir(dir);
    return err->code;
}

static int verify(struct verify *v, const char *path, uint64_t cells, uint64_t seed,
                  struct err *err)
{
    struct campaign *c = v->c;
    unsigned char *todo = arena_alloc(&v->out->arena, c->n_units, 1, err);

    v->status = arena_alloc(&v->out->arena, c->n, sizeof *v->status, err);
    if (!todo || !v->status || result_open(&v->file, path, err) ||
        verify_origin(&v->file, c, err) || check_library(&v->file, c, err) ||
        campaign_start(c, (int)c->config.run.threads, err) ||
        (campaign_needs(c) & NEED_VOCAB_STATS &&
         vocab_stats_compute(&c->vocab_stats, &c->engine, &c->arena, err)))
        return err->code;
    return err_if(err, survey(v, todo, err) || draw(v, cells, seed, todo, err) ||
                           draw_late(v, todo, err) || compute_alone(v, todo, err) ||
                           identity_check(c->model, err));
}

int verify_result(struct verified *out, struct campaign *c, const char *path, uint64_t cells,
                  uint64_t seed, struct err *err)
{
    struct verify v = {.c = c, .out = out};

    *out = (struct verified){0};
    verify(&v, path, cells, seed, err);
    result_close(&v.file);
    arena_release(&v.scratch);
    return err->code;
}

void verify_release(struct verified *v)
{
    arena_release(&v->arena);
}
