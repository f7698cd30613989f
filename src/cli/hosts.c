#define _XOPEN_SOURCE 700
#include "cli/hosts.h"

#include "base/mem.h"
#include "base/team.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 128, HOSTS_SHOWN = 16 };

/* What a rank says of itself, as text on its way to rank 0. */
struct seat {
    char host[WIDTH];
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

static bool read_seat(struct seat *s, const char *line)
{
    return sscanf(line, "%127s %d %d %d %d", s->host, &s->threads, &s->cores, &s->node_threads,
                  &s->node_cores) == 5;
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

/* Ranks of a host that sit alike are one line. */
static void print_hosts(const char *lines, int n)
{
    int shown = 0, ranks = 0;
    struct seat last = {0};

    for (int i = 0; i <= n; i++) {
        struct seat s = {0};
        bool there = i < n && read_seat(&s, lines + (size_t)i * WIDTH);

        if (ranks && there && strcmp(s.host, last.host) == 0 && s.threads == last.threads &&
            s.cores == last.cores) {
            ranks++;
            continue;
        }
        if (ranks && ++shown <= HOSTS_SHOWN)
            print_host(&last, ranks);
        last = s;
        ranks = there;
    }
    if (shown > HOSTS_SHOWN)
        fprintf(stderr, "  host    ... and %d more\n", shown - HOSTS_SHOWN);
}

void hosts_print(struct cluster *c, int threads, struct err *err)
{
    char *lines = mem_alloc((size_t)c->size, WIDTH, err), host[64] = "", own[WIDTH];
    uint64_t node_threads = cluster_node_sum(c, (uint64_t)threads);

    gethostname(host, sizeof host - 1);
    snprintf(own, sizeof own, "%s %d %d %d %ld", host, threads, team_cores(), (int)node_threads,
             sysconf(_SC_NPROCESSORS_ONLN));
    if (!cluster_agree(c, err)) {
        cluster_gather(c, own, lines, WIDTH);
        if (c->rank == 0)
            print_hosts(lines, c->size);
    }
    mem_free(lines);
}
