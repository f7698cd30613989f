#define _XOPEN_SOURCE 700
#include "cli/run/session.h"

#include "base/clock.h"

#include <time.h>

static volatile sig_atomic_t signalled;

static void note_signal(int signal)
{
    signalled = signal;
}

void signals_catch(sigset_t *set)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};

    sigemptyset(set);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], &action, NULL);
        sigaddset(set, signals[i]);
    }
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static bool take_signal(const sigset_t *set)
{
    struct timespec now = {0};

    return signalled || (signalled = sigtimedwait(set, NULL, &now) > 0);
}

bool signals_came(void)
{
    return signalled;
}

bool must_stop(void *session)
{
    const struct session *r = session;
    const struct run_config *c = &r->campaign.config.run;

    return take_signal(&r->signals) || r->lost.code ||
           (c->max_time > 0 && clock_seconds() - r->begin > c->max_time - c->grace);
}
