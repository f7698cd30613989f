/*
 * The engine: executes variants, exactly, by computing only the rows that their edits can change.
 *
 *     struct engine e;
 *     engine_open(&e, model, 1024, 64, threads, err);
 *
 *     struct run clean;
 *     run_alloc(&clean, &model->shape, n, KEEP_ALL, &arena, err);
 *     struct variant v = {.ids = ids, .n = n, .into = &clean};
 *     engine_run(&e, &v, 1);                                // a clean run: everything is dirty
 *
 *     struct edit cut = {SITE_PATTERN, OP_ZERO, .layer = {0, L}, .head = {0, H}, .tok = {n - 1, n},
 *                        .key = subject};
 *     struct variant k = {.base = &clean, .edit = &cut, .n_edits = 1, .asks = ASK_VOCAB,
 *                         .answer = &answer};
 *     engine_run(&e, &k, 1);                                // one row per layer
 *
 * Bits are a function of the list of variants, model, rows and max_tokens: never of threads.
 */
#ifndef LENSWEEP_ENGINE_ENGINE_H
#define LENSWEEP_ENGINE_ENGINE_H

#include "base/team.h"
#include "engine/variant.h"

struct engine {
    const struct model *model; /* borrowed */
    struct team team;
    bool naive;     /* one full pass per variant (naive.c), the oracle */
    bool run_noops; /* also variants that change nothing: for audits */
    int rows;       /* most rows that a wave packs */
    int max_tokens; /* longest prompt */

    /* FLOP since engine_open of what engine_run ran: as planned, as counted by the GEMMs, and of a
       full pass for each variant */
    uint64_t planned, counted, full;
    uint64_t skipped; /* variants that change nothing and were not run */

    struct arena arena;        /* what follows lies in it */
    float *rotary;             /* (max_tokens, dh/2, 2) */
    struct lane *lane, **live; /* (rows) */
    struct variant **answered; /* (rows) */
    const float **row;         /* (rows) rows to be normalised */
    int32_t *pos;              /* (rows) their tokens */
    float *x;                  /* (rows, d) residual stream of the live variants */
    float *norm;               /* (rows, d) */
    float *q, *z;              /* (rows, H dh) */
    float *k, *v;              /* (rows, G dh) */
    float *a, *m;              /* (rows, d) */
    float *gate, *up;          /* (rows, d_ff) */
    float *logits;             /* (logit_rows, V) */
    struct pending *batch;     /* (logit_rows) */
    int logit_rows;            /* logits held at once: a function of V and rows alone */
};

/* rows is raised to max_tokens if it is less: a run is one wave. threads = 0: all cores allowed. */
int engine_open(struct engine *e, const struct model *m, int rows, int max_tokens, int threads,
                struct err *err);
void engine_close(struct engine *e);

/* Bytes that engine_open will take: for plans and limits. */
double engine_bytes(const struct shape *s, int rows, int max_tokens, int threads);

/*
 * Runs all n variants and fills their answers and runs. Those that keep a run (`into`) must come
 * with a base that is complete already. A result that is not finite is no error here: the answer
 * says NaN, and its owner decides what that means for the query.
 */
void engine_run(struct engine *e, struct variant *v, int n);

/* Logits of n rows of the residual stream x_L: final norm with each row's own root mean square,
   unembedding; out (n, V), rms (n) or NULL. */
void engine_logits(struct engine *e, int n, const float *const *x, float *out, float *rms);

/*
 * decode(r; c) of docs/methods.md 2: what a vector that is added to the residual stream adds to the
 * logits, under the final norm of the run that it came from. Linear in r.
 */
struct lens_ask {
    const int32_t *id; /* (n_ids) tokens whose logits are wanted; < 0 gives NaN */
    int n_ids;
    float *logit;      /* (n, n_ids) */
    float *mean, *std; /* (n) over the vocabulary; NULL = not wanted; needs e's vocab_stats */
    int n_ranked;      /* the first n_ranked ids also get log-probability and rank; 0 = none */
    float *logprob;    /* (n, n_ranked) */
    int32_t *rank;     /* (n, n_ranked) */
};

struct vocab_stats;

/* r: n vectors of d floats; rms: (n) the divisor of each one's run (struct run's rms). */
int engine_decode(struct engine *e, int n, const float *const *r, const float *rms,
                  const struct vocab_stats *stats, const struct lens_ask *ask, struct err *err);

/* Mean and standard deviation over the vocabulary of any decoded vector, in d^2 instead of V d: the
   mean row of w_final * U and the centred Gram matrix of its rows, made once for a model. */
struct vocab_stats {
    int d;
    float *mean; /* (d) */
    float *gram; /* (d, d) sum over the vocabulary of (u - mean)(u - mean)^T / V */
};

int vocab_stats_compute(struct vocab_stats *s, struct engine *e, struct arena *a, struct err *err);
/* Beside the journal: a file that belongs to this model, or nothing (0 and s->d = 0). */
int vocab_stats_load(struct vocab_stats *s, const struct model *m, const char *path,
                     struct arena *a, struct err *err);
int vocab_stats_save(const struct vocab_stats *s, const struct model *m, const char *path,
                     struct err *err);

#endif
