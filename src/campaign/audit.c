#include "campaign/audit.h"

#include "base/rng.h"
#include "engine/lens.h"
#include "experiments/kit/answers.h"
#include "experiments/kit/direct.h"
#include "experiments/kit/edge_check.h"

#include <math.h>

const char *const audit_names[AUDIT_COUNT] = {
#define X(name, label, text) label,
    AUDITS(X)
#undef X
};

double audit_tolerance(enum audit audit, bool blas)
{
    return audit == AUDIT_EDGES && !blas ? 0 : AUDIT_TOLERANCE;
}

/* max |a - b| over targets that the query has, infinite if one of the two is not finite; as a share
   of max |b|, or of the root mean square of the clean run's logits where that is more: rounding
   follows the size of what is added up, and a logit may be near 0 by chance. */
static double distance(const struct experiment *x, const struct query *q, const struct run *run,
                       const float *a, const float *b)
{
    int n = (int)x->data->n_targets, vocab = x->shape->vocab;
    double most = 0, size = 0;

    for (int i = 0; i < vocab; i++)
        size += (double)run->logits[i] * (double)run->logits[i] / vocab;
    size = sqrt(size);
    for (int i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);

        if (q->target[i] < 0 || (!isfinite(a[i]) && !isfinite(b[i])))
            continue;
        most = isfinite(d) ? fmax(most, d) : INFINITY;
        size = fmax(size, fabs((double)b[i]));
    }
    return size > 0 && isfinite(most) ? most / size : most;
}

static int run_logits(float **out, const struct experiment *x, const struct query *q,
                      const struct run *run, struct arena *a, struct err *err)
{
    size_t n = x->data->n_targets;

    *out = arena_alloc(a, n, sizeof **out, err);
    for (size_t i = 0; *out && i < n; i++)
        (*out)[i] = q->target[i] < 0 ? NAN : run->logits[q->target[i]];
    return *out ? 0 : err->code;
}

static int check_parts(double *worst, struct worker *w, const struct experiment *x,
                       const struct query *q, const struct run *run, struct err *err)
{
    const struct shape *s = x->shape;
    size_t targets = x->data->n_targets, n = 2 * (size_t)s->n_layers + 2, i = 0;
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
    *worst = distance(x, q, run, sum, want);
    return 0;
}

/* By one of the executors, which here leaves nothing out. */
static const struct answer *answer_by(struct worker *w, bool naive, struct variant v,
                                      const struct experiment *x, const struct query *q,
                                      struct err *err)
{
    bool was = w->engine->naive;

    v.answer = answer_new(x->scene, q, false, w->arena, err);
    if (!v.answer)
        return NULL;
    w->engine->naive = naive;
    w->engine->run_noops = true;
    engine_run(w->engine, &v, 1);
    w->engine->run_noops = false;
    w->engine->naive = was;
    return v.answer;
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

static int check_noop(double *worst, struct worker *w, const struct experiment *x,
                      const struct query *q, const struct run *run, struct err *err)
{
    const struct answer *answer;
    struct noop_check check;
    float *want;

    noop_check(&check, x->shape, run, NULL);
    if (run_logits(&want, x, q, run, w->arena, err) ||
        !(answer = answer_by(w, w->engine->naive, check.v, x, q, err)))
        return err->code;
    *worst = distance(x, q, run, answer->logit, want);
    return 0;
}

/* The variant that a check of executors is about: of the group `queries` the clean run, else one of
   a random cell; false if it asks for no logits. w: NULL in plans. */
static bool pick(struct variant *v, struct worker *w, const struct experiment *x,
                 const struct query *q, const struct run *run, uint64_t check, struct arena *a,
                 struct err *err)
{
    struct rng rng = rng_for((uint64_t)x->scene->config->data.seed, q->fingerprint.lo, "audit");
    struct cell cell = {.q = q, .run = run};
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
    v->asks &= ASK_TARGETS;
    return v->asks != 0;
}

static int check_forked(double *worst, struct worker *w, const struct experiment *x,
                        const struct query *q, const struct run *run, const struct variant *v,
                        struct err *err)
{
    const struct answer *other = answer_by(w, !w->engine->naive, *v, x, q, err);
    const struct answer *own = v->base ? answer_by(w, w->engine->naive, *v, x, q, err) : NULL;
    float *clean;

    if (err->code || (!own && run_logits(&clean, x, q, run, w->arena, err)))
        return err->code;
    *worst = distance(x, q, run, own ? own->logit : clean, other->logit);
    return 0;
}

/* --- edges --- */

/* What identity `check` is about; k->n = 0: nothing. w: NULL in plans. */
static int pick_edges(struct edge_check *k, struct worker *w, const struct experiment *x,
                      const struct query *q, const struct run *run, uint64_t check, struct arena *a,
                      struct err *err)
{
    struct cell cell = {.q = q, .run = run};

