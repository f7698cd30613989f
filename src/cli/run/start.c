/* Every rank reads config, data and the model's header by itself, and they agree on these. */
#define _XOPEN_SOURCE 700
#include "cli/command.h"
#include "cli/run/session.h"

#include "base/gemm.h"
#include "base/str.h"
#include "campaign/cost.h"
#include "campaign/cut.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* OpenBLAS chooses its kernels when it is loaded: to have others, the program starts itself again
   with the type in the environment, before MPI knows of it. Mistakes of the config are told later,
   and so is whatever goes wrong here, if OpenBLAS then runs as another type. */
void start_pin_core(struct session *r, char **argv)
{
    struct campaign_request request = job_request(&r->options);
    const char *now = getenv("OPENBLAS_CORETYPE");
    struct problems ignored = {0};
    struct config config = {0};
    const struct experiment_schema *schemas;
    size_t n;

    err_clear(&r->unpinned);
    schemas = kind_schemas(&n);
    if (!config_load(&config, request.config, request.set, request.n_set, schemas, n, &ignored,
                     &r->unpinned) &&
        !ignored.count && !str_eq(config.run.blas_core, "auto") &&
        (!now || !str_eq(now, config.run.blas_core))) {
        if (!setenv("OPENBLAS_CORETYPE", config.run.blas_core, 1))
            execv("/proc/self/exe", argv);
        err_set(&r->unpinned, ERR_IO, "cannot start anew: %s", strerror(errno));
    }
    config_release(&config);
}

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
    if (!code && c->config.model.check == CHECK_FULL) {
        struct hash h = {0, 0};

        model_full_hash(c->model, &h, err);
        hash_hex(hex, h);
        code = cluster_agree(&r->cluster, err) ||
               cluster_same(&r->cluster, "the model's weights", hex, "copy the file anew", err);
    }
    code = code ||
           cluster_same(&r->cluster, "BLAS", gemm_library(),
                        "set run.blas_core to a type that all nodes have, such as Haswell", err);
    return code ? err->code : 0;
}

/* Whatever kept it from being pinned: another core type has other last bits. */
static int check_blas_core(const struct session *r, struct err *err)
{
    const char *wanted = r->campaign.config.run.blas_core;

    if (str_eq(wanted, "auto") || strcasecmp(wanted, gemm_core()) == 0)
        return 0;
    if (r->unpinned.code)
        return err_set(err, r->unpinned.code, "run.blas_core is %s, but OpenBLAS runs as %s: %s",
                       wanted, gemm_core(), r->unpinned.msg);
    return err_set(err, ERR_CONFIG,
                   "run.blas_core is %s, which this OpenBLAS does not have: it runs as %s; set "
                   "run.blas_core to that, to another type or to auto",
                   wanted, gemm_core());
}

int start_campaign(struct session *r, struct err *err)
{
    struct campaign_request request = job_request(&r->options);
    struct problems problems = {0};

    if (!campaign_open(&r->campaign, &request, &problems, err) && problems.count) {
        if (r->cluster.rank == 0)
            report_problems(&problems, err);
        else
            err_set(err, ERR_CONFIG, "problems in config or data");
    }
    if (!err->code)
        check_blas_core(r, err);
    if (cluster_agree(&r->cluster, err))
        return err->code;
    return agree_on_inputs(r, err);
}

/* Exceeding the memory that a rank may take is said now, not by a kill in the middle. */
static int check_memory(struct session *r, struct err *err)
{
    double need = campaign_bytes(&r->campaign, r->threads), have = r->campaign.config.run.memory;
    char a[STR_HUMAN], b[STR_HUMAN];

    if (have <= 0)
        have =
            (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / r->cluster.node_size;
    if (need <= have)
        return 0;
    return err_set(err, ERR_MEMORY,
                   "a rank needs %s and may take %s; lower run.rows or run.threads, "
                   "or run fewer ranks on a node",
                   str_bytes(a, need), str_bytes(b, have));
}

/* Vectors, rankings and noise levels come from files of their own: the units' keys depend on all.
 */
static int agree_on_work(struct session *r, struct err *err)
{
    const struct campaign *c = &r->campaign;
    char hex[HASH_HEX];
    struct buf keys = {0};

    for (size_t i = 0; i < c->n_units && !err->code; i++)
        if (!buf_u64(&keys, c->unit[i].key.hi, err))
            buf_u64(&keys, c->unit[i].key.lo, err);
    hash_hex(hex, hash_bytes(keys.data, keys.len));
    buf_release(&keys);
    return cluster_agree(&r->cluster, err) ||
                   cluster_same(&r->cluster, "the work", hex,
                                "give all ranks the same vectors, rankings and noise files", err)
               ? err->code
               : 0;
}

int start_work(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;
    bool first = r->cluster.rank == 0;

    if (!check_memory(r, err) && !claim_paths(r, err) && !campaign_cut(c, err))
        campaign_start(c, r->threads, err);
    if (agree_on_work(r, err))
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
