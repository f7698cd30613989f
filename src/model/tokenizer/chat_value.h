/*
 * Private to chat templates: values, in the arena of one rendering (chat_eval.h).
 *
 * Once the rendering has failed, lists stay as they are and other values are none: what has been
 * made of them is not used any more.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_CHAT_VALUE_H
#define LENSWEEP_MODEL_TOKENIZER_CHAT_VALUE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind {
    V_UNDEFINED,
    V_NONE,
    V_BOOL,
    V_INT,
    V_STRING,
    V_LIST,
    V_DICT,
    V_NAMESPACE, /* a dictionary of which attributes may be set */
    V_METHOD,    /* of a string or a dictionary */
    V_FUNCTION,  /* one of the globals, by its name */
    V_MACRO
};

struct chat;
struct chat_node;

struct value {
    enum value_kind kind;
    int64_t i;     /* of a boolean 0 or 1 */
    const char *s; /* (n), well-formed UTF-8; a method's, function's or undefined thing's name */
    size_t n;
    struct sequence *items; /* of a list; of a dictionary: keys and values in turn */
    struct value *self;     /* of a method */
    const struct chat_node *macro;
};

/* Shared by the values that name it, as Python's lists are. */
struct sequence {
    struct value *v; /* (cap) */
    size_t n, cap;
};

struct value value_undefined(const char *name);
struct value value_none(void);
struct value value_bool(bool v);
struct value value_int(int64_t v);
struct value value_text(const char *s, size_t n);       /* borrowed */
bool value_is(const struct value *v, const char *text); /* of a string or a name: is it this? */
struct value value_new(struct chat *c, enum value_kind kind); /* with items: none yet */
void value_push(struct chat *c, struct value *list, struct value v);
void value_put(struct chat *c, struct value *dict, const struct value *key, struct value v);
/* What a dictionary or a namespace has under the string `key`; NULL = nothing, or it is neither. */
const struct value *value_get(const struct value *dict, const struct value *key);
struct value value_from_json(struct chat *c, const json_t *j, int depth); /* borrows its texts */
struct value value_take(struct chat *c, struct buf *b); /* the text of b, which is released */

bool value_truth(const struct value *v);
bool value_is_number(const struct value *v); /* also a boolean */
bool value_equal(struct chat *c, const struct value *a, const struct value *b, int depth);
bool value_same_text(const struct value *a, const struct value *b); /* are both strings, alike? */
const char *value_type(const struct value *v);                      /* as a message names it */
int value_shown(const struct value *v); /* bytes of its name that a message shows */

/* What `{{ v }}` prints: str() of Python. Lists, and what else has no text, are an error. */
void value_print(struct chat *c, const struct value *v, struct buf *out);
void value_json(struct chat *c, const struct value *v, int depth, struct buf *out); /* json.dumps */

/* White space as Python's str.strip has it. */
bool chat_is_space(int32_t c);
/* s[0..*n) without the characters of `set` (NULL: white space) at its ends. */
const char *chat_strip(const char *s, size_t *n, const char *set, size_t n_set, bool left,
                       bool right);
size_t chat_offset(const char *s, size_t n, size_t i); /* bytes of the first i characters */
/* The first place of what in s; SIZE_MAX = none. */
size_t chat_find(const char *s, size_t n, const char *what, size_t n_what);

#endif
