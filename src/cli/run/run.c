/*
 * The main job. Every rank reads config, data and the model's header by itself and they agree on
 * what they saw; rank 0 then hands out the units that the journal does not have yet, keeps the
 * rows, and writes the result file.
 */
#define _XOPEN_SOURCE 700
#include "cli/command.h"
#include "cli/job.h"
#include "cli/run/hosts.h"
#include "cli/run/progress.h"
#include "cli/run/runlog.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/gemm.h"
#include "base/str.h"
#include "campaign/bad.h"
#include "campaign/cost.h"
#include "campaign/cut.h"
#include "campaign/manifest.h"
#include "campaign/output.h"
#include "campaign/survey.h"
#include "campaign/unit.h"
#include "cluster/cluster.h"
#include "results/lock.h"
#include "version.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

struct session {
    struct cluster cluster;
    struct campaign campaign;
    struct job_options options;
    const char *command; /* as typed: getopt reorders argv */
    int threads;         /* of this rank */
    struct arena arena;
    char *journal_dir, *manifest, *result, *cache, *lock_path;
    struct lock lock;
    struct err lost;     /* the lock: why no more units are handed out */
    struct err unpinned; /* why the program was not started again with run.blas_core */
    struct journal *journal;
    struct journal_stats found;
    double begin, last_sync;
    double stop_begin; /* since when units are only waited for; 0 = they are handed out */
    sigset_t signals;  /* that end the run */
    struct progress_view view;
    unsigned char *bad; /* (queries) counted in the view */
    uint64_t *todo;     /* rank 0: (n_todo) units to do here, of which n_survey are surveys */
    size_t n_todo, n_survey;
    struct runlog log;
    uint64_t planned, counted, full; /* FLOP of all ranks: as planned, as done, without forking */
};

/* --- agreement --- */

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

static int open_campaign(struct session *r, struct err *err)
{
    struct problems problems = {0};

    if (!campaign_open(&r->campaign, &r->options.request, &problems, err) && problems.count) {
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

static int paths(struct session *r, struct err *err)
{
    const char *out = r->campaign.config.output;

    r->journal_dir = file_join(&r->arena, out, "journal", err);
    r->result = file_join(&r->arena, out, "result.h5", err);
    r->cache = file_join(&r->arena, out, "vocab.bin", err);
    r->manifest = file_join(&r->arena, out, "manifest", err);
    r->lock_path = r->options.shards == 1 ? file_join(&r->arena, out, "lock", err)
                                          : arena_printf(&r->arena, err, "%s/lock.%lld", out,
                                                         (long long)r->options.shard);
    return r->journal_dir && r->result && r->cache && r->manifest && r->lock_path ? 0 : err->code;
}

/* --- rank 0 --- */

static int take_rows(void *ctx, uint64_t unit, const void *rows, size_t n, double seconds,
                     struct err *err)
{
    struct session *r = ctx;
    double now = clock_seconds();

    if (journal_append(r->journal, r->campaign.unit[unit].key, rows, n, seconds, err))
        return err->code;
    if (unit_finds_bad(&r->campaign, unit, rows, n)) {
        unsigned char *known = &r->bad[r->campaign.unit[unit].query];

        r->view.bad += !*known;
        *known = 1;
    }
    if (now - r->last_sync < 5)
        return 0;
    r->last_sync = now;
    return journal_sync(r->journal, err);
}

static void tick(void *ctx, const struct progress *p)
{
    struct session *r = ctx;

    if (!r->lost.code)
        lock_touch(&r->lock, &r->lost);
    progress_show(&r->view, p);
}

static volatile sig_atomic_t signalled;

static void note_signal(int signal)
{
    signalled = signal;
}

/*
 * SIGTERM, SIGINT and SIGUSR1 end the run in good order. The thread that calls MPI has them
 * blocked, and so have those that it starts, so that none interrupts a system call of MPI's: a
 * thread that BLAS has started at its loading takes them, or the master asks for what is pending.
 */
static void catch_signals(sigset_t *set)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};

    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], &action, NULL);
        sigaddset(set, signals[i]);
    }
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static bool take_signal(const sigset_t *set)
{
    struct timespec now = {0};

    return signalled || (signalled = sigtimedwait(set, NULL, &now) > 0);
}

