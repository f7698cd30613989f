/*
 * Prompts continued by the model's most probable tokens, many at a time: each keeps its keys and
 * values, and a wave has one new row of each. What a prompt is continued with does not depend on
 * the others.
 *
 *     // n tokens after a prompt of ids; e is from engine_open with room for all of them.
 *     int go_on(struct engine *e, const int32_t *ids, int prompt, int n, struct continuation *c,
 *               struct arena *a, struct err *err)
 *     {
 *         struct continuation *one = c;
 *
 *         if (continuation_begin(c, &e->model->shape, ids, prompt, n, a, err))
 *             return err->code;
 *         while (c->state == GOES_ON)
 *             greedy_step(e, &one, 1, -1, a, err);
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_ENGINE_GREEDY_H
#define LENSWEEP_ENGINE_GREEDY_H

#include "engine/engine.h"

/* AT_LIMIT: as long as it may become; AT_END: after the token that ends a text, which is not among
   its ids; NOT_FINITE: the model's output is not. */
enum continuation_state { GOES_ON, AT_END, AT_LIMIT, NOT_FINITE };

struct continuation {
    int32_t *ids; /* (room) in the arena */
    int prompt;   /* the first so many are the prompt's */
    int n, room;
    enum continuation_state state;
    const struct edit *edit; /* that stand: each acts on the rows that it names, however far; set
                                by the caller before the first step, borrowed */
    int n_edits;
    struct run run;
    struct answer answer; /* private */
};

int continuation_begin(struct continuation *c, const struct shape *s, const int32_t *ids, int n,
                       int more, struct arena *a, struct err *err);

/* One token more for each of n continuations, all of which go on; end: the token that ends a text,
   -1 = none. */
int greedy_step(struct engine *e, struct continuation *const *c, int n, int32_t end,
                struct arena *a, struct err *err);

/* FLOP of `more` steps after a prompt of n tokens. */
uint64_t continuation_flops(const struct model *m, int n, int more);

#endif
