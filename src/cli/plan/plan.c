#include "cli/command.h"
#include "cli/curate.h"
#include "cli/job.h"
#include "cli/plan/forecast.h"
#include "cli/plan/script.h"

#include "base/str.h"
#include "base/team.h"
#include "campaign/cut.h"

#include <math.h>

static const struct argument_row arguments[] = {JOB_CONFIG};

static const struct option_row options[] = {
    JOB_SET,
    {OPTION_INTO(int, struct job_options, ranks), .name = "ranks", .value = "R", .lo = 1,
     .hi = 1000000, .doc = "ranks to estimate the time for (default: one a node)"},
    {OPTION_INTO(int, struct job_options, nodes), .name = "nodes", .value = "N", .fallback = "1",
     .lo = 1, .hi = 100000, .doc = "nodes that share them out"},
    {OPTION_INTO(flag, struct job_options, sbatch), .name = "sbatch",
     .doc = "print a job script for Slurm with these numbers, and nothing else"},
    OPTION_JSON(struct job_options, json)};

static int check(struct job_options *o, const struct call *call, struct err *err)
{
    o->ranks = o->ranks ? o->ranks : o->nodes;
    if (o->sbatch && o->json)
        return usage_error(call->command, err, "--sbatch and --json exclude each other");
    if (o->ranks % o->nodes == 0)
        return 0;
    return err_set(err, ERR_CONFIG,
                   "%s: %lld %s cannot be shared out evenly to %lld nodes: make --ranks a "
                   "multiple of --nodes",
                   call->command->name, (long long)o->ranks, str_noun(o->ranks, "rank", "ranks"),
                   (long long)o->nodes);
}

/* A job that does one after the other. */
static void add_forecast(struct forecast *all, const struct forecast *e)
{
    struct forecast sum = *e;

    if (!all->ranks) {
        *all = *e;
        return;
    }
    sum.flops += all->flops;
    sum.seconds = e->seconds > 0 && all->seconds > 0 ? e->seconds + all->seconds : 0;
    sum.rank_bytes = fmax(e->rank_bytes, all->rank_bytes);
    sum.weight_bytes = fmax(e->weight_bytes, all->weight_bytes);
    *all = sum;
}

/* "model 2 of 3: PATH, null: random_weights" */
static const char *which(struct campaign *c, struct err *err)
{
    const char *model =
        c->n_models < 2
            ? ""
            : arena_printf(&c->arena, err, "model %zu of %zu: ", c->which_model + 1, c->n_models);

    return model ? arena_printf(&c->arena, err, "%s%s, null: %s", model, c->config.model.path,
                                choice_word(null_choices, c->null))
                 : NULL;
}

/* Of one result's campaign; its part of the JSON is an entry of a list where there are several. */
static int print(struct campaign *c, const struct job_options *o, struct forecast *all,
                 struct err *err)
{
    int threads = c->config.run.threads ? (int)c->config.run.threads : team_cores();
    size_t i = c->which_run, n = c->n_runs;
    struct forecast e;
    const char *heading = which(c, err);

    if (!heading || forecast(&e, c, o->ranks, o->nodes, threads, err))
        return err->code;
    add_forecast(all, &e);
    if (o->sbatch)
        return i + 1 == n ? print_job_script(o, all, err) : 0;
    if (!begin_item(o->json, n > 1, heading, i, err))
        o->json ? print_plan_json(c, &e, err) : print_plan(c, &e, err);
    return end_item(o->json, n > 1, i + 1 == n, err);
}

static int plan_model(const struct job_options *o, size_t k, size_t *n, struct forecast *all,
                      struct err *err)
{
    struct campaign_request request = job_request(o, k);
    struct problems problems = {0};
    struct campaign c = {0};

    request.shape_only = true;
    if (!campaign_open(&c, &request, &problems, err) && !report_problems(&problems, err) &&
        !campaign_cut(&c, err)) {
        *n = c.n_runs;
        warn_inputs(&c);
        if (!print(&c, o, all, err))
            check_some_good(&c, err);
    }
    campaign_close(&c);
    return err->code;
}

static int plan(const struct call *call, struct err *err)
{
    struct job_options *o = call->options;
    struct forecast all = {0};
    size_t n = 1;

    if (check(o, call, err))
        return err->code;
    if (config_curates(o->config) && o->sbatch)
        return usage_error(call->command, err,
                           "a config with a section curate has no --sbatch: jobs/ has scripts that "
                           "run it");
    if (config_curates(o->config))
        return plan_curation(o, err);
    for (size_t k = 0; k < n && !err->code; k++)
        plan_model(o, k, &n, &all, err);
    return err->code;
}

const struct command command_plan = {
    .name = "plan",
    .summary = "say what a run would do, without running it",
    .notes =
        "Checks config and data, and prints units, cells, FLOP, memory, an estimate of the time "
        "(as fast as this machine is) and the first, middle and last cell of each experiment in "
        "words. The model may be only a config.json.",
    .size = sizeof(struct job_options),
    .run = plan,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
