#include "campaign/audit.h"

#include "base/rng.h"
#include "engine/lens.h"
#include "experiments/kit/answers.h"

#include <math.h>

const char *const audit_names[AUDIT_COUNT] = {
#define X(name, label, text) label,
    AUDITS(X)
#undef X
};

/* max |a - b| over targets that the query has, as a share of max |b|. */
static double distance(const struct query *q, int n, const float *a, const float *b)
{
    double most = 0, size = 0;

    for (int i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);

        if (q->target[i] < 0)
            continue;
        most = d > most || isnan(d) ? d : most;
        size = fmax(size, fabs((double)b[i]));
    }
    return size > 0 ? most / size : most;
}

static int run_logits(float **out, const struct experiment *x, const struct query *q,
                      const struct run *run, struct arena *a, struct err *err)
{
    size_t n = x->scene->data->n_targets;

    *out = arena_alloc(a, n, sizeof **out, err);
    for (size_t i = 0; *out && i < n; i++)
        (*out)[i] = q->target[i] < 0 ? NAN : run->logits[q->target[i]];
    return *out ? 0 : err->code;
}

static int check_parts(double *worst, struct worker *w, const struct experiment *x,
                       const struct query *q, const struct run *run, struct err *err)
{
    const struct shape *s = &x->scene->model->shape;
    size_t targets = x->scene->data->n_targets, n = 2 * (size_t)s->n_layers + 2, i = 0;
    const float **r = arena_alloc(w->arena, n, sizeof *r, err);
    float *zero = arena_alloc(w->arena, (size_t)s->d_model, sizeof *zero, err);
    bool *whole = arena_alloc(w->arena, n, sizeof *whole, err);
    float *rms = arena_alloc(w->arena, n, sizeof *rms, err), *want;
    float *part = arena_alloc(w->arena, n * targets, sizeof *part, err);
    float *sum = arena_alloc(w->arena, targets, sizeof *sum, err);
    struct lens_ask ask = {.id = q->target, .n_ids = (int)targets, .logit = part, .whole = whole};

    if (!r || !zero || !whole || !rms || !part || !sum ||
        run_logits(&want, x, q, run, w->arena, err))
        return err->code;
    r[i++] = run_row(run, s, SITE_RESID, 0, run->n - 1);
    for (int l = 0; l < s->n_layers; l++) {
        r[i++] = run_row(run, s, SITE_ATTN, l, run->n - 1);
        r[i++] = run_row(run, s, SITE_MLP, l, run->n - 1);
    }
    whole[i] = true; /* the biases alone */
    r[i++] = zero;
    for (i = 0; i < n; i++)
        rms[i] = run->rms;
    engine_decode(w->engine, (int)n, r, rms, NULL, &ask);
    for (size_t k = 0; k < targets; k++) {
        double total = 0;

        for (i = 0; i < n; i++)
            total += (double)part[i * targets + k];
        sum[k] = (float)total;
    }
    *worst = distance(q, (int)targets, sum, want);
    return 0;
}

/* An edit that puts back what is there. */
struct noop_check {
    struct edit edit;
    struct variant v;
};

static void noop_check(struct noop_check *check, const struct shape *s, const struct run *run,
                       struct answer *answer)
{
    int middle = s->n_layers / 2;

    check->edit = (struct edit){.site = SITE_RESID,
                                .op = OP_SCALE,
                                .layer = {middle, middle + 1},
                                .tok = {run->n - 1, run->n},
                                .scale = 1};
    check->v = (struct variant){
        .base = run, .edit = &check->edit, .n_edits = 1, .asks = ASK_VOCAB, .answer = answer};
}

/* The engine leaves out such edits; here it is made to run one. */
static int check_noop(double *worst, struct worker *w, const struct experiment *x,
                      const struct query *q, const struct run *run, struct err *err)
{
    struct answer *answer = answer_new(x->scene, q, false, w->arena, err);
    struct noop_check check;
    float *want;

    if (!answer || run_logits(&want, x, q, run, w->arena, err))
        return err->code;
    noop_check(&check, &x->scene->model->shape, run, answer);
    w->engine->run_noops = true;
    engine_run(w->engine, &check.v, 1);
    w->engine->run_noops = false;
    *worst = distance(q, answer->n_targets, answer->logit, want);
    return 0;
}

