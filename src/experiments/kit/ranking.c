#include "experiments/kit/ranking.h"

#include "base/hash.h"
#include "base/str.h"
#include "experiments/kit/where.h"
#include "model/model.h"
#include "results/h5file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 128 };

/* A group of the file, as far as it is read; `release` frees it. */
struct sweep {
    struct h5file *file;
    const char *group, *stats;
    enum site site;
    size_t n_layers, n_heads, n_metrics, n_strata;
    double *mean; /* (stratum, layer, [head,] position, metric) */
    double *layer, *head, *template, *step;
    char **dataset, **position, **metric;
};

struct reading {
    struct ranking *out;
    const struct experiment *x;
    const char *metric;
    bool step[STEPS_MAX]; /* steps of the queries at hand */
    size_t cap;
};

static void release(struct sweep *s)
{
    mem_free(s->mean);
    mem_free(s->layer);
    mem_free(s->head);
    mem_free(s->template);
    mem_free(s->step);
    mem_free(s->dataset);
    mem_free(s->position);
    mem_free(s->metric);
}

/* --- what the file has --- */

/* The site of a sweep stands in the keys that it was run with. */
static int read_site(struct sweep *s, struct err *err)
{
    char *kind = NULL, *config = NULL;
    const char *site;

    if (h5_read_attr(s->file, s->group, "kind", &kind, err) ||
        h5_read_attr(s->file, s->group, "config", &config, err))
        goto out;
    site = config ? strstr(config, "\nsite: ") : NULL;
    if (!kind || !str_eq(kind, "ablation") || !site)
        err_set(err, ERR_CONFIG, "group %s is no ablation", s->group);
    else if (!strncmp(site + 7, "head\n", 5))
        s->site = SITE_Z;
    else if (!strncmp(site + 7, "mlp\n", 4))
        s->site = SITE_MLP;
    else
        err_set(err, ERR_CONFIG, "group %s ablates %.*s: nodes are of site head or mlp", s->group,
                (int)strcspn(site + 7, "\n"), site + 7);
out:
    mem_free(kind);
    mem_free(config);
    return err->code;
}

static int not_as_written(const struct sweep *s, const char *name, struct err *err)
{
    return err_set(err, ERR_IO, "%s of %s has another shape than lensweep gives it", name,
                   s->stats);
}

static int read_numbers(struct sweep *s, const char *name, size_t n, double **v, struct err *err)
{
    struct h5info info;

    if (h5_read_f64(s->file, s->stats, name, v, &info, err))
        return err->code;
    return info.rank == 1 && info.size[0] == n ? 0 : not_as_written(s, name, err);
}

static int read_text(struct sweep *s, const char *name, size_t n, char ***v, struct err *err)
{
    struct h5info info;

    if (h5_read_str(s->file, s->stats, name, v, &info, err))
        return err->code;
    return info.rank == 1 && info.size[0] == n ? 0 : not_as_written(s, name, err);
}

/* Configurations of several layers or heads are no nodes: their labels are no numbers. */
static int check_single(struct sweep *s, const char *what, const double *v, size_t n, int most,
                        struct err *err)
{
    const char *name = str_eq(what, "layer") ? "layer_label" : "head_label";
    struct h5info info;
    char **label;

    if (h5_read_str(s->file, s->group, name, &label, &info, err))
        return err->code;
    if (info.rank != 1 || info.size[0] != n)
        not_as_written(s, name, err);
    for (size_t i = 0; i < n && !err->code; i++) {
        char *end;
        long number = strtol(label[i], &end, 10);

        if (*end || end == label[i])
            err_set(err, ERR_CONFIG, "group %s has %s %s together: a ranking needs each %s alone",
                    s->group, what, label[i], what);
        else if (number < 0 || number >= most || (double)number != v[i])
            not_as_written(s, what, err);
    }
    mem_free(label);
    return err->code;
}

static int read_coordinates(struct sweep *s, const struct shape *shape, struct err *err)
{
    if (read_numbers(s, "layer", s->n_layers, &s->layer, err) ||
        check_single(s, "layer", s->layer, s->n_layers, shape->n_layers, err))
        return err->code;
    if (s->site == SITE_Z && (read_numbers(s, "head", s->n_heads, &s->head, err) ||
                              check_single(s, "head", s->head, s->n_heads, shape->n_heads, err)))
        return err->code;
    return read_text(s, "position", 1, &s->position, err) ||
                   read_text(s, "metric", s->n_metrics, &s->metric, err) ||
                   read_text(s, "stratum_dataset", s->n_strata, &s->dataset, err) ||
                   read_numbers(s, "stratum_template", s->n_strata, &s->template, err) ||
                   read_numbers(s, "stratum_step", s->n_strata, &s->step, err)
               ? err->code
               : 0;
}

