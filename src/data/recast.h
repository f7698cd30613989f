/*
 * Records of other forms made into records of the native format. Private to this floor.
 *
 *     static int read(struct loader *l, const json_t *record, struct err *err)
 *     {
 *         struct recast r;
 *
 *         recast_begin(&r, l, need_text(l, record, "question"));
 *         recast_answer(&r, need_text(l, record, "answer"), true);
 *         return recast_end(&r, err);
 *     }
 *
 * A text that is NULL stands for a problem that was reported; recast_end then makes no query.
 */
#ifndef LENSWEEP_DATA_RECAST_H
#define LENSWEEP_DATA_RECAST_H

#include "base/json.h"
#include "data/load.h"

struct recast {
    struct loader *l;
    json_t *query;    /* the native record */
    const char *text; /* the prompt; borrowed */
    int foils;
    int problems; /* of the loader, before it */
    bool failed;  /* no memory */
    char bad[200];
};

/* The string under key, borrowed; NULL = a problem. */
const char *need_text(struct loader *l, const json_t *record, const char *key);
/* The value under key: missing and null are a problem, and NULL. */
const json_t *need(struct loader *l, const json_t *record, const char *key);

void recast_begin(struct recast *r, struct loader *l, const char *text);
/* A native key with a string or a number; v = NULL: nothing is set. */
void recast_string(struct recast *r, const char *key, const char *v);
void recast_number(struct recast *r, const char *key, int v);
/* Bytes [begin, begin + n) of the prompt as a span. */
void recast_span(struct recast *r, const char *name, size_t begin, size_t n);
/* The nth place (from 1) where `word` stands in the prompt as a word of its own; if it does not,
   false, and there is no span. */
bool recast_find(struct recast *r, const char *name, const char *word, int nth);
/* The text that a template makes of a subject, `mark` standing for it ("{}"), in the scratch arena;
   *at = where the subject begins. NULL without the mark in it, or without memory (err). */
const char *fill_template(struct loader *l, const char *template, const char *mark,
                          const char *subject, size_t *at, struct err *err);
/* What continues the prompt, as the right answer (target answer_1) or a wrong one (foil_1 ...),
   with the space in front that a text would have there. */
void recast_answer(struct recast *r, const char *answer, bool right);
void recast_token(struct recast *r, int64_t id, bool right);
void recast_counterfactual(struct recast *r, const char *text);
/* What is wrong with the query: its status. */
void recast_bad(struct recast *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
int recast_end(struct recast *r, struct err *err);

#endif