/* No more units are handed out after a signal, without the lock, or when what is left of
   run.max_time is needed to finish those in flight. */
static bool must_stop(void *ctx)
{
    struct session *r = ctx;
    const struct run_config *c = &r->campaign.config.run;
    double now = clock_seconds();

    if (!take_signal(&r->signals) && !r->lost.code &&
        (c->max_time <= 0 || now - r->begin <= c->max_time - c->grace))
        return false;
    if (r->stop_begin <= 0)
        r->stop_begin = now;
    return true;
}

static int stopped(struct session *r, struct err *err);

/* Ends all ranks, some of which do not answer: those cannot agree on anything any more. */
static void end_without(struct session *r, const char *ranks)
{
    struct err err;

    err_clear(&err);
    if (r->todo)
        stopped(r, &err);
    else
        err_set(&err, ERR_STOPPED, "stopped before the work began");
    err_wrap(&err, "%s did not answer within %.0f s", ranks, r->campaign.config.run.grace);
    report_error(&err);
    lock_release(&r->lock);
    cluster_abort(err.code);
}

/* run.grace is over, and these ranks have not finished their units. */
static void overdue(void *ctx, const char *ranks)
{
    struct session *r = ctx;

    if (clock_seconds() - r->stop_begin > r->campaign.config.run.grace)
        end_without(r, ranks);
}

/* Rank 0 waits for others outside the work: with the model, at the end. */
static void waiting(void *ctx)
{
    enum { LEAST = 10 }; /* seconds: the others may be a little behind */
    struct session *r = ctx;
    double grace = r->campaign.config.run.grace > LEAST ? r->campaign.config.run.grace : LEAST;

    if (must_stop(r) && clock_seconds() - r->stop_begin > grace)
        end_without(r, "other ranks");
}

