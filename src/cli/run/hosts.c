#include "cli/run/hosts.h"

#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "base/team.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HOSTS_SHOWN = 8 };

/* What a rank says of itself. */
struct seat {
    char host[PROCESS_HOST];
    int threads, cores;
    unsigned char mask[TEAM_MASK]; /* which cores */
};

/* Of all ranks of a host. */
struct host_cores {
    int threads, cores;
};

int hosts_threads(struct cluster *c, int wanted)
{
    int cores = team_cores();
    uint64_t masks = cluster_node_sum(c, (uint64_t)cores);

    if (wanted)
        return wanted;
    if (masks <= (uint64_t)sysconf(_SC_NPROCESSORS_ONLN))
        return cores;
    return cores > c->node_size ? cores / c->node_size : 1;
}

static int count_bits(const unsigned char mask[TEAM_MASK])
{
    int n = 0;

    for (int i = 0; i < 8 * TEAM_MASK; i++)
        n += mask[i / 8] >> i % 8 & 1;
    return n;
}

/* The cores that any rank of the host may use; where masks do not tell, what the first has. */
static struct host_cores sum_node(const struct seat *seat, int n, const struct seat *of)
{
    struct host_cores node = {0, 0};
    unsigned char any[TEAM_MASK] = {0};

    for (int i = 0; i < n; i++) {
        if (strcmp(seat[i].host, of->host) != 0)
            continue;
        node.threads += seat[i].threads;
        for (int k = 0; k < TEAM_MASK; k++)
            any[k] |= seat[i].mask[k];
    }
    node.cores = count_bits(any);
    if (node.cores < of->cores)
        node.cores = of->cores;
    return node;
}

static void print_host(const struct seat *s, int ranks, const char *before)
{
    fprintf(stderr, "%s%s: %d %s of %d %s, %d %s each", before, s->host, ranks,
            str_noun(ranks, "rank", "ranks"), s->threads, str_noun(s->threads, "thread", "threads"),
            s->cores, str_noun(s->cores, "core", "cores"));
}

static void warn_host(const struct seat *s, struct host_cores node)
{
    if (s->threads > s->cores)
        fprintf(stderr,
                "  warning: %d threads of a rank share %d %s; set run.threads, or bind "
                "ranks to more cores\n",
                s->threads, s->cores, str_noun(s->cores, "core", "cores"));
    else if (node.threads > node.cores)
        fprintf(stderr,
                "  warning: %d threads share %d %s of %s; run fewer ranks on it, or bind them "
                "to cores of their own\n",
                node.threads, node.cores, str_noun(node.cores, "core", "cores"), s->host);
}

static bool alike(const struct seat *a, const struct seat *b)
{
    return strcmp(a->host, b->host) == 0 && a->threads == b->threads && a->cores == b->cores;
}

/* Ranks from the i-th on that sit alike. */
static int count_alike(const struct seat *seat, int n, int i)
{
    int ranks = 1;

    while (i + ranks < n && alike(&seat[i], &seat[i + ranks]))
        ranks++;
    return ranks;
}

/* All in one line, then the warnings. */
static void print_hosts(const struct seat *seat, int n)
{
    int shown = 0;

    for (int i = 0; i < n; i += count_alike(seat, n, i))
        if (++shown <= HOSTS_SHOWN)
            print_host(&seat[i], count_alike(seat, n, i), shown == 1 ? "  hosts   " : "; ");
    if (shown > HOSTS_SHOWN)
        fprintf(stderr, "; and %d more", shown - HOSTS_SHOWN);
    fprintf(stderr, "\n");
    shown = 0;
    for (int i = 0; i < n; i += count_alike(seat, n, i))
        if (++shown <= HOSTS_SHOWN)
            warn_host(&seat[i], sum_node(seat, n, &seat[i]));
}

void hosts_print(struct cluster *c, int threads, struct err *err)
{
    struct seat *all = mem_alloc((size_t)c->size, sizeof *all, err), own = {.threads = threads};

    process_host(own.host);
    own.cores = team_cores();
    team_mask(own.mask);
    if (!cluster_agree(c, err)) {
        cluster_gather(c, &own, all, sizeof own);
        if (c->rank == 0)
            print_hosts(all, c->size);
    }
    mem_free(all);
}
