#include "campaign/campaign.h"

#include "base/file.h"
#include "base/gemm.h"
#include "base/str.h"
#include "campaign/cost.h"
#include "experiments/kit/survey.h"
#include "experiments/kit/where.h"

#include <string.h>

static int codec_encode(void *ctx, const char *text, size_t n, bool special, struct arena *a,
                        int32_t **ids, size_t *n_ids, struct err *err)
{
    struct ids list = {0};

    if (tokenizer_encode(ctx, text, n, special, &list, err))
        goto out;
    *ids = arena_alloc(a, list.n, sizeof **ids, err);
    if (!*ids)
        goto out;
    if (list.n)
        memcpy(*ids, list.v, list.n * sizeof **ids);
    *n_ids = list.n;
    ids_release(&list);
    return 0;
out:
    ids_release(&list);
    return err->code;
}

static const char *codec_bytes(void *ctx, int32_t id, size_t *n)
{
    return tokenizer_bytes(ctx, id, n);
}

/* Text where the tokenizer cannot be used: the one thing that stops for it. */
static int codec_refuse(void *ctx, const char *text, size_t n, bool special, struct arena *a,
                        int32_t **ids, size_t *n_ids, struct err *err)
{
    const struct err *why = ctx;

    (void)text, (void)n, (void)special, (void)a, (void)ids, (void)n_ids;
    return err_set(err, why->code == ERR_IO ? ERR_IO : ERR_FORMAT,
                   "the data has text, and the model's tokenizer cannot be used: %.900s", why->msg);
}

/* The longest prompt that this model can be given, and why. */
static int prompt_limit(const struct shape *s, const char **is)
{
    bool window = s->sliding_window && s->sliding_window < s->max_positions;

    *is = window ? "the sliding window (not supported)" : "the model's positions";
    return window ? s->sliding_window : s->max_positions;
}

static int open_data(struct campaign *c, struct problems *problems, struct err *err)
{
    const struct data_config *d = &c->config.data;
    struct data_options o = {
        .format = str_eq(d->format, "native")        ? FORMAT_NATIVE
                  : str_eq(d->format, "one_to_many") ? FORMAT_ONE_TO_MANY
                                                     : FORMAT_AUTO,
        .add_bos = d->add_bos,
        .vocab = c->model->shape.vocab,
        .limit = (size_t)d->limit,
        .n_controls = (size_t)d->controls,
        .seed = (uint64_t)d->seed,
        .first_distinct = str_eq(d->target, "first_distinct"),
    };
    struct codec codec = {c->tokenizer, codec_encode, codec_bytes,
                          c->tokenizer ? tokenizer_bos(c->tokenizer) : -1};

    if (c->no_tokenizer.code)
        codec = (struct codec){&c->no_tokenizer, codec_refuse, NULL, -1};
    o.max_tokens = prompt_limit(&c->model->shape, &o.max_is);
    return dataset_load(&c->data, d->path.v, d->path.n, &o,
                        c->tokenizer || c->no_tokenizer.code ? &codec : NULL, problems, err);
}

static int open_experiments(struct campaign *c, struct problems *problems, struct err *err)
{
    c->n = 1 + c->config.n_experiments;
    c->x = arena_alloc(&c->arena, c->n, sizeof *c->x, err);
    if (!c->x)
        return err->code;
    for (size_t i = 0; i < c->n; i++) {
        struct experiment *x = &c->x[i];

        x->scene = &c->scene;
        x->arena = &c->arena;
        x->kind = kinds[0];
        x->name = kinds[0]->name;
        if (i) {
            x->entry = &c->config.experiment[i - 1];
            x->name = x->entry->name;
            x->config = x->entry->config;
            for (size_t k = 1; k < n_kinds; k++)
                if (str_eq(kinds[k]->name, x->entry->schema->kind))
                    x->kind = kinds[k];
        }
        if (x->entry)
            where_check(x, problems);
        if (x->kind->open(x, problems, err))
            return err_wrap(err, "experiment %s", x->name);
    }
    return 0;
}

/* The first usable query of each file. */
static int choose_audits(struct campaign *c, struct err *err)
{
    size_t last = SIZE_MAX;

    c->audited = arena_alloc(&c->arena, c->data.n, 1, err);
    for (size_t q = 0; c->audited && q < c->data.n; q++) {
        const struct query *query = &c->data.query[q];

        if (query->status || query->file == last || str_eq(c->config.run.audit, "none"))
            continue;
        c->audited[q] = 1;
        if (!str_eq(c->config.run.audit, "all"))
            last = query->file;
    }
    return c->audited ? 0 : err->code;
}

/* A model without a tokenizer is fine as long as no query needs one: then each says so itself. One
   that is there and cannot be used is an error only where text has to be read. */
static int open_tokenizer(struct campaign *c, struct err *err)
{
    const char *model = c->config.model.path;
    struct err why = {0};

    if (!tokenizer_open(&c->tokenizer, model, &why))
        return 0;
    c->tokenizer = NULL;
    if (why.code == ERR_MEMORY)
        return *err = why, err->code;
    if (tokenizer_is_there(model, &why))
        c->no_tokenizer = why;
    return 0;
}

int campaign_open(struct campaign *c, const struct campaign_request *r, struct problems *problems,
                  struct err *err)
{
    size_t n_schemas;
    const struct experiment_schema *schemas = kind_schemas(&n_schemas);

    c->library = r->library ? r->library : gemm_library();
    if (config_load(&c->config, r->config, r->set, r->n_set, schemas, n_schemas, problems, err))
        return err->code;
    if (problems->count)
        return 0;
    if (r->shape_only ? model_open_shape(&c->model, c->config.model.path, err)
                      : model_open(&c->model, c->config.model.path, err))
        return err->code;
    if (open_tokenizer(c, err) || open_data(c, problems, err))
        return err->code;
    c->scene = (struct scene){c->model, c->tokenizer, &c->data, &c->config, &c->vocab_stats};
    if (problems->count)
        return 0;
    return open_experiments(c, problems, err) || choose_audits(c, err) ? err->code : 0;
}

