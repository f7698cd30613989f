/* Every rank reads config, data and the model's header by itself, and they agree on these. */
#include "cli/run/session.h"

#include "base/blas.h"
#include "base/memory.h"
#include "base/str.h"
#include "campaign/cost.h"
#include "campaign/cut.h"
#include "cli/run/hosts.h"
#include "cluster/load.h"
#include "model/random.h"

static int agree_on_inputs(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;
    char hex[HASH_HEX];
    struct buf config = {0};
    int code;

    if (!config_print(&c->config, true, &config, err))
        hash_hex(hex, hash_bytes(config.data, config.len));
    buf_release(&config);
    code = cluster_agree(&r->cluster, err);
    code =
        code || cluster_same(&r->cluster, "the config", hex, "give all ranks the same file", err);
    hash_hex(hex, dataset_fingerprint(&c->data));
    code = code || cluster_same(&r->cluster, "the data", hex, "give all ranks the same files", err);
    hash_hex(hex, c->model->fingerprint);
    code =
        code || cluster_same(&r->cluster, "the model", hex, "give all ranks the same files", err);
    code = code || cluster_same(&r->cluster, "BLAS", c->library,
                                "with run.gemm: openblas all ranks need the same processor", err);
    return err_if(err, code);
}

/* By each rank, or once for all of them. */
static int load_model(struct session *r, const struct campaign_request *request, struct err *err)
{
    static const enum load_how how[] = {[MODEL_LOAD_AUTO] = LOAD_AUTO,
                                        [MODEL_LOAD_MAP] = LOAD_MAP,
                                        [MODEL_LOAD_BROADCAST] = LOAD_BROADCAST};
    const struct model_config *m = &r->campaign.config.model;
    bool random = r->campaign.null == NULL_RANDOM_WEIGHTS; /* the files are measured, no more */
    struct load load;

    if (load_begin(&load, &r->cluster, random ? LOAD_MAP : how[m->load], m->path, err))
        return err->code;
    campaign_model(&r->campaign, request, &load.source, err);
    r->broadcast = load.broadcast;
    return load_end(&load, err);
}

int start_campaign(struct session *r, struct err *err)
{
    struct campaign_request request = job_request(&r->options, r->which);
    struct problems problems = {0};
    bool known;

    campaign_read(&r->campaign, &request, &problems, err);
    if (session_problems(r, &problems, err) || load_model(r, &request, err))
        return err->code;
    r->threads = hosts_threads(&r->cluster, (int)r->campaign.config.run.threads);
    known = campaign_recall(&r->campaign, err);
    if (!session_identify(r, r->campaign.model, known, err))
        campaign_fill(&r->campaign, &problems, err);
    return err_if(err, session_problems(r, &problems, err) || agree_on_inputs(r, err));
}

/* Of two teams, and of BLAS: the audits and the mean vectors use it. */
static double thread_bytes(const struct session *r)
{
    enum { STACK = 8 << 20 };

    return blas_bytes(r->threads) + 2.0 * STACK * r->threads;
}

/* Exceeding the memory that a rank may take is said now, not by a kill in the middle. */
static int check_memory(struct session *r, struct err *err)
{
    double need = campaign_bytes(&r->campaign, r->threads), have = r->campaign.config.run.memory;
    char a[STR_HUMAN], b[STR_HUMAN];

    if (have <= 0)
        have = memory_allowed() / r->cluster.node_size;
    if (need <= have)
        return memory_check_space(need + thread_bytes(r), "a rank", err);
    return err_set(err, ERR_MEMORY,
                   "a rank needs %s and may take %s; lower run.rows or run.threads, "
                   "or run fewer ranks on a node",
                   str_bytes(a, need), str_bytes(b, have));
}

/* Random weights, by the first rank of each node. */
struct weight_draw {
    const struct model *m;
    struct weight_spread *of;
    int threads;
};

static int draw(void *ctx, unsigned char *room, struct err *err)
{
    const struct weight_draw *d = ctx;

    return random_fill(d->m, d->of, d->threads, room, err);
}

static int draw_weights(struct session *r, struct err *err)
{
    struct cluster *c = &r->cluster;
    struct model *m = r->campaign.model;
    struct arena a = {0};
    struct weight_draw d = {m, arena_alloc(&a, random_spreads(m), sizeof *d.of, err), r->threads};

    if (d.of && c->rank == 0)
        random_measure(m, r->threads, d.of, err);
    if (!cluster_agree(c, err)) {
        cluster_share(c, d.of, random_spreads(m) * sizeof *d.of);
        if (!load_make(c, &m->random_room, random_bytes(m), draw, &d, err))
            random_bind(m, m->random_room.data);
    }
    arena_release(&a);
    return err->code;
}

static struct hash key_of(void *campaign, size_t unit)
{
    return ((const struct campaign *)campaign)->unit[unit].key;
}

int start_work(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;
    bool first = r->cluster.rank == 0;

    check_memory(r, err);
    if (cluster_agree(&r->cluster, err) || (c->model->random && draw_weights(r, err)))
        return err->code;
    if (!claim_paths(r, err) && !campaign_cut(c, err))
        campaign_start(c, r->threads, err);
    /* Vectors, rankings and noise levels come from files of their own: the keys depend on all. */
    if (session_same_work(r, key_of, c, c->n_units,
                          "give all ranks the same vectors, rankings and noise files", err))
        return err->code;
    if (first)
        claim_output(r, err);
    if (cluster_agree(&r->cluster, err) || !(campaign_needs(c) & NEED_VOCAB_STATS))
        return err->code;
    if (first)
        campaign_vocab_stats(c, r->cache, true, err);
    if (cluster_agree(&r->cluster, err))
        return err->code;
    if (!first)
        campaign_vocab_stats(c, r->cache, false, err);
    return cluster_agree(&r->cluster, err);
}
