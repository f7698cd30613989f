#define _XOPEN_SOURCE 700
#include "cli/run/session.h"

#include "base/clock.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t signalled;
static sigset_t caught;

static void note_signal(int signal)
{
    signalled = signal;
}

void signals_catch(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};

    sigemptyset(&caught);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], &action, NULL);
        sigaddset(&caught, signals[i]);
    }
    pthread_sigmask(SIG_BLOCK, &caught, NULL);
}

static bool take_signal(void)
{
    struct timespec now = {0};

    return signalled || (signalled = sigtimedwait(&caught, NULL, &now) > 0);
}

bool signals_came(void)
{
    return signalled;
}

bool must_stop(void *session)
{
    const struct session *r = session;
    const struct run_config *c = &r->campaign.config.run;

    return take_signal() || r->lost.code ||
           (c->max_time > 0 && clock_seconds() - r->begin > c->max_time - c->grace);
}
