/*
 * The loader's workbench, private to this floor.
 *
 *     line of a file --native_line / one_to_many_line--> draft --draft_finish--> pushed
 *     all drafts --settle--> queries --flags, draws, fingerprints--> dataset
 *
 * A draft holds what one line says, under indices of names that are collected as they appear; only
 * when all lines are read is it known how many names there are.
 *
 * Functions return nonzero only for I/O and memory. What is wrong with the file goes to
 * l->problems (line_problem), what is wrong with one query to its status (query_bad).
 */
#ifndef LENSWEEP_DATA_LOAD_H
#define LENSWEEP_DATA_LOAD_H

#include "base/buf.h"
#include "base/json.h"
#include "data/query.h"

enum {
    NAMES_MAX = 256, /* distinct names of spans, and of targets */
    LABEL_MAX = 127, /* largest template and step: a byte in the result file */
    LINE_MAX_BYTES = 16 << 20
};

struct named_span {
    int name; /* index of ds->span_name */
    struct span at;
};

struct named_target {
    int name;           /* index of ds->target_name */
    int32_t id;         /* the token that is followed, -1 = outside the vocabulary */
    const int32_t *ids; /* (n_ids) all of its tokens, NULL = not known */
    size_t n_ids;
    const char *text; /* its string, NULL = not known */
};

struct prompt {
    const char *text; /* NULL = the file has none */
    int32_t *ids;     /* (n) */
    size_t n;
    struct named_span *span; /* (n_spans) without first and last */
    size_t n_spans;
};

struct draft {
    struct prompt own, cf; /* cf.ids = NULL: the data give no counterfactual */
    struct named_target *target;
    size_t n_targets;
    int right; /* index of ds->target_name; -1 = not said */
    int *foil; /* (n_foils) indices of ds->target_name; NULL = not said */
    size_t n_foils;
    int32_t *control; /* (n_controls) NULL = not said */
    size_t n_controls;
};

/* Where a query belongs: numbers of its dataset and of its item, in the order of their names, so
   that they do not depend on the order of files; set by group_queries. */
struct group {
    int set, item;
    uint64_t key; /* of the draws: dataset, item and template, so steps of an item draw alike */
};

struct source;

struct loader {
    struct dataset *ds;
    const struct data_options *opt;
    const struct codec *codec; /* never NULL: an empty one stands for none */
    struct problems *problems;
    struct arena scratch; /* drafts, lists of files */

    struct query *query; /* (n), like the next two owned */
    struct draft *draft;
    struct group *group;
    size_t n, cap;
    unsigned char *numbered; /* (datasets) 1 = its answers are the targets called answer_... */
    size_t n_controls;

    /* the file at work */
    size_t file;
    const char *path;
    struct source *source;

    /* the line at work */
    const char *line;
    size_t line_n, line_no;
};

static inline int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* fields.c: values of a line, with their places */
void line_problem(struct loader *l, const char *key, const char *inner, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
int query_bad(struct loader *l, struct query *q, struct err *err, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
const char *json_kind(const json_t *v); /* "an array" */
bool field_take_text(struct loader *l, const json_t *obj, const char *key, const char **v);
bool take_label(struct loader *l, const json_t *obj, const char *key, int *v);
/* An array of ids into ds->arena; *ids = NULL if it is none (then a problem has been reported). An
   id outside the vocabulary becomes -1, and the query bad: "WHATid 7 at token 3 is outside ...". */
int take_ids(struct loader *l, struct query *q, const json_t *array, const char *key,
             const char *inner, const char *what, int32_t **ids, size_t *n, struct err *err);
/* One id, by the same rule: "WHATid 7 is outside ...". */
int check_id(struct loader *l, struct query *q, const char *what, int64_t id, int32_t *out,
             struct err *err);
/* [lo, hi), any integers; false after a problem. */
bool take_pair(struct loader *l, const json_t *v, const char *key, const char *inner,
               const char *name, int64_t pair[2]);
/* Adds the span to p unless it lies outside its n units ("tokens", "characters"); then it is the
   query's status. */
int check_pair(struct loader *l, struct query *q, const char *what, const char *name,
               const int64_t pair[2], size_t n, const char *units, bool *good, struct err *err);
/* Index of a name of spans or targets, added if it is new; -1 after a problem. */
int span_index(struct loader *l, const char *name, const char *key, struct err *err);
int target_index(struct loader *l, const char *name, const char *key, struct err *err);
/* "answer_12" -> 12; 0 = another name */
int answer_number(const char *name);

/* paths.c: the files meant by a path, and what a file's own path says */
struct source {
    const char *path;    /* of ds->file */
    const char *dataset; /* its name without .jsonl and, for one_to_many, without the step */
    int template, step;  /* 0 = its path does not say */
    bool one_to_many;
};
/* ds->file and their sources (ds->n_files, in the scratch arena). */
int find_files(struct loader *l, const char *const *paths, size_t n, struct source **sources,
               struct err *err);
/* The name of a file of the released layout: {dataset}_{step}.jsonl. */
int split_step(struct loader *l, struct source *s, struct err *err);
/* Reports files that are the same dataset, template and step: prompts of two models, as a rule. */
int check_sources(struct loader *l, const struct source *sources, struct err *err);

/* keys.c: a key of a line */
struct data_key {
    const char *name, *type;
    const char *fallback; /* in words; NULL = required */
    const char *meaning;
    bool both; /* a counterfactual has it, too */
};
enum { DATA_KEYS_MAX = 32 };
extern const struct data_key native_keys[]; /* (n_native_keys) at most DATA_KEYS_MAX */
extern const size_t n_native_keys;

/* native.c, one_to_many.c: one object into a draft */
int native_line(struct loader *l, const json_t *obj, struct query *q, struct draft *d,
                struct err *err);
int one_to_many_line(struct loader *l, const json_t *obj, struct query *q, struct draft *d,
                     struct err *err);

/* text.c: between text and tokens */
int encode_text(struct loader *l, struct query *q, const char *what, const char *text, bool special,
                int32_t **ids, size_t *n, struct err *err);
/* The bytes [begin, end) of the text that each token of p spells, (p->n) pairs in the scratch
   arena; *ranges = NULL when the tokens do not spell the text. */
int spell_text(struct loader *l, const struct prompt *p, size_t (**ranges)[2], struct err *err);
int decode_text(struct loader *l, struct query *q, struct err *err);
int prompt_add_bos(struct loader *l, struct prompt *p, struct err *err);

/* settle.c: drafts into queries, once all names are known */
int draft_finish(struct loader *l, struct query *q, struct draft *d, struct err *err);
int settle(struct loader *l, struct err *err);

/* flags.c, draws.c, fingerprint.c: passes over all settled queries */
int group_queries(struct loader *l, struct err *err);
/* Is a target of this name an answer in that dataset? Those called answer_..., where it has any;
   else all but the subject. */
bool is_answer(const struct loader *l, int set, int target);
int flag_queries(struct loader *l, struct err *err);
int draw_controls(struct loader *l, struct err *err);
int draw_counterfactuals(struct loader *l, struct err *err);
int put_text(struct buf *b, const char *s, struct err *err); /* its length, then its bytes */
int fingerprint_queries(struct loader *l, struct err *err);

#endif
