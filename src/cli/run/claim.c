#include "cli/run/session.h"

#include "base/file.h"
#include "base/outdir.h"
#include "base/str.h"
#include "campaign/manifest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int claim_paths(struct session *r, struct err *err)
{
    const char *out = r->campaign.config.output;

    r->journal_dir = file_join(&r->arena, out, OUTDIR_JOURNAL, err);
    r->result = file_join(&r->arena, out, OUTDIR_RESULT, err);
    r->cache = file_join(&r->arena, out, OUTDIR_VOCABULARY, err);
    r->manifest = file_join(&r->arena, out, OUTDIR_MANIFEST, err);
    r->lock_path = r->options.shard.n == 1 ? file_join(&r->arena, out, OUTDIR_LOCK, err)
                                           : arena_printf(&r->arena, err, "%s/" OUTDIR_LOCK ".%lld",
                                                          out, (long long)r->options.shard.i);
    return r->journal_dir && r->result && r->cache && r->manifest && r->lock_path ? 0 : err->code;
}

/* What a shard at work computes must not be taken from under it. */
static int check_shards(struct session *r, struct err *err)
{
    struct lock_found *found;
    size_t n;

    lock_list(r->campaign.config.output, &r->arena, &found, &n, err);
    for (size_t i = 0; i < n && !err->code; i++) {
        const struct lock_holder *h = &found[i].holder;

        if (h->alive && !str_eq(found[i].name, OUTDIR_LOCK))
            err_set(err, ERR_CONFIG,
                    "%s is held by process %ld on %s%s%s since %s: --restart would take its "
                    "work from it; wait for it",
                    found[i].path, h->pid, h->host, h->job[0] ? ", job " : "", h->job, h->since);
    }
    return err->code;
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

/* The output of another of the config's results. */
static int forget_other(struct session *r, size_t which, struct err *err)
{
    struct session other = {.cluster = r->cluster, .options = r->options, .which = which};
    struct campaign_request request = job_request(&r->options, which);
    struct problems problems = {0};

    if (!campaign_read(&other.campaign, &request, &problems, err) && !claim_paths(&other, err) &&
        file_is_dir(other.journal_dir) &&
        !session_take_output(&other, other.campaign.config.output, err))
        forget(&other, err);
    lock_release(&other.lock);
    campaign_close(&other.campaign);
    arena_release(&other.arena);
    return err->code;
}

/* Before the first one is run: what goes on with a run that was stopped has to find them so. */
static int forget_all(struct session *r, struct err *err)
{
    for (size_t k = 1; k < r->campaign.n_runs && !err->code; k++)
        forget_other(r, k, err);
    return err->code ? err->code : forget(r, err);
}

int claim_output(struct session *r, struct err *err)
{
    const char *out = r->campaign.config.output;

    return err_if(err, session_take_output(r, out, err) ||
                           (r->options.restart && !r->which && forget_all(r, err)) ||
                           manifest_check(&r->campaign, r->manifest, true, err) ||
                           campaign_remember(&r->campaign, err) ||
                           session_open_journal(r, &r->campaign.config, err) ||
                           runlog_open(&r->log, out, err) ||
                           runlog_start(&r->log, r->command.data, &r->campaign, r->cluster.size,
                                        r->threads, err));
}
