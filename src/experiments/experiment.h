/*
 * An experiment is one file and one row of the table in registry.c. It says what to compute, never
 * how: which runs a query needs, which variants of them answer a cell, and what is reduced from the
 * answers. The engine executes variants, the campaign cuts the work into units, the cluster floor
 * hands them out; none of them knows an experiment.
 *
 * Results are declared as axes and fields. A *query field* has one value per query; a *cell field*
 * has one per cell, where cells run over the axes marked `cell`, in the order declared, the last
 * fastest. decode has one empty cell per query; a sweep has as many as its selectors multiply to.
 */
#ifndef LENSWEEP_EXPERIMENTS_EXPERIMENT_H
#define LENSWEEP_EXPERIMENTS_EXPERIMENT_H

#include "base/buf.h"
#include "config/config.h"
#include "data/dataset.h"
#include "engine/engine.h"
#include "results/describe.h"
#include "results/table.h"
#include "statistics/strata.h"

enum {
    AXES_MAX = 12,
    FIELDS_MAX = 24,
    AGGREGATES_MAX = 12,
    CONSTANTS_MAX = 8,
    HEADLINES_MAX = 8,
    INPUTS_MAX = 2,
    RUNS_MAX = 512
};

struct axis {
    struct dim dim;
    bool cell;   /* cells run over it */
    bool tokens; /* as long as the query's prompt; padded to the longest in the file */
    bool even;   /* cells that differ in it alone have equal costs (heads, draws): saves asking */
    const int32_t *alike; /* (size) or cells of equal numbers have, in [0, n_alike); NULL = none */
    size_t n_alike;
    bool twos;      /* cells: from the place on the axis before on, which has as many places */
    bool hidden;    /* no dimension of the group: of NAME/stats alone, or of hidden fields */
    bool key_value; /* its heads are key and value heads */
    bool as_heads;  /* tests are corrected over it where they are over heads */
    const char *const *label; /* (size) what its numbers mean, in words: NAME_label; may be NULL */
};

struct field {
    struct variable var; /* dims begin with "query" */
    bool cell;           /* one value per cell: has an axis that cells run over */
    bool late;   /* made by `fill_late` when results are written: known, or of other fields */
    bool hidden; /* for late fields and averages: not written */
    int axis[DIMS_MAX]; /* of its dims after "query" */
    int n_axes;
};

/* What a group has beside its axes, whatever the queries: known when it is opened. */
struct constant {
    struct variable var; /* dims are axes */
    const void *data;
    size_t n; /* entries of the first */
};

/* One query's fields or one cell's: while they are reduced, each for the query's own tokens; when
   results are written, all fields of a query, padded. */
struct row {
    const struct experiment *x;
    const struct query *q;
    void *at[FIELDS_MAX]; /* NULL for fields that it does not have */
    int which;            /* for an aggregate's value(): its own `which` */
};

/* A field's array; NULL where the row does not have it, or it is of another type. row_str: of late
   fields alone. */
void *row_at(const struct row *row, const char *field, enum vtype type);
#define row_f32(row, field) ((float *)row_at(row, field, V_F32))
#define row_i64(row, field) ((int64_t *)row_at(row, field, V_I8))
#define row_i32(row, field) ((int32_t *)row_at(row, field, V_I4))
#define row_i8(row, field)  ((int8_t *)row_at(row, field, V_I1))
#define row_str(row, field) ((const char **)row_at(row, field, V_STR))

/*
 * An average over queries: value() makes one query's numbers from its fields, and the file gets
 * their mean, standard error, interval and counts in each stratum (NAME, NAME_se, _lo, _hi, _n,
 * _n_clusters, _df), and the p of a headline's test (_p).
 */
struct aggregate {
    struct field field; /* dims begin with "stratum" */
    bool no_interval;   /* the same number for each query: only NAME and NAME_n */
    bool rate;          /* a share of queries: each has 0 or 1 */
    bool about_right; /* of each query's right target; else what the last dimension's entry names */
    const bool *signs; /* not NULL: by place on the last axis, the metrics that have a sign: they
                          are of each query's right target where they name no other */
    bool judged;       /* by a headline's test: NAME_p. A mean against 0, a rate against `chance` */
    const char *chance; /* the aggregate of the same shape that a judged rate is compared with */
    size_t controls;    /* tokens that the chance is from, in each query */
    bool ratio;         /* value() makes numerators, then as many denominators: the file gets the
                           ratio of their means */
    size_t terms; /* of a ratio: each element is the sum of the sizes of so many, which follow each
                     other; 0 = the one as it is */
    const bool *tested; /* not NULL: these are effects, and go to NAME/stats; those that have a
                           sign (by place on the last axis) are tested against 0 */
    void (*value)(const struct row *row, float *out);
    int which;      /* of several that one value() makes */
    const char *of; /* the fields that it is the sum of (results/signed_sum.h), which value NULL
                       computes and headlines tell their readers; NULL = it is no such sum */
};

