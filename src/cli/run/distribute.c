/* Rank 0 hands out bundles of the units that the journal does not have, and keeps their rows. */
#include "cli/run/session.h"

#include "base/clock.h"
#include "campaign/bad.h"
#include "campaign/bundle.h"
#include "campaign/survey.h"
#include "campaign/unit.h"

/* Of this shard's units, and of surveys, those that the journal does not have. */
static int count_todo(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;

    r->bad = arena_alloc(&r->arena, c->data.n, 1, err);
    if (!r->bad || campaign_share(c, r->todo, r->options.shard.i, r->options.shard.n, err) ||
        campaign_bad(c, r->journal, r->bad, &r->view.bad, err))
        return err->code;
    for (size_t i = 0; i < c->n_units; i++) {
        bool done = r->todo[i] && journal_has(r->journal, c->unit[i].key);

        r->view.units += r->todo[i];
        r->view.units_before += done;
        r->view.cost_before += done ? (double)unit_flops(&c->unit[i]) : 0;
        r->todo[i] = r->todo[i] && !done;
        r->n_todo += r->todo[i];
    }
    return 0;
}

int list_todo(struct session *r, struct err *err)
{
    struct campaign *c = &r->campaign;

    r->todo = arena_alloc(&r->arena, c->n_units, sizeof *r->todo, err);
    if (r->todo && r->cluster.rank == 0)
        count_todo(r, err);
    if (cluster_agree(&r->cluster, err))
        return err->code;
    cluster_share(&r->cluster, r->todo, c->n_units);
    if (campaign_bundle(c, r->todo, r->cluster.size, err))
        return err->code;
    r->view.cost = r->view.cost_before;
    for (size_t i = 0; i < c->n_bundles; i++)
        r->view.cost += (double)c->bundle[i].flops;
    return 0;
}

static int take_unit(struct session *r, const struct unit_rows *u, double seconds, struct err *err)
{
    const struct unit *unit = &r->campaign.unit[u->unit];

    if (journal_append(r->journal, unit->key, u->rows, u->n, seconds * u->share, err))
        return err->code;
    r->view.units_done++;
    r->view.current = r->campaign.x[unit->experiment].name;
    if (unit_finds_bad(&r->campaign, u->unit, u->rows, u->n)) {
        unsigned char *known = &r->bad[unit->query];

        r->view.bad += !*known;
        *known = 1;
    }
    return 0;
}

static int take_rows(void *ctx, uint64_t bundle, const void *rows, size_t n, double seconds,
                     struct err *err)
{
    struct session *r = ctx;
    struct cursor at = {rows, n, 0, 0};
    struct unit_rows u;

    while (bundle_next(&r->campaign, bundle, &at, &u))
        if (take_unit(r, &u, seconds, err))
            return err->code;
    if (at.bad)
        return err_set(err, ERR_BUG, "a bundle's rows have %zu bytes, not as planned", n);
    return session_sync(r, err);
}

/* n bundles from the first-th on: on all ranks. */
static int run_bundles(struct session *r, size_t first, size_t n, bool *finished, struct err *err)
{
    struct job job = {.work = campaign_work(&r->campaign),
                      .ctx = r,
                      .done = take_rows,
                      .tick = session_tick,
                      .stop = session_must_stop,
                      .overdue = session_overdue,
                      .n = n};
    uint64_t *todo = arena_alloc(&r->arena, n, sizeof *todo, err);

    for (size_t i = 0; todo && i < n; i++)
        todo[i] = first + i;
    if (cluster_agree(&r->cluster, err))
        return err->code;
    if (r->cluster.rank == 0) {
        job.todo = todo;
        r->view.units_before += r->view.units_done;
        r->view.cost += r->view.last.did - r->view.last.cost_done;
        r->view.cost_before += r->view.last.did;
        r->view.last = (struct progress){0};
        r->view.units_done = 0;
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
static int run_surveys(struct session *r, size_t n, bool *finished, struct err *err)
{
    struct campaign *c = &r->campaign;

    *finished = true;
    if (!c->n_survey)
        return 0;
    if (!run_bundles(r, 0, n, finished, err) && r->cluster.rank == 0 && *finished)
        campaign_survey(c, r->journal, err);
    cluster_share(&r->cluster, finished, sizeof *finished);
    if (cluster_agree(&r->cluster, err))
        return err->code;
    for (size_t i = 0; i < c->n && *finished; i++) {
        const struct survey *s = c->x[i].survey;

        if (s) /* for ranks that have no journal */
            cluster_share(&r->cluster, s->block, s->bytes);
    }
    return 0;
}

int distribute(struct session *r, bool *finished, struct err *err)
{
    struct campaign *c = &r->campaign;
    size_t surveys = 0;

    while (surveys < c->n_bundles && c->unit[c->order[surveys]].work == UNIT_SURVEY)
        surveys++; /* each a bundle of its own */
    if (!run_surveys(r, surveys, finished, err) && *finished)
        run_bundles(r, surveys, c->n_bundles - surveys, finished, err);
    r->planned = cluster_sum(&r->cluster, c->engine.planned);
    r->counted = cluster_sum(&r->cluster, c->engine.counted);
    r->full = cluster_sum(&r->cluster, c->engine.full);
    return err->code;
}
