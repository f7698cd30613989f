#define _GNU_SOURCE /* syscall */

/* A thread that does something every few seconds, whatever happens to the clock of the system. */
#include "base/clock.h"
#include "base/ticker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>

static atomic_long set_forward; /* seconds by which the clock seems to be set */

/* In the place of the C library's. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int code = (int)syscall(SYS_clock_gettime, clock, now);

    if (clock == CLOCK_REALTIME)
        now->tv_sec += set_forward;
    return code;
}
#else
static atomic_long set_forward;
#endif

struct beat {
    struct ticker ticker;
    atomic_int n;
    int last; /* with it the thread ends */
};

static bool act(void *ctx)
{
    struct beat *b = ctx;

    return ++b->n != b->last;
}

/* Until there were n beats, or for some seconds. */
static void wait_for_beats(struct beat *b, int n, double seconds)
{
    double start = clock_seconds();

    while (b->n < n && clock_seconds() - start < seconds)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static void beat_start(struct beat *b, bool waits_first)
{
    struct err err = {0};

    b->ticker = (struct ticker){.act = act, .ctx = b, .seconds = 1, .waits_first = waits_first};
    assert_int_equal(ticker_start(&b->ticker, &err), 0);
}

/* Set back in the middle of a wait, or forward: the next act is due in a second all the same. */
static void the_clock_may_be_set(void **state)
{
    static const long by[] = {3600, -3600};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct beat b = {0};
        double start = clock_seconds();

        set_forward = by[i];
        beat_start(&b, true);
        wait_for_beats(&b, 2, 10);
        set_forward = 0;
        assert_true(ticker_stop(&b.ticker));
        assert_true(b.n >= 2);
        assert_true(clock_seconds() - start >= 2);
    }
}

/* Not in the middle of what it waits for, and only once. */
static void it_ends_at_once(void **state)
{
    struct beat b = {0};
    double start = clock_seconds();

    (void)state;
    beat_start(&b, false);
    wait_for_beats(&b, 1, 10);
    assert_true(ticker_stop(&b.ticker));
    assert_true(b.n >= 1);
    assert_false(ticker_stop(&b.ticker));
    if (b.n == 1)
        assert_true(clock_seconds() - start < 10);
}

static void it_may_end_by_itself(void **state)
{
    struct beat b = {.last = 1};

    (void)state;
    beat_start(&b, false);
    wait_for_beats(&b, 2, 1.5);
    assert_int_equal(b.n, 1);
    assert_true(ticker_stop(&b.ticker));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_may_be_set),
        cmocka_unit_test(it_ends_at_once),
        cmocka_unit_test(it_may_end_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
