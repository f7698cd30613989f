/* Where the ranks of a job sit, and whether they get into each other's way. */
#ifndef LENSWEEP_CLI_RUN_HOSTS_H
#define LENSWEEP_CLI_RUN_HOSTS_H

#include "cluster/cluster.h"

/* Threads for this rank: `wanted`, or if that is 0 the cores of its affinity mask; ranks of a node
   that were not bound have the same mask and share it. Collective. */
int hosts_threads(struct cluster *c, int wanted);

/* Collective. On rank 0, lines for the start-up header on stderr: each host with its ranks, threads
   and cores, and warnings where threads are more than cores. */
void hosts_print(struct cluster *c, int threads, struct err *err);

#endif
