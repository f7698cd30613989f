/*
 * A run's config: YAML read through libyaml's document API into the structs below.
 *
 *     int check(const struct experiment_schema *kinds, size_t n_kinds, struct err *err)
 *     {
 *         static const char *const set[] = {"run.threads=2"};
 *         struct problems problems = {0};
 *         struct config c = {0};
 *
 *         config_load(&c, "configs/demo.yaml", set, 1, kinds, n_kinds, &problems, err);
 *         config_release(&c);
 *         return problems.count;
 *     }
 *
 * Everything that is wrong is gathered in `problems` (unknown keys with did-you-mean, wrong types,
 * values out of bounds, duplicate keys, missing files and keys), each with file:line:column, before
 * any model is touched.
 */
#ifndef LENSWEEP_CONFIG_CONFIG_H
#define LENSWEEP_CONFIG_CONFIG_H

#include "config/schema.h"

/* What the `experiments` list may hold: a kind's name and its keys, given by the floor above. */
struct experiment_schema {
    const char *kind;
    const char *doc;
    const struct config_row *rows;
    size_t n_rows;
    size_t size;      /* of the struct that the rows fill */
    const char *also; /* other names that it goes by, "NAME" or "NAME=what to write with it", parted
                         by "; ": for did-you-mean; NULL = none */
    bool no_data;     /* it means something without data */
};

/* What every experiment has, whatever its kind. */
struct experiment_head {
    const char *name, *kind;
    int64_t limit; /* the first so many queries of each file; 0 = all */
    struct where_list where;
};

struct experiment_entry {
    struct experiment_head head;
    const char *name; /* unique; [A-Za-z0-9_-]+ */
    const struct experiment_schema *schema;
    void *config;                   /* schema->size bytes in the config's arena */
    size_t line, column;            /* where the entry stands, for problems found later */
    const struct config_node *node; /* private */
};

enum model_check { CHECK_REMEMBERED, CHECK_FULL };
enum model_load { MODEL_LOAD_AUTO, MODEL_LOAD_MAP, MODEL_LOAD_BROADCAST };

struct model_config {
    const char *path; /* NULL = paths */
    struct string_list paths;
    enum model_check check;
    enum model_load load;
    struct string_list ignore;
};

enum target_token { TARGET_FIRST, TARGET_FIRST_DISTINCT };

enum null_data { NULL_NONE, NULL_SHUFFLED_TARGETS, NULL_RANDOM_WEIGHTS };
extern const struct choice null_choices[];

struct data_config {
    struct string_list path;
    const char *format; /* a name of the data floor's table; it checks it */
    bool add_bos;
    int64_t limit;
    int64_t sequences; /* in the place of path; 0 = not said */
    int64_t controls;
    enum target_token target;
    struct choice_list null; /* of enum null_data; of a campaign that is open: its own alone */
    int64_t seed;
};

enum answer_source { ANSWERS_OF_MODEL, ANSWERS_OF_FACTS };
enum keep_answers { KEEP_CORRECT, KEEP_EVERY };

struct curate_config {
    const char *dataset;
    const char *facts;
    struct string_list templates;
    int64_t answers;
    int64_t tokens; /* auto = 0 */
    enum answer_source from;
    enum keep_answers keep;
    struct chat_form chat;
    bool counterfactual;
    struct share_list splits;
    int64_t controls;
    int64_t seed;
};

enum executor { EXECUTOR_FORKED, EXECUTOR_NAIVE };
extern const struct choice executor_choices[];
enum gemm { GEMM_ROWS, GEMM_OPENBLAS };
enum audit_scope { AUDIT_FIRST, AUDIT_ALL, AUDIT_NONE };

struct run_config {
    int64_t rows;
    int64_t unit_flops; /* GFLOP; auto = 0: from the model */
    int64_t threads;
    double memory;   /* bytes; 0 = auto */
    double max_time; /* seconds; 0 = none */
    double grace;    /* seconds to drain before the end */
    enum executor executor;
    enum gemm gemm;
    enum audit_scope audit;
    bool fail_on_bad;
};

enum clustering { CLUSTER_ITEM, CLUSTER_QUERY };
enum over_templates { AVERAGE_MEANS, AVERAGE_AUTHORS };
extern const struct choice cluster_choices[], average_choices[], split_choices[];
enum split { SPLIT_NONE, SPLIT_HALF };

/* Dimensions over which tests may be corrected together: bits, by the names of the dimensions. */
enum family {
    FAMILY_STRATUM = 1,
    FAMILY_LAYER = 2,
    FAMILY_HEAD = 4,
    FAMILY_POSITION = 8,
    FAMILY_FROM = 16,
    FAMILY_TO = 32,
    FAMILY_METRIC = 64,
};
extern const struct choice family_choices[];

