/* Private to the engine: the last step of both executors. */
#ifndef LENSWEEP_ENGINE_ANSWER_H
#define LENSWEEP_ENGINE_ANSWER_H

#include "engine/engine.h"

/* The answers of n finished variants; final[i] is the last row of x_L, edited. */
void answer_final(struct engine *e, int n, struct variant *const *v, const float *const *final);

/* ASK_ROWS: row t of x_L, if it is one of those asked for; all of them as the base has them. */
void answer_row(const struct engine *e, const struct variant *v, int t, const float *x);
void answer_rows_from_base(const struct engine *e, const struct variant *v);

/* The answer of a variant that changes nothing in the last row: its base's, bit for bit. */
void answer_from_base(const struct engine *e, struct variant *v);

#endif
