/*
 * Private to src/config: the tree that a YAML text becomes, and what the parsers of values share.
 *
 * Only yaml.c knows libyaml. It copies the document into this tree, in the config's arena, with
 * every alias expanded, so that a --set can change one place and no other.
 */
#ifndef LENSWEEP_CONFIG_NODE_H
#define LENSWEEP_CONFIG_NODE_H

#include "config/config.h"

enum {
    CONFIG_BYTES_MAX = 1 << 20,
    CONFIG_DEPTH_MAX = 64,
    CONFIG_NODES_MAX = 1 << 16,
    CONFIG_LIST_MAX = 4096,
    CONFIG_MAP_MAX = 256,
    CONFIG_NAME_MAX = 64,
};

enum yaml_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct config_pair {
    struct config_node *key, *value;
};

struct config_node {
    enum yaml_kind kind;
    const char *file;    /* the file's path, or "--set KEY" */
    size_t line, column; /* from 1; 0 = no file */
    const char *text;    /* of a scalar */
    bool quoted;
    size_t n;
    struct config_node **item; /* of a list: (n) */
    struct config_pair *pair;  /* of a mapping: (n) in the order of the file */
};

/* What is known while a config is read. Parsers add problems and carry on; only running out of
   memory sets `failed`, with the reason in err. */
struct config_context {
    struct arena *arena;
    struct problems *problems;
    struct err *err;
    bool failed;
    const struct config_row *row; /* whose value is read: problems name its key; NULL = none */
    const char *const *beside; /* (n_beside) keys of the mapping around the one that is checked */
    size_t n_beside;
    const char
        *section; /* what a row's key belongs to: "run", "experiments.heads"; "" = top level */
};

/* A section and where its struct lies in struct config. */
struct config_part {
    struct config_section section;
    size_t offset;
    bool of_run, of_curate; /* which configs have it */
};
enum { CONFIG_PARTS = 6, CONFIG_PART_DATA = 1, CONFIG_PART_TOP = 2 };
extern const struct config_part config_parts[CONFIG_PARTS];

/* Is the part one that this config has? */
static inline bool config_has_part(const struct config *c, const struct config_part *part)
{
    return c->curates ? part->of_curate : part->of_run;
}

/* What every experiment has; they fill a struct experiment_head. */
enum { CONFIG_HEAD_ROWS = 4 };
extern const struct config_row config_head_rows[CONFIG_HEAD_ROWS];
extern const char *const config_reserved_names[]; /* ends with NULL */

/* yaml.c: one document's tree. NULL after a problem or a failure; an empty text gives a scalar
   without text, as `~` does. With `places` nodes have a line and a column. */
struct config_node *yaml_read(struct config_context *c, const char *file, const char *text,
                              size_t n, bool places);

/* set.c: applies "key.path=value" to the tree. */
void set_apply(struct config_context *c, struct config_node *root, const char *set);

/* node.c: what an arena gave, and zeroed memory from the config's; NULL sets `failed`. */
void *config_got(struct config_context *c, void *p);
void *config_alloc(struct config_context *c, size_t n, size_t size);

bool is_among(const char *word, const char *const *words, size_t n);
bool node_is_null(const struct config_node *node); /* nothing, ~ or null */
struct config_node *node_get(const struct config_node *map, const char *key);
/* The key's value where `map` is a mapping and that a single value, else NULL. */
const struct config_node *node_scalar(const struct config_node *map, const char *key);
size_t node_count(const struct config_node *node); /* a scalar counts as a list of one */
const struct config_node *node_item(const struct config_node *node, size_t i);
const char *node_kind_name(const struct config_node *node); /* "a list" ... */

/* "SECTION.KEY: message" at the node's place, of c->row. */
void node_problem(struct config_context *c, const struct config_node *node, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void node_expected(struct config_context *c, const struct config_node *node, const char *what);

/* A mapping's keys are names, none twice, all of them known; the unknown ones get a suggestion.
   known NULL: any name will do. */
void node_check_keys(struct config_context *c, const struct config_node *map,
                     const char *const *known, size_t n_known);

/* " (did you mean X?)", or the whole list if nothing is near. */
enum { HINT_MAX = 400 };
char *node_hint(char out[HINT_MAX], const char *word, const char *const *known, size_t n_known);

/* A text, or of a long one its beginning and end, for messages. */
enum { EXCERPT_MAX = 48 };
char *node_excerpt(char out[EXCERPT_MAX], const char *text);

/* types.c: a single value of a node, or a problem; `what` = what was expected, in words. Of a
   choice NO_CHOICE after a problem. */
bool take_int(struct config_context *c, const struct config_node *node, const char *what,
              int64_t *v);
bool take_real(struct config_context *c, const struct config_node *node, const char *what,
               double *v);
const char *take_text(struct config_context *c, const struct config_node *node, const char *what);
int take_choice(struct config_context *c, const struct config_node *node, const char *what);
/* A path with ~ and variables replaced, in the config's arena; NULL after a problem. Then whether
   there is such a file, or a problem. */
const char *take_path(struct config_context *c, const struct config_node *node);
bool path_exists(struct config_context *c, const struct config_node *node, const char *path);

/* lists.c: a selector without the place of the file that ranks pairs: what is read there counts. */
int print_selector_counted(struct config_value at, struct buf *out, struct err *err);

/* text.c: numbers and strings, from and to text */
enum scan { SCAN_OK, SCAN_NO, SCAN_RANGE };
enum scan scan_int(const char *s, int64_t *v);
enum scan scan_real(const char *s, double *v);    /* all of s; finite */
enum scan scan_prefix(const char **s, double *v); /* an unsigned number; *s moves behind it */
int put_int(struct buf *out, int64_t v, struct err *err);
int put_real(struct buf *out, double v, struct err *err); /* shortest that reads back the same */
int put_string(struct buf *out, const char *s, struct err *err); /* quoted where YAML needs it */
int put_word(struct buf *out, const char *s,
             struct err *err); /* the same, but 3 and false unquoted */

/* config.c: a mapping's values, and the defaults of what it lacks, into a struct. `map` may be
   NULL; missing keys that are required are placed at `place`. */
void fill_rows(struct config_context *c, const struct config_row *rows, size_t n,
               const struct config_node *map, const struct config_node *place, void *to);

/* schema.c: the field of a row in the struct that its rows fill. */
struct config_value row_value(const struct config_row *row, const void *from);

/* Has a row a meaning with the values of the others in the struct (row->when)? `unknown`
   is the answer where a choice could not be read. */
bool row_applies(const struct config_row *row, const struct config_row *rows, size_t n,
                 const void *from, bool unknown);
enum { WHEN_MAX = 160 };
char *when_text(char out[WHEN_MAX], const struct config_row *row); /* in words */

/* Bounds of a row in words: "1 to 65536", "at least 0"; "" = none. */
enum { BOUNDS_MAX = 80 };
char *bounds_text(char out[BOUNDS_MAX], const struct config_row *row);

#endif
