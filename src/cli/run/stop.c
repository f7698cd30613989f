#include "cli/command.h"
#include "cli/run/session.h"

#include "base/clock.h"
#include "base/signals.h"
#include "base/str.h"

#include <stdio.h>

/* Since when others are only waited for: from now on, if it had not begun. */
static void begin_stop(struct session *r, double now)
{
    if (r->stop_begin <= 0)
        r->stop_begin = now;
}

bool session_must_stop(void *session)
{
    struct session *r = session;
    const struct run_config *c = &r->campaign.config.run;
    double now = clock_seconds();

    if (!signals_ask() && !r->lost.code && (c->max_time <= 0 || now - r->begin <= c->max_time))
        return false;
    begin_stop(r, now);
    return true;
}

/* The end has been told, and its status stays: only the others are waited for, who come no more. */
static void end_after(const struct session *r, struct err *err)
{
    size_t which = r->which + 1, results = r->campaign.n_runs;
    bool goes_on = which < results && (!r->outcome || r->outcome == ERR_DIFFERS);

    if (goes_on)
        err_set(err, ERR_STOPPED, "stopped after result %zu of %zu; run the same command again",
                which, results);
    else {
        err_set(err, ERR_STOPPED, "nothing was left to do but to end");
        err->code = r->outcome;
    }
}

/* why: the error that ends the run; none: it was told to stop. */
static void end_without(struct session *r, const char *ranks, double grace, const struct err *why)
{
    struct err err = *why;

    if (r->ended && !err.code)
        end_after(r, &err);
    else if (r->view.units)
        session_finish(r, false, &err);
    else if (!err.code)
        err_set(&err, ERR_STOPPED, "stopped before the work began");
    err_wrap(&err, "%s did not answer within %.0f s", ranks, grace);
    report_error(&err);
    lock_release(&r->lock);
    cluster_abort(err.code);
}

/* Who has sent a signal sees that it came. */
static void say_stop(struct session *r)
{
    char most[STR_HUMAN];

    r->stop_said = true;
    progress_clear(&r->view);
    str_duration(most, r->campaign.config.run.grace);
    signals_let_end();
    fprintf(stderr,
            "stopping: what has been begun is finished and kept, in at most %s (Ctrl-C ends it "
            "now)\n",
            most);
}

void session_overdue(void *session, const char *ranks, const struct err *why)
{
    struct session *r = session;
    double now = clock_seconds();

    begin_stop(r, now); /* by an error */
    if (!r->stop_said && !why->code)
        say_stop(r);
    if (now - r->stop_begin > r->campaign.config.run.grace)
        end_without(r, ranks, r->campaign.config.run.grace, why);
}

/* The others may be a little behind. */
static double patience(const struct session *r)
{
    enum { LEAST = 10 };

    return r->campaign.config.run.grace > LEAST ? r->campaign.config.run.grace : LEAST;
}

bool session_waiting(void *session, const struct err *why)
{
    struct session *r = session;
    double now = clock_seconds();

    if (!session_must_stop(r) && !why->code)
        return false;
    begin_stop(r, now); /* by an error */
    return now - r->stop_begin > patience(r);
}

void session_leave(void *session, const char *ranks, const struct err *why)
{
    end_without(session, ranks, patience(session), why);
}
