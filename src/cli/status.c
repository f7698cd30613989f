#include "cli/command.h"
#include "cli/past.h"

#include "base/file.h"
#include "base/str.h"
#include "campaign/bad.h"
#include "results/lock.h"

struct status_options {
    const char *dir;
};

static const struct argument_row arguments[] = {
    {ARGUMENT_ONE(struct status_options, dir), "DIR", "the output of a run"}};

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
static int print_speed(const struct past *p, const struct past_count *n, int ranks, struct err *err)
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

static int print_status(struct past *p, const char *dir, struct err *err)
{
    char done[STR_HUMAN], all[STR_HUMAN];
    struct past_count n;
    int ranks;

    if (past_open(p, &dir, 1, err))
        return err->code;
    n = past_count(p);
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

static int status(const struct call *call, struct err *err)
{
    const struct status_options *o = call->options;
    struct past p = {0};

    print_status(&p, o->dir, err);
    past_close(&p);
    return err->code;
}

const struct command command_status = {
    .name = "status",
    .summary = "tell how far a run is, from its journal, without touching it",
    .size = sizeof(struct status_options),
    .run = status,
    ARGUMENTS(arguments),
};
