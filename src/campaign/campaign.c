#include "campaign/campaign.h"

#include "base/blas.h"
#include "base/file.h"
#include "base/outdir.h"
#include "base/str.h"
#include "base/team.h"
#include "campaign/cost.h"
#include "campaign/models.h"
#include "experiments/kit/where.h"
#include "model/identity.h"
#include "model/random.h"

#include <string.h>

static int codec_encode(void *ctx, const char *text, size_t n, bool special, struct arena *a,
                        int32_t **ids, size_t *n_ids, struct err *err)
{
    struct ids list = {0};

    if (!tokenizer_encode(ctx, text, n, special, &list, err)) {
        *ids = arena_alloc(a, list.n, sizeof **ids, err);
        *n_ids = list.n;
        if (*ids && list.n)
            memcpy(*ids, list.v, list.n * sizeof **ids);
    }
    ids_release(&list);
    return err->code;
}

static const char *codec_bytes(void *ctx, int32_t id, size_t *n)
{
    return tokenizer_bytes(ctx, id, n);
}

static int codec_chat(void *ctx, const struct codec_message *m, size_t n, bool prompt,
                      struct buf *out, struct err *err)
{
    struct chat_message *said = mem_alloc(n, sizeof *said, err);

    for (size_t i = 0; said && i < n; i++)
        said[i] = (struct chat_message){m[i].role, m[i].content};
    if (said)
        tokenizer_chat(ctx, said, n, prompt, out, err);
    mem_free(said);
    return err->code;
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

static int codec_refuse_chat(void *ctx, const struct codec_message *m, size_t n, bool prompt,
                             struct buf *out, struct err *err)
{
    (void)m, (void)n, (void)prompt, (void)out;
    return codec_refuse(ctx, NULL, 0, false, NULL, NULL, NULL, err);
}

static bool check_format(const struct campaign *c, struct problems *problems)
{
    const char *format = c->config.data.format, *near;

    if (data_format_known(format))
        return true;
    near = data_format_meant(format);
    config_problem(&c->config, NULL, "data.format", problems,
                   "unknown format \"%.48s\"%s%s%s; lensweep help data lists them", format,
                   near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    return false;
}

static void data_path_problem(const void *config, const char *msg, struct problems *problems)
{
    config_problem(config, NULL, "data.path", problems, "%s", msg);
}

/* The loader says it as well, but knows no place in a config. */
static void check_bos(const struct campaign *c, struct data_options *o, const struct codec *codec,
                      struct problems *problems)
{
    if (o->add_bos && codec->bos < 0) {
        config_problem(&c->config, NULL, "data.add_bos", problems,
                       "there is no tokenizer with a BOS: leave the key out");
        o->add_bos = false;
    }
}

static int open_data(struct campaign *c, struct problems *problems, struct err *err)
{
    const struct data_config *d = &c->config.data;
    struct data_options o = {
        .format = d->format,
        .add_bos = d->add_bos,
        .vocab = c->model->shape.vocab,
        .limit = (size_t)d->limit,
        .sequences = (size_t)d->sequences,
        .n_controls = (size_t)d->controls,
        .seed = (uint64_t)d->seed,
        .shuffled_targets = c->null == NULL_SHUFFLED_TARGETS,
        .first_distinct = d->target == TARGET_FIRST_DISTINCT,
        .path_problem = data_path_problem,
        .path_ctx = &c->config,
    };
    struct codec codec = {c->tokenizer, codec_encode, codec_bytes,
                          c->tokenizer ? tokenizer_bos(c->tokenizer) : -1, codec_chat};

    if (!check_format(c, problems))
        return 0;
    if (c->no_tokenizer.code)
        codec = (struct codec){&c->no_tokenizer, codec_refuse, NULL, -1, codec_refuse_chat};
    check_bos(c, &o, &codec, problems);
    o.max_tokens = c->model->shape.max_positions;
    o.max_is = "the model's positions";
    return dataset_load(&c->data, d->path.v, d->path.n, &o,
                        c->tokenizer || c->no_tokenizer.code ? &codec : NULL, problems, err);
}

static int open_experiments(struct campaign *c, struct problems *problems, struct err *err)
{
    size_t n_schemas;

    c->n = 1 + c->config.n_experiments;
    c->x = arena_alloc(&c->arena, c->n, sizeof *c->x, err);
    if (!c->x)
        return err->code;
    for (size_t i = 0; i < c->n; i++) {
        struct experiment *x = &c->x[i];

        x->scene = &c->scene;
        x->data = &c->data;
        x->shape = &c->model->shape;
        x->arena = &c->arena;
        x->kind = kinds[0];
        x->name = kinds[0]->name;
        if (i) {
            x->entry = &c->config.experiment[i - 1];
            x->name = x->entry->name;
            x->config = x->entry->config;
            x->kind = kinds[1 + (x->entry->schema - kind_schemas(&n_schemas))];
        }
        if (x->entry)
            where_check(x, problems);
        x->keep = x->kind->keep;
        if (x->kind->state_size)
            x->state = arena_alloc(&c->arena, 1, x->kind->state_size, err);
        if (err->code || x->kind->open(x, problems, err))
            return err_wrap(err, "experiment %s", x->name);
    }
    return 0;
}

/* A model without a tokenizer is fine as long as no query needs one: then each says so itself. One
   that is there and cannot be used is an error only where text has to be read. */
static int open_tokenizer(struct campaign *c, struct err *err)
{
    const char *model = c->config.model.path;
    struct err why = ERR_CLEAR;

    if (!tokenizer_open(&c->tokenizer, model, &why)) {
        tokenizer_limit(c->tokenizer, c->model->shape.vocab);
        return 0;
    }
    c->tokenizer = NULL;
    if (why.code == ERR_MEMORY)
        return *err = why, err->code;
    if (tokenizer_is_there(model, &why))
        c->no_tokenizer = why;
    return 0;
}

int campaign_read(struct campaign *c, const struct campaign_request *r, struct problems *problems,
                  struct err *err)
{
    size_t n_schemas;
    const struct experiment_schema *schemas = kind_schemas(&n_schemas);

    if (config_load(&c->config, r->config, r->set, r->n_set, schemas, n_schemas, problems, err))
        return err->code;
    if (c->config.curates && !problems->count)
        config_problem(&c->config, NULL, "curate", problems,
                       "this config makes data: it is for lensweep curate");
    if (problems->count || models_choose(c, r->which, problems, err) || problems->count)
        return err->code;
    if (c->config.run.gemm == GEMM_OPENBLAS || c->config.run.executor == EXECUTOR_NAIVE)
        c->library = r->library ? r->library : blas_library();
    else
        c->library = "";
    return 0;
}

int campaign_model(struct campaign *c, const struct campaign_request *r,
                   const struct file_source *source, struct err *err)
{
    struct model_options o = {.shape_only = r->shape_only,
                              .source = source,
                              .ignore = c->config.model.ignore.v,
                              .n_ignore = c->config.model.ignore.n,
                              .random = c->null == NULL_RANDOM_WEIGHTS,
                              .random_seed = (uint64_t)c->config.data.seed};

    return model_open_as(&c->model, c->config.model.path, &o, err)
               ? config_place(&c->config, c->config.model.paths.n ? "model.paths" : "model.path",
                              err)
               : 0;
}

bool campaign_recall(struct campaign *c, struct err *err)
{
    char *path = file_join(&c->arena, c->hashes_in, OUTDIR_HASHES, err);

    return path && c->config.model.check == CHECK_REMEMBERED &&
           identity_recall(c->model, path, err);
}

int campaign_remember(struct campaign *c, struct err *err)
{
    char *path = file_join(&c->arena, c->hashes_in, OUTDIR_HASHES, err);

    return path ? identity_remember(c->model, path, err) : err->code;
}

int campaign_fill(struct campaign *c, struct problems *problems, struct err *err)
{
    if (open_tokenizer(c, err) || open_data(c, problems, err))
        return err->code;
    c->scene = (struct scene){c->model, c->tokenizer, &c->data, &c->config, &c->vocab_stats};
    if (!problems->count && !c->which_run && models_alike(c, problems, err))
        return err->code;
    if (problems->count)
        return 0;
    if (open_experiments(c, problems, err))
        return err->code;
    c->vocab_stats.embeds = campaign_needs(c) & NEED_EMBED_STATS;
    return 0;
}

int campaign_open(struct campaign *c, const struct campaign_request *r, struct problems *problems,
                  struct err *err)
{
    if (campaign_read(c, r, problems, err) || problems->count || campaign_model(c, r, NULL, err))
        return err->code;
    if (!r->shape_only && !campaign_recall(c, err) && !err->code)
        identity_make(c->model, team_cores(), err);
    return err->code ? err->code : campaign_fill(c, problems, err);
}

void campaign_close(struct campaign *c)
{
    if (c->engine.model)
        engine_close(&c->engine);
    mem_free(c->unit);
    mem_free(c->order);
    mem_free(c->bundle);
    tokenizer_close(c->tokenizer);
    model_close(c->model);
    dataset_release(&c->data);
    config_release(&c->config);
    arena_release(&c->run_arena);
    arena_release(&c->unit_arena);
    arena_release(&c->row_arena);
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

int campaign_longest(const struct campaign *c)
{
    int longest = c->data.max_tokens;

    for (size_t i = 0; i < c->n; i++) {
        const struct experiment *x = &c->x[i];

        longest = x->longest > longest ? x->longest : longest;
        for (size_t q = 0; (x->whole || x->written) && q < c->data.n; q++) {
            int own = c->data.query[q].n + query_behind(x, &c->data.query[q]);

            longest = own > longest ? own : longest;
        }
    }
    return longest;
}

int campaign_start(struct campaign *c, int threads, struct err *err)
{
    if ((c->model->random && !c->model->drawn &&
         random_make(c->model, threads ? threads : team_cores(), err)) ||
        engine_open(&c->engine, c->model, (int)c->config.run.rows, campaign_longest(c), threads,
                    err))
        return err->code;
    c->block_bytes = BLOCK_BYTES;
    c->engine.blas = c->config.run.gemm == GEMM_OPENBLAS;
    c->engine.naive = c->config.run.executor == EXECUTOR_NAIVE;
    return 0;
}

int campaign_vocab_stats(struct campaign *c, const char *cache, bool saves, struct err *err)
{
    if (vocab_stats_load(&c->vocab_stats, c->model, cache, &c->arena, err))
        return err->code;
    if (c->vocab_stats.d)
        return 0;
    return err_if(err, vocab_stats_compute(&c->vocab_stats, &c->engine, &c->arena, err) ||
                           identity_check(c->model, err) ||
                           (saves && vocab_stats_save(&c->vocab_stats, c->model, cache, err)));
}
