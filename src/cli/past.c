#include "cli/past.h"

#include "base/file.h"
#include "base/outdir.h"
#include "base/str.h"
#include "campaign/cut.h"
#include "campaign/manifest.h"
#include "cli/command.h"
#include "results/result.h"

int past_open(struct past *p, const char *const *dirs, size_t n, struct err *err)
{
    struct campaign_request request = {.config = file_join(&p->arena, dirs[0], OUTDIR_CONFIG, err)};
    const char **journals = arena_alloc(&p->arena, n, sizeof *journals, err);
    char *manifest = file_join(&p->arena, dirs[0], OUTDIR_MANIFEST, err);
    struct problems problems = {0};

    if (!request.config || !journals || !manifest)
        return err->code;
    request.library = manifest_library(manifest, &p->arena, err);
    if (err->code)
        return err->code;
    if (!file_exists(request.config))
        return err_set(err, ERR_IO, "%s %s", dirs[0],
                       file_exists(dirs[0]) ? "does not hold a run: it does not have a config.yaml"
                                            : "does not exist: expected the folder of a run");
    if (config_curates(request.config))
        return err_set(
            err, ERR_CONFIG,
            "%s is the output of lensweep curate: the same command again finishes it, and "
            "its card.md, once written, has the counts",
            dirs[0]);
    if (campaign_open(&p->campaign, &request, &problems, err) || report_problems(&problems, err) ||
        manifest_check(&p->campaign, manifest, false, err) || campaign_cut(&p->campaign, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        journals[i] = file_join(&p->arena, dirs[i], OUTDIR_JOURNAL, err);
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
    char *config = file_join(a, dir, OUTDIR_CONFIG, err);

    return config && file_exists(config);
}

/* The folder if it is an output, and those below it: those of its models, and of each what is about
   nothing, which may have begun before it. */
static int add_outputs(const char *dir, struct arena *a, const char ***dirs, size_t *n, size_t *max,
                       int depth, struct err *err)
{
    enum { MODEL = 1 };
    bool is_one = holds_config(dir, a, err);
    char **names = NULL;
    size_t n_names = 0;

    if (err->code || (depth > MODEL && !is_one) || !file_is_dir(dir) ||
        (is_one && arena_grow(a, dirs, *n, max, sizeof **dirs, err)) ||
        file_list(dir, a, &names, &n_names, err))
        return err->code;
    if (is_one)
        (*dirs)[(*n)++] = dir;
    for (size_t i = 0; i < n_names && !err->code; i++)
        if ((!depth && !is_one) || str_begins(names[i], NULL_FOLDER))
            add_outputs(file_join(a, dir, names[i], err), a, dirs, n, max, depth + 1, err);
    return err->code;
}

int past_each(const char *dir,
              int (*one)(void *ctx, const char *output, size_t i, size_t n, struct err *err),
              void *ctx, struct err *err)
{
    struct arena a = {0};
    const char **dirs = NULL;
    size_t n = 0, max = 0;

    add_outputs(dir, &a, &dirs, &n, &max, 0, err);
    if (!err->code && !n && !arena_grow(&a, &dirs, n, &max, sizeof *dirs, err))
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