/* The variant that a check of executors is about: of the group `queries` the clean run, else one of
   a random cell; false if it asks for no logits. w: NULL in plans. */
static bool pick(struct variant *v, struct worker *w, const struct experiment *x, size_t query,
                 const struct run *run, uint64_t check, struct arena *a, struct err *err)
{
    const struct query *q = &x->scene->data->query[query];
    struct rng rng = rng_for((uint64_t)x->scene->config->data.seed, q->fingerprint.lo, "audit");
    struct cell cell = {.query = query, .run = run};
    uint64_t at = 0;

    if (x->kind == kinds[0] && check == 1)
        *v = (struct variant){.ids = q->ids, .n = q->n, .asks = ASK_VOCAB};
    if (!x->kind->variants)
        return x->kind == kinds[0] && check == 1;
    for (uint64_t i = 0; i < check; i++)
        at = rng_below(&rng, query_cells(x, q->n));
    cell_index(x, q->n, at, cell.index);
    if (w && x->kind->prepare && x->kind->prepare(x, &cell, at, 1, w, &cell.prepared, err))
        return false;
    if (x->kind->variants(x, &cell, a, err) || !cell.n_variants)
        return false;
    *v = cell.variant[rng_below(&rng, (uint64_t)cell.n_variants)];
    v->asks &= ASK_VOCAB | ASK_LOGITS;
    return v->asks != 0;
}

/* By one of the executors. */
static int logits_by(struct worker *w, bool naive, struct variant v, const struct experiment *x,
                     const struct query *q, const float **logit, struct err *err)
{
    bool was = w->engine->naive;

    v.answer = answer_new(x->scene, q, false, w->arena, err);
    if (!v.answer)
        return err->code;
    w->engine->naive = naive;
    engine_run(w->engine, &v, 1);
    w->engine->naive = was;
    *logit = v.answer->logit;
    return 0;
}

static int check_forked(double *worst, struct worker *w, const struct experiment *x,
                        const struct query *q, const struct run *run, const struct variant *v,
                        struct err *err)
{
    const float *own, *other;
    float *clean;

    if (logits_by(w, !w->engine->naive, *v, x, q, &other, err) ||
        (v->base ? logits_by(w, w->engine->naive, *v, x, q, &own, err)
                 : run_logits(&clean, x, q, run, w->arena, err)))
        return err->code;
    *worst = distance(q, (int)x->scene->data->n_targets, v->base ? own : clean, other);
    return 0;
}

static uint64_t parts_flops(const struct experiment *x)
{
    const struct shape *s = &x->scene->model->shape;

    return 2 * (2 * (uint64_t)s->n_layers + 1) * (uint64_t)s->d_model * x->scene->data->n_targets;
}

int audit_cost(struct cost *sum, const struct experiment *x, size_t query, const struct run *run,
               uint64_t check, struct arena *a, struct err *err)
{
    const struct shape *s = &x->scene->model->shape;
    struct answer targets = {.n_targets = (int)x->scene->data->n_targets};
    struct noop_check noop;
    struct variant v;

    if (!check && x->kind == kinds[0]) {
        noop_check(&noop, s, run, &targets);
        sum->flops += variant_flops(&noop.v, s) + parts_flops(x);
        sum->variants++;
    }
    if (check && pick(&v, NULL, x, query, run, check, a, err)) {
        v.answer = &targets;
        sum->flops += (v.base ? variant_flops(&v, s) : 0) + variant_flops_naive(&v, s);
        sum->variants++;
    }
    return err->code;
}

int audit_run(double worst[AUDIT_COUNT], struct worker *w, const struct experiment *x, size_t query,
              const struct run *run, uint64_t check, struct cost *sum, struct err *err)
{
    const struct query *q = &x->scene->data->query[query];
    struct variant v;

    for (int i = 0; i < AUDIT_COUNT; i++)
        worst[i] = (double)NAN;
    if (audit_cost(sum, x, query, run, check, w->arena, err))
        return err->code;
    if (!check)
        return err_if(err, check_parts(&worst[AUDIT_PARTS], w, x, q, run, err) ||
                               check_noop(&worst[AUDIT_NOOP], w, x, q, run, err));
    return pick(&v, w, x, query, run, check, w->arena, err)
               ? check_forked(&worst[AUDIT_FORKED], w, x, q, run, &v, err)
               : err->code;
}