void campaign_close(struct campaign *c)
{
    if (c->engine.model)
        engine_close(&c->engine);
    mem_free(c->unit);
    tokenizer_close(c->tokenizer);
    model_close(c->model);
    dataset_release(&c->data);
    config_release(&c->config);
    arena_release(&c->unit_arena);
    arena_release(&c->arena);
    memset(c, 0, sizeof *c);
}

unsigned campaign_needs(const struct campaign *c)
{
    unsigned needs = 0;

    for (size_t i = 0; i < c->n; i++)
        needs |= c->x[i].needs;
    return needs;
}

int campaign_start(struct campaign *c, int threads, struct err *err)
{
    if (engine_open(&c->engine, c->model, (int)c->config.run.rows, c->data.max_tokens, threads,
                    err))
        return err->code;
    c->engine.naive = str_eq(c->config.run.executor, "naive");
    return 0;
}

int campaign_vocab_stats(struct campaign *c, const char *cache, bool makes, struct err *err)
{
    if (vocab_stats_load(&c->vocab_stats, c->model, cache, &c->arena, err))
        return err->code;
    if (c->vocab_stats.d || !makes)
        return 0;
    if (vocab_stats_compute(&c->vocab_stats, &c->engine, &c->arena, err))
        return err->code;
    return vocab_stats_save(&c->vocab_stats, c->model, cache, err);
}

/* Is there a survey that is not known yet, and whose rows are all there? */
static bool is_due(const struct campaign *c, size_t experiment, const struct journal *j)
{
    const struct survey *s = c->x[experiment].survey;

    if (!s || s->known)
        return false;
    for (size_t u = 0; u < c->n_survey; u++)
        if (c->unit[u].experiment == experiment && !journal_has(j, c->unit[u].key))
            return false;
    return true;
}

int campaign_survey(struct campaign *c, struct journal *j, struct err *err)
{
    struct buf rows = {0};

    for (size_t i = 0; i < c->n && !err->code; i++) {
        struct survey_sums *sums = NULL;

        if (!is_due(c, i, j))
            continue;
        survey_begin(&sums, c->x[i].survey, err);
        for (size_t u = 0; u < c->n_survey && !err->code; u++) {
            buf_clear(&rows);
            if (c->unit[u].experiment == i && !journal_read(j, c->unit[u].key, &rows, err))
                survey_add(sums, c->x[i].survey, &rows, err);
        }
        survey_end(sums, c->x[i].survey);
    }
    buf_release(&rows);
    return err->code;
}

void *campaign_survey_block(struct campaign *c, size_t i, size_t *bytes)
{
    *bytes = c->x[i].survey ? c->x[i].survey->bytes : 0;
    return c->x[i].survey ? c->x[i].survey->block : NULL;
}

/* What a unit of an experiment holds at most: the runs of the longest query, and the variants of a
   block of cells with their answers, measured on one cell. */
static double unit_bytes(struct campaign *c, const struct experiment *x, const struct query *q)
{
    struct cell cell = {.query = (size_t)(q - c->data.query)};
    uint64_t cells = query_cells(x, q->n), block = (uint64_t)c->config.run.rows;
    struct arena runs = {0}, one = {0};
    struct run_spec *spec;
    struct run *run;
    struct err ignored;
    double bytes = 0;
    uint64_t flops;

    err_clear(&ignored);
    spec = arena_alloc(&runs, RUNS_MAX, sizeof *spec, &ignored);
    run = arena_alloc(&runs, RUNS_MAX, sizeof *run, &ignored);
    if (spec && run && !runs_cost(run, x, q, &runs, &flops, &ignored)) {
        int n = x->kind->runs ? x->kind->runs(x, q, spec, &one, &ignored) : 0;

        for (int i = 0; i < n; i++)
            bytes +=
                (double)run_bytes(&c->model->shape, spec[i].ids ? spec[i].n : q->n, spec[i].keep);
        bytes += (double)one.used;
        arena_reset(&one);
        cell.run = run;
        if (x->kind->variants && !x->kind->variants(x, &cell, &one, &ignored))
            bytes += (double)one.used *
                     (double)(cells < block ? cells : block / (uint64_t)(cell.n_variants + 1) + 1);
    }
    arena_release(&one);
    arena_release(&runs);
    return bytes;
}

static const struct query *longest_query(const struct campaign *c, const struct experiment *x)
{
    const struct query *longest = NULL;

    for (size_t q = 0; q < c->data.n; q++)
        if (!query_skip(x, &c->data.query[q]) && (!longest || c->data.query[q].n > longest->n))
            longest = &c->data.query[q];
    return longest;
}

double campaign_bytes(struct campaign *c, int threads)
{
    const struct shape *s = &c->model->shape;
    double most = 0, d = s->d_model;

    for (size_t i = 0; i < c->n; i++) {
        const struct query *q = longest_query(c, &c->x[i]);
        double bytes = q ? unit_bytes(c, &c->x[i], q) : 0;

        most = bytes > most ? bytes : most;
        if (c->x[i].survey) /* its numbers, and their sums on rank 0 */
            most += 3 * (double)c->x[i].survey->bytes;
    }
    if (campaign_needs(c) & NEED_VOCAB_STATS) /* while rank 0 makes them: float, double, float */
        most += d * d * (sizeof(float) + sizeof(double) + sizeof(float));
    return most + engine_bytes(s, (int)c->config.run.rows, c->data.max_tokens, threads);
}