static int read_sweep(struct sweep *s, const struct shape *shape, struct err *err)
{
    struct h5info v;
    size_t rank;

    if (read_site(s, err) || h5_read_f64(s->file, s->stats, "mean", &s->mean, &v, err))
        return err->code;
    rank = s->site == SITE_Z ? 5 : 4;
    if (v.rank != rank || !str_eq(v.dim[0], "stratum") || !str_eq(v.dim[1], "layer") ||
        !str_eq(v.dim[rank - 2], "position") || !str_eq(v.dim[rank - 1], "metric"))
        return not_as_written(s, "mean", err);
    if (v.size[rank - 2] != 1)
        return err_set(err, ERR_CONFIG,
                       "group %s has %zu positions: a ranking needs a sweep with one", s->group,
                       v.size[rank - 2]);
    s->n_strata = v.size[0];
    s->n_layers = v.size[1];
    s->n_heads = rank == 5 ? v.size[2] : 1;
    s->n_metrics = v.size[rank - 1];
    return read_coordinates(s, shape, err);
}

/* --- a node's effect --- */

static bool is_used(const struct experiment *x, const struct query *q)
{
    return !q->status && !where_skip(x, q);
}

/* The right target of a step's queries; NULL and err if they differ. */
static const char *target_of_step(const struct reading *r, int step, struct err *err)
{
    const struct dataset *ds = r->x->scene->data;
    int right = -1;

    for (size_t i = 0; i < ds->n; i++) {
        const struct query *q = &ds->query[i];

        if (q->step != step || q->right < 0 || !is_used(r->x, q))
            continue;
        if (right >= 0 && q->right != right) {
            err_set(err, ERR_CONFIG,
                    "queries of step %d have %s or %s as target: metric logit cannot rank by both",
                    step, ds->target_name[right], ds->target_name[q->right]);
            return NULL;
        }
        right = q->right;
    }
    if (right < 0)
        err_set(err, ERR_CONFIG, "no query of step %d has a target", step);
    return right < 0 ? NULL : ds->target_name[right];
}

/* The column of the metric at a step; -1 and err if the sweep has not got it. */
static int metric_column(const struct reading *r, const struct sweep *s, int step, struct err *err)
{
    bool logit = str_eq(r->metric, "logit");
    const char *target = logit ? target_of_step(r, step, err) : NULL;

    for (size_t i = 0; i < s->n_metrics && !err->code; i++) {
        const char *name = s->metric[i];

        if (logit ? !strncmp(name, "logit.", 6) && str_eq(name + 6, target)
                  : str_eq(name, r->metric))
            return (int)i;
    }
    if (!err->code)
        err_set(err, ERR_CONFIG, "group %s was swept without metric %s%s%s", s->group, r->metric,
                target ? " of target " : "", target ? target : "");
    return -1;
}

/* The row of a step that averages over most; -1 = the sweep has no such step. */
static int widest_stratum(const struct sweep *s, int step)
{
    int best = -1, most = -1;

    for (size_t i = 0; i < s->n_strata; i++) {
        int wide = (!*s->dataset[i]) + (s->template[i] < 0);

        if ((int)s->step[i] == step && wide > most) {
            best = (int)i;
            most = wide;
        }
    }
    return best;
}

/* Adds each node's effect at one step to sum, and 1 to count where it has one. */
static int add_step(const struct reading *r, const struct sweep *s, int step, double *sum,
                    int *count, struct err *err)
{
    size_t nodes = s->n_layers * s->n_heads;
    int row = widest_stratum(s, step), column = metric_column(r, s, step, err);

    if (column < 0)
        return err->code;
    if (row < 0)
        return err_set(err, ERR_CONFIG, "group %s was swept without queries of step %d", s->group,
                       step);
    for (size_t i = 0; i < nodes; i++) {
        double v = s->mean[((size_t)row * nodes + i) * s->n_metrics + (size_t)column];

        if (isnan(v))
            continue;
        sum[i] += v;
        count[i]++;
    }
    return 0;
}

static bool is_ranked(const struct ranking *r, const struct node *node)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->v[i].site == node->site && r->v[i].layer == node->layer &&
            r->v[i].head == node->head)
            return true;
    return false;
}

static int add_nodes(struct reading *r, const struct sweep *s, const double *sum, const int *count,
                     struct err *err)
{
    struct ranking *out = r->out;
    size_t before = out->n, nodes = s->n_layers * s->n_heads;
    struct node *v = arena_alloc(r->x->arena, before + nodes, sizeof *v, err);

