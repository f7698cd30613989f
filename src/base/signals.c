#include "base/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t came;
static sigset_t caught;

static void note_signal(int signal)
{
    (void)signal;
    came = true;
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

bool signals_ask(void)
{
    struct timespec now = {0};

    /* Only ever set: another thread may take one meanwhile. */
    if (!came && sigtimedwait(&caught, NULL, &now) > 0)
        came = true;
    return came;
}

bool signals_came(void)
{
    return came;
}

void signals_let_end(void)
{
    const struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaction(SIGINT, &action, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
