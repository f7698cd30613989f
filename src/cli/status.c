#include "cli/command.h"
#include "cli/past.h"

#include "base/file.h"
#include "base/json_write.h"
#include "base/str.h"
#include "campaign/bad.h"
#include "results/lock.h"

#include <math.h>

struct status_options {
    const char *dir;
    bool json;
};

static const struct argument_row arguments[] = {
    {ARGUMENT_ONE(struct status_options, dir), "DIR", "the output of a run"}};

static const struct option_row options[] = {OPTION_JSON(struct status_options, json)};

/* What is told, as text or as JSON. */
struct state {
    struct past_count n;
    size_t bad;
    struct lock_found *lock; /* (n_locks) */
    size_t n_locks;
    int ranks; /* at work */
};

static int read_state(struct state *s, struct past *p, const char *dir, struct err *err)
{
    unsigned char *bad;

    if (past_open(p, &dir, 1, err))
        return err->code;
    s->n = past_count(p);
    bad = arena_alloc(&p->arena, p->campaign.data.n, 1, err);
    if (!bad || campaign_bad(&p->campaign, p->journal, bad, &s->bad, err) ||
        lock_list(dir, &p->arena, &s->lock, &s->n_locks, err))
        return err->code;
    for (size_t i = 0; i < s->n_locks; i++)
        if (s->lock[i].holder.alive)
            s->ranks += s->lock[i].holder.ranks > 0 ? s->lock[i].holder.ranks : 1;
    return 0;
}

static double share_done(const struct past_count *n)
{
    return n->flops > 0 ? n->flops_done / n->flops
                        : (double)n->done / (double)(n->units ? n->units : 1);
}

/* FLOP/s of one rank, from the time that the units took; 0 = not known. */
static double speed_of(const struct past *p, const struct past_count *n)
{
    return p->found.seconds > 0 ? n->flops_done / p->found.seconds : 0;
}

/* One line for each lock of the directory: the run's own, or those of its shards. */
static void print_holders(const struct state *s, struct err *err)
{
    char idle[STR_HUMAN];

    for (size_t i = 0; i < s->n_locks; i++) {
        const struct lock_holder *h = &s->lock[i].holder;

        out_printf(err, "%-8s process %ld on %s%s%s since %s, last sign of life %s ago%s\n",
                   s->lock[i].name, h->pid, h->host, h->job[0] ? ", job " : "", h->job, h->since,
                   str_duration(idle, h->idle), h->alive ? "" : ": gone");
    }
    if (!s->ranks)
        out_printf(err, "lock     none: it is not running\n");
}

static void print_speed(const struct state *s, const struct past *p, struct err *err)
{
    double speed = speed_of(p, &s->n);
    char rate[STR_HUMAN], left[STR_HUMAN];
    int at_work = s->ranks ? s->ranks : 1;

    if (speed <= 0 || s->n.done == s->n.units)
        return;
    str_duration(left, (s->n.flops - s->n.flops_done) / speed / at_work);
    str_flops(rate, speed * at_work);
    if (s->ranks)
        out_printf(err, "speed    %s/s of %d %s, ETA %s\n", rate, s->ranks,
                   str_noun(s->ranks, "rank", "ranks"), left);
    else
        out_printf(err, "speed    %s/s of one rank; left: %s of one rank's time\n", rate, left);
}

static int print_state(const struct state *s, const struct past *p, const char *dir,
                       struct err *err)
{
    char done[STR_HUMAN], all[STR_HUMAN];

    out_printf(err, "done     %.1f %%: %zu of %zu %s, %s of %s\n", 100 * share_done(&s->n),
               s->n.done, s->n.units, str_noun(s->n.units, "unit", "units"),
               str_flops(done, s->n.flops_done), str_flops(all, s->n.flops));
    out_printf(err, "bad      %zu of %zu %s\n", s->bad, p->campaign.data.n,
               str_noun(p->campaign.data.n, "query", "queries"));
    if (p->found.torn_bytes)
        out_printf(err, "journal  %zu torn %s passed over\n", p->found.torn_bytes,
                   str_noun(p->found.torn_bytes, "byte is", "bytes are"));
    print_holders(s, err);
    print_speed(s, p, err);
    if (s->n.done == s->n.units)
        return err->code;
    out_printf(err, "next     %slensweep collect --partial ",
               s->ranks ? "" : "run the same command again, or ");
    out_word(dir, err);
    return out_printf(err, "\n");
}

static int print_json(const struct state *s, const struct past *p, const char *dir, struct err *err)
{
    struct buf b = {0};
    struct json_out j = {.out = &b};
    double speed = speed_of(p, &s->n);

    json_begin(&j, NULL, '{', err);
    json_str(&j, "dir", dir, err);
    json_flag(&j, "finished", s->n.done == s->n.units, err);
    json_flag(&j, "running", s->ranks > 0, err);
    json_num(&j, "share_done", share_done(&s->n), err);
    json_int(&j, "units", (int64_t)s->n.units, err);
    json_int(&j, "units_done", (int64_t)s->n.done, err);
    json_num(&j, "flops", s->n.flops, err);
    json_num(&j, "flops_done", s->n.flops_done, err);
    json_int(&j, "queries", (int64_t)p->campaign.data.n, err);
    json_int(&j, "queries_bad", (int64_t)s->bad, err);
    json_int(&j, "ranks", s->ranks, err);
    json_num(&j, "rank_seconds_left",
             speed > 0 ? (s->n.flops - s->n.flops_done) / speed : (double)NAN, err);
    json_begin(&j, "holders", '[', err);
    for (size_t i = 0; i < s->n_locks; i++) {
        const struct lock_holder *h = &s->lock[i].holder;

        json_begin(&j, NULL, '{', err);
        json_str(&j, "lock", s->lock[i].name, err);
        json_int(&j, "pid", h->pid, err);
        json_str(&j, "host", h->host, err);
        json_str(&j, "job", h->job, err);
        json_str(&j, "since", h->since, err);
        json_num(&j, "idle_seconds", h->idle, err);
        json_flag(&j, "alive", h->alive, err);
        json_end(&j, '}', err);
    }
    json_end(&j, ']', err);
    json_end(&j, '}', err);
    return print_buf(&b, err);
}

static int one_status(void *ctx, const char *dir, size_t i, size_t n, struct err *err)
{
    const struct status_options *o = ctx;
    struct state s = {0};
    struct past p = {0};
    const bool several = n > 1 || !str_eq(dir, o->dir); /* or the first of them */

    if (!begin_item(o->json, several, dir, i, err) && !read_state(&s, &p, dir, err))
        o->json ? print_json(&s, &p, dir, err) : print_state(&s, &p, dir, err);
    past_close(&p);
    return end_item(o->json, several, i + 1 == n, err);
}

/* Of each of its models; as JSON a list where there are several. */
static int status(const struct call *call, struct err *err)
{
    struct status_options *o = call->options;

    return past_each(o->dir, one_status, o, err);
}

const struct command command_status = {
    .name = "status",
    .summary = "tell how far a run is, from its journal, without touching it",
    .size = sizeof(struct status_options),
    .run = status,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
