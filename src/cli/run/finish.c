#include "cli/run/session.h"
#include "cli/summary.h"

#include "base/file.h"
#include "base/out.h"
#include "base/str.h"
#include "campaign/audit.h"
#include "campaign/output.h"
#include "campaign/verify.h"
#include "results/lock.h"
#include "version.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What was done here, how fast, and what computing only changed rows has saved. */
static int print_work(const struct session *r, struct err *err)
{
    char time[STR_HUMAN], rate[STR_HUMAN], done[STR_HUMAN], full[STR_HUMAN];
    const struct progress_view *v = &r->view;

    if (out_printf(err, "time         %s for %zu of %zu %s: %s, %s/s\n",
                   str_duration(time, v->seconds), v->done, v->units,
                   str_noun(v->units, "unit", "units"), str_flops(done, v->did),
                   str_flops(rate, v->seconds > 0 ? v->did / v->seconds : 0)))
        return err->code;
    if (!r->counted)
        return 0;
    return out_printf(err,
                      "work saved   %.0f %%: only what an edit can change is computed, %s in place "
                      "of %s\n",
                      100 * (1 - (double)r->counted / (double)r->full),
                      str_flops(done, (double)r->counted), str_flops(full, (double)r->full));
}

static int print_audit(const struct campaign_report *report, struct err *err)
{
    double worst = -1;

    for (int i = 0; i < AUDIT_COUNT; i++)
        if (!isnan(report->audit[i]))
            worst = fmax(worst, report->audit[i]);
    if (worst < 0)
        return out_printf(err, "self-check   none (%s)\n",
                          report->ok ? "run.audit" : "no query could be computed");
    return out_printf(err, "self-check   passed: worst relative error %.0e (limit %.0e)\n", worst,
                      AUDIT_TOLERANCE);
}

/* What stands above the summary, so that the output alone, in a file, has all that matters. */
static int print_ended(struct session *r, const struct campaign_report *report, struct err *err)
{
    const struct config *c = &r->campaign.config;

    out_printf(err, "lensweep %s: %s on %zu %s of %s%s\n", LENSWEEP_VERSION,
               r->campaign.model->name, r->campaign.data.n,
               str_noun(r->campaign.data.n, "query", "queries"), campaign_source(&r->campaign),
               c->data.path.n > 1 ? ", ..." : "");
    print_work(r, err);
    print_audit(report, err);
    return err_if(err, out_printf(err, "\n") || out_flush(err));
}

static int print_end(const struct session *r, const struct campaign_report *report, struct err *err)
{
    const char *output = r->campaign.config.output;

    out_printf(err, "\n%zu %s ok, %zu bad; result: %s\nnext: lensweep report ", report->ok,
               str_noun(report->ok, "query", "queries"), report->bad, r->result);
    out_word(output, err);
    out_printf(err, ", lensweep top ");
    out_word(output, err);
    return out_printf(err, "\n");
}

static int still_ours(void *keeper, struct err *err)
{
    return keeper_stop(keeper, err);
}

/* It may take long, and the lock is to stay fresh; what another has taken over is his to write. */
static int write_result(struct session *r, struct campaign_report *report, struct err *err)
{
    struct keeper k;

    if (keeper_start(&k, &r->lock, err))
        return err->code;
    campaign_write(&r->campaign, r->journal, r->result, false, report, still_ours, &k, err);
    return keeper_stop(&k, err);
}

/* One of several results that an earlier start has finished: it is what would be written. */
static bool is_written(const struct session *r)
{
    const char *version = NULL, *commit = NULL;
    struct result file;
    struct err ignored = ERR_CLEAR;
    bool same;

    if (r->campaign.n_runs < 2 || r->n_todo || !file_exists(r->result))
        return false;
    same = !result_open(&file, r->result, &ignored) &&
           !verify_origin(&file, &r->campaign, &ignored) &&
           !result_attr(&file, "provenance", "lensweep_version", &version, &ignored) &&
           !result_attr(&file, "provenance", "git_commit", &commit, &ignored) && version &&
           commit && str_eq(version, LENSWEEP_VERSION) && str_eq(commit, LENSWEEP_COMMIT);
    result_close(&file);
    return same;
}

static int keep_result(struct session *r, struct err *err)
{
    const struct campaign *c = &r->campaign;
    struct campaign_report report = {.bad = r->view.bad, .ok = c->data.n - r->view.bad};

    for (int i = 0; i < AUDIT_COUNT; i++)
        report.audit[i] = (double)NAN;
    if (runlog_end(&r->log, "end", &r->view, &report, err) ||
        out_printf(err, "result %zu of %zu, of %s, was done before: %s\n", c->which_run + 1,
                   c->n_runs, c->model->name, r->result))
        return err->code;
    return judge_queries(&r->campaign, report.ok, report.bad, err);
}

static int finish_run(struct session *r, struct err *err)
{
    struct campaign_report report;

    if (r->planned != r->counted)
        return err_set(err, ERR_BUG, "planned %llu FLOP and did %llu",
                       (unsigned long long)r->planned, (unsigned long long)r->counted);
    if (is_written(r))
        return keep_result(r, err);
    if (journal_sync(r->journal, err) || write_result(r, &report, err) ||
        runlog_end(&r->log, "end", &r->view, &report, err) || print_ended(r, &report, err) ||
        print_summary(r->result, NULL, 0, err) || print_end(r, &report, err))
        return err->code;
    return judge_queries(&r->campaign, report.ok, report.bad, err);
}

static int finish_shard(struct session *r, struct err *err)
{
    if (journal_sync(r->journal, err) || runlog_end(&r->log, "end", &r->view, NULL, err) ||
        print_work(r, err))
        return err->code;
    out_printf(err, "shard %lld of %lld is done; when all are: lensweep collect ",
               (long long)r->options.shard.i, (long long)r->options.shard.n);
    out_word(r->campaign.config.output, err);
    return out_printf(err, "\n");
}

/* What is there is kept, as far as that can be: the error is known already. */
static void failed(struct session *r)
{
    struct err ignored = ERR_CLEAR;

    journal_sync(r->journal, &ignored);
    runlog_end(&r->log, "failed", &r->view, NULL, &ignored);
}

int run_finish(struct session *r, bool finished, struct err *err)
{
    if (err->code)
        return failed(r), err->code;
    if (!finished || r->lost.code)
        return journal_sync(r->journal, err) || runlog_end(&r->log, "stopped", &r->view, NULL, err)
                   ? err->code
                   : session_stopped(r, err);
    return r->options.shard.n > 1 ? finish_shard(r, err) : finish_run(r, err);
}
