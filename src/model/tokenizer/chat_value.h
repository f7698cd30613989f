/* Private to chat templates: values, in the arena of one rendering. */
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

struct chat_node;

struct value {
    enum value_kind kind;
    bool truth;
    int64_t i;
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

enum { CHAT_MEMORY = 1 << 28 }; /* bytes of one rendering */

struct value value_undefined(const char *name);
struct value value_none(void);
struct value value_bool(bool v);
struct value value_int(int64_t v);
struct value value_text(const char *s, size_t n);       /* borrowed */
bool value_is(const struct value *v, const char *text); /* of a string or a name: is it this? */
int value_copy_text(struct value *out, struct arena *a, const char *s, size_t n, struct err *err);
int value_list(struct value *out, struct arena *a, struct err *err);
int value_push(struct value *list, struct arena *a, struct value v, struct err *err);
int value_put(struct value *dict, struct arena *a, const char *key, size_t n, struct value v,
              struct err *err);
const struct value *value_get(const struct value *dict, const char *key, size_t n); /* NULL */
int value_from_json(struct value *out, struct arena *a, const json_t *j, int depth,
                    struct err *err);

bool value_truth(const struct value *v);
bool value_is_number(const struct value *v); /* also a boolean */
bool value_equal(const struct value *a, const struct value *b, int depth);
const char *value_type(const struct value *v); /* as a message names it */

/* What `{{ v }}` prints: str() of Python. ERR_CONFIG for lists, and what else has no text. */
int value_print(const struct value *v, struct buf *out, struct err *err);
int value_json(const struct value *v, struct buf *out, struct err *err); /* json.dumps */

/* White space as Python's str.strip has it. */
bool chat_is_space(int32_t c);
/* s[0..*n) without the characters of `set` (NULL: white space) at its ends. */
const char *chat_strip(const char *s, size_t *n, const char *set, size_t n_set, bool left,
                       bool right);
size_t chat_length(const char *s, size_t n);           /* characters */
size_t chat_offset(const char *s, size_t n, size_t i); /* bytes of the first i characters */
/* The first place of what in s; SIZE_MAX = none. */
size_t chat_find(const char *s, size_t n, const char *what, size_t n_what);

#endif
