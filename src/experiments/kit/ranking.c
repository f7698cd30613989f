#include "experiments/kit/ranking.h"

#include "base/hash.h"
#include "base/outdir.h"
#include "base/str.h"
#include "experiments/kit/where.h"
#include "model/model.h"
#include "results/average.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 128 };

/* A group of the file that is a sweep over nodes. */
struct node_sweep {
    const char *group;
    bool edges;
    enum site site;
    const struct headline *headline;
    struct average mean;      /* (layer, [head,] position, metric), or (edge, position, metric) */
    size_t n_layers, n_heads; /* edges: how many they are, and 1 */
    int *layer, *head;        /* the labels as numbers; head NULL = the site has none */
};

struct reading {
    struct ranking *out; /* of the ranking that is made */
    const struct experiment *x;
    struct result *result;
    const char *metric;
    bool edges;           /* they will do as well */
    bool step[STEPS_MAX]; /* steps of the queries at hand */
};

/* --- what the file has --- */

/* The headline that has the effects of single configurations, each metric apart. */
static int find_effects(struct node_sweep *s, const struct reading *r, struct err *err)
{
    const struct result_group *g = result_find(r->result, s->group);

    s->edges = g && r->edges && result_graph(g);
    for (size_t i = 0; g && i < g->headlines.n; i++)
        if ((g->headlines.v[i].whole || s->edges) && g->headlines.v[i].apart)
            s->headline = &g->headlines.v[i];
    if (s->headline)
        return 0;
    if (!g)
        return err_set(err, ERR_CONFIG, "%s has no group %s of an experiment", r->result->path,
                       s->group);
    if (result_graph(g))
        return err_set(err, ERR_CONFIG,
                       "group %s has edges, which are ranked alone, and only as they are in one "
                       "group: name that, or sweeps of kind ablation",
                       s->group);
    return err_set(err, ERR_CONFIG,
                   "group %s has no effects to rank nodes by: name a sweep of kind ablation over "
                   "heads or MLPs, one at a time (if an earlier lensweep wrote the file, run the "
                   "same command again)",
                   s->group);
}

static int read_site(struct node_sweep *s, const struct reading *r, struct err *err)
{
    const char *site;

    if (s->edges)
        return 0;
    if (result_attr(r->result, s->group, "site", &site, err))
        return err->code;
    if (site && str_eq(site, "head"))
        s->site = SITE_Z;
    else if (site && str_eq(site, "mlp"))
        s->site = SITE_MLP;
    else
        return err_set(err, ERR_CONFIG, "group %s ablates %s: nodes are of site head or mlp",
                       s->group, site ? site : "nothing");
    return 0;
}

/* Configurations of several layers or heads together are not nodes: labels are not numbers. */
static int read_numbers(const struct node_sweep *s, const struct reading *r,
                        const struct average_dim *d, int most, int **out, struct err *err)
{
    *out = arena_alloc(&r->result->arena, d->size, sizeof **out, err);
    for (size_t i = 0; *out && i < d->size && !err->code; i++) {
        char *end;
        long number = strtol(d->label[i], &end, 10);

        if (*end || end == d->label[i])
            err_set(err, ERR_CONFIG, "group %s has %s %s together: a ranking needs each %s alone",
                    s->group, d->name, d->label[i], d->name);
        else if (number < 0 || number >= most)
            err_set(err, ERR_IO, "group %s has %s %ld, the model has %d", s->group, d->name, number,
                    most);
        (*out)[i] = (int)number;
    }
    return err->code;
}

