/*
 * `collect` and `status`: a run as its output directory tells it, from config.yaml and the journal,
 * without a worker and without touching either.
 */
#include "cli/command.h"
#include "cli/job.h"

#include "base/file.h"
#include "base/str.h"
#include "campaign/bad.h"
#include "campaign/cut.h"
#include "campaign/manifest.h"
#include "campaign/output.h"
#include "results/lock.h"

#include <getopt.h>
#include <math.h>
#include <string.h>

struct past {
    struct campaign campaign;
    struct journal *journal;
    struct journal_stats found;
    struct arena arena;
};

/* The first directory's own config, its data and the model's shape; and what the journals of all
   have. The others need neither data nor model here. */
static int past_open(struct past *p, const char *const *dirs, size_t n, struct err *err)
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
    if (campaign_open(&p->campaign, &request, &problems, err) || report_problems(&problems, err) ||
        campaign_cut(&p->campaign, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        journals[i] = file_join(&p->arena, dirs[i], "journal", err);
        if (!journals[i] || (i && manifest_match(&p->campaign, dirs[0], dirs[i], err)))
            return err->code;
    }
    return journal_open_past(&p->journal, journals, n, &p->found, err);
}

static void past_close(struct past *p)
{
    journal_close(p->journal);
    campaign_close(&p->campaign);
    arena_release(&p->arena);
}

struct count {
    size_t units, done;
    double flops, flops_done;
};

static struct count count_units(const struct past *p)
{
    struct count n = {0};

    for (size_t i = 0; i < p->campaign.n_units; i++) {
        const struct unit *u = &p->campaign.unit[i];
        bool done = journal_has(p->journal, u->key);

        n.units++;
        n.done += done;
        n.flops += (double)u->cost.flops;
        n.flops_done += done ? (double)u->cost.flops : 0;
    }
    return n;
}

static int collect(struct past *p, const char *const *dirs, size_t n_dirs, bool partial,
                   const char *out, struct err *err)
{
    struct campaign_report report;
    struct count n;

    if (n_dirs > 1 && !out)
        return err_set(err, ERR_CONFIG,
                       "the result of several directories belongs to none of them: name a file, "
                       "-o FILE");
    if (past_open(p, dirs, n_dirs, err))
        return err->code;
    n = count_units(p);
    if (!partial && n.done < n.units)
        return err_set(err, ERR_CONFIG,
                       "%zu of %zu units are not computed yet; run the missing shards, or collect "
                       "--partial",
                       n.units - n.done, n.units);
    if (!out)
        out = file_join(&p->arena, dirs[0], partial ? "partial.h5" : "result.h5", err);
    if (!out || campaign_write(&p->campaign, p->journal, out, partial, &report, err))
        return err->code;
    if (out_printf(err, "%zu of %zu units; %zu queries ok, %zu bad", n.done, n.units, report.ok,
                   report.bad) ||
        (report.waiting && out_printf(err, ", %zu not computed yet", report.waiting)))
        return err->code;
    return out_printf(err, "; result: %s\n", out);
}

int cmd_collect(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {{"partial", no_argument, NULL, 'p'}, {0}};
    const char *out = NULL;
    struct past p = {0};
    bool partial = false;
    int o, code;

    opterr = 0;
    while ((o = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        if (o == 'p')
            partial = true;
        else if (o == 'o')
            out = optarg;
        else
            return bad_option("collect", argv, err);
    }
    if (argc == optind)
        return usage_error("collect", err);
    code =
        collect(&p, (const char *const *)argv + optind, (size_t)(argc - optind), partial, out, err);
    past_close(&p);
    return code;
}

/* One line for each lock of the directory: the run's own, or those of its shards. *ranks: at work.
 */
static int print_holders(struct past *p, const char *dir, int *ranks, struct err *err)
{
    char **names;
    size_t n;

    *ranks = 0;
    if (file_list(dir, &p->arena, &names, &n, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        struct lock_holder h;
        char idle[STR_HUMAN], *path;

        if (!lock_is_name(names[i]))
            continue;
        path = file_join(&p->arena, dir, names[i], err);
        if (!path)
            return err->code;
        if (!lock_read(&h, path))
            continue;
        if (h.alive)
            *ranks += h.ranks > 0 ? h.ranks : 1;
        if (out_printf(err, "%-8s process %ld on %s%s%s since %s, last sign of life %s ago%s\n",
                       names[i], h.pid, h.host, h.job[0] ? ", job " : "", h.job, h.since,
                       str_duration(idle, h.idle), h.alive ? "" : ": gone"))
            return err->code;
    }
    return *ranks ? 0 : out_printf(err, "holder   none: it is not running\n");
}

/* From the time that the units took, each on one rank. */
static int print_speed(const struct past *p, const struct count *n, int ranks, struct err *err)
{
    double speed = p->found.seconds > 0 ? n->flops_done / p->found.seconds : 0;
    char rate[STR_HUMAN], left[STR_HUMAN];
    int at_work = ranks ? ranks : 1;

    if (speed <= 0 || n->done == n->units)
        return 0;
    str_duration(left, (n->flops - n->flops_done) / speed / at_work);
    str_flops(rate, speed * at_work);
    if (ranks)
        return out_printf(err, "speed    %s/s of %d rank%s, ETA %s\n", rate, ranks,
                          ranks == 1 ? "" : "s", left);
    return out_printf(err, "speed    %s/s of one rank; left: %s of one rank's time\n", rate, left);
}

static int print_bad(struct past *p, struct err *err)
{
    unsigned char *bad = arena_alloc(&p->arena, p->campaign.data.n, 1, err);
    size_t n;

    if (!bad || campaign_bad(&p->campaign, p->journal, bad, &n, err))
        return err->code;
    return out_printf(err, "bad      %zu of %zu queries\n", n, p->campaign.data.n);
}

static int status(struct past *p, const char *dir, struct err *err)
{
    char done[STR_HUMAN], all[STR_HUMAN];
    struct count n;
    int ranks;

    if (past_open(p, &dir, 1, err))
        return err->code;
    n = count_units(p);
    if (out_printf(err, "done     %.1f %%: %zu of %zu units, %s of %s\n",
                   n.flops > 0 ? 100 * n.flops_done / n.flops
                               : 100.0 * (double)n.done / (double)(n.units ? n.units : 1),
                   n.done, n.units, str_flops(done, n.flops_done), str_flops(all, n.flops)) ||
        print_bad(p, err))
        return err->code;
    if (p->found.torn_bytes &&
        out_printf(err, "journal  %zu torn bytes are passed over\n", p->found.torn_bytes))
        return err->code;
    if (print_holders(p, dir, &ranks, err) || print_speed(p, &n, ranks, err))
        return err->code;
    if (n.done == n.units)
        return 0;
    return out_printf(err, "next     %slensweep collect --partial ",
                      ranks ? "" : "run the same command again, or ") ||
                   out_word(dir, err) || out_printf(err, "\n")
               ? err->code
               : 0;
}

int cmd_status(int argc, char **argv, struct err *err)
{
    struct past p = {0};
    int code;

    if (one_argument("status", argc, argv, err))
        return err->code;
    code = status(&p, argv[1], err);
    past_close(&p);
    return code;
}
