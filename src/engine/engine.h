/*
 * The engine: executes variants, exactly, by computing only the rows that their edits can change.
 *
 *     // The answer to a prompt when its last token cannot attend to a span; e is from engine_open.
 *     int cut(struct engine *e, const int32_t *ids, int n, struct span span, struct answer *answer,
 *             struct arena *a, struct err *err)
 *     {
 *         const struct shape *s = &e->model->shape;
 *         struct run clean;
 *         struct variant whole = {.ids = ids, .n = n, .into = &clean};
 *         struct edit zero = {.site = SITE_PATTERN, .op = OP_ZERO, .layer = {0, s->n_layers},
 *                             .head = {0, s->n_heads}, .tok = {n - 1, n}, .key = span};
 *         struct variant v = {.base = &clean, .edit = &zero, .n_edits = 1, .asks = ASK_VOCAB,
 *                             .answer = answer};
 *
 *         if (run_alloc(&clean, s, n, KEEP_ALL, a, err))
 *             return err->code;
 *         engine_run(e, &whole, 1);                         // a clean run: everything is dirty
 *         engine_run(e, &v, 1);                             // one row per layer
 *         return 0;
 *     }
 *
 * Bits are a function of a variant and the model: of what else is run beside it, of rows, threads
 * and the processor they are not (base/product/product.h), unless `blas` or `naive` is set.
 */
#ifndef LENSWEEP_ENGINE_ENGINE_H
#define LENSWEEP_ENGINE_ENGINE_H

#include "base/kernels.h"
#include "base/team.h"
#include "engine/plan.h"

/* Part of every unit's key: raise it when a variant gets other bits than it had (the order of a
   sum, an approximation). */
enum { ENGINE_BITS = 2 };

/* Rows of the vocabulary whose products are summed at once, in float32, for its covariance: the
   longest sum that is not as long as a row of the model. */
enum { VOCAB_ROWS = 256 };

struct engine {
    const struct model *model; /* borrowed */
    struct team team;
    bool naive;     /* one full pass per variant (naive.c), the oracle */
    bool blas;      /* products by OpenBLAS, for comparison */
    bool run_noops; /* also variants that change nothing: for audits */
    int rows;       /* most rows that a wave packs */
    int max_tokens; /* longest prompt */

    /* FLOP since engine_open of what engine_run ran: as planned, as counted by the GEMMs, and of a
       full pass for each variant */
    uint64_t planned, counted, full;
    uint64_t skipped; /* variants that change nothing and were not run */

    struct arena arena;               /* what follows lies in it */
    float *rotary;                    /* the tables of `rope` */
    struct rope_table rope[ROTARIES]; /* (max_tokens + rows): those of short prompts by token, then
                                         those of longer ones, by rows of x */
    struct lane *lane, **live;        /* (rows) */
    struct variant **answered;        /* (rows) */
    const float **row;                /* (rows) rows to be normalised */
    int32_t *pos;                     /* (rows) their rows of the rotary tables */
    float *x;                         /* (rows, d) residual stream of the live variants */
    float *norm;                      /* (rows, d) */
    float *read;                      /* (rows, d) copies that edits change for one reader */
    float *q, *z;                     /* (rows, H dh) */
    float *k, *v;                     /* (rows, G dh) */
    float *a, *m;                     /* (rows, d) */
    float *gate, *up;                 /* (rows, d_ff) */
    float *logits;                    /* (rows, VOCAB_BLOCK) a panel of them */
    struct logit_reader *reader;      /* (rows) */
    struct head_part *part;           /* (rows, H) */
    struct swapping *swapping;        /* (rows) */
};

/* rows is raised to max_tokens if it is less: a run is in one wave. threads = 0: all cores allowed.
 */
int engine_open(struct engine *e, const struct model *m, int rows, int max_tokens, int threads,
                struct err *err);
void engine_close(struct engine *e);

/* Bytes that engine_open will take: for plans and limits. */
double engine_bytes(const struct shape *s, int rows, int max_tokens, int threads);

/*
 * Runs all n variants and fills their answers and runs. Those that keep a run (`into`) must come
 * with a base that is complete already. A result that is not finite is not an error here: the
 * answer says NaN, and its owner decides what that means for the query.
 */
void engine_run(struct engine *e, struct variant *v, int n);

/* y (rows, W.rows) = x (rows, W.cols) W^T + b, packed. */
void engine_linear(struct engine *e, int64_t rows, const float *x, const struct linear *w,
                   float *y);

/* Queries or keys of a layer, x (rows, heads dh): normed, if they are, and turned as e->pos
   says. */
void engine_turn(struct engine *e, int64_t rows, const struct layer *layer, const struct norm *norm,
                 int heads, float *x);

/* Do the angles of a prompt of n tokens depend on n? */
bool model_turns_by_length(const struct model *m, int n);

/* What to add to a token of a prompt of n to find its row of the rotary tables. `rows` are the
   tokens that will be asked for; where the angles depend on n, they are put at `slot`, a row of x.
 */
int64_t engine_place(struct engine *e, int n, struct span rows, int64_t slot);

/* The MLP's hidden numbers of normed rows to e->gate. */
void engine_hidden(struct engine *e, int64_t rows, const float *x, const struct layer *layer);

/* y (rows, W.rows) = x (rows, W.cols) W^T, by OpenBLAS if `blas` or `naive` is set; row strides. */
void engine_multiply(struct engine *e, int64_t rows, const float *x, int64_t ldx,
                     const struct matrix *w, float *y, int64_t ldy);

#endif