    *k = (struct edge_check){.which = (enum edge_identity)(check - AUDIT_CELLS), .a = a};
    k->rng = rng_for((uint64_t)x->scene->config->data.seed + check, q->fingerprint.lo, "edges");
    return x->kind->edge_check ? x->kind->edge_check(x, &cell, w, k, err) : 0;
}

/* The clean logits and what the sender changes in them directly. */
static int direct_logits(float *logit, struct worker *w, const struct experiment *x,
                         const struct query *q, const struct edge_check *k, struct err *err)
{
    size_t n = x->data->n_targets;
    const struct direct_change change = {.run = k->patched.base,
                                         .edit = k->patched.edit,
                                         .n_edits = k->patched.n_edits,
                                         .site = k->sender.site};
    float *effect = arena_alloc(w->arena, 2 * n, sizeof *effect, err);

    if (!effect || direct_effects(w, x->scene, q, &change, effect + n, effect, err))
        return err->code;
    for (size_t i = 0; i < n; i++)
        logit[i] += effect[i];
    return 0;
}

static int check_edges(double worst[AUDIT_COUNT], struct worker *w, const struct experiment *x,
                       const struct query *q, const struct run *run, const struct edge_check *k,
                       struct err *err)
{
    bool naive = w->engine->naive;
    double *out = &worst[AUDIT_EDGES + k->which];
    const struct answer *have = answer_by(w, naive, k->edges, x, q, err), *want = NULL;
    float *logit;

    if (!have || run_logits(&logit, x, q, run, w->arena, err) ||
        (k->which == EDGES_DIRECT && direct_logits(logit, w, x, q, k, err)) ||
        (k->which == EDGES_SENDER && !(want = answer_by(w, naive, k->patched, x, q, err))))
        return err->code;
    *out = distance(x, q, run, have->logit, want ? want->logit : logit);
    if (k->which == EDGES_NOTHING) /* no logit of the vocabulary has changed */
        *out = isfinite(have->kl) ? fmax(*out, fabs((double)have->kl)) : INFINITY;
    return 0;
}

static uint64_t parts_flops(const struct experiment *x)
{
    return 2 * (2 * (uint64_t)x->shape->n_layers + 1) * (uint64_t)x->shape->d_model *
           x->data->n_targets;
}

static int edges_cost(struct cost *sum, const struct experiment *x, const struct query *q,
                      const struct run *run, uint64_t check, struct arena *a, struct err *err)
{
    struct answer targets = {.n_targets = (int)x->data->n_targets};
    struct edge_check k;

    if (pick_edges(&k, NULL, x, q, run, check, a, err) || !k.n)
        return err->code;
    k.edges.answer = k.patched.answer = &targets;
    sum->flops += variant_flops(&k.edges, x->shape);
    sum->flops += k.which == EDGES_SENDER ? variant_flops(&k.patched, x->shape) : 0;
    sum->variants++;
    return 0;
}

int audit_cost(struct cost *sum, const struct experiment *x, const struct query *q,
               const struct run *run, uint64_t check, struct arena *a, struct err *err)
{
    const struct shape *s = x->shape;
    struct answer targets = {.n_targets = (int)x->data->n_targets};
    struct noop_check noop;
    struct variant v;

    if (check >= AUDIT_CELLS)
        return edges_cost(sum, x, q, run, check, a, err);
    if (!check && x->kind == kinds[0]) {
        noop_check(&noop, s, run, &targets);
        sum->flops += variant_flops(&noop.v, s) + parts_flops(x);
        sum->variants++;
    }
    if (check && pick(&v, NULL, x, q, run, check, a, err)) {
        v.answer = &targets;
        sum->flops += (v.base ? variant_flops(&v, s) : 0) + variant_flops_naive(&v, s);
        sum->variants++;
    }
    return err->code;
}

int audit_run(double worst[AUDIT_COUNT], struct worker *w, const struct experiment *x,
              const struct query *q, const struct run *run, uint64_t check, struct cost *sum,
              struct err *err)
{
    struct edge_check k;
    struct variant v;

    for (int i = 0; i < AUDIT_COUNT; i++)
        worst[i] = (double)NAN;
    if (audit_cost(sum, x, q, run, check, w->arena, err))
        return err->code;
    if (!check)
        return err_if(err, check_parts(&worst[AUDIT_PARTS], w, x, q, run, err) ||
                               check_noop(&worst[AUDIT_NOOP], w, x, q, run, err));
    if (check >= AUDIT_CELLS)
        return err_if(err, pick_edges(&k, w, x, q, run, check, w->arena, err) ||
                               (k.n && check_edges(worst, w, x, q, run, &k, err)));
    return pick(&v, w, x, q, run, check, w->arena, err)
               ? check_forked(&worst[AUDIT_FORKED], w, x, q, run, &v, err)
               : err->code;
}
