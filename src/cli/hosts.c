#define _XOPEN_SOURCE 700
#include "cli/hosts.h"

#include "base/mem.h"
#include "base/team.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HOSTS_SHOWN = 16 };

/* What a rank says of itself. */
struct seat {
    char host[64];
    int threads, cores, node_threads, node_cores;
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

static void print_host(const struct seat *s, int ranks)
{
    fprintf(stderr, "  host    %s: %d rank%s of %d thread%s, %d core%s each\n", s->host, ranks,
            ranks == 1 ? "" : "s", s->threads, s->threads == 1 ? "" : "s", s->cores,
            s->cores == 1 ? "" : "s");
    if (s->threads > s->cores)
        fprintf(stderr,
                "  warning: %d threads of a rank share %d cores; set run.threads, or bind "
                "ranks to more cores\n",
                s->threads, s->cores);
    else if (s->node_threads > s->node_cores)
        fprintf(stderr, "  warning: %d threads share %d cores of %s; run fewer ranks on it\n",
                s->node_threads, s->node_cores, s->host);
}

static bool alike(const struct seat *a, const struct seat *b)
{
    return strcmp(a->host, b->host) == 0 && a->threads == b->threads && a->cores == b->cores;
}

/* Ranks of a host that sit alike are one line. */
static void print_hosts(const struct seat *seat, int n)
{
    int shown = 0;

    for (int i = 0, ranks; i < n; i += ranks) {
        for (ranks = 1; i + ranks < n && alike(&seat[i], &seat[i + ranks]);)
            ranks++;
        if (++shown <= HOSTS_SHOWN)
            print_host(&seat[i], ranks);
    }
    if (shown > HOSTS_SHOWN)
        fprintf(stderr, "  host    ... and %d more\n", shown - HOSTS_SHOWN);
}

void hosts_print(struct cluster *c, int threads, struct err *err)
{
    struct seat *all = mem_alloc((size_t)c->size, sizeof *all, err), own = {.threads = threads};

    gethostname(own.host, sizeof own.host - 1);
    own.cores = team_cores();
    own.node_threads = (int)cluster_node_sum(c, (uint64_t)threads);
    own.node_cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (!cluster_agree(c, err)) {
        cluster_gather(c, &own, all, sizeof own);
        if (c->rank == 0)
            print_hosts(all, c->size);
    }
    mem_free(all);
}
