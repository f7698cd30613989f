#define _GNU_SOURCE /* sched_getaffinity, CPU_ALLOC */

#include "base/team.h"
#include "base/blas.h"

#include "base/mem.h"

#include <omp.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>

/* The kernel refuses a set smaller than its own, so the set grows until it fits. Returns the number
   of cores, 0 = not known; and the mask, if it is not NULL. */
static int cores_in_mask(unsigned char *mask)
{
    for (int cpus = 8 * TEAM_MASK; cpus <= 1 << 18; cpus *= 2) {
        size_t bytes = CPU_ALLOC_SIZE(cpus);
        cpu_set_t *set = CPU_ALLOC(cpus);
        int n = 0;

        if (!set)
            return 0;
        if (sched_getaffinity(0, bytes, set) == 0)
            n = CPU_COUNT_S(bytes, set);
        for (int i = 0; mask && n > 0 && i < 8 * TEAM_MASK; i++)
            if (CPU_ISSET_S(i, bytes, set))
                mask[i / 8] |= (unsigned char)(1 << i % 8);
        CPU_FREE(set);
        if (n > 0)
            return n;
    }
    return 0;
}
#else
static int cores_in_mask(unsigned char *mask)
{
    (void)mask;
    return 0;
}
#endif

void team_mask(unsigned char mask[TEAM_MASK])
{
    memset(mask, 0, TEAM_MASK);
    cores_in_mask(mask);
}

int team_cores(void)
{
    long n = cores_in_mask(NULL);

    if (n <= 0)
        n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* Threads that all stand until the last one has been started. */
struct trial {
    pthread_mutex_t lock;
    pthread_cond_t go;
    bool over;
};

static void *stand(void *arg)
{
    struct trial *t = arg;

    pthread_mutex_lock(&t->lock);
    while (!t->over)
        pthread_cond_wait(&t->go, &t->lock);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* How many of n could be started. */
static int start_threads(pthread_t *thread, int n)
{
    struct trial t = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    int started = 0;

    while (started < n && !pthread_create(&thread[started], NULL, stand, &t))
        started++;
    pthread_mutex_lock(&t.lock);
    t.over = true;
    pthread_cond_broadcast(&t.go);
    pthread_mutex_unlock(&t.lock);
    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    return started;
}

int team_check(int threads, struct err *err)
{
    static int had; /* that could be started before */
    int n = 2 * threads - 1, started;
    pthread_t *thread;

    if (threads <= had)
        return 0;
    thread = mem_alloc((size_t)n, sizeof *thread, err);
    if (!thread)
        return err->code;
    started = start_threads(thread, n);
    mem_free(thread);
    if (started < n)
        return err_set(err, ERR_MEMORY,
                       "cannot start the %d threads of a rank that has %d to compute with, only "
                       "%d: lower run.threads, or have the limits raised (ulimit -u, ulimit -v)",
                       n, threads, started);
    had = threads;
    return 0;
}

int team_init(struct team *t, int threads, size_t scratch_floats, struct err *err)
{
    enum { LINE = 16 }; /* floats of a cache line: no two threads share one */

    memset(t, 0, sizeof *t);
    blas_one_thread();
    t->threads = threads > 0 ? threads : team_cores();
    if (team_check(t->threads, err))
        return err->code;
    if (scratch_floats > SIZE_MAX / sizeof(float) / (size_t)t->threads - LINE)
        return err_set(err, ERR_MEMORY, "scratch of %zu floats for each of %d threads overflows",
                       scratch_floats, t->threads);
    t->scratch_floats = (scratch_floats + LINE - 1) / LINE * LINE;
    t->scratch = mem_alloc((size_t)t->threads * t->scratch_floats, sizeof(float), err);
    return t->scratch ? 0 : err_wrap(err, "scratch of %d threads", t->threads);
}

int team_share(struct team *t, size_t floats, struct err *err)
{
    t->shared = mem_alloc(floats, sizeof(float), err);
    t->shared_floats = t->shared ? floats : 0;
    return t->shared ? 0 : err_wrap(err, "what %d threads share", t->threads);
}

void team_release(struct team *t)
{
    mem_free(t->shared);
    mem_free(t->scratch);
    memset(t, 0, sizeof *t);
}

float *team_scratch(const struct team *t)
{
    return t->scratch + (size_t)omp_get_thread_num() * t->scratch_floats;
}
