/*
 * The schema: a config key is one row, declared once. Parsing, checking (with line and column and
 * did-you-mean), `help KEY`, the reference page and the provenance dump all follow from it.
 *
 *     struct run_config {
 *         int64_t rows;
 *     };
 *
 *     static const struct config_row rows[] = {
 *         CONFIG_ROW(struct run_config, rows, "rows", config_int, "1024", 1, 65536, RESULTS,
 *                    "most rows that a wave packs"),
 *     };
 *
 * CONFIG_ROW checks at compile time that the field has the C type that the row's type fills.
 */
#ifndef LENSWEEP_CONFIG_SCHEMA_H
#define LENSWEEP_CONFIG_SCHEMA_H

#include "base/buf.h"
#include "base/choice.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One selector type serves layers, heads and positions: a list of configurations, each a list of
   elements. `each` (of n: known later) = one configuration for each; `all` = one of all together;
   [0, 3] = one for each listed; {together: [..]} = one; {window: w, stride: s} = one per whole
   window; {pairs: PATH, top: k} = one for each of the k strongest heads of a finished sweep and one
   for each two of them. Elements are numbers or names. */
enum selector_kind {
    SELECT_EACH,
    SELECT_ALL,
    SELECT_LIST,
    SELECT_TOGETHER,
    SELECT_WINDOW,
    SELECT_PAIRS
};
struct selector {
    enum selector_kind kind;
    int window, stride;
    size_t n;
    const char **name; /* (n) as written; numbers too: "3", "subject", "subject[*]" = each token; of
                          pairs the result file or folder */
    int top;           /* of pairs; and which sweep ranks them ("" = the only one), by what */
    const char *group, *rank_by;
};

#define EACH_TOKEN "[*]" /* what {each_token: NAME} puts behind the name */

/* The name in it; NULL if it is none such, or memory fails. */
const char *each_token_name(const char *text, struct arena *a, struct err *err);

struct string_list {
    size_t n;
    const char **v;
};

struct int_list {
    size_t n;
    int64_t *v;
};

struct real_list {
    size_t n;
    double *v;
};

struct choice_list { /* values of the row's choices, in the order given */
    size_t n;
    int *v;
};

struct where_list { /* {target_collision: false, step: 2}: key = value, as text */
    size_t n;
    const char **key, **value;
};

enum chat_kind { CHAT_NONE, CHAT_AUTO, CHAT_WRITTEN };
struct chat_form { /* how a prompt is said to the model */
    enum chat_kind kind;
    const char *user, *assistant; /* of CHAT_WRITTEN: what stands before their words; never NULL */
};

struct share_list { /* {train: 0.5, test: 0.5} */
    size_t n;
    const char **name;
    double *share;
};

/* A place in a YAML node tree that a type's parser reads; opaque outside src/config. */
struct config_node;
struct config_context;

struct config_row;

/* A field and the row that it was filled by. */
struct config_value {
    const struct config_row *row;
    const void *field;
};

/* Fills the field from a node, or adds a problem that names the place and what was expected. */
struct config_type {
    const char *name; /* "integer", "list of names", ... */
    size_t size;      /* of the field */
    void (*parse)(struct config_context *c, const struct config_node *node, void *field);
    int (*print)(struct config_value at, struct buf *out,
                 struct err *err); /* canonical YAML, one line */
    const char *doc;               /* how a value is written, where the name does not say it; "" */
};

extern const struct config_type config_int;      /* int64_t */
extern const struct config_type config_real;     /* double */
extern const struct config_type config_bool;     /* bool */
extern const struct config_type config_string;   /* const char * */
extern const struct config_type config_choice;   /* an enum: of row->choices */
extern const struct config_type config_choices;  /* struct choice_list; one word = a list of it */
extern const struct config_type config_subset;   /* struct choice_list that may be empty */
extern const struct config_type config_strings;  /* struct string_list; one string = a list of it */
extern const struct config_type config_ints;     /* struct int_list; one number = a list of it */
extern const struct config_type config_reals;    /* struct real_list; one number = a list of it */
extern const struct config_type config_duration; /* double, seconds: 90, 90s, 3h55m, 1d */
extern const struct config_type config_bytes;    /* double, bytes: 512MiB, 20GiB; auto = 0 */
extern const struct config_type config_auto_int; /* int64_t; auto = 0 */
extern const struct config_type config_paths;    /* struct string_list of paths that must exist */
extern const struct config_type config_path;     /* const char *, a path that must exist */
extern const struct config_type config_folder;   /* const char *, a path that may not exist yet */
extern const struct config_type config_selector; /* struct selector */
extern const struct config_type config_where;    /* struct where_list */
extern const struct config_type config_real_or_choice; /* struct real_or_choice */
extern const struct config_type config_chat;           /* struct chat_form */
extern const struct config_type config_shares;         /* struct share_list */

struct real_or_choice { /* noise: 0.2 | computed | published */
    int choice;         /* NO_CHOICE = it is a number */
    double value;
};

enum config_affects { RESULTS, RUNNING };

