/* A model, its tokenizer and an engine, for the commands that look at one prompt. */
#ifndef LENSWEEP_CLI_PROMPT_H
#define LENSWEEP_CLI_PROMPT_H

#include "engine/engine.h"
#include "model/tokenizer/tokenizer.h"

struct prompt_options {
    const char *text, *ids; /* one of them */
    bool no_bos;
    bool chat;          /* text is what a user says: by the model's chat template */
    const char *system; /* with this before it; NULL = nothing */
    int64_t threads;
};

struct prompt {
    struct model *model;
    struct tokenizer *tokenizer; /* NULL: there is none, and the prompt came as ids */
    struct ids ids;
    struct engine engine;
    struct arena arena; /* for runs */
};

/* Opens the model for this prompt and `more` tokens after it. */
int prompt_open(struct prompt *p, const char *model, const struct prompt_options *o, int more,
                struct err *err);
void prompt_close(struct prompt *p);

/* The run of the prompt's tokens, all rows kept to the end, in the arena. */
int prompt_run(struct prompt *p, struct run *run, struct err *err);

/* Appends the text of the ids from `from` on; an id without text as <ID>. */
int prompt_text(const struct prompt *p, size_t from, struct buf *out, struct err *err);

/* A token as text, quoted, with what cannot be printed escaped: for tables. */
int quote_token(const struct tokenizer *t, int32_t id, struct buf *out, struct err *err);

/* The ids of a text, or of what a user says by the chat template. */
int encode_prompt(const struct tokenizer *t, const struct prompt_options *o, struct ids *ids,
                  struct err *err);

#endif
