/*
 * Queries: prompts with named spans and named target tokens, whatever file they came from.
 *
 *     int longest(const char *const *paths, size_t n, const struct codec *codec, struct err *err)
 *     {
 *         struct data_options opt = {.n_controls = 16, .seed = 1};
 *         struct problems problems = {0};
 *         struct dataset ds;
 *         int most = 0;
 *
 *         if (dataset_load(&ds, paths, n, &opt, codec, &problems, err))
 *             return -1;
 *         for (size_t q = 0; q < ds.n && !problems.count; q++)
 *             most = ds.query[q].n > most ? ds.query[q].n : most;
 *         dataset_release(&ds);
 *         return most;
 *     }
 *
 * Names of spans and targets are collected over the whole dataset in order of first appearance
 * (the one_to_many adapter: answer_1, answer_2, answer_3, subject), so a query's spans and targets
 * are arrays that run parallel to ds.span_name and ds.target_name.
 *
 * A file that cannot be read as data is a problem (with file:line:column, all of them); a bad span,
 * an id beyond the vocabulary, a prompt too long is the status of that one query.
 */
#ifndef LENSWEEP_DATA_DATASET_H
#define LENSWEEP_DATA_DATASET_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUERY_ANSWERS = 3 };

struct tokens {
    const int32_t *ids; /* (n) */
    int n;
};

struct query {
    const char *status;  /* why it cannot be used, in the arena; NULL = it can */
    const char *text;    /* the prompt; decoded from ids where the file has none */
    const char *item;    /* the unit of statistics */
    const char *subject; /* "" if the data names none */
    const char *dataset; /* name, from the data or the file's name */
    int template;        /* 1.. ; 0 = not known */
    int step;            /* 1.. ; 0 = not known */

    /* (QUERY_ANSWERS) strings of the answers as the file has them; NULL = not of that layout */
    const char **answer;

    int n;        /* tokens in the prompt; 0 if it is longer than max_tokens */
    int32_t *ids; /* (n) -1 where the data have a number that is not a token id */

    struct span *span; /* (ds->n_spans) [lo, hi) in tokens; empty where the query lacks the name */

    int32_t *target;      /* (ds->n_targets) token id, -1 where the query lacks the name */
    struct tokens *whole; /* (ds->n_targets) all tokens of the answer; n = 0: it is not known */
    int right;            /* index of the target that counts as right, -1 = the data does not say */
    unsigned char *foil;  /* (ds->n_targets) 1 = `right` is compared with it */

    int32_t *control;   /* (ds->n_controls) first tokens of other items' answers, -1 = fewer */
    int32_t *s_control; /* (ds->n_controls) first tokens of other items' subjects, -1 = fewer */

    int32_t *cf_ids;      /* (n) the counterfactual prompt, NULL = none */
    struct span *cf_span; /* (ds->n_spans) its spans */

    unsigned char target_collision; /* two of its targets are the same token */
    unsigned char target_generic;   /* its right target starts many of the dataset's answers */
    unsigned char target_in_prompt; /* its right target stands in the prompt */
    unsigned char bos;              /* its prompt begins with the tokenizer's BOS */
    const char *answer_prefix;      /* "" | "space" | "quote": what the prompt ends in */

    size_t file, line;       /* where it came from: index of ds->file, line from 1 */
    size_t number;           /* which query of its file it is, from 1 */
    struct hash fingerprint; /* of what the query itself is: ids, spans, targets, foils */
    struct hash draws; /* of what was drawn for it from the others: controls, counterfactual */
};

struct dataset {
    struct arena arena; /* owns every string and array below and in the queries */
    struct query *query;
    size_t n;
    const char **span_name; /* `first` and `last` always exist and are the first two */
    size_t n_spans;
    const char **target_name;
    size_t n_targets;
    size_t n_controls;   /* entries of each query's control list */
    size_t controls_min; /* the fewest that any usable query has: for the summary */
    const char **file;   /* paths read, in order */
    size_t n_files;
    int max_tokens; /* longest prompt that is kept, those of bad queries included */