    if (!v)
        return err->code;
    if (before)
        memcpy(v, out->v, before * sizeof *v);
    out->v = v;
    for (size_t i = 0; i < nodes; i++) {
        struct node node = {.site = s->site,
                            .layer = (int)s->layer[i / s->n_heads],
                            .head = s->head ? (int)s->head[i % s->n_heads] : -1,
                            .effect = sum[i] / count[i]}; /* 0 / 0 = NaN */

        out->n = before;
        if (is_ranked(out, &node))
            return err_set(err, ERR_CONFIG, "%s of layer %d stand in two groups, %s is the second",
                           s->site == SITE_MLP ? "MLPs" : "heads", node.layer, s->group);
        v[before + i] = node;
    }
    out->n = before + nodes;
    return 0;
}

static int add_group(struct reading *r, struct h5file *f, const char *group, struct err *err)
{
    struct arena a = {0};
    struct sweep s = {.file = f, .group = group};
    double *sum = NULL;
    int *count = NULL;

    s.stats = arena_printf(&a, err, "%s/stats", group);
    if (!s.stats || read_sweep(&s, &r->x->scene->model->shape, err))
        goto out;
    if (r->out->position && !str_eq(r->out->position, s.position[0])) {
        err_set(err, ERR_CONFIG, "groups were swept at different positions, %s and %s",
                r->out->position, s.position[0]);
        goto out;
    }
    r->out->position = arena_strdup(r->x->arena, s.position[0], err);
    sum = arena_alloc(&a, s.n_layers * s.n_heads, sizeof *sum, err);
    count = arena_alloc(&a, s.n_layers * s.n_heads, sizeof *count, err);
    if (!r->out->position || !sum || !count)
        goto out;
    for (int step = 0; step < STEPS_MAX && !err->code; step++)
        if (r->step[step])
            add_step(r, &s, step, sum, count, err);
    if (!err->code)
        add_nodes(r, &s, sum, count, err);
out:
    release(&s);
    arena_release(&a);
    return err->code;
}

/* --- the ranking --- */

static int compare_numbers(int a, int b)
{
    return (a > b) - (a < b);
}

static int by_effect(const void *pa, const void *pb)
{
    const struct node *a = pa, *b = pb;
    double x = isnan(a->effect) ? -1 : fabs(a->effect), y = isnan(b->effect) ? -1 : fabs(b->effect);

    if (x != y)
        return x > y ? -1 : 1;
    if (a->site != b->site)
        return a->site == SITE_Z ? -1 : 1;
    return a->layer != b->layer ? compare_numbers(a->layer, b->layer)
                                : compare_numbers(a->head, b->head);
}

static int check_model(const struct experiment *x, struct h5file *f, const char *path,
                       struct err *err)
{
    char own[HASH_HEX], *other = NULL;

    if (!x->scene->model->embed.data)
        return 0; /* a plan, without weights to tell models apart by */
    hash_hex(own, x->scene->model->fingerprint);
    if (h5_read_attr(f, "provenance", "model_fingerprint", &other, err))
        return err->code;
    if (!other || !str_eq(own, other))
        err_set(err, ERR_CONFIG, "%s was made with another model than this one", path);
    mem_free(other);
    return err->code;
}

int ranking_read(struct ranking *r, const struct experiment *x, const char *path,
                 const struct string_list *groups, const char *metric, struct err *err)
{
    const struct dataset *ds = x->scene->data;
    struct reading reading = {.out = r, .x = x, .metric = metric};
    const char *file = h5_find(x->arena, path, err);
    struct h5file *f = NULL;

    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < ds->n; i++) {
        int step = ds->query[i].step;

        if (step >= 0 && step < STEPS_MAX && is_used(x, &ds->query[i]))
            reading.step[step] = true;
    }
    if (!file)
        return err->code;
    if (str_ends_with(file, "partial.h5"))
        return err_set(err, ERR_CONFIG, "%s has no finished result.h5", path);
    if (h5_open(&f, file, err) || check_model(x, f, file, err))
        goto out;
    for (size_t i = 0; i < groups->n && !err->code; i++)
        add_group(&reading, f, groups->v[i], err);
    if (r->n)
        qsort(r->v, r->n, sizeof *r->v, by_effect);
    if (!err->code && (!r->n || isnan(r->v[0].effect)))
        err_set(err, ERR_CONFIG, "%s has no effect on %s at the steps of this data", file, metric);
out:
    h5_close(f);
    return err->code;
}

struct hash ranking_hash(const struct ranking *r, struct arena *a, struct err *err)
{
    int32_t *v = arena_alloc(a, 3 * r->n, sizeof *v, err);
    struct hash none = {0, 0};

    for (size_t i = 0; v && i < r->n; i++) {
        v[3 * i] = r->v[i].site;
        v[3 * i + 1] = r->v[i].layer;
        v[3 * i + 2] = r->v[i].head;
    }
    return v ? hash_bytes(v, 3 * r->n * sizeof *v) : none;
}