struct tokenizer;
struct edge_check;

/* What an experiment sees of the job it belongs to. */
struct scene {
    const struct model *model;         /* with weights or only the shape */
    const struct tokenizer *tokenizer; /* NULL = the model has none */
    const struct dataset *data;
    const struct config *config;
    const struct vocab_stats *vocab_stats; /* NULL unless `needs` asked for them */
};

/* What a file beside model and data gave, which the results depend on: a key of the config names
   the file, and says nothing of what is in it. */
struct input {
    const char *key;
    struct hash hash;
};

/* EMBED_STATS: what vocab_stats has of the embedding, too; DRAWS: controls or counterfactual. */
enum { NEED_VOCAB_STATS = 1, NEED_DRAWS = 2, NEED_EMBED_STATS = 4 };

struct experiment {
    const struct kind *kind;
    const char *name;
    const struct experiment_entry *entry;
    const void *config; /* the kind's own struct */
    const struct scene *scene;
    const struct dataset *data; /* the scene's, */
    const struct shape *shape;  /* and its model's */
    struct arena *arena;        /* for what `open` makes */
    struct axis axis[AXES_MAX];
    int n_axes;
    struct field field[FIELDS_MAX];
    int n_fields;
    struct aggregate aggregate[AGGREGATES_MAX];
    int n_aggregates;
    struct constant constant[CONSTANTS_MAX];
    int n_constants;
    struct headline headline[HEADLINES_MAX]; /* what a reader must know of the averages */
    int n_headlines;
    struct figure figure[HEADLINES_MAX];
    int n_figures;
    struct authors_layout authors; /* the place of its numbers in the files of the paper's code */
    bool settles; /* the kind's `settle` is called, and needs all queries at once */
    unsigned needs;
    struct input input[INPUTS_MAX];
    int n_inputs;
    unsigned keep;       /* what the clean run keeps (KEEP_...); begins as the kind's */
    bool all_rows;       /* of the clean run: as in run_spec */
    bool of_model;       /* its cells are the model's own, and no query's: it has no runs, and its
                            fields are declared with "query" and written without */
    uint64_t shared;     /* FLOP of `prepare`, where what it makes is worth sharing as runs are */
    double bytes;        /* that computing holds beside runs and variants */
    int longest;         /* of runs that are longer than any prompt; 0 = there are none */
    int written;         /* tokens of a text, behind every prompt */
    struct whole *whole; /* whole answers are computed as well (kit/whole.h); NULL = they are not */
    struct survey *survey; /* of the whole data, before the first cell; NULL = none (survey.h) */
    const struct places *places; /* a query that has none of them is left out (kit/places.h); NULL =
                                    none is */
    const struct operation *op;  /* what its cells do there (kit/operation.h): it has the runs of
                                    it; NULL = nothing that operations do */
    const struct hash *chosen;   /* of what was read beside the data and decides what the cells are,
                                    a ranking or a list; NULL = nothing was. With op alone */
    const char *words; /* a cell in words: "{axis}" stands for its place there, "[...]" is left out
                          where the experiment does not have the axis in it; NULL = the summary */
    void *state;       /* (state_size of the kind) its own, in the arena */
};

/* What the model writes after the prompt, greedily, under edits that stand. */
struct cell_text {
    const struct edit *edit; /* may name rows far behind the prompt */
    int n_edits;
    int n;              /* tokens, past the end of the text too */
    const int32_t *ids; /* (n) filled before the cell is reduced; -1 where the output was not
                           finite. NULL in plans */
};

/* A cell's variants (samples, draws) and where their answers are. */
struct cell {
    const struct query *q;
    int64_t index[AXES_MAX]; /* place on each cell axis, in order of x->axis; 0 elsewhere */
    const struct run *run;   /* (RUNS_MAX) the query's runs, in the order of `runs` */
    const void *prepared;    /* what `prepare` made; NULL in plans */
    struct variant *variant;
    int n_variants;
    struct cell_text text; /* asked for if text.n > 0 */
    uint64_t extra;        /* FLOP of reducing it, beside its variants; `variants` adds to it */
    size_t bytes; /* that its variants hold where they are computed, beside what plans allocate */
};

/* What a worker lends to reduce. */
struct worker {
    struct engine *engine;
    struct arena *arena; /* forgotten after each unit */
};

/* A run that a query needs: from its ids, or an edit of one listed before. */
struct run_spec {
    unsigned keep;
    int base;           /* index of an earlier run; -1 = from the ids */
    const int32_t *ids; /* (n) of another prompt; NULL = the query's own */
    int n;
    bool all_rows; /* also those of the last layer that its own answer does not need */
    const struct edit *edit;
    int n_edits;
};

