/*
 * How well the master's schedule uses many ranks: a campaign is cut and bundled as for a run on so
 * many, and handed out by the master's own rule (cluster/turn.h) to ranks that take as long as
 * measured.
 *
 *     bench_schedule CONFIG OUTPUT [RANKS [ROUND_TRIP_MS [MESSAGE_US]]]
 *
 * OUTPUT is of a run of such experiments, a small one will do: its journal says how long units
 * took. Each bundle takes its FLOP times the time per FLOP of a unit of the same kind, drawn from
 * all that were measured. A round trip is what passes between a unit's end and the arrival of the
 * next one on an idle rank, a message what the master needs for one: `bench/cluster noop` measures
 * it.
 */
#include "base/file.h"
#include "base/rng.h"
#include "base/str.h"
#include "campaign/bundle.h"
#include "campaign/campaign.h"
#include "cluster/turn.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct err err;

static void must(int code)
{
    if (!code)
        return;
    fprintf(stderr, "bench_schedule: %s\n", err.msg);
    exit(err.code);
}

static void *get(size_t n, size_t size)
{
    void *p = mem_alloc(n, size, &err);

    must(!p);
    return p;
}

/* --- what was measured --- */

/* Seconds per FLOP of the units of one kind. */
struct speeds {
    double *v;
    size_t n, cap;
};

static struct speeds *speeds; /* (n_kinds) */

static size_t kind_of(const struct campaign *c, const struct unit *u)
{
    size_t k = 0;

    while (kinds[k] != c->x[u->experiment].kind)
        k++;
    return k;
}

static const struct unit *unit_of_key(const struct campaign *c, struct hash key)
{
    for (size_t i = 0; i < c->n_units; i++)
        if (hash_eq(c->unit[i].key, key))
            return &c->unit[i];
    return NULL;
}

static void note_speed(const struct campaign *c, struct hash key, double seconds)
{
    const struct unit *u = unit_of_key(c, key);
    struct speeds *s;

    if (!u || !unit_flops(u) || seconds <= 0)
        return;
    s = &speeds[kind_of(c, u)];
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;

        must(mem_grow((void **)&s->v, s->cap, cap, sizeof *s->v, &err));
        s->cap = cap;
    }
    s->v[s->n++] = seconds / (double)unit_flops(u);
}

/* Records as results/journal.c writes them: magic, key, length, seconds, two hashes, rows. */
static void read_segment(const struct campaign *c, const char *path)
{
    struct mapping m = {0};
    struct cursor at;

    must(file_map(&m, path, &err));
    at = (struct cursor){m.data, m.size, 24, 0};
    while (!at.bad && at.pos < at.size) {
        struct hash key;
        uint64_t length;
        double seconds;

        cursor_u64(&at);
        key.hi = cursor_u64(&at);
        key.lo = cursor_u64(&at);
        length = cursor_u64(&at);
        seconds = cursor_f64(&at);
        cursor_take(&at, 16);
        cursor_take(&at, length);
        if (!at.bad)
            note_speed(c, key, seconds);
    }
    file_unmap(&m);
}

static void open_campaign(struct campaign *c, const char *config, bool shape_only)
{
    struct campaign_request request = {.config = config, .shape_only = shape_only};
    struct problems problems = {0};

    must(campaign_open(c, &request, &problems, &err));
    if (problems.count) {
        fprintf(stderr, "bench_schedule: %s\n", problems.item[0].msg);
        exit(ERR_CONFIG);
    }
    must(campaign_cut(c, &err));
}

static void measure(const char *output)
{
    struct arena a = {0};
    char *journal = file_join(&a, output, "journal", &err);
    char *config = file_join(&a, output, "config.yaml", &err);
    struct campaign c = {0};
    struct dirent *entry;
    DIR *dir;

    must(!journal || !config);
    open_campaign(&c, config, false); /* the keys are of the whole model */
    dir = opendir(journal);
    if (!dir)
        must(err_set(&err, ERR_IO, "%s holds no run", output));
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            read_segment(&c, file_join(&a, journal, entry->d_name, &err));
    closedir(dir);
    campaign_close(&c);
    arena_release(&a);
}

/* --- the replay --- */

static double *duration; /* (n_bundles) seconds */

static double mean_of(const struct speeds *s)
{
    double sum = 0;

    for (size_t i = 0; i < s->n; i++)
        sum += s->v[i];
    return sum / (double)s->n;
}

/* `even`: all units of a kind as fast as their mean. */
static void draw_durations(const struct campaign *c, bool even)
{
    struct rng r = rng_for(1, 1, "schedule");

    for (size_t i = 0; i < c->n_bundles; i++) {
        const struct bundle *b = &c->bundle[i];
        const struct unit *u = &c->unit[c->order[b->first + b->n - 1]];
        const struct speeds *s = &speeds[kind_of(c, u)];

        if (!s->n)
            s = &speeds[0]; /* the clean run, which every job has */
        if (!s->n)
            must(err_set(&err, ERR_CONFIG, "OUTPUT has no measured units"));
        duration[i] = (double)b->flops * (even ? mean_of(s) : s->v[rng_below(&r, s->n)]);
    }
}

/* A message to the master: rows of a bundle that a rank has done. */
struct arrival {
    double time;
    int rank;
};

struct replay {
    struct arrival *heap; /* (n) the earliest first */
    size_t n;
    double *free; /* (ranks) when it has done all that it was sent */
    int *in_flight;
    double now, end, busy; /* of the master; the last bundle's end; its time with messages */
    double half_trip, message;
};

