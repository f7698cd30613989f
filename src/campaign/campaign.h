/*
 * A campaign: one config with its data, model and experiments, and the list of units that it takes.
 *
 *     #include "campaign/bundle.h"
 *     #include "campaign/output.h"
 *     #include "campaign/unit.h"
 *
 *     int first_units(const char *config, struct buf *rows, struct err *err)
 *     {
 *         struct campaign_request request = {.config = config};
 *         struct problems problems = {0};
 *         struct campaign c = {0};
 *
 *         if (!campaign_open(&c, &request, &problems, err) && !problems.count &&
 *             !campaign_cut(&c, err) &&                   // units, their cost and keys
 *             !campaign_bundle(&c, NULL, 1, err) &&       // which of them are computed together
 *             !campaign_start(&c, 0, err))                // the engine
 *             bundle_run(&c, 0, rows, err);               // a pure function of the bundle's number
 *         campaign_close(&c);                             // campaign_write: units to a result file
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_CAMPAIGN_CAMPAIGN_H
#define LENSWEEP_CAMPAIGN_CAMPAIGN_H

#include "engine/vocab_stats.h"
#include "experiments/experiment.h"
#include "model/tokenizer/tokenizer.h"

struct bundle;
struct unit;

struct campaign {
    struct config config;
    struct dataset data;
    struct model *model;
    size_t n_models, which_model; /* of the config: model.paths */
    size_t n_runs, which_run;     /* of its results: those of each model (data.null) */
    enum null_data null;          /* about what of nothing this one is */
    const char *hashes_in;        /* folder of the model's hashes, which these share */
    struct tokenizer *tokenizer;  /* NULL: there is none to use, and the data needs none */
    struct err no_tokenizer;      /* why, if the model has one all the same: for a warning */
    struct scene scene;
    struct vocab_stats vocab_stats;
    struct experiment *x; /* (n) */
    size_t n;
    struct unit *unit; /* (n_units) made by campaign_cut */
    size_t n_units;
    size_t n_survey;       /* the first so many are surveys, which the others need */
    size_t *order;         /* (n_units) those that are to do, by query; made by campaign_bundle */
    struct bundle *bundle; /* (n_bundles) */
    size_t n_bundles;
    struct engine engine;
    size_t block_bytes; /* BLOCK_BYTES, but for tests */
    const char
        *library; /* BLAS and its core type if bits depend on them, else "": in the units' keys */
    struct arena arena;      /* as long as the campaign */
    struct arena run_arena;  /* as long as a bundle: its runs */
    struct arena unit_arena; /* as long as cells that are run at once */
    struct arena row_arena;  /* as long as a row is made of them */
};

/* Where its queries are from, in words. */
static inline const char *campaign_source(const struct campaign *c)
{
    return c->config.data.path.n ? c->config.data.path.v[0] : c->data.file[0];
}

struct campaign_request {
    const char *config;
    const char *const *set; /* (n_set) --set key=value */
    size_t n_set;
    bool shape_only;     /* plan: nothing of the model but its shape */
    size_t which;        /* of the config's results (models.h) */
    const char *library; /* BLAS that computed it, for results of elsewhere; NULL = the one here */
};

/* Config, model and data, checked as far as possible before a weight is read. With problems (and
   return 0) the campaign is not usable and only closed. */
int campaign_open(struct campaign *c, const struct campaign_request *r, struct problems *problems,
                  struct err *err);
void campaign_close(struct campaign *c);

/* The same in parts: the config; the model, by who maps its files (NULL = file_map); and, once it
   is identified (model/identity.h), data and experiments. */
int campaign_read(struct campaign *c, const struct campaign_request *r, struct problems *problems,
                  struct err *err);
int campaign_model(struct campaign *c, const struct campaign_request *r,
                   const struct file_source *source, struct err *err);
int campaign_fill(struct campaign *c, struct problems *problems, struct err *err);

/* The model's hashes in OUTPUT/hashes: recalled, if they are there and may be
   (`model.check`); kept. */
bool campaign_recall(struct campaign *c, struct err *err);
int campaign_remember(struct campaign *c, struct err *err);

/* Tokens of the longest prompt, with what stands behind it, or of what an experiment makes. */
int campaign_longest(const struct campaign *c);

/* The engine, with so many threads (0: all allowed). */
int campaign_start(struct campaign *c, int threads, struct err *err);

/* What the experiments need beside it (NEED_*). `cache` is where vocabulary statistics are kept; a
   rank that does not find them there (its node does not share the output) makes its own. */
unsigned campaign_needs(const struct campaign *c);
int campaign_vocab_stats(struct campaign *c, const char *cache, bool saves, struct err *err);

#endif