/* What a shard at work computes must not be taken from under it. */
static int check_shards(struct session *r, struct err *err)
{
    const char *out = r->campaign.config.output;
    struct lock_holder h;
    char **names, *path;
    size_t n;

    if (file_list(out, &r->arena, &names, &n, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        if (!lock_is_name(names[i]) || str_eq(names[i], "lock"))
            continue;
        path = file_join(&r->arena, out, names[i], err);
        if (!path)
            return err->code;
        if (lock_read(&h, path) && h.alive)
            return err_set(err, ERR_CONFIG,
                           "%s is held by process %ld on %s%s%s since %s: --restart would take its "
                           "work from it; wait for it",
                           path, h.pid, h.host, h.job[0] ? ", job " : "", h.job, h.since);
    }
    return 0;
}

/* --restart: what was computed, and what it was begun with. */
static int forget(struct session *r, struct err *err)
{
    if (check_shards(r, err) || journal_clear(r->journal_dir, err))
        return err->code;
    if (unlink(r->manifest) && errno != ENOENT)
        return err_set(err, ERR_IO, "cannot remove %s: %s", r->manifest, strerror(errno));
    return 0;
}

static int open_output(struct session *r, struct err *err)
{
    struct buf config = {0};
    char *path = file_join(&r->arena, r->campaign.config.output, "config.yaml", err);
    int code;

    code = !path || file_make_dirs(r->journal_dir, err) ||
           lock_take(&r->lock, r->lock_path, r->cluster.size, err) ||
           file_sweep(r->campaign.config.output, err) || (r->options.restart && forget(r, err)) ||
           manifest_check(&r->campaign, r->manifest, err) ||
           journal_open(&r->journal, r->journal_dir, &r->found, err) ||
           config_print_anywhere(&r->campaign.config, &config, err) ||
           file_replace(path, config.data, config.len, err) ||
           runlog_open(&r->log, r->campaign.config.output, err) ||
           runlog_start(&r->log, r->command, &r->campaign, r->cluster.size, r->threads, err);
    buf_release(&config);
    return code ? err->code : 0;
}

/* Units that the journal does not have, surveys first; of those that are none, this shard's. */
static int list_todo(struct session *r, struct err *err)
{
    const struct campaign *c = &r->campaign;

    r->todo = arena_alloc(&r->arena, c->n_units, sizeof *r->todo, err);
    r->bad = arena_alloc(&r->arena, c->data.n, 1, err);
    if (!r->todo || !r->bad || campaign_bad(c, r->journal, r->bad, &r->view.bad, err))
        return err->code;
    for (size_t i = 0; i < c->n_units; i++) {
        double cost = (double)c->unit[i].cost.flops;

        if (i >= c->n_survey && i % (size_t)r->options.shards != (size_t)r->options.shard)
            continue;
        r->view.units++;
        r->view.cost += cost;
        if (journal_has(r->journal, c->unit[i].key)) {
            r->view.units_before++;
            r->view.cost_before += cost;
            continue;
        }
        r->todo[r->n_todo++] = i;
        r->n_survey += i < c->n_survey;
    }
    return 0;
}

static void print_header(const struct session *r)
{
    const struct campaign *c = &r->campaign;
    char now[CLOCK_TEXT];

    fprintf(stderr, "lensweep %s (%s), %s, %s\n", LENSWEEP_VERSION, LENSWEEP_COMMIT, gemm_library(),
            clock_iso8601(now));
    fprintf(stderr, "  command %s\n  config  %s\n  model   %s\n", r->command, c->config.path,
            c->config.model.path);
    fprintf(stderr, "  output  %s\n  ranks   %d on %d node%s\n", c->config.output, r->cluster.size,
            r->cluster.nodes, r->cluster.nodes == 1 ? "" : "s");
    fprintf(stderr, "  units   %zu", c->n_units);
    if (r->options.shards > 1)
        fprintf(stderr, ", %zu to do in shard %lld of %lld", r->n_todo, (long long)r->options.shard,
                (long long)r->options.shards);
    else if (r->n_todo < c->n_units)
        fprintf(stderr, ", %zu of them from earlier starts", c->n_units - r->n_todo);
    if (r->found.torn_bytes)
        fprintf(stderr, " (%zu torn bytes of the journal cut off)", r->found.torn_bytes);
    fprintf(stderr, "\n");
    warn_tokenizer(c);
}

static void print_flops(const struct session *r)
{
    char planned[STR_HUMAN], counted[STR_HUMAN], full[STR_HUMAN];

    if (r->counted)
        fprintf(stderr, "  work    %s planned, %s done; %s by full passes (%.1f times)\n",
                str_flops(planned, (double)r->planned), str_flops(counted, (double)r->counted),
                str_flops(full, (double)r->full), (double)r->full / (double)r->counted);
}

static void print_audit(const struct campaign_report *report)
{
    fprintf(stderr, "  audit  ");
    for (int i = 0; i < AUDIT_COUNT; i++)
        if (!isnan(report->audit[i]))
            fprintf(stderr, " %s %.1e ", audit_names[i], report->audit[i]);
    fprintf(stderr, "(worst residuals, relative)\n");
}

static int finish(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;
    struct campaign_report report;

    print_flops(r);
    if (r->planned != r->counted)
        return err_set(err, ERR_BUG, "planned %llu FLOP and did %llu",
                       (unsigned long long)r->planned, (unsigned long long)r->counted);
    if (journal_sync(r->journal, err) || lock_check(&r->lock, err) ||
        campaign_write(c, r->journal, r->result, false, &report, err))
        return err->code;
    print_audit(&report);
    if (runlog_end(&r->log, "end", &r->view, &report, err) || out_flush(err) ||
        print_summary(r->result, err) ||
        out_printf(err, "\n%zu quer%s ok, %zu bad; result: %s\nnext: lensweep plot ", report.ok,
                   report.ok == 1 ? "y" : "ies", report.bad, r->result) ||
        out_word(c->config.output, err) || out_printf(err, "\n"))
        return err->code;
    if (report.bad && c->config.run.fail_on_bad)
        return err_set(err, ERR_DIFFERS, "%zu bad quer%s, and run.fail_on_bad is set", report.bad,
                       report.bad == 1 ? "y" : "ies");
    return 0;
}

/* --- the job --- */

/* OpenBLAS chooses its kernels when it is loaded: to have others, the program starts itself again
   with the type in the environment, before MPI knows of it. Mistakes of the config are told later,
   and so is whatever goes wrong here, if OpenBLAS then runs as another type. */
static void pin_blas_core(struct session *r, char **argv)
{
    const struct campaign_request *request = &r->options.request;
    const char *now = getenv("OPENBLAS_CORETYPE");
    struct problems ignored = {0};
    struct config config = {0};
    const struct experiment_schema *schemas;
    size_t n;

    err_clear(&r->unpinned);
    schemas = kind_schemas(&n);
    if (!config_load(&config, request->config, request->set, request->n_set, schemas, n, &ignored,
                     &r->unpinned) &&
        !ignored.count && !str_eq(config.run.blas_core, "auto") &&
        (!now || !str_eq(now, config.run.blas_core))) {
        if (!setenv("OPENBLAS_CORETYPE", config.run.blas_core, 1))
            execv("/proc/self/exe", argv);
        err_set(&r->unpinned, ERR_IO, "cannot start anew: %s", strerror(errno));
    }
    config_release(&config);
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

static int prepare(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;
    bool first = r->cluster.rank == 0;

    if (!check_memory(r, err) && !paths(r, err) && !campaign_cut(c, err))
        campaign_start(c, r->threads, err);
    if (agree_on_work(r, err))
        return err->code;
    if (first)
        open_output(r, err);
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

static int finish_shard(struct session *r, struct err *err)
{
    print_flops(r);
    if (journal_sync(r->journal, err) || runlog_end(&r->log, "end", &r->view, NULL, err))
        return err->code;
    return out_printf(err, "shard %lld of %lld is done; when all are: lensweep collect ",
                      (long long)r->options.shard, (long long)r->options.shards) ||
                   out_word(r->campaign.config.output, err) || out_printf(err, "\n")
               ? err->code
               : 0;
}

/* The launcher is not seen from here: it is guessed. */
static void print_next(const struct session *r)
{
    fprintf(stderr, "  next    ");
    if (r->cluster.size > 1)
        fprintf(stderr, "%s -n %d ", getenv("SLURM_JOB_ID") ? "srun" : "mpirun", r->cluster.size);
    fprintf(stderr, "%s\n", r->command);
}

static int stopped(struct session *r, struct err *err)
{
    const struct progress *p = &r->view.last;

    if (journal_sync(r->journal, err) || runlog_end(&r->log, "stopped", &r->view, NULL, err))
        return err->code;
    if (r->lost.code)
        return *err = r->lost, err->code;
    print_next(r);
    return err_set(err, ERR_STOPPED,
                   "stopped %s: %zu of %zu units are done and kept; run the same "
                   "command again",
                   signalled ? "by a signal" : "at run.max_time", p->done + r->view.units_before,
                   r->view.units);
}

/* What is there is kept, as far as that can be: the error is known already. */
static void failed(struct session *r)
{
    struct err ignored;

    err_clear(&ignored);
    journal_sync(r->journal, &ignored);
    runlog_end(&r->log, "failed", &r->view, NULL, &ignored);
}

/* n units of what is to do, from the first-th on: on all ranks. */
static int run_units(struct session *r, size_t first, size_t n, bool *finished, struct err *err)
{
    struct job job = {.work = campaign_work(&r->campaign),
                      .ctx = r,
                      .done = take_rows,
                      .tick = tick,
                      .stop = must_stop,
                      .overdue = overdue,
                      .n = n};

    if (r->cluster.rank == 0) {
        job.todo = r->todo + first;
        r->view.units_before += r->view.last.done;
        r->view.cost_before += r->view.last.cost_done;
        r->view.last = (struct progress){0};
        progress_begin(&r->view);
    }
    r->last_sync = clock_seconds();
    cluster_run(&r->cluster, &job, finished, err);
    r->stop_begin = 0;
    if (r->cluster.rank == 0)
        progress_end(&r->view);
    return err->code;
}

/* What the cells need to know of the whole data, computed first and shared by all ranks. *finished
   on all ranks. */
static int run_surveys(struct session *r, bool *finished, struct err *err)
{
    struct campaign *c = &r->campaign;

    *finished = true;
    if (!c->n_survey)
        return 0;
    if (!run_units(r, 0, r->n_survey, finished, err) && r->cluster.rank == 0 && *finished)
        campaign_survey(c, r->journal, err);
    cluster_share(&r->cluster, finished, sizeof *finished);
    if (cluster_agree(&r->cluster, err))
        return err->code;
    for (size_t i = 0; i < c->n && *finished; i++) {
        size_t bytes;
        void *block = campaign_survey_block(c, i, &bytes);

        cluster_share(&r->cluster, block, bytes);
    }
    return 0;
}

static int execute(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;
    bool finished;

    if (r->cluster.rank == 0 && !list_todo(r, err))
        print_header(r);
    hosts_print(&r->cluster, r->threads, err);
    if (cluster_agree(&r->cluster, err))
        return err->code;
    if (!run_surveys(r, &finished, err) && finished)
        run_units(r, r->n_survey, r->n_todo - r->n_survey, &finished, err);
    r->planned = cluster_sum(&r->cluster, c->engine.planned);
    r->counted = cluster_sum(&r->cluster, c->engine.counted);
    r->full = cluster_sum(&r->cluster, c->engine.full);
    if (r->cluster.rank == 0) {
        if (err->code)
            failed(r);
        else if (!finished || r->lost.code)
            stopped(r, err);
        else if (r->options.shards > 1)
            finish_shard(r, err);
        else
            finish(r, err);
    }
    return cluster_agree(&r->cluster, err);
}

static int dry_run(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;
    struct forecast e;

    if (campaign_cut(c, err) || r->cluster.rank)
        return err->code;
    e = forecast(c, r->cluster.size, 1, r->threads);
    return print_plan(c, &e, err);
}

/* "lensweep run ...", to be freed with b. */
static const char *join(int argc, char **argv, struct buf *b, struct err *err)
{
    if (buf_puts(b, "lensweep", err))
        return NULL;
    for (int i = 0; i < argc; i++)
        if (buf_printf(b, err, " %s", argv[i]))
            return NULL;
    return buf_str(b, err);
}

int cmd_run(int argc, char **argv, struct err *err)
{
    struct session r = {.begin = clock_seconds()};
    struct buf command = {0};
    int code;

    r.command = join(argc, argv, &command, err);
    if (!r.command || parse_job(argc, argv, "run", &r.options, err))
        return err->code;
    pin_blas_core(&r, argv - 1); /* main's argv */
    catch_signals(&r.signals);
    if (cluster_init(&r.cluster, err))
        return err->code;
    if (r.cluster.rank == 0) {
        r.cluster.waiting = waiting;
        r.cluster.waiting_ctx = &r;
    }
    if (!open_campaign(&r, err)) {
        r.threads = hosts_threads(&r.cluster, (int)r.campaign.config.run.threads);
        if (r.options.dry_run)
            dry_run(&r, err);
        else if (!prepare(&r, err))
            execute(&r, err);
    }
    code = err->code;
    if (r.cluster.rank == 0)
        report_error(err);
    err->msg[0] = '\0';
    cluster_barrier(&r.cluster); /* a rank that exits first makes mpirun end the others */
    lock_release(&r.lock);
    runlog_close(&r.log);
    journal_close(r.journal);
    campaign_close(&r.campaign);
    arena_release(&r.arena);
    buf_release(&command);
    cluster_close(&r.cluster);
    return code;
}
