/* Private to chat templates: one rendering, and what its expressions are worth. */
#ifndef LENSWEEP_MODEL_TOKENIZER_CHAT_EVAL_H
#define LENSWEEP_MODEL_TOKENIZER_CHAT_EVAL_H

#include "model/tokenizer/chat_parse.h"
#include "model/tokenizer/chat_value.h"

enum { CHAT_STEPS = 4000000, CHAT_DEPTH = 200, CHAT_OUTPUT = 1 << 24, CHAT_ARGUMENTS = 16 };

/* Variables, the innermost first. */
struct scope {
    struct value vars; /* a dictionary */
    struct scope *up;
};

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

struct chat {
    struct arena *a;
    struct buf *out;
    struct scope *scope, *global;
    size_t steps;
    int depth;
    enum flow flow;
};

/* The positional arguments of a call, and keyword arguments by name. */
struct arguments {
    struct value v[CHAT_ARGUMENTS];
    struct value name[CHAT_ARGUMENTS]; /* of keywords; V_UNDEFINED for the others */
    size_t n;
};

/* Argument i, or the keyword of this name; NULL = not given. */
const struct value *argument(const struct arguments *args, size_t i, const char *name);

int chat_eval(struct chat *c, const struct chat_node *n, struct value *out, struct err *err);

/* Counts a step; ERR_CONFIG after too many. */
int chat_step(struct chat *c, struct err *err);

/* chat.c: what a macro writes, as a string. */
int chat_call_macro(struct chat *c, const struct chat_node *macro, const struct arguments *args,
                    struct value *out, struct err *err);

/* chat_filters.c */
int chat_filter(struct chat *c, const struct value *name, const struct value *of,
                const struct arguments *args, struct value *out, struct err *err);
int chat_test(const struct value *name, const struct value *of, const struct arguments *args,
              bool *out, struct err *err);

/* chat_methods.c: of strings and dictionaries; and v.name, without a call. */
int chat_method(struct chat *c, const struct value *self, const struct value *name,
                const struct arguments *args, struct value *out, struct err *err);
bool chat_has_method(const struct value *self, const struct value *name);

/* What a loop goes through: the items of a list, keys, characters. */
int chat_sequence(struct chat *c, const struct value *of, struct value *list, struct err *err);
int chat_contains(const struct value *container, const struct value *what, bool *out,
                  struct err *err);
int chat_text(struct chat *c, struct buf *b, struct value *out, struct err *err); /* releases b */

#endif
