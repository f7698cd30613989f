/* Private to chat templates: one rendering, and what its expressions are worth. */
#ifndef LENSWEEP_MODEL_TOKENIZER_CHAT_EVAL_H
#define LENSWEEP_MODEL_TOKENIZER_CHAT_EVAL_H

#include "model/tokenizer/chat_parse.h"
#include "model/tokenizer/chat_value.h"

enum {
    CHAT_STEPS = 4000000,
    CHAT_DEPTH = 200,
    CHAT_OUTPUT = 1 << 24,
    CHAT_MEMORY = 1 << 28, /* bytes of one rendering */
    CHAT_ARGUMENTS = 16
};

/* Variables, the innermost first. */
struct scope {
    struct value vars; /* a dictionary */
    struct scope *up;
};

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

struct chat {
    struct arena *a;
    struct err *err; /* once it is set nothing more is evaluated or run: look at it in the end */
    struct buf *out;
    struct scope *scope, *global;
    size_t steps;
    int depth;
    enum flow flow;
};

/* Sets the error, unless there is one; none. */
#define chat_fail(c, ...) \
    ((c)->err->code ? value_none() : (err_set((c)->err, ERR_CONFIG, __VA_ARGS__), value_none()))

/* The positional arguments of a call, and keyword arguments by name. */
struct arguments {
    struct value v[CHAT_ARGUMENTS];
    struct value name[CHAT_ARGUMENTS]; /* of keywords; V_UNDEFINED for the others */
    size_t n;
};

/* Argument i, or the keyword of this name; NULL = not given. */
const struct value *argument(const struct arguments *args, size_t i, const char *name);
const struct value *argument_of(const struct arguments *args, size_t i, const struct value *name);

struct value chat_eval(struct chat *c, const struct chat_node *n);

/* Counts a step; false after too many, or another error. */
bool chat_step(struct chat *c);

/* chat.c: what a macro writes, as a string. */
struct value chat_call_macro(struct chat *c, const struct chat_node *macro,
                             const struct arguments *args);

/* chat_filters.c */
struct value chat_filter(struct chat *c, const struct value *name, const struct value *of,
                         const struct arguments *args);
bool chat_test(struct chat *c, const struct value *name, const struct value *of,
               const struct arguments *args);

/* chat_methods.c: of strings and dictionaries; what v.name is called, NULL = there is none. */
struct value chat_method(struct chat *c, const struct value *self, const char *name,
                         const struct arguments *args);
const char *chat_method_name(const struct value *self, const struct value *name);

/* What a loop goes through: the items of a list, keys, characters. */
struct value chat_sequence(struct chat *c, const struct value *of);
bool chat_contains(struct chat *c, const struct value *container, const struct value *what);

#endif