/* In a kind: the struct of its config, and the table of the rows that fill it. */
#define KIND_CONFIG(type, table) \
    .rows = (table), .n_rows = sizeof(table) / sizeof *(table), .config_size = sizeof(type)

/* Slots in the order in which a job calls them. */
struct kind {
    const char *name;    /* `kind:` in the config */
    const char *summary; /* one line */
    const char *also;    /* other names that it goes by (struct experiment_schema); NULL = none */
    const struct config_row *rows;
    size_t n_rows, config_size;
    size_t state_size; /* of x->state, which is there, zeroed, when `open` is called; 0 = NULL */
    int version; /* part of the units' keys: raise it when the results of a kind change, not when
                    those of all do (ENGINE_BITS) */

    /* Checks the config against data and model, declares axes and fields. Mistakes of the config go
       to problems (config_problem). */
    int (*open)(struct experiment *x, struct problems *problems, struct err *err);

    /* Why this query is not computed here, or NULL; NULL slot = every usable query is. */
    const char *(*skip)(const struct experiment *x, const struct query *q);

    /* query_derived, where x has no operation. NULL slot = nothing was. */
    struct hash (*derived)(const struct experiment *x, const struct query *q);

    /* Fills the late fields of a query; the others are there already. NULL slot = has none. */
    void (*fill_late)(const struct row *row);

    /* A query's clean run, the first of its runs, keeps these, and what `open` adds to x->keep. */
    unsigned keep;
    bool no_runs; /* it does without even that one */
    bool no_data; /* it means something without data, on random tokens */

    /* The runs of a query beside its clean one and those of its operation, at most RUNS_MAX - 1;
       edits in the arena. Returns how many. NULL slot = none. */
    int (*runs)(const struct experiment *x, const struct query *q, struct run_spec *spec,
                struct arena *a, struct err *err);

    /* Why, seen the query's first run, nothing more is computed of it; NULL = go on. */
    const char *(*admit)(const struct experiment *x, const struct query *q,
                         const struct run *first);

    /* What the variants of the n cells from `first` on share beside the runs (operands that take
       work to make), in the worker's arena; only where they are computed, not in plans. NULL slot =
       nothing. */
    int (*prepare)(const struct experiment *x, const struct cell *query, uint64_t first, uint64_t n,
                   struct worker *w, const void **prepared, struct err *err);

    /* Bytes that it takes for all of a query's cells; a bundle has several queries only as far as
       these are few. NULL slot = nothing, or what x->bytes has. */
    double (*prepared_bytes)(const struct experiment *x, const struct query *q);

    /* The variants of one cell: cell->variant and n_variants, in the arena; NULL slot = none. */
    int (*variants)(const struct experiment *x, struct cell *cell, struct arena *a,
                    struct err *err);

    /* For audits: edges of a drawn sender (kit/edge_check.h), and what its operation makes of the
       sender itself. w: NULL in plans. NULL slot = it is not about edges. */
    int (*edge_check)(const struct experiment *x, const struct cell *query, struct worker *w,
                      struct edge_check *k, struct err *err);

    /* For aggregates that need all queries at once (a threshold over them): value[i] is (queries,
       elements) of aggregate i, to be changed in place before it is averaged. NULL slot = none. */
    void (*settle)(const struct experiment *x, const struct strata *s,
                   float *const value[AGGREGATES_MAX]);

    /* How the authors' scripts average over templates (statistics: average: authors). */
    enum template_mean authors_average;

    /* FLOP that reducing a query costs beside its variants (decoding), equal for queries of one
       likeness; NULL slot = none. */
    double (*extra)(const struct experiment *x, const struct query *q);

    /* Reduces one query (row has the query fields; called once, before its cells) or one cell (row
       has the cell fields). */
    int (*reduce_query)(const struct experiment *x, const struct cell *cell, struct row *row,
                        struct worker *w, struct err *err);
    int (*reduce_cell)(const struct experiment *x, const struct cell *cell, struct row *row,
                       struct worker *w, struct err *err);
};

/* Tokens that stand behind a query's prompt at most: of its longest answer, of a text. */
int query_behind(const struct experiment *x, const struct query *q);

/* Why an experiment does not compute a query, or NULL: the query's own status, the experiment's
   limit and where, its kind's skip, no room behind it. */
const char *query_skip(const struct experiment *x, const struct query *q);

/* What was derived for a query from all of the data beside draws, or read beside it: part of its
   units' keys. false: nothing was. */
bool query_derived(const struct experiment *x, const struct query *q, struct hash *derived);