    bool has_whole;       /* a query has an answer of which all tokens are known */
    struct hash origin;   /* see dataset_fingerprint */
    size_t n_unspaced;    /* targets whose text lacks the space that the model would write there */
    const char *unspaced; /* the first of them in words, with its place; NULL = none */
    size_t n_misspelt;    /* queries whose ids are not the text beside them */
    const char *misspelt; /* the first of them likewise */
};

struct codec_message {
    const char *role, *content;
};

/* How the loader turns text into ids and back: the tokenizer, which lives on a floor above. Either
   may be NULL where there is no tokenizer (plan on a model that is not there): text is then only
   taken where ids stand beside it. */
struct codec {
    void *ctx;
    /* the ids of text: sets *ids and *n_ids, in the arena. Where each token lies in the text is
       found by spelling the tokens out. */
    int (*encode)(void *ctx, const char *text, size_t n, bool special, struct arena *a,
                  int32_t **ids, size_t *n_ids, struct err *err);
    /* bytes of one id, borrowed; NULL = no such id */
    const char *(*bytes)(void *ctx, int32_t id, size_t *n);
    int32_t bos; /* -1 = none */
    /* Appends the text of a chat by the model's template, with the special tokens written out, and
       the beginning of an answer if it is a `prompt`; NULL where there is no tokenizer. */
    int (*chat)(void *ctx, const struct codec_message *m, size_t n, bool prompt, struct buf *out,
                struct err *err);
};

struct data_options {
    const char *format; /* name of a format; NULL, "auto" = by the keys of the first record */
    bool add_bos;       /* prepend the codec's BOS and shift the spans */
    int vocab;          /* ids are below this; 0 = not checked */
    int max_tokens;     /* longer prompts get a status; 0 = not checked */
    const char *max_is; /* what the limit is, for that status: "the model's positions" */
    size_t limit;       /* at most so many queries of each file; 0 = all */
    size_t sequences;   /* without paths: so many of random tokens that stand twice; needs vocab */
    size_t n_controls;  /* controls drawn for each query; 0 = none */
    uint64_t seed;      /* of the draws of controls and counterfactuals */
    bool shuffled_targets; /* each item has the targets of another one of its dataset (draws.h) */
    bool first_distinct;   /* targets: the first token in which the answers differ (settle.c) */
    /* Places a problem of the paths themselves, where the caller knows who named them; NULL = at
       the path. */
    void (*path_problem)(const void *ctx, const char *msg, struct problems *problems);
    const void *path_ctx;
};

/* Is it "auto" or the name of a format? And which was meant by a word that is not; NULL = none. */
bool data_format_known(const char *name);
const char *data_format_meant(const char *word);

/* The keys of all formats, from the readers' own tables: `help data`, docs/data.md. */
int data_reference(bool markdown, struct buf *out, struct err *err);

/*
 * Reads the files in order (a directory stands for its .jsonl files, or those of the ending that
 * the format is known by, sorted, also those below it).
 * Problems of the files go to `problems`, with their places; the caller decides what to do about
 * them. Returns nonzero only for I/O and memory. An empty dataset is a problem.
 */
int dataset_load(struct dataset *ds, const char *const *paths, size_t n_paths,
                 const struct data_options *opt, const struct codec *codec,
                 struct problems *problems, struct err *err);
void dataset_release(struct dataset *ds);

/* Are two queries of the same dataset, template and step? */
bool query_same_group(const struct query *a, const struct query *b);

size_t dataset_bad(const struct dataset *ds); /* how many of its queries have a status */

/* Index of a name; -1 = none. */
int dataset_span(const struct dataset *ds, const char *name);
int dataset_target(const struct dataset *ds, const char *name);

/* Of all that is computed of the queries. ds->origin: of the queries alone, before targets were
   shuffled and anything was drawn. */
struct hash dataset_fingerprint(const struct dataset *ds);

#endif
