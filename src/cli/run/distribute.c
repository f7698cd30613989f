/* Rank 0 hands out the units that the journal does not have yet, and keeps their rows. */
#define _XOPEN_SOURCE 700
#include "cli/run/session.h"

#include "base/clock.h"
#include "campaign/bad.h"
#include "campaign/cut.h"
#include "campaign/survey.h"
#include "campaign/unit.h"

/* Units that the journal does not have, surveys first; of those that are none, this shard's. */
int list_todo(struct session *r, struct err *err)
{
    const struct campaign *c = &r->campaign;

    r->todo = arena_alloc(&r->arena, c->n_units, sizeof *r->todo, err);
    r->bad = arena_alloc(&r->arena, c->data.n, 1, err);
    if (!r->todo || !r->bad || campaign_bad(c, r->journal, r->bad, &r->view.bad, err))
        return err->code;
    for (size_t i = 0; i < c->n_units; i++) {
        double cost = (double)c->unit[i].cost.flops;

        if (i >= c->n_survey && i % (size_t)r->options.shard.n != (size_t)r->options.shard.i)
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

static int take_rows(void *ctx, uint64_t unit, const void *rows, size_t n, double seconds,
                     struct err *err)
{
    struct session *r = ctx;
    double now = clock_seconds();

    if (journal_append(r->journal, r->campaign.unit[unit].key, rows, n, seconds, err))
        return err->code;
    r->view.current = r->campaign.x[r->campaign.unit[unit].experiment].name;
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

int distribute(struct session *r, bool *finished, struct err *err)
{
    struct campaign *c = &r->campaign;

    if (!run_surveys(r, finished, err) && *finished)
        run_units(r, r->n_survey, r->n_todo - r->n_survey, finished, err);
    r->planned = cluster_sum(&r->cluster, c->engine.planned);
    r->counted = cluster_sum(&r->cluster, c->engine.counted);
    r->full = cluster_sum(&r->cluster, c->engine.full);
    return err->code;
}
