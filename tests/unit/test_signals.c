/* Signals that are blocked in the thread that asks for them, and taken by another one. */
#include "base/clock.h"
#include "base/signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Takes whatever is sent to the process, as a thread that a library has started at its loading. */
static void *bystander(void *ctx)
{
    (void)ctx;
    for (;;)
        pause();
    return NULL;
}

/* Asks without a pause while another process sends a signal; how this one ended. */
static int one_run(bool has_bystander, int signal)
{
    pid_t asks = fork();
    int status;

    if (asks == 0) {
        double start = clock_seconds();
        pthread_t thread;

        if (has_bystander && pthread_create(&thread, NULL, bystander, NULL))
            _exit(2);
        signals_catch();
        if (fork() == 0) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
            kill(getppid(), SIGSTOP); /* wherever it is; both threads go on at the same time */
            kill(getppid(), signal);
            kill(getppid(), SIGCONT);
            _exit(0);
        }
        while (!signals_ask())
            if (clock_seconds() - start > 60)
                _exit(1);
        _exit(signals_came() && signals_ask() ? 0 : 3);
    }
    waitpid(asks, &status, 0);
    return status;
}

static void none_is_lost_whoever_takes_it(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(one_run(i % 4 != 0, signals[i % 3]), 0);
}

/* One that was pending is not lost either. */
static void another_one_ends_it(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        pid_t asks = fork();
        int status;

        if (asks == 0) {
            signals_catch();
            raise(SIGINT);
            if (!signals_ask())
                _exit(1);
            if (again)
                raise(SIGINT);
            signals_let_end();
            raise(SIGINT);
            _exit(2);
        }
        waitpid(asks, &status, 0);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGINT);
    }
}

static void none_has_come(void **state)
{
    (void)state;
    assert_false(signals_came());
    signals_catch();
    assert_false(signals_ask());
    assert_false(signals_came());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_lost_whoever_takes_it),
        cmocka_unit_test(another_one_ends_it),
        cmocka_unit_test(none_has_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