struct config_row {
    const char *key;
    const struct config_type *type;
    size_t offset;
    const char *fallback;         /* default as YAML text; NULL = the key is required */
    double lo, hi;                /* bounds of numbers and of the elements of a list of numbers */
    const struct choice *choices; /* for choices and lists of choices, else NULL */
    enum config_affects affects;
    const char *doc;  /* one line */
    const char *when; /* has a meaning only with these values of other rows, which are choices:
                         "site: head | edge; operation.kind: zero"; NULL = always */
};

/* The values of a list put together: for choices that are bits. */
unsigned choice_bits(const struct choice_list *list);

/* Their words, in the arena; NULL and err if memory fails. */
const char **choice_words(const struct choice_list *list, const struct choice *choices,
                          struct arena *a, struct err *err);

/*
 * A choice that is not given and has no meaning (`when`) is NO_CHOICE.
 *
 * A key "operation.kind" is `kind` inside the mapping `operation`; rows of one mapping stand
 * together. A row with `when` is refused where it has no meaning, required only where it has one,
 * and then alone printed.
 */

/* The field's C type for each row type, checked by _Generic on a pointer to the field. */
#define CONFIG_ROW(st, field, key, type, fallback, lo, hi, affects, doc) \
    CONFIG_ROW_WHEN(st, field, key, type, fallback, lo, hi, affects, NULL, doc)
#define CONFIG_CHOICE(st, field, key, type, fallback, choices, affects, doc) \
    CONFIG_CHOICE_WHEN(st, field, key, type, fallback, choices, affects, NULL, doc)
#define CONFIG_REAL_OR_CHOICE(st, field, key, fallback, lo, hi, choices, affects, doc)             \
    {                                                                                              \
        key, &config_real_or_choice,                                                               \
            offsetof(st, field) + CONFIG_CHECK_config_real_or_choice(st, field), fallback, lo, hi, \
            choices, affects, doc, NULL                                                            \
    }
#define CONFIG_ROW_WHEN(st, field, key, type, fallback, lo, hi, affects, when, doc)               \
    {                                                                                             \
        key, &type, offsetof(st, field) + CONFIG_CHECK_##type(st, field), fallback, lo, hi, NULL, \
            affects, doc, when                                                                    \
    }
#define CONFIG_CHOICE_WHEN(st, field, key, type, fallback, choices, affects, when, doc)            \
    {                                                                                              \
        key, &type, offsetof(st, field) + CONFIG_CHECK_##type(st, field), fallback, 0, 0, choices, \
            affects, doc, when                                                                     \
    }

/* The field is a ctype. */
#define CONFIG_CHECK(st, field, ctype) _Generic(&((st *)0)->field, ctype * : (size_t)0)

#define CONFIG_CHECK_config_int(st, field)            CONFIG_CHECK(st, field, int64_t)
#define CONFIG_CHECK_config_real(st, field)           CONFIG_CHECK(st, field, double)
#define CONFIG_CHECK_config_bool(st, field)           CONFIG_CHECK(st, field, bool)
#define CONFIG_CHECK_config_string(st, field)         CONFIG_CHECK(st, field, const char *)
#define CONFIG_CHECK_config_choice(st, field)         CHOICE_CHECK(st, field)
#define CONFIG_CHECK_config_choices(st, field)        CONFIG_CHECK(st, field, struct choice_list)
#define CONFIG_CHECK_config_subset(st, field)         CONFIG_CHECK(st, field, struct choice_list)
#define CONFIG_CHECK_config_strings(st, field)        CONFIG_CHECK(st, field, struct string_list)
#define CONFIG_CHECK_config_ints(st, field)           CONFIG_CHECK(st, field, struct int_list)
#define CONFIG_CHECK_config_reals(st, field)          CONFIG_CHECK(st, field, struct real_list)
#define CONFIG_CHECK_config_duration(st, field)       CONFIG_CHECK(st, field, double)
#define CONFIG_CHECK_config_bytes(st, field)          CONFIG_CHECK(st, field, double)
#define CONFIG_CHECK_config_auto_int(st, field)       CONFIG_CHECK(st, field, int64_t)
#define CONFIG_CHECK_config_paths(st, field)          CONFIG_CHECK(st, field, struct string_list)
#define CONFIG_CHECK_config_path(st, field)           CONFIG_CHECK(st, field, const char *)
#define CONFIG_CHECK_config_folder(st, field)         CONFIG_CHECK(st, field, const char *)
#define CONFIG_CHECK_config_selector(st, field)       CONFIG_CHECK(st, field, struct selector)
#define CONFIG_CHECK_config_where(st, field)          CONFIG_CHECK(st, field, struct where_list)
#define CONFIG_CHECK_config_chat(st, field)           CONFIG_CHECK(st, field, struct chat_form)
#define CONFIG_CHECK_config_shares(st, field)         CONFIG_CHECK(st, field, struct share_list)
#define CONFIG_CHECK_config_real_or_choice(st, field) CONFIG_CHECK(st, field, struct real_or_choice)

struct config_section {
    const char *name; /* "run"; "" = top level */
    const char *doc;
    const struct config_row *rows;
    size_t n_rows;
};

#endif
