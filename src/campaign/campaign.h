/*
 * A campaign: one config with its data, model and experiments, and the list of units that it takes.
 *
 *     struct campaign c = {0};
 *     campaign_open(&c, &request, &problems, err);        // everything that can be wrong is said
 * here campaign_cut(&c, err);                              // units, their cost and keys
 *     campaign_start(&c, threads, err);                   // the engine
 *     unit_run(&c, i, &rows, err);                        // a pure function of i
 *     campaign_write(&c, journal, "result.h5", err);
 *     campaign_close(&c);
 *
 * A unit is a range of cells of one query in one experiment, cut from the query's first cell on at
 * a cost that depends on config, model and query alone. Its key is a hash of what it computes, so
 * resume, appended queries, added experiments and array shards are one mechanism: a unit whose key
 * stands in the journal is not computed again.
 */
#ifndef LENSWEEP_CAMPAIGN_CAMPAIGN_H
#define LENSWEEP_CAMPAIGN_CAMPAIGN_H

#include "base/work.h"
#include "campaign/cost.h"
#include "engine/vocab_stats.h"
#include "experiments/experiment.h"
#include "model/tokenizer/tokenizer.h"
#include "results/journal.h"

struct unit {
    uint32_t experiment;
    uint32_t query;
    bool survey;       /* n queries from this one on are surveyed (survey.h), no cells */
    uint64_t first, n; /* cells [first, first + n) */
    struct cost cost;  /* runs, variants, decoding */
    struct hash key;
};

struct campaign {
    struct config config;
    struct dataset data;
    struct model *model;
    struct tokenizer *tokenizer; /* NULL: there is none to use, and the data needs none */
    struct err no_tokenizer;     /* why, if the model has one all the same: for a warning */
    struct scene scene;
    struct vocab_stats vocab_stats;
    struct experiment *x; /* (n) */
    size_t n;
    struct unit *unit;
    size_t n_units;
    size_t n_survey;        /* the first so many are surveys, which the others need */
    unsigned char *audited; /* (queries) checked by audit.h */
    struct engine engine;
    const char *library;     /* BLAS and its core type: part of the units' keys */
    struct arena arena;      /* as long as the campaign */
    struct arena unit_arena; /* as long as a unit */
};

struct campaign_request {
    const char *config;
    const char *const *set; /* (n_set) --set key=value */
    size_t n_set;
    bool shape_only;     /* plan: nothing of the model but its shape */
    const char *library; /* BLAS that computed it, for results of elsewhere; NULL = the one here */
};

/* Config, model and data, checked as far as possible before a weight is read. With problems (and
   return 0) the campaign is not usable and only closed. */
int campaign_open(struct campaign *c, const struct campaign_request *r, struct problems *problems,
                  struct err *err);
int campaign_cut(struct campaign *c, struct err *err);
void campaign_close(struct campaign *c);

/* The engine with so many threads (0: all allowed), and what the experiments need beside it;
   `cache` is where vocabulary statistics are kept, and only the rank that `makes` them computes and
   saves. */
int campaign_start(struct campaign *c, int threads, struct err *err);
int campaign_vocab_stats(struct campaign *c, const char *cache, bool makes, struct err *err);
unsigned campaign_needs(const struct campaign *c);

/* What the surveys found, from the rows of their units in the journal (nothing where one is not
   there); for ranks that have no journal: experiment i's numbers as bytes, NULL = it has none. */
int campaign_survey(struct campaign *c, struct journal *j, struct err *err);
void *campaign_survey_block(struct campaign *c, size_t i, size_t *bytes);

/* Reduced rows of unit i. */
int unit_run(struct campaign *c, uint64_t i, struct buf *out, struct err *err);
struct work campaign_work(struct campaign *c);

/* Do a unit's rows say that its query goes no further? */
bool unit_left_out(const void *rows, size_t n);

/* left_out[q]: 1 for each query of which the data, or the journal's rows of group `queries`, say
   that it cannot be computed. *n: how many there are. */
int campaign_left_out(const struct campaign *c, struct journal *j, unsigned char *left_out,
                      size_t *n, struct err *err);

/* Memory of one worker: engine and runs, without the weights. */
double campaign_bytes(struct campaign *c, int threads);

#endif
