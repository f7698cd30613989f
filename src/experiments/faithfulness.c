/*
 * How much of a metric the strongest nodes or edges of a sweep carry (docs/methods.md 4): the top k
 * stay as they are, all others are changed together by an operation, at the position of the sweep,
 * and the network runs on.
 * recovered = (m(k) - m(none)) / (m(all) - m(none)), where all is the clean run and none keeps
 * nothing. As a baseline the same for k at random, others for each sample.
 *
 * Several shares may be the same k, and none is k = 0, so cells run over the distinct k; what the
 * file has by share is filled in from them.
 */
#include "experiments/faithfulness.h"

#include "base/rng.h"
#include "experiments/kit/answers.h"

#include <math.h>
#include <string.h>

static const struct choice metrics[] = {{"logit", METRIC_LOGIT},
                                        {"logit_difference", METRIC_DIFFERENCE},
                                        {"recall_mass", METRIC_RECALL},
                                        {"repetition_mass", METRIC_REPETITION},
                                        {"kl", METRIC_KL},
                                        {NULL, 0}};

static const struct config_row rows[] = {
    CONFIG_ROW(struct faithfulness_config, from, "from", config_path, NULL, 0, 0, RUNNING,
               "folder or result file of a finished run with sweeps of the same model"),
    CONFIG_ROW(struct faithfulness_config, groups, "groups", config_strings, NULL, 0, 0, RESULTS,
               "sweeps in it, of site head or mlp: their layers and heads are the nodes; or one of "
               "kind edges"),
    CONFIG_CHOICE(
        struct faithfulness_config, metric, "metric", config_choice, "logit", metrics, RESULTS,
        "what nodes or edges are ranked by, and what is recovered; logit is the target's"),
    CONFIG_ROW(struct faithfulness_config, shares, "shares", config_reals,
               "[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]", 1e-6, 1, RESULTS,
               "rising shares of them that are kept, the strongest first; at least one"),
    OPERATION_ROWS(struct faithfulness_config, op, "resample"),
    SOURCE_ROWS(struct faithfulness_config, op),
};

/* --- opening --- */

static int32_t nodes_kept(double share, size_t n)
{
    double k = floor(share * (double)n + 0.5);

    return k < 1 ? 1 : (int32_t)k;
}

/* k of each share, which rise, and the distinct ones. */
static int count_kept(struct faithfulness *f, const struct real_list *shares, struct arena *a,
                      struct err *err)
{
    f->k = arena_alloc(a, shares->n, sizeof *f->k, err);
    f->kept = arena_alloc(a, shares->n + 1, sizeof *f->kept, err);
    f->at_kept = arena_alloc(a, shares->n, sizeof *f->at_kept, err);
    if (!f->k || !f->kept || !f->at_kept)
        return err->code;
    f->n_kept = 1; /* none */
    for (size_t i = 0; i < shares->n; i++) {
        f->k[i] = nodes_kept(shares->v[i], f->ranking.n);
        if (f->kept[f->n_kept - 1] != f->k[i])
            f->kept[f->n_kept++] = f->k[i];
        f->at_kept[i] = f->n_kept - 1;
    }
    return 0;
}

static int draw_orders(struct experiment *x, struct faithfulness *f, struct err *err)
{
    const size_t n = f->ranking.n;

    f->random = arena_alloc(x->arena, (size_t)f->op.draws * n, sizeof *f->random, err);
    for (size_t s = 0; f->random && s < (size_t)f->op.draws; s++) {
        struct rng r = rng_for((uint64_t)x->scene->config->data.seed, s, "nodes");

        for (size_t i = 0; i < n; i++)
            f->random[s * n + i] = (uint32_t)i;
        rng_shuffle(&r, f->random + s * n, n);
    }
    return err->code;
}

static void check_shares(struct experiment *x, struct problems *problems)
{
    const struct faithfulness_config *c = x->config;

    for (size_t i = 1; i < c->shares.n; i++)
        if (c->shares.v[i] <= c->shares.v[i - 1])
            problem_at(x, "shares", problems, "shares must rise: %g stands after %g",
                       c->shares.v[i], c->shares.v[i - 1]);
}

/* The nodes and their position; what the file lacks is a mistake of the config. */
static int open_ranking(struct experiment *x, struct faithfulness *f, struct problems *problems,
                        struct err *err)
{
    const struct faithfulness_config *c = x->config;
    struct err bad = ERR_CLEAR;

    f->ranking.edges = true;
    if (!ranking_read(&f->ranking, x, c->from, &c->groups, f->metric, &bad))
        place_of_label(&f->place, f->ranking.position, x, &bad);
    if (bad.code)
        return problem_of_file(x, "from", problems, &bad, err);
    if (f->ranking.edges && x->scene->model->layers[0].attn_post.w)
        problem_at(x, "groups", problems,
                   "this model norms what a layer's heads add together, so that they are not a "
                   "sum: a circuit of edges is not defined; take sweeps of heads and MLPs");
    return 0;
}