static int read_sweep(struct node_sweep *s, const struct reading *r, struct err *err)
{
    struct average *a = &s->mean;
    bool heads;

    if (find_effects(s, r, err) || read_site(s, r, err) ||
        average_open(a, r->result, s->group, s->headline->inside, s->headline->variable, err))
        return err->code;
    heads = !s->edges && s->site == SITE_Z;
    if (a->n_dims != (heads ? 4 : 3) || average_dim(a, s->edges ? "edge" : "layer") != 0 ||
        (heads && average_dim(a, "head") != 1) || average_dim(a, "position") != a->n_dims - 2 ||
        average_dim(a, s->headline->apart) != a->n_dims - 1)
        return err_set(err, ERR_IO, "%s/%s does not have the dimensions of a sweep over nodes",
                       s->group, s->headline->variable);
    if (a->dim[a->n_dims - 2].size != 1)
        return err_set(err, ERR_CONFIG,
                       "group %s has %zu positions: a ranking needs a sweep with one", s->group,
                       a->dim[a->n_dims - 2].size);
    s->n_layers = a->dim[0].size;
    s->n_heads = heads ? a->dim[1].size : 1;
    if (s->edges)
        return 0;
    return err_if(
        err, read_numbers(s, r, &a->dim[0], r->x->shape->n_layers, &s->layer, err) ||
                 (heads && read_numbers(s, r, &a->dim[1], r->x->shape->n_heads, &s->head, err)));
}

/* --- a node's effect --- */

static bool is_used(const struct experiment *x, const struct query *q)
{
    return !q->status && !where_skip(x, q);
}

