#define _XOPEN_SOURCE 700
#include "cli/run/session.h"
#include "cli/summary.h"

#include "base/out.h"
#include "base/str.h"
#include "campaign/audit.h"
#include "campaign/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

static int finish_run(struct session *r, struct err *err)
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

static int finish_shard(struct session *r, struct err *err)
{
    print_flops(r);
    if (journal_sync(r->journal, err) || runlog_end(&r->log, "end", &r->view, NULL, err))
        return err->code;
    return out_printf(err, "shard %lld of %lld is done; when all are: lensweep collect ",
                      (long long)r->options.shard.i, (long long)r->options.shard.n) ||
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

int stopped(struct session *r, struct err *err)
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
                   signals_came() ? "by a signal" : "at run.max_time",
                   p->done + r->view.units_before, r->view.units);
}

/* What is there is kept, as far as that can be: the error is known already. */
static void failed(struct session *r)
{
    struct err ignored;

    err_clear(&ignored);
    journal_sync(r->journal, &ignored);
    runlog_end(&r->log, "failed", &r->view, NULL, &ignored);
}

int finish(struct session *r, bool finished, struct err *err)
{
    if (err->code)
        return failed(r), err->code;
    if (!finished || r->lost.code)
        return stopped(r, err);
    return r->options.shard.n > 1 ? finish_shard(r, err) : finish_run(r, err);
}