/* The sites of what may be replaced, for means and spreads. */
static bool *wanted_layers(struct experiment *x, const struct ranking *r, struct err *err)
{
    size_t n = (size_t)x->shape->n_layers + 1;
    bool *wanted = arena_alloc(x->arena, SITE_COUNT * n, sizeof *wanted, err);

    for (size_t i = 0; wanted && i < r->n; i++)
        wanted[(size_t)r->v[i].site * n + (size_t)site_layer(r->v[i].site, r->v[i].layer)] = true;
    return wanted;
}

static int open_operation(struct experiment *x, struct faithfulness *f, struct problems *problems,
                          struct err *err)
{
    const struct faithfulness_config *c = x->config;
    struct operation_scope where = {.places = &f->place, .site = SITE_RESID};

    if (c->op.kind == DO_ADD) {
        problem_at(x, "operation.kind", problems,
                   "heads and MLPs differ in width: add cannot be used with faithfulness");
        return 0;
    }
    where.wanted = wanted_layers(x, &f->ranking, err);
    return err_if(err, !where.wanted || operation_open(&f->op, x, &c->op, &where, problems, err));
}

static int faithfulness_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct faithfulness_config *c = x->config;
    struct faithfulness *f = x->state;
    bool logits = c->metric == METRIC_LOGIT || c->metric == METRIC_DIFFERENCE;

    x->places = &f->place;
    x->chosen = &f->hash;
    f->metric = choice_word(metrics, (int)c->metric);
    f->blurred = c->metric == METRIC_DIFFERENCE || c->metric == METRIC_REPETITION;
    check_shares(x, problems);
    if (open_ranking(x, f, problems, err) || problems->count ||
        open_operation(x, f, problems, err) || problems->count)
        return err->code;
    if (f->ranking.edges)
        x->keep |= site_base_keep(SITE_READ_MLP);
    f->hash = ranking_hash(&f->ranking, x->arena, err);
    if (err->code || add_input(x, "from", f->hash, err))
        return err->code;
    x->words = arena_printf(x->arena, err,
                            "all but {kept} of %zu %s, by the order {order}, %s, at %s, sample "
                            "{sample}",
                            f->ranking.n, f->ranking.edges ? "edges" : "nodes",
                            operation_words(&f->op, x->arena, err), f->ranking.position);
    if (err->code || count_kept(f, &c->shares, x->arena, err) || draw_orders(x, f, err) ||
        faithfulness_declare(x, f, logits ? unit_logit : "nat", err))
        return err->code;
    for (int i = 0; i < x->n_aggregates; i++)
        x->aggregate[i].about_right = c->metric != METRIC_KL;
    return 0;
}

/* --- variants --- */

/* What is kept of a cell. */
struct kept {
    int32_t n;
    bool all;    /* the clean run */
    bool absent; /* no such cell: nothing is kept in either order; there are fewer partners */
};

static struct kept kept_of(const struct experiment *x, const struct cell *cell)
{
    const struct faithfulness *f = x->state;
    struct kept k = {.n = f->kept[cell->index[KEPT]]};

    k.all = k.n == (int32_t)f->ranking.n;
    k.absent = (cell->index[ORDER] == RANDOM && !k.n) ||
               (f->op.kind == DO_RESAMPLE &&
                !operation_source(&f->op, x, cell->q, (int)cell->index[SAMPLE]));
    return k;
}

static int drop(const struct experiment *x, const struct cell *cell, struct dropped *d,
                struct arena *a, struct err *err)
{
    const struct faithfulness *f = x->state;
    const uint32_t *order = f->random + (size_t)cell->index[SAMPLE] * f->ranking.n;
    size_t kept = (size_t)kept_of(x, cell).n;
    const struct node **v;

    d->n = f->ranking.n - kept;
    d->v = v = arena_alloc(a, d->n, sizeof *v, err);
    for (size_t i = 0; v && i < d->n; i++)
        v[i] = &f->ranking.v[cell->index[ORDER] == RANDOM ? order[kept + i] : kept + i];
    return err->code;
}