/* The right target of a step's queries; NULL and err if they differ. */
static const char *target_of_step(const struct reading *r, int step, struct err *err)
{
    const struct dataset *ds = r->x->data;
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

/* The entry of the metric at a step; SIZE_MAX and err if the sweep does not have it. */
static size_t metric_of_step(const struct reading *r, const struct node_sweep *s, int step,
                             struct err *err)
{
    const struct average_dim *d = &s->mean.dim[s->mean.n_dims - 1];
    const char *whole = s->edges ? "logit." : s->headline->whole;
    bool logit = !strncmp(whole, r->metric, strlen(r->metric)) && whole[strlen(r->metric)] == '.';
    const char *target = logit ? target_of_step(r, step, err) : "";

    size_t i = err->code ? 0 : average_entry(d, logit ? whole : "", logit ? target : r->metric);

    if (!err->code && i < d->size)
        return i;
    if (!err->code)
        err_set(err, ERR_CONFIG, "group %s was swept without metric %s%s%s", s->group, r->metric,
                *target ? " of target " : "", target);
    return SIZE_MAX;
}

/* Adds each node's effect at one step to sum, and 1 to count where it has one. */
static int add_step(const struct reading *r, struct node_sweep *s, int step, double *sum,
                    int *count, struct err *err)
{
    struct average *a = &s->mean;
    size_t metric = metric_of_step(r, s, step, err), metrics = a->dim[a->n_dims - 1].size, row = 0;

    if (metric == SIZE_MAX)
        return err->code;
    while (row < a->n_strata && !(a->stratum[row].widest && a->stratum[row].step == step))
        row++;
    if (row == a->n_strata)
        return err_set(err, ERR_CONFIG, "group %s was swept without queries of step %d", s->group,
                       step);
    if (average_seek(a, row, err))
        return err->code;
    for (size_t i = 0; i < s->n_layers * s->n_heads; i++) {
        double v = average_get(a, STAT_MEAN, i * metrics + metric);

        if (isnan(v))
            continue;
        sum[i] += v;
        count[i]++;
    }
    return 0;
}

/* --- edges --- */

/* Is this an edge of the model, upwards? */
static bool is_edge_of(const struct node *e, const struct shape *s)
{
    bool logits = e->to.site == SITE_RESID, embedding = e->site == SITE_RESID;

    return e->site < SITE_COUNT && e->to.site < SITE_COUNT &&
           (embedding ? e->layer == -1 : e->layer >= 0) &&
           e->head < (e->site == SITE_Z ? s->n_heads : 0) && (e->site != SITE_Z || e->head >= 0) &&
           (logits ? e->to.layer == s->n_layers : e->to.layer < s->n_layers) &&
           e->to.head < site_parts(s, e->to.site) &&
           (!site_parts(s, e->to.site) || e->to.head >= 0) &&
           edge_joins(s, &(struct edge_end){e->site, e->layer, e->head, NULL}, &e->to);
}

static int add_edges(struct reading *r, const struct node_sweep *s, const double *sum,
                     const int *count, struct err *err)
{
    size_t n = s->n_layers;
    const char **name[2];
    double *layer[2], *head[2];

    if (result_text(r->result, s->group, "sender", n, &name[0], err) ||
        result_text(r->result, s->group, "receiver", n, &name[1], err) ||
        result_numbers(r->result, s->group, "sender_layer", n, &layer[0], err) ||
        result_numbers(r->result, s->group, "receiver_layer", n, &layer[1], err) ||
        result_numbers(r->result, s->group, "sender_head", n, &head[0], err) ||
        result_numbers(r->result, s->group, "receiver_head", n, &head[1], err))
        return err->code;
    r->out->v = arena_alloc(r->x->arena, n, sizeof *r->out->v, err);
    for (size_t i = 0; r->out->v && i < n; i++) {
        struct node *e = &r->out->v[i];

        *e = (struct node){
            .site = edge_site(name[0][i], false),
            .layer = (int)layer[0][i],
            .head = (int)head[0][i],
            .to = {edge_site(name[1][i], true), (int)layer[1][i], (int)head[1][i], NULL},
            .at = i,
            .effect = sum[i] / count[i]};
        if (e->to.site == SITE_RESID)
            e->to.layer = r->x->shape->n_layers;
        if (!is_edge_of(e, r->x->shape))
            return err_set(err, ERR_IO, "%s/edge: \"%s > %s\" is not an edge of this model",
                           s->group, name[0][i], name[1][i]);
    }
    r->out->n = n;
    return err->code;
}

/* --- nodes --- */

/* Heads first, then by layer and head. */
static size_t at_of(const struct reading *r, const struct node_sweep *s, size_t i)
{
    size_t layer = (size_t)s->layer[i / s->n_heads];

    return s->head ? layer * (size_t)r->x->shape->n_heads + (size_t)s->head[i % s->n_heads]
                   : (size_t)r->x->shape->n_layers * (size_t)r->x->shape->n_heads + layer;
}

static int add_nodes(struct reading *r, const struct node_sweep *s, const double *sum,
                     const int *count, struct err *err)
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
                            .layer = s->layer[i / s->n_heads],
                            .head = s->head ? s->head[i % s->n_heads] : -1,
                            .at = at_of(r, s, i),
                            .effect = sum[i] / count[i]}; /* 0 / 0 = NaN */

        for (size_t k = 0; k < before; k++)
            if (v[k].at == node.at)
                return err_set(err, ERR_CONFIG,
                               "%s of layer %d are in two groups, %s is the second",
                               s->site == SITE_MLP ? "MLPs" : "heads", node.layer, s->group);
        v[before + i] = node;
    }
    out->n = before + nodes;
    return 0;
}

static int add_group(struct reading *r, const char *group, struct err *err)
{
    struct node_sweep s = {.group = group};
    const char *position;
    double *sum = NULL;
    int *count = NULL;

    if (read_sweep(&s, r, err))
        goto out;
    position = s.mean.dim[s.mean.n_dims - 2].label[0];
    if (r->out->position && !str_eq(r->out->position, position)) {
        err_set(err, ERR_CONFIG, "groups were swept at different positions, %s and %s",
                r->out->position, position);
        goto out;
    }
    r->out->position = arena_strdup(r->x->arena, position, err);
    sum = arena_alloc(&r->result->arena, s.n_layers * s.n_heads, sizeof *sum, err);
    count = arena_alloc(&r->result->arena, s.n_layers * s.n_heads, sizeof *count, err);
    if (!r->out->position || !sum || !count)
        goto out;
    for (int step = 0; step < STEPS_MAX && !err->code; step++)
        if (r->step[step])
            add_step(r, &s, step, sum, count, err);
    r->out->edges = s.edges;
    if (!err->code)
        (s.edges ? add_edges : add_nodes)(r, &s, sum, count, err);
out:
    average_close(&s.mean);
    return err->code;
}

