/* Private to this floor: a prompt given as the messages of a chat. */
#ifndef LENSWEEP_DATA_MESSAGES_H
#define LENSWEEP_DATA_MESSAGES_H

#include "data/load.h"

/* The messages by the model's chat template: text, ids, and where the last message stands in the
   text. Up to the beginning of an answer, or, where the last message is the assistant's, to the end
   of what it says. */
int read_messages(struct loader *l, const json_t *messages, struct draft_prompt *p,
                  struct err *err);

#endif