/* Neighbouring heads of a layer go into one change. */
static int change_nodes(struct change *c, const struct dropped *nodes)
{
    const struct shape *s = c->x->shape;
    size_t wide = (size_t)s->n_heads + 1; /* the last is the MLP */
    bool *changed =
        arena_alloc(c->list.a, (size_t)s->n_layers * wide, sizeof *changed, c->list.err);

    for (size_t i = 0; changed && i < nodes->n; i++)
        changed[(size_t)nodes->v[i]->layer * wide +
                (nodes->v[i]->site == SITE_MLP ? wide - 1 : (size_t)nodes->v[i]->head)] = true;
    for (int l = 0; changed && l < s->n_layers; l++, changed += wide) {
        for (int h = 0, first; h < s->n_heads; h++) {
            for (first = h; h < s->n_heads && changed[h];)
                h++;
            if (h > first &&
                change_push(c, SITE_Z, (struct span){l, l + 1}, (struct span){first, h}))
                return c->list.err->code;
        }
        if (changed[wide - 1] &&
            change_push(c, SITE_MLP, (struct span){l, l + 1}, (struct span){0, 1}))
            return c->list.err->code;
    }
    return c->list.err->code;
}

static int faithfulness_variants(const struct experiment *x, struct cell *cell, struct arena *a,
                                 struct err *err)
{
    const struct faithfulness_config *config = x->config;
    const struct faithfulness *f = x->state;
    struct kept kept = kept_of(x, cell);
    struct dropped dropped;
    struct change c = cell_change(x, cell, (int)cell->index[SAMPLE], a, err);
    bool found;

    cell->n_variants = 0;
    if (kept.all || kept.absent)
        return 0;
    if (change_begin(&c, f->place.v, &found) || !found || drop(x, cell, &dropped, a, err) ||
        (f->ranking.edges ? faithfulness_cut(&c, &dropped, cell) : change_nodes(&c, &dropped)))
        return err->code;
    return cell_ask(cell, x->scene, c.list.v, c.list.n, metric_asks(config->metric), false, a, err);
}

/* --- reducing --- */

static float metric_of(const struct experiment *x, const struct query *q, const float *logit,
                       const float *logprob, float kl)
{
    const struct faithfulness_config *c = x->config;

    if (c->metric == METRIC_LOGIT)
        return q->right < 0 ? NAN : logit[q->right];
    if (c->metric == METRIC_DIFFERENCE)
        return logit_difference(x->data, q, logit);
    if (c->metric == METRIC_KL)
        return kl;
    return answer_mass(x->data, q, logprob, c->metric == METRIC_REPETITION);
}

static int metric_of_run(const struct experiment *x, const struct cell *cell, struct worker *w,
                         float *out, struct err *err)
{
    size_t n = x->data->n_targets;
    float *logit = arena_alloc(w->arena, 2 * n, sizeof *logit, err);

    if (!logit)
        return err->code;
    run_targets(&cell->run[0], cell->q, n, logit, logit + n);
    *out = metric_of(x, cell->q, logit, logit + n, 0);
    return 0;
}

static int faithfulness_query(const struct experiment *x, const struct cell *cell, struct row *row,
                              struct worker *w, struct err *err)
{
    return metric_of_run(x, cell, w, row_f32(row, "metric_clean"), err);
}

static int faithfulness_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                             struct worker *w, struct err *err)
{
    struct kept kept = kept_of(x, cell);
    float *out = row_f32(row, "metric_kept");
    const struct answer *a;

    if (kept.all && !kept.absent)
        return metric_of_run(x, cell, w, out, err);
    if (!cell->n_variants)
        return 0;
    a = cell->variant[0].answer;
    *out = metric_of(x, row->q, a->logit, a->logprob, a->kl);
    return 0;
}

/* From the distinct k to shares. */
static void faithfulness_late(const struct row *row)
{
    const struct experiment *x = row->x;
    const struct faithfulness *f = x->state;
    size_t draws = x->axis[SAMPLE].dim.size, size = draws * sizeof(float);
    const float *by_k = row_f32(row, "metric_kept");
    float *by_share = row_f32(row, "metric");

    for (size_t o = 0; o < ORDERS; o++)
        for (size_t i = 0; i < x->axis[SHARE].dim.size; i++)
            memcpy(by_share + (o * x->axis[SHARE].dim.size + i) * draws,
                   by_k + (o * f->n_kept + f->at_kept[i]) * draws, size);
    memcpy(row_f32(row, "metric_none"), by_k, size);
    partners_late(row);
}

const struct kind kind_faithfulness = {
    .name = "faithfulness",
    .summary = "what of a metric the strongest heads and MLPs, or edges, of a finished sweep carry",
    .also = "circuit; completeness; circuit_evaluation",
    KIND_CONFIG(struct faithfulness_config, rows),
    .state_size = sizeof(struct faithfulness),
    .version = 4,
    .open = faithfulness_open,
    .fill_late = faithfulness_late,
    .keep = KEEP_Z | KEEP_ATTN | KEEP_MLP,
    .variants = faithfulness_variants,
    .edge_check = faithfulness_check,
    .reduce_query = faithfulness_query,
    .reduce_cell = faithfulness_cell,
};