/* The one group of the file that is a sweep of heads. */
static const char *only_sweep(const struct reading *r, struct err *err)
{
    const char *found = NULL;

    for (size_t i = 0; i < r->result->n_groups && !err->code; i++) {
        struct node_sweep s = {.group = r->result->group[i].name};
        struct err other = ERR_CLEAR;

        if (find_effects(&s, r, &other) || read_site(&s, r, &other) || s.site != SITE_Z)
            continue;
        if (found)
            err_set(err, ERR_CONFIG, "%s has several sweeps of heads, %s and %s: name one",
                    r->result->path, found, s.group);
        found = s.group;
    }
    if (!found)
        err_set(err, ERR_CONFIG, "%s has no sweep of heads: a group of kind ablation, site head",
                r->result->path);
    return found;
}

/* --- the ranking --- */

static int by_effect(const void *pa, const void *pb)
{
    const struct node *a = pa, *b = pb;
    double x = isnan(a->effect) ? -1 : fabs(a->effect), y = isnan(b->effect) ? -1 : fabs(b->effect);

    if (x != y)
        return x > y ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static int check_model(const struct experiment *x, struct result *r, struct err *err)
{
    char own[HASH_HEX], files[HASH_HEX];
    const char *other;

    if (!x->scene->model->embed.data)
        return 0; /* a plan, without weights to tell models apart by */
    hash_hex(own, x->scene->model->fingerprint);
    hash_hex(files, x->scene->model->files_hash); /* random weights: what the model's ranked */
    if (result_attr(r, "provenance", "model_fingerprint", &other, err))
        return err->code;
    if (!other || !(str_eq(own, other) || str_eq(files, other)))
        err_set(err, ERR_CONFIG, "%s was made with a different model", r->path);
    return err->code;
}

int ranking_read(struct ranking *r, const struct experiment *x, const char *path,
                 const struct string_list *groups, const char *metric, struct err *err)
{
    struct result result = {0};
    struct reading reading = {
        .out = r, .x = x, .metric = metric, .result = &result, .edges = r->edges && groups->n == 1};

    *r = (struct ranking){.n = 0};
    for (size_t i = 0; i < x->data->n; i++) {
        int step = x->data->query[i].step;

        if (step >= 0 && step < STEPS_MAX && is_used(x, &x->data->query[i]))
            reading.step[step] = true;
    }
    if (result_open(&result, path, err))
        goto out;
    if (str_ends_with(result.path, OUTDIR_PARTIAL))
        err_set(err, ERR_CONFIG, "%s has no finished result.h5", path);
    else
        check_model(x, &result, err);
    for (size_t i = 0; i < groups->n && !err->code; i++)
        add_group(&reading, groups->v[i], err);
    if (!groups->n && !err->code) {
        const char *only = only_sweep(&reading, err);

        if (!err->code)
            add_group(&reading, only, err);
    }
    if (r->n)
        qsort(r->v, r->n, sizeof *r->v, by_effect);
    if (!err->code && (!r->n || isnan(r->v[0].effect)))
        err_set(err, ERR_CONFIG, "%s has no effect on %s at the steps of this data", result.path,
                metric);
out:
    result_close(&result);
    return err->code;
}

struct hash ranking_hash(const struct ranking *r, struct arena *a, struct err *err)
{
    enum { EACH = 6 };
    int32_t *v = arena_alloc(a, EACH * r->n, sizeof *v, err);
    struct hash none = {0, 0};

    for (size_t i = 0; v && i < r->n; i++) {
        const struct node *e = &r->v[i];
        const int32_t all[EACH] = {e->site, e->layer, e->head, e->to.site, e->to.layer, e->to.head};

        memcpy(v + EACH * i, all, sizeof all);
    }
    return v ? hash_bytes(v, EACH * r->n * sizeof *v) : none;
}