struct statistics_config {
    enum clustering cluster;
    bool by_token;
    enum over_templates average;
    int64_t bootstrap;
    struct choice_list family; /* of enum family */
    double fdr, min_effect;
    enum split split;
    int64_t seed;
};

struct config {
    struct arena arena;
    const char *path; /* of the YAML file */
    struct model_config model;
    struct data_config data;
    const char *output;
    struct experiment_entry *experiment;
    size_t n_experiments;
    struct statistics_config statistics;
    struct run_config run;
    bool curates; /* it has a section `curate`, and neither data, experiments nor statistics */
    struct curate_config curate;

    const struct config_node *root; /* private: where things stand in the file */
};

/* set: "key.path=value" strings of --set, applied over the file (run.rows=64,
   experiments.decode.rank=true by name, model.path=...); their problems are placed at "--set ...".
   Paths are as seen from the working directory. Returns nonzero only for I/O and memory; with
   problems, what the struct holds is of no use. Either way config_release frees it. */
int config_load(struct config *c, const char *path, const char *const *set, size_t n_set,
                const struct experiment_schema *kinds, size_t n_kinds, struct problems *problems,
                struct err *err);

/* The same from text in memory; `path` is what problems are placed at. For ranks that get rank 0's
   config_print. */
int config_parse(struct config *c, const char *path, const char *text, size_t n,
                 const char *const *set, size_t n_set, const struct experiment_schema *kinds,
                 size_t n_kinds, struct problems *problems, struct err *err);
void config_release(struct config *c);

/* Has the file a section curate at its top? False for one that cannot be read. */
bool config_curates(const char *path);

/* A key with its value, defaults filled in. */
struct config_key {
    const char *section;                       /* "run", "experiments"; "" = top level */
    const struct experiment_entry *experiment; /* NULL = a section's key */
    bool own;               /* of the experiment's kind; false = name, kind, limit, where */
    const char *key;        /* "rows", "operation.kind" */
    const char *value;      /* canonical YAML, one line; as long as the visit lasts */
    const char *counted;    /* the same without what does not count, such as where a file lies */
    struct config_value at; /* the field; at.row has its type, and whether it affects results */
};

/* Calls visit for each key that is in force, in the order of the tables: those of the sections
   before the experiments, each experiment's, those of the sections after them. A key that has no
   meaning with the values of others (only with site: head) is left out. Ends at the first visit
   that returns nonzero, and returns that. */
int config_each(const struct config *c,
                int (*visit)(void *to, const struct config_key *key, struct err *err), void *to,
                struct err *err);

/* The same for one experiment's keys. */
int config_each_of(const struct experiment_entry *e,
                   int (*visit)(void *to, const struct config_key *key, struct err *err), void *to,
                   struct err *err);

/* The resolved config as canonical YAML, each key with its value, which config_load reads back;
   with results_only, only the keys that affect results (for fingerprints and provenance). */
int config_print(const struct config *c, bool results_only, struct buf *out, struct err *err);

/* All keys, with the paths of model, data and output made absolute: what is printed can be loaded
   in any working directory. */
int config_print_anywhere(const struct config *c, struct buf *out, struct err *err);

/* One experiment's kind and those of its keys that affect results, as one canonical text; without
   name, limit and where, which are not part of what a unit computes: part of its key. */
int config_print_experiment(const struct experiment_entry *e, struct buf *out, struct err *err);

/* The reference of all sections and kinds: plain text for `help config`, Markdown for docs/. */
int config_reference(const struct experiment_schema *kinds, size_t n_kinds, bool markdown,
                     struct buf *out, struct err *err);

/* The rows of one key, "rows" or "run.rows", of a section, "run", or of a kind, "decode" or
   "decode.targets"; ERR_CONFIG with a suggestion if there is none such. */
int config_help(const struct experiment_schema *kinds, size_t n_kinds, const char *key,
                struct buf *out, struct err *err);

/* Does the file (or a --set) give this key of an experiment, "operation.factor"? */
bool config_given(const struct experiment_entry *e, const char *key);

/* For main: a place in the config, "file:line:column", of a key or of an experiment's key. Problems
   that only a floor above can see (a layer beyond the model's) use it. */
void config_problem(const struct config *c, const struct experiment_entry *e, const char *key,
                    struct problems *problems, const char *fmt, ...) PRINTF_LIKE(5, 6);
/* The same place before the message of an error that came of reading what the key names; of others
   (memory, communication) it would say nothing. */
int config_place(const struct config *c, const char *key, struct err *err);

#endif
