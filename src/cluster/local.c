#include "cluster/local.h"

#include "base/clock.h"

#include <string.h>

static bool wait_for_unit(struct local_worker *w, uint64_t *unit)
{
    bool got;

    pthread_mutex_lock(&w->lock);
    while (!w->n_in && !w->stop)
        pthread_cond_wait(&w->wake, &w->lock);
    got = w->n_in > 0;
    if (got) {
        *unit = w->in[0];
        w->in[0] = w->in[1];
        w->n_in--;
    }
    pthread_mutex_unlock(&w->lock);
    return got;
}

static void *local_main(void *arg)
{
    struct local_worker *w = arg;
    struct parcel p = {0};

    while (wait_for_unit(w, &p.unit)) {
        double start = clock_seconds();

        memset(&p.rows, 0, sizeof p.rows);
        err_clear(&p.err);
        w->work.run(w->work.ctx, p.unit, &p.rows, &p.did, &p.err);
        if (p.err.code)
            p.err.rank = 0;
        p.seconds = clock_seconds() - start;
        pthread_mutex_lock(&w->lock);
        w->out[w->n_out++] = p;
        pthread_cond_signal(&w->done);
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

int local_start(struct local_worker *w, const struct work *work, struct err *err)
{
    memset(w, 0, sizeof *w);
    w->work = *work;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    clock_condition(&w->done);
    if (pthread_create(&w->thread, NULL, local_main, w))
        return err_set(err, ERR_MEMORY, "cannot start the worker thread");
    return 0;
}

void local_send(struct local_worker *w, uint64_t unit)
{
    pthread_mutex_lock(&w->lock);
    w->in[w->n_in++] = unit;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

int local_recall(struct local_worker *w)
{
    int n;

    pthread_mutex_lock(&w->lock);
    n = w->n_in;
    w->n_in = 0;
    pthread_mutex_unlock(&w->lock);
    return n;
}

bool local_receive(struct local_worker *w, struct parcel *p)
{
    bool got;

    pthread_mutex_lock(&w->lock);
    got = w->n_out > 0;
    if (got) {
        *p = w->out[0];
        w->out[0] = w->out[1];
        w->n_out--;
    }
    pthread_mutex_unlock(&w->lock);
    return got;
}

void local_wait(struct local_worker *w)
{
    struct timespec until = clock_until(0.05);

    pthread_mutex_lock(&w->lock);
    while (!w->n_out && pthread_cond_timedwait(&w->done, &w->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&w->lock);
}

void local_stop(struct local_worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    for (int i = 0; i < w->n_out; i++)
        buf_release(&w->out[i].rows);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->done);
}
