#include "cli/past.h"

#include "base/file.h"
#include "campaign/cut.h"
#include "campaign/manifest.h"
#include "cli/command.h"

int past_open(struct past *p, const char *const *dirs, size_t n, struct err *err)
{
    struct campaign_request request = {.config = file_join(&p->arena, dirs[0], "config.yaml", err)};
    const char **journals = arena_alloc(&p->arena, n, sizeof *journals, err);
    char *manifest = file_join(&p->arena, dirs[0], "manifest", err);
    struct problems problems = {0};

    if (!request.config || !journals || !manifest)
        return err->code;
    request.library = manifest_library(manifest, &p->arena, err);
    if (err->code)
        return err->code;
    if (!file_exists(request.config))
        return err_set(err, ERR_IO, "%s holds no run: it has no config.yaml", dirs[0]);
    if (config_curates(request.config))
        return err_set(
            err, ERR_CONFIG,
            "%s is the output of lensweep curate: the same command again finishes it, and "
            "its card.md, once written, has the counts",
            dirs[0]);
    if (campaign_open(&p->campaign, &request, &problems, err) || report_problems(&problems, err) ||
        manifest_compare(&p->campaign, manifest, err) || campaign_cut(&p->campaign, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        journals[i] = file_join(&p->arena, dirs[i], "journal", err);
        if (!journals[i] || (i && manifest_match(&p->campaign, dirs[0], dirs[i], err)))
            return err->code;
    }
    return journal_open_past(&p->journal, journals, n, &p->found, err);
}

void past_close(struct past *p)
{
    journal_close(p->journal);
    campaign_close(&p->campaign);
    arena_release(&p->arena);
}

static bool holds_config(const char *dir, struct arena *a, struct err *err)
{
    char *config = file_join(a, dir, "config.yaml", err);

    return config && file_exists(config);
}

int past_each(const char *dir,
              int (*one)(void *ctx, const char *output, size_t i, size_t n, struct err *err),
              void *ctx, struct err *err)
{
    struct arena a = {0};
    const char **dirs;
    char **names = NULL;
    size_t n_names = 0, n = 0;

    if (!holds_config(dir, &a, err) && file_is_dir(dir) && !err->code)
        file_list(dir, &a, &names, &n_names, err);
    dirs = arena_alloc(&a, n_names + 1, sizeof *dirs, err);
    for (size_t i = 0; i < n_names && !err->code; i++) {
        const char *path = file_join(&a, dir, names[i], err);

        if (path && holds_config(path, &a, err))
            dirs[n++] = path;
    }
    if (!err->code && !n)
        dirs[n++] = dir;
    for (size_t i = 0; i < n && !err->code; i++)
        one(ctx, dirs[i], i, n, err);
    arena_release(&a);
    return err->code;
}

struct past_count past_count(const struct past *p)
{
    struct past_count n = {0};

    for (size_t i = 0; i < p->campaign.n_units; i++) {
        const struct unit *u = &p->campaign.unit[i];
        bool done = journal_has(p->journal, u->key);

        n.units++;
        n.done += done;
        n.flops += (double)unit_flops(u);
        n.flops_done += done ? (double)unit_flops(u) : 0;
    }
    return n;
}
