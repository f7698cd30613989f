/*
 * Curation: from facts to queries (docs/methods.md 1). Each template and subject is an attempt: a
 * prompt, what the model says to it, and the answers found in that; what is kept becomes queries of
 * the native format, and what is not has a reason.
 *
 *     // All attempts on one rank, and the files.
 *     int curate_here(struct curation *c, const char *dir, struct err *err)
 *     {
 *         for (size_t u = 0; u < c->n_units && !err->code; u++) {
 *             struct buf rows = {0};
 *             double did;
 *
 *             if (!curation_run(c, u, &rows, &did, err))
 *                 curation_take(c, u, rows.data, rows.len, err);
 *             buf_release(&rows);
 *         }
 *         return err->code || curation_select(c, err) || curation_write(c, dir, err);
 *     }
 *
 * A unit is a block of attempts; its rows hold what the model wrote, and its key is a hash of what
 * it was asked.
 */
#ifndef LENSWEEP_CURATION_CURATION_H
#define LENSWEEP_CURATION_CURATION_H

#include "base/span.h"
#include "base/work.h"
#include "config/config.h"
#include "data/answers.h"
#include "data/facts.h"
#include "engine/greedy.h"
#include "model/tokenizer/tokenizer.h"

/* Bytes of a text. */
struct piece_at {
    size_t begin, n;
};

struct attempt {
    const struct fact_subject *subject;
    int template;               /* from 1 */
    const char *text;           /* what the prompt says, as it is tokenised */
    struct piece_at at_subject; /* in text */
    struct piece_at at_relation;
    int32_t *ids; /* (n) the prompt, then what was written */
    int prompt, n;
    bool ended; /* the writer said so */

    /* made by curation_select */
    const char *said;                    /* what was written, in words */
    struct span subject_at, relation_at; /* tokens */
    struct span answer[ANSWERS_MOST];    /* (n_answers) */
    const char *answer_text[ANSWERS_MOST], *answer_name[ANSWERS_MOST]; /* as said; folded */
    const struct fact_object *object[ANSWERS_MOST]; /* NULL = not among the facts */
    int n_answers;
    const char *reason; /* why it was dropped; NULL = kept */
    int split;          /* index of config->splits; 0 if there are none */
};

/* Where an attempt can fall out, in order; each counts once. */
enum drop {
    DROP_PROMPT,   /* it could not be written or is too long */
    DROP_FACTS,    /* too few objects to ask for */
    DROP_MODEL,    /* the model's output is not finite */
    DROP_PARSE,    /* not so many answers in what was written */
    DROP_CUT,      /* the last answer may go on */
    DROP_WRONG,    /* an answer is not among the facts */
    DROP_REPEATED, /* two answers are one object */
    DROP_TOKENS,   /* tokens do not separate what they must */
    DROPS
};
extern const char *const drop_words[DROPS];

struct curation {
    struct config config;
    struct model *model;
    struct tokenizer *tokenizer;
    struct facts facts;
    struct names *names; /* (facts.n) of its objects */
    struct engine engine;
    struct attempt *attempt; /* (n) templates, and in each the subjects */
    size_t n;
    size_t n_units, block; /* attempts in a unit */
    struct hash *key;      /* (n_units) by which the journal knows their rows */
    int tokens;            /* that the model may write */
    int max_tokens;        /* longest prompt with them */
    size_t dropped[DROPS], kept, without_counterfactual;
    struct arena arena, unit_arena;
};

/* Config, facts, model and prompts; shape: nothing of the model but its shape. With problems (and
   return 0) it is only closed. */
int curation_open(struct curation *c, const char *config, const char *const *set, size_t n_set,
                  bool shape, struct problems *problems, struct err *err);
/* Once the model is identified: keys of the units, and the engine. */
int curation_start(struct curation *c, int threads, struct err *err);
void curation_close(struct curation *c);

/* Units, each a pure function of its number; none if the facts themselves are the answers. */
double curation_cost(void *c, uint64_t unit);
int curation_run(void *c, uint64_t unit, struct buf *rows, double *did, struct err *err);
int curation_take(struct curation *c, uint64_t unit, const void *rows, size_t n, struct err *err);

/* What is kept, and why the rest is not. */
int curation_select(struct curation *c, struct err *err);
size_t curation_kept(const struct curation *c, size_t template); /* of one, from 0 */

/* DATASET_STEP.jsonl (in a folder for each split), curate.jsonl and card.md in dir. */
int curation_write(struct curation *c, const char *dir, struct err *err);
int curation_card(const struct curation *c, struct buf *out, struct err *err);

/* Part of the above, private: drops an attempt, for the first reason. */
void drop(struct curation *c, struct attempt *a, enum drop why, const char *reason);

#endif