static void heap_push(struct replay *p, struct arrival a)
{
    size_t i = p->n++;

    for (; i && p->heap[(i - 1) / 2].time > a.time; i = (i - 1) / 2)
        p->heap[i] = p->heap[(i - 1) / 2];
    p->heap[i] = a;
}

static struct arrival heap_pop(struct replay *p)
{
    struct arrival first = p->heap[0], last = p->heap[--p->n];
    size_t i = 0, k;

    while ((k = 2 * i + 1) < p->n) {
        k += k + 1 < p->n && p->heap[k + 1].time < p->heap[k].time;
        if (last.time <= p->heap[k].time)
            break;
        p->heap[i] = p->heap[k];
        i = k;
    }
    p->heap[i] = last;
    return first;
}

static void send(struct replay *p, int rank, double seconds)
{
    double start = p->now + p->half_trip;

    if (start < p->free[rank])
        start = p->free[rank];
    p->free[rank] = start + seconds;
    p->end = p->end > p->free[rank] ? p->end : p->free[rank];
    p->in_flight[rank]++;
    heap_push(p, (struct arrival){p->free[rank] + p->half_trip, rank});
}

/* Bundles in the order given. */
static void replay(struct replay *p, const size_t *order, size_t n, int ranks)
{
    for (size_t next = 0;;) {
        struct arrival a;
        int rank;

        while ((rank = turn_next(p->in_flight, ranks, n - next)) >= 0)
            send(p, rank, duration[order[next++]]);
        if (!p->n)
            return;
        a = heap_pop(p);
        p->now = (a.time > p->now ? a.time : p->now) + p->message;
        p->busy += p->message;
        p->in_flight[a.rank]--;
    }
}

static const struct campaign *sorted; /* for larger_first */

static int larger_first(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    uint64_t p = sorted->bundle[x].flops, q = sorted->bundle[y].flops;

    return p != q ? (p < q) - (p > q) : (x > y) - (x < y);
}

static double total_flops(struct campaign *c, int ranks)
{
    double flops = 0;

    must(campaign_bundle(c, NULL, ranks, &err));
    for (size_t i = 0; i < c->n_bundles; i++)
        flops += (double)c->bundle[i].flops;
    return flops;
}

static void report(const struct campaign *c, const struct replay *p, int ranks, double repeated)
{
    char text[3][STR_HUMAN];
    double sum = 0, most = 0;

    for (size_t i = 0; i < c->n_bundles; i++) {
        sum += duration[i];
        most = duration[i] > most ? duration[i] : most;
    }
    printf("  bundles of %s, the longest %s; all in %s; the master is busy for %.1f %% of it\n",
           str_duration(text[0], sum / (double)c->n_bundles), str_duration(text[1], most),
           str_duration(text[2], p->end), 100 * p->busy / p->end);
    printf("  schedule %.1f %% of the ranks' time, with what is done more than once %.1f %%\n",
           100 * sum / (ranks * p->end), 100 * sum / (ranks * p->end) / repeated);
}

/* Surveys, then all the rest, the largest first. */
static void replay_all(const struct campaign *c, struct replay *p, int ranks)
{
    size_t *order = get(c->n_bundles, sizeof *order), n = 0;

    for (size_t i = 0; i < c->n_bundles; i++)
        order[i] = i;
    while (n < c->n_bundles && c->unit[c->order[c->bundle[n].first]].work == UNIT_SURVEY)
        n++;
    sorted = c;
    qsort(order, n, sizeof *order, larger_first);
    qsort(order + n, c->n_bundles - n, sizeof *order, larger_first);
    replay(p, order, n, ranks);
    p->now = p->now > p->end ? p->now : p->end;
    replay(p, order + n, c->n_bundles - n, ranks);
    mem_free(order);
}

int main(int argc, char **argv)
{
    int ranks = argc > 3 ? atoi(argv[3]) : 512;
    double round_trip = argc > 4 ? atof(argv[4]) : 2, message = argc > 5 ? atof(argv[5]) : 50;
    struct campaign c = {0};
    char text[STR_HUMAN];
    double alone, flops;

    if (argc < 3 || ranks < 1) {
        fprintf(stderr,
                "usage: bench_schedule CONFIG OUTPUT [RANKS [ROUND_TRIP_MS [MESSAGE_US]]]\n");
        return ERR_CONFIG;
    }
    speeds = get(n_kinds, sizeof *speeds);
    measure(argv[2]);
    open_campaign(&c, argv[1], true);
    alone = total_flops(&c, 1);
    flops = total_flops(&c, ranks);
    duration = get(c.n_bundles, sizeof *duration);
    printf("%d ranks: %zu units in %zu bundles, %s, %.4f times that of one rank\n", ranks,
           c.n_units, c.n_bundles, str_flops(text, flops), flops / alone);
    for (int even = 0; even < 2; even++) {
        struct replay p = {.half_trip = round_trip / 2e3,
                           .message = message / 1e6,
                           .heap = get((size_t)ranks * TURN_AHEAD, sizeof *p.heap),
                           .free = get((size_t)ranks, sizeof *p.free),
                           .in_flight = get((size_t)ranks, sizeof *p.in_flight)};

        draw_durations(&c, even);
        replay_all(&c, &p, ranks);
        printf(even ? "all units of a kind as fast as their mean\n" : "times as measured\n");
        report(&c, &p, ranks, flops / alone);
    }
    campaign_close(&c);
    return 0;
}
