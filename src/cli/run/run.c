/*
 * The main job from beginning to end. Every rank reads config, data and the model's header by
 * itself and they agree on what they saw (start.c); rank 0 then hands out the units that the
 * journal does not have yet (distribute.c) and writes the result file (finish.c).
 */
#include "cli/command.h"
#include "cli/plan/forecast.h"
#include "cli/run/hosts.h"
#include "cli/run/session.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/out.h"
#include "base/str.h"
#include "campaign/cut.h"
#include "campaign/models.h"
#include "model/identity.h"

static int execute(struct session *r, struct err *err)
{
    bool finished = false;

    if (!list_todo(r, err) && r->cluster.rank == 0)
        header_print(r, err);
    hosts_print(&r->cluster, r->threads, err);
    if (cluster_agree(&r->cluster, err))
        return err->code;
    if (!distribute(r, &finished, err))
        identity_check(r->campaign.model, err);
    cluster_agree(&r->cluster, err);
    if (r->cluster.rank == 0)
        session_finish(r, finished, err);
    return cluster_agree(&r->cluster, err);
}

static int dry_run(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;
    struct forecast e;

    if (campaign_cut(c, err) || r->cluster.rank)
        return err->code;
    return err_if(err, forecast(&e, c, r->cluster.size, 1, r->threads, err) ||
                           print_plan(c, &e, err) || check_some_good(c, err));
}

static int check_options(const struct call *call, struct err *err)
{
    const struct job_options *o = call->options;

    if (o->restart && o->shard.n > 1)
        return err_set(err, ERR_CONFIG,
                       "%s: --restart would forget what the other shards have computed: give the "
                       "array another output, or --restart once without --shard",
                       call->command->name);
    return 0;
}

/* The campaign of one result, and everything of it that is open closed again. */
static int run_one(struct session *r, size_t *n, struct err *err)
{
    if (!start_campaign(r, err)) {
        *n = r->campaign.n_runs;
        if (r->options.dry_run)
            dry_run(r, err);
        else if (!start_work(r, err))
            execute(r, err);
    }
    runlog_close(&r->log);
    return session_close(r, err);
}

static void close_one(struct session *r)
{
    struct session rest = {.cluster = r->cluster,
                           .options = r->options,
                           .command = r->command,
                           .again = r->again,
                           .finish = r->finish,
                           .begin = r->begin};

    campaign_close(&r->campaign);
    *r = rest;
}

/* What compares the results of several models. */
static int print_compare(const char *const *output, size_t n, struct err *err)
{
    out_printf(err, "all %zu models are done: lensweep compare", n);
    for (size_t i = 0; i < n && !err->code; i++)
        if (!out_printf(err, " "))
            out_word(output[i], err);
    return out_printf(err, "\n");
}

/* One result after the other; one whose queries are bad does not keep the next from being run. */
static int run_all(struct session *r, struct err *err)
{
    struct arena a = {0};
    const char **output = arena_alloc(&a, MODELS_MAX, sizeof *output, err); /* but null ones */
    bool first = r->cluster.rank == 0, differs = false;
    size_t n = 1, n_output = 0;

    for (size_t k = 0; k < n && output && !err->code; k++) {
        r->which = k;
        if (run_one(r, &n, err) == ERR_DIFFERS) {
            err->code = 0;
            differs = true;
        }
        if (!err->code && r->campaign.null == NULL_NONE)
            output[n_output++] = arena_strdup(&a, r->campaign.config.output, err);
        close_one(r);
    }
    if (n_output > 1 && !err->code && first && !r->options.dry_run && r->options.shard.n == 1)
        print_compare(output, n_output, err);
    arena_release(&a);
    if (differs && !err->code)
        err->code = ERR_DIFFERS;
    return err->code;
}

static int run(const struct call *call, struct err *err)
{
    const struct job_options *o = call->options;
    struct session r = {.options = *o, .finish = run_finish};

    if (!check_options(call, err) && !session_begin(&r, call, err)) {
        run_all(&r, err);
        cluster_close(&r.cluster);
    }
    session_end(&r);
    return err->code;
}

static const struct argument_row arguments[] = {JOB_CONFIG};

static const struct option_row options[] = {
    JOB_SET,
    {OPTION_INTO(shard, struct job_options, shard), .name = "shard", .value = "i/n",
     .fallback = "0/1", .doc = "only the i-th of n shares, from 0; lensweep collect joins them"},
    {OPTION_INTO(flag, struct job_options, restart), .name = "restart",
     .doc = "forget what an earlier start has computed"},
    {OPTION_INTO(flag, struct job_options, dry_run), .name = "dry-run",
     .doc = "say what would be run, how long and in how much memory (= plan)"}};

const struct command command_run = {
    .name = "run",
    .summary = "run the experiments of a config, under mpirun or srun or alone",
    .notes =
        "Writes OUTPUT/result.h5, journal/, run.jsonl and config.yaml, OUTPUT from the config. "
        "The same command again computes only what is missing.",
    .size = sizeof(struct job_options),
    .run = run,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
