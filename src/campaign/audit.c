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

static void raise_to(double *worst, double v)
{
    if (!(v <= *worst)) /* also when either is NaN: the first v replaces it, a bad one stays */
        *worst = v;
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
    size_t targets = x->scene->data->n_targets, n = 2 * (size_t)s->n_layers + 1, i = 0;
    const float **r = arena_alloc(w->arena, n, sizeof *r, err);
    float *rms = arena_alloc(w->arena, n, sizeof *rms, err), *want;
    float *part = arena_alloc(w->arena, n * targets, sizeof *part, err);
    float *sum = arena_alloc(w->arena, targets, sizeof *sum, err);
    struct lens_ask ask = {.id = q->target, .n_ids = (int)targets, .logit = part};

    if (!r || !rms || !part || !sum || run_logits(&want, x, q, run, w->arena, err))
        return err->code;
    r[i++] = run_row(run, s, SITE_RESID, 0, run->n - 1);
    for (int l = 0; l < s->n_layers; l++) {
        r[i++] = run_row(run, s, SITE_ATTN, l, run->n - 1);
        r[i++] = run_row(run, s, SITE_MLP, l, run->n - 1);
    }
    for (i = 0; i < n; i++)
        rms[i] = run->rms;
    if (engine_decode(w->engine, (int)n, r, rms, NULL, &ask, err))
        return err->code;
    for (size_t k = 0; k < targets; k++) {
        double total = 0;

        for (i = 0; i < n; i++)
            total += (double)part[i * targets + k];
        sum[k] = (float)total;
    }
    *worst = distance(q, (int)targets, sum, want);
    return 0;
}

/* The engine leaves out edits that put back what is there; here it is made to run one. */
static int check_noop(double *worst, struct worker *w, const struct experiment *x,
                      const struct query *q, const struct run *run, struct err *err)
{
    int middle = x->scene->model->shape.n_layers / 2;
    struct edit edit = {.site = SITE_RESID,
                        .op = OP_SCALE,
                        .layer = {middle, middle + 1},
                        .tok = {run->n - 1, run->n},
                        .scale = 1};
    struct answer *answer = answer_new(x->scene, q, false, w->arena, err);
    struct variant v = {
        .base = run, .edit = &edit, .n_edits = 1, .asks = ASK_VOCAB, .answer = answer};
    float *want;

    if (!answer || run_logits(&want, x, q, run, w->arena, err))
        return err->code;
    w->engine->run_noops = true;
    engine_run(w->engine, &v, 1);
    w->engine->run_noops = false;
    *worst = distance(q, answer->n_targets, answer->logit, want);
    return 0;
}

static int check_forked(double *worst, struct worker *w, const struct experiment *x,
                        const struct query *q, const struct variant *v, int n, struct err *err)
{
    struct rng rng = rng_for((uint64_t)x->scene->config->data.seed, q->fingerprint.lo, "audit");
    bool naive = w->engine->naive;

    for (int i = 0; i < AUDIT_CELLS; i++) {
        const struct variant *done = &v[rng_below(&rng, (uint64_t)n)];
        struct variant again = *done;

        again.asks = done->asks & (ASK_VOCAB | ASK_LOGITS);
        if (!again.asks)
            continue;
        again.answer = answer_new(x->scene, q, false, w->arena, err);
        if (!again.answer)
            return err->code;
        w->engine->naive = !naive;
        engine_run(w->engine, &again, 1);
        w->engine->naive = naive;
        raise_to(worst,
                 distance(q, again.answer->n_targets, done->answer->logit, again.answer->logit));
    }
    return 0;
}

int audit_query(double worst[AUDIT_COUNT], struct worker *w, const struct experiment *x,
                const struct query *q, const struct run *run, const struct variant *v, int n,
                struct err *err)
{
    for (int i = 0; i < AUDIT_COUNT; i++)
        worst[i] = (double)NAN;
    if (run && run->a && run->m && check_parts(&worst[AUDIT_PARTS], w, x, q, run, err))
        return err->code;
    if (run && check_noop(&worst[AUDIT_NOOP], w, x, q, run, err))
        return err->code;
    return n ? check_forked(&worst[AUDIT_FORKED], w, x, q, v, n, err) : 0;
}
