/*
 * The threads of one worker, and what they count.
 *
 * A team shares out panels of a weight matrix, rows, or heads; BLAS itself runs one thread. Which
 * thread does a piece never shows in the result: pieces are cut by shape alone and no sum crosses
 * two of them in an order of arrival.
 */
#ifndef LENSWEEP_BASE_TEAM_H
#define LENSWEEP_BASE_TEAM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct team {
    int threads;
    size_t scratch_floats; /* per thread */
    float *scratch;        /* (threads, scratch_floats), owned */
    size_t shared_floats;
    float *shared;  /* (shared_floats), owned: what one thread prepares for all */
    uint64_t flops; /* 2 M N K of every product since team_init: what was executed, which the
                       planner must have said */
};

/* threads = 0: as many as the affinity mask of the calling thread has cores. Sets BLAS to one
   thread. scratch_floats: what one thread needs at most (gemm_scratch of the widest matrix). */
int team_init(struct team *t, int threads, size_t scratch_floats, struct err *err);
/* Room for what the threads share. */
int team_share(struct team *t, size_t floats, struct err *err);
void team_release(struct team *t);

/* Scratch of the calling thread, inside a parallel region of t->threads threads or outside one. */
float *team_scratch(const struct team *t);

/* Can so many threads be had, twice (a rank has a team on each of two threads)? ERR_MEMORY, where
   the OpenMP library would end the process. Asked before its first parallel region. */
int team_check(int threads, struct err *err);

int team_cores(void); /* cores in the affinity mask of the calling thread */

/* That mask: bit i % 8 of byte i / 8 is core i. Cores beyond it are left out; all zero: not known.
 */
enum { TEAM_MASK = 256 };
void team_mask(unsigned char mask[TEAM_MASK]);

#endif
