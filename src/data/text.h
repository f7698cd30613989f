/* Private to this floor: between text and tokens. */
#ifndef LENSWEEP_DATA_TEXT_H
#define LENSWEEP_DATA_TEXT_H

#include "data/load.h"

int encode_text(struct loader *l, const char *what, const char *text, bool special, int32_t **ids,
                size_t *n, struct err *err);
/* The bytes [begin, end) of the text that each token of p spells, (p->n) pairs in the scratch
   arena; *ranges = NULL when the tokens do not spell the text. */
int spell_text(struct loader *l, const struct draft_prompt *p, size_t (**ranges)[2],
               struct err *err);
int decode_text(struct loader *l, struct query *q, struct err *err);
/* Counts the query at work if its ids are not its text: another model's, as a rule. */
int check_spelling(struct loader *l, struct err *err);
int prompt_add_bos(struct loader *l, struct draft_prompt *p, struct err *err);

#endif