/* What the costs of a query's cells depend on beside its length, its spans and its targets'
   lengths, to b: queries of which all this is equal share a plan. */
int query_likeness(const struct experiment *x, const struct query *q, struct buf *b,
                   struct err *err);

/* The runs of a query, the clean one first, those of whole answers last: spec (RUNS_MAX), edits in
   the arena. Returns how many. */
int query_runs(const struct experiment *x, const struct query *q, struct run_spec *spec,
               struct arena *a, struct err *err);

/* FLOP that reducing a query costs beside its variants: its kind's `extra`, and whole answers. */
uint64_t query_extra(const struct experiment *x, const struct query *q);

/* The table. `queries` (what every result file says about its queries) is its first row and always
   runs; it is not a kind that a config can name. */
extern const struct kind *const kinds[];
extern const size_t n_kinds;

/* The table as the config floor wants it, without `queries`. */
const struct experiment_schema *kind_schemas(size_t *n);

/* The unit "1" of logits that are sums of parts: where the model caps its logits, long_name says
   that these are before the cap. Ranks, probabilities and KL are of those after it. */
extern const char unit_logit[];

/* For `open`: declare an axis, a field. Fields name their axes; an unknown one is a bug, but one
   marked "head?" is left out where x has not declared it. */
int add_axis(struct experiment *x, const char *name, size_t size, struct err *err);
int add_named_axis(struct experiment *x, const char *name, size_t size, const char *const *labels,
                   struct err *err);
int add_field(struct experiment *x, const char *name, enum vtype type, const char *dims,
              const char *units, const char *long_name, struct err *err);

/* A query field although it runs over an axis of cells: all of that axis at once. */
int add_query_field(struct experiment *x, const char *name, enum vtype type, const char *dims,
                    const char *units, const char *long_name, struct err *err);

/* One that `fill_late` makes. */
int add_late_field(struct experiment *x, const char *name, enum vtype type, const char *dims,
                   const char *units, const char *long_name, struct err *err);

int add_aggregate(struct experiment *x, const char *name, const char *dims, const char *units,
                  const char *long_name, void (*value)(const struct row *row, float *out),
                  struct err *err);

/* One of several that value() makes: it finds `which` in the row. */
int add_one_of(struct experiment *x, const char *name, const char *dims, const char *units,
               const char *long_name, void (*value)(const struct row *row, float *out), int which,
               struct err *err);

/* The mean over queries of a sum of fields of single precision, whose dimensions it has. */
int add_sum(struct experiment *x, const char *name, const char *dims, const char *units,
            const char *long_name, const char *of, struct err *err);

/* The mean over queries of one such field, as it is. */
int add_mean(struct experiment *x, const char *name, const char *field, const char *units,
             const char *long_name, struct err *err);

/* data: one entry after the other along the one dimension that it has. */
int add_constant(struct experiment *x, const char *name, enum vtype type, const char *dim,
                 const char *units, const char *long_name, const void *data, struct err *err);

/* A mistake of the config, at a key of x's. */
#define problem_at(x, key, problems, ...) \
    config_problem((x)->scene->config, (x)->entry, key, problems, __VA_ARGS__)

/* The same of a file that the key names and that cannot be used; lack of memory is an error. */
int problem_of_file(const struct experiment *x, const char *key, struct problems *problems,
                    const struct err *bad, struct err *err);

/* What summary, `top`, `plot` and the others show of the group (results/describe.h); after the
   averages that it names, an unknown one is a bug. Texts that do not live as long as x go into its
   arena. */
int add_headline(struct experiment *x, const struct headline *h, struct err *err);
int add_figure(struct experiment *x, const struct figure *f, struct err *err);
int add_input(struct experiment *x, const char *key, struct hash hash, struct err *err);

/* Its inputs in words, "KEY HASH, KEY HASH", in the arena; "" = it has none. NULL: see err. */
const char *inputs_text(const struct experiment *x, struct arena *a, struct err *err);

/* Place of the axis of this name (of n bytes); -1 = x has not declared it. */
int axis_named(const struct experiment *x, const char *name, size_t n);

/* NULL = x has not declared it. */
const struct field *field_named(const struct experiment *x, const char *name);

/* Elements of a field per query (cell fields: per cell), for a prompt of n tokens. */
size_t field_elements(const struct experiment *x, const struct field *f, int n);
/* The same in the file, padded: over all its axes. */
size_t padded_elements(const struct experiment *x, const struct field *f);
/* Its length in a query of n tokens. */
size_t axis_size(const struct axis *a, int n);
/* Cells of a query of n tokens, and the place of one of them. */
uint64_t query_cells(const struct experiment *x, int n);
void cell_index(const struct experiment *x, int n, uint64_t cell, int64_t index[AXES_MAX]);

#endif
