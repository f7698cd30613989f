/* The master, its local worker, and a remote worker, without mpirun: units, order, errors, stops.
   */
#include "base/process.h"
#include "cluster/comms.h"
#include "cluster/local.h"
#include "scripted_mpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { UNITS = 12, HANG = 60 /* seconds: a master that waits for ever ends the test */ };

static int times_run[UNITS], times_done[UNITS];
static uint64_t run_order[UNITS], bad_unit;
static size_t n_run, n_done, stop_after;
static char overdue_ranks[64];

/* Unit 7 is the largest, then 2, then 9 and 4, which are as large. */
static double cost_of(void *ctx, uint64_t i)
{
    static const double costs[UNITS] = {5, 1, 80, 2, 40, 3, 6, 90, 4, 40, 7, 8};

    (void)ctx;
    return costs[i];
}

static const uint64_t by_size[UNITS] = {7, 2, 4, 9, 11, 10, 6, 0, 8, 5, 3, 1};

/* The rows of unit i: its number, twice. */
static int run_unit(void *ctx, uint64_t i, struct buf *out, double *did, struct err *err)
{
    (void)ctx;
    run_order[n_run++] = i;
    times_run[i]++;
    *did = cost_of(NULL, i) / 2;
    if (i == bad_unit)
        return err_set(err, ERR_NUMERIC, "unit %d cannot be done", (int)i);
    return buf_u64(out, i, err) || buf_u64(out, i, err) ? err->code : 0;
}

static int take_rows(void *ctx, uint64_t unit, const void *rows, size_t n, double seconds,
                     struct err *err)
{
    struct cursor c = {rows, n, 0, 0};

    (void)ctx;
    (void)err;
    assert_int_equal(n, 16);
    assert_true(cursor_u64(&c) == unit && cursor_u64(&c) == unit);
    assert_true(seconds >= 0);
    times_done[unit]++;
    n_done++;
    return 0;
}

static bool stop_now(void *ctx)
{
    (void)ctx;
    return n_done >= stop_after;
}

static struct progress shown;

static void note_progress(void *ctx, const struct progress *p)
{
    (void)ctx;
    shown = *p;
}

static struct cluster one_rank = {.size = 1, .nodes = 1};
static uint64_t todo[UNITS];
static struct job job;

static int start(void **state)
{
    (void)state;
    memset(times_run, 0, sizeof times_run);
    memset(times_done, 0, sizeof times_done);
    n_run = n_done = 0;
    bad_unit = UNITS;
    stop_after = UNITS + 1;
    overdue_ranks[0] = '\0';
    script_clear();
    for (uint64_t i = 0; i < UNITS; i++)
        todo[i] = i;
    job = (struct job){.work = {NULL, UNITS, cost_of, run_unit},
                       .todo = todo,
                       .n = UNITS,
                       .done = take_rows,
                       .tick = note_progress,
                       .stop = stop_now};
    alarm(HANG);
    return 0;
}

/* --- one rank: the local worker alone --- */

static void all_units_once_the_largest_first(void **state)
{
    struct err err;
    bool finished;

    (void)state;
    err_clear(&err);
    assert_int_equal(master_loop(&one_rank, &job, &finished, &err), 0);
    assert_true(finished);
    assert_memory_equal(run_order, by_size, sizeof by_size);
    for (int i = 0; i < UNITS; i++)
        assert_true(times_run[i] == 1 && times_done[i] == 1);
}

static void only_what_is_to_do(void **state)
{
    static const uint64_t left[] = {1, 4, 9};
    struct err err;
    bool finished;

    (void)state;
    err_clear(&err);
    job.todo = left;
    job.n = 3;
    assert_int_equal(master_loop(&one_rank, &job, &finished, &err), 0);
    assert_true(finished && n_run == 3 && n_done == 3);
    job.n = 0;
    assert_int_equal(master_loop(&one_rank, &job, &finished, &err), 0);
    assert_true(finished && n_run == 3);
}

static void a_local_error_is_the_result(void **state)
{
    struct err err;
    bool finished;

    (void)state;
    err_clear(&err);
    bad_unit = 9;
    assert_int_equal(master_loop(&one_rank, &job, &finished, &err), ERR_NUMERIC);
    assert_string_equal(err.msg, "unit 9 cannot be done");
    assert_int_equal(err.rank, 0);
    assert_false(finished);
    assert_true(n_run <= 5); /* the fourth is bad, a fifth may have been in flight: no more */
}

static int take_nothing(void *ctx, uint64_t unit, const void *rows, size_t n, double seconds,
                        struct err *err)
{
    (void)ctx;
    (void)unit;
    (void)rows;
    (void)n;
    (void)seconds;
    return err_set(err, ERR_IO, "the disk is full");
}

static void an_error_of_the_journal_too(void **state)
{
    struct err err;
    bool finished;

    (void)state;
    err_clear(&err);
    job.done = take_nothing;
    assert_int_equal(master_loop(&one_rank, &job, &finished, &err), ERR_IO);
    assert_false(finished);
    assert_true(n_run <= 2);
}

static void a_stop_drains(void **state)
{
    struct err err;
    bool finished;

    (void)state;
    err_clear(&err);
    stop_after = 3;
    assert_int_equal(master_loop(&one_rank, &job, &finished, &err), 0);
    assert_false(finished);
    assert_int_equal(n_run, n_done); /* what was in flight has been taken */
    assert_in_range(n_done, 3, 5);
}

/* --- three ranks: 1 and 2 answer as the test says --- */

static struct cluster_comms no_comms;
static struct cluster three_ranks = {.size = 3, .nodes = 1, .comms = &no_comms};
static uint64_t given[3][UNITS]; /* units sent to each rank */
static int n_given[3], stops[3], recalls[3], held_by, most_in_flight;
static bool gives_back;
static struct err rank_error;

/* Of its answers, those that the master has received. */
static int n_taken(int rank)
{
    int n = 0;

    for (int i = 0; i < script.n_read; i++)
        n += script.in[i].rank == rank;
    return n;
}

static void answer_rows(int rank, uint64_t unit)
{
    struct rows_header head = {unit, 0.25, cost_of(NULL, unit) / 2};
    char message[sizeof head + 16];

    memcpy(message, &head, sizeof head);
    memcpy(message + sizeof head, &unit, sizeof unit);
    memcpy(message + sizeof head + 8, &unit, sizeof unit);
    script_put(rank, TAG_ROWS, message, sizeof message);
}

/* A rank answers at once, but for the one that is held back. */
static void note_unit(const struct scripted_message *m)
{
    uint64_t unit;
    int r = m->rank, in_flight;

    assert_int_equal(m->tag, TAG_UNIT);
    memcpy(&unit, m->data, sizeof unit);
    if (unit == UNIT_STOP) {
        stops[r]++;
        return;
    }
    assert_int_equal(stops[r], 0); /* nothing after STOP */
    if (unit == UNIT_RECALL) {
        recalls[r]++;
        if (r == held_by && gives_back) /* it has begun the first */
            script_put(r, TAG_BACK, &given[r][--n_given[r]], sizeof unit);
        return;
    }
    assert_int_equal(recalls[r], 0);
    given[r][n_given[r]++] = unit;
    in_flight = n_given[r] - n_taken(r);
    if (in_flight > most_in_flight)
        most_in_flight = in_flight;
    if (r == held_by)
        return;
    if (unit == bad_unit)
        script_put(r, TAG_ERROR, &rank_error, sizeof rank_error);
    else
        answer_rows(r, unit);
}

static int start_three(void **state)
{
    memset(given, 0, sizeof given);
    memset(n_given, 0, sizeof n_given);
    memset(stops, 0, sizeof stops);
    memset(recalls, 0, sizeof recalls);
    gives_back = false;
    held_by = most_in_flight = 0;
    err_clear(&rank_error);
    start(state);
    script.sent = note_unit;
    return 0;
}

static void each_rank_gets_the_largest_that_is_left(void **state)
{
    struct err err;
    bool finished;
    int all = 0;

    (void)state;
    err_clear(&err);
    assert_int_equal(master_loop(&three_ranks, &job, &finished, &err), 0);
    assert_true(finished);
    assert_int_equal(n_done, UNITS);
    for (int i = 0; i < UNITS; i++)
        assert_int_equal(times_done[i], 1);
    assert_true(shown.cost == 286 && shown.cost_done == 286 && shown.did == 143); /* of all ranks */
    assert_true(given[1][0] == by_size[1] && given[2][0] == by_size[2]);
    assert_true(given[1][1] == by_size[4] && given[2][1] == by_size[5]);
    for (int r = 1; r < 3; r++) {
        assert_int_equal(stops[r], 1);
        all += n_given[r];
    }
    assert_int_equal(all + (int)n_run, UNITS);
    assert_int_equal(most_in_flight, MAILBOX);
}

static void a_ranks_error_stops_the_job(void **state)
{
    struct err err;
    bool finished;

    (void)state;
    err_clear(&err);
    bad_unit = by_size[1]; /* rank 1's first */
    err_set(&rank_error, ERR_FORMAT, "a damaged file");
    rank_error.rank = 1;
    assert_int_equal(master_loop(&three_ranks, &job, &finished, &err), ERR_FORMAT);
    assert_string_equal(err.msg, "a damaged file");
    assert_int_equal(err.rank, 1);
    assert_false(finished);
    assert_true(n_done <= 5); /* what was in flight: rank 1's second, two each of the others */
    assert_true(stops[1] == 1 && stops[2] == 1);
}

/* When nobody else is waited for, the answers that were held back come after all. */
static int overdue_code;

static void note_overdue(void *ctx, const char *ranks, const struct err *why)
{
    (void)ctx;
    overdue_code = why->code;
    if (overdue_ranks[0] || strcmp(ranks, "rank 2") != 0)
        return;
    snprintf(overdue_ranks, sizeof overdue_ranks, "%s", ranks);
    for (int i = 0; i < n_given[held_by]; i++)
        answer_rows(held_by, given[held_by][i]);
}

static void who_does_not_answer_is_named(void **state)
{
    struct err err;
    bool finished;

    (void)state;
    err_clear(&err);
    held_by = 2;
    stop_after = 4;
    job.overdue = note_overdue;
    assert_int_equal(master_loop(&three_ranks, &job, &finished, &err), 0);
    assert_string_equal(overdue_ranks, "rank 2");
    assert_int_equal(overdue_code, 0);
    assert_false(finished);
    assert_true(n_done >= 6 && stops[2] == 1); /* its two as well */
}

static void what_is_not_begun_is_given_back(void **state)
{
    struct err err;
    bool finished;

    (void)state;
    err_clear(&err);
    held_by = 2;
    gives_back = true;
    stop_after = 4;
    job.overdue = note_overdue;
    assert_int_equal(master_loop(&three_ranks, &job, &finished, &err), 0);
    assert_false(finished);
    assert_true(recalls[2] == 1 && stops[2] == 1);
    assert_int_equal(n_given[2], 1);
    assert_int_equal(times_done[given[2][0]], 1);
    assert_int_equal(times_done[given[2][1]], 0);
}

/* After an error it is known as the reason. */
static void who_does_not_answer_after_an_error(void **state)
{
    struct err err;
    bool finished;

    (void)state;
    err_clear(&err);
    held_by = 2;
    job.done = take_nothing;
    job.overdue = note_overdue;
    assert_int_equal(master_loop(&three_ranks, &job, &finished, &err), ERR_IO);
    assert_string_equal(overdue_ranks, "rank 2");
    assert_int_equal(overdue_code, ERR_IO);
}

/* --- a remote worker --- */

static struct cluster rank_two = {.rank = 2, .size = 3, .nodes = 1, .comms = &no_comms};

static void put_unit(uint64_t unit)
{
    script_put(0, TAG_UNIT, &unit, sizeof unit);
}

static void a_worker_gives_back_what_is_recalled(void **state)
{
    static const uint64_t units[] = {3, 8};

    (void)state;
    put_unit(units[0]);
    put_unit(units[1]);
    put_unit(UNIT_RECALL);
    put_unit(UNIT_STOP);
    worker_loop(&rank_two, &job.work);
    assert_true(script.n_out == 2 && n_run == 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(script.out[i].tag, TAG_BACK);
        assert_memory_equal(script.out[i].data, &units[i], sizeof units[i]);
    }
}

static void a_worker_answers_each_unit(void **state)
{
    struct rows_header head;
    struct err got;
    char host[PROCESS_HOST], said[ERR_MESSAGE];

    (void)state;
    bad_unit = 5;
    put_unit(3);
    put_unit(5);
    put_unit(8);
    put_unit(UNIT_STOP);
    worker_loop(&rank_two, &job.work);
    assert_int_equal(script.n_out, 3);
    assert_int_equal(script.out[0].tag, TAG_ROWS);
    memcpy(&head, script.out[0].data, sizeof head);
    assert_true(head.unit == 3 && head.seconds >= 0 && head.did == 1);
    assert_int_equal(script.out[0].n, sizeof head + 16);
    assert_int_equal(script.out[1].tag, TAG_ERROR);
    memcpy(&got, script.out[1].data, sizeof got);
    assert_true(got.code == ERR_NUMERIC && got.rank == 2);
    snprintf(said, sizeof said, "rank 2 on %s: unit 5 cannot be done", process_host(host));
    assert_string_equal(got.msg, said);
    memcpy(&head, script.out[2].data, sizeof head);
    assert_true(script.out[2].tag == TAG_ROWS && head.unit == 8);
}

/* --- peers of the node --- */

static void a_peer_that_is_gone_is_found(void **state)
{
    struct peer self = peer_self(0), peers[2];
    pid_t child = fork();
    int gone = -1;

    (void)state;
    if (!child)
        _exit(0);
    assert_true(child > 0);
    peers[0] = peer_self(1);
    peers[1] = (struct peer){child, self.space, 2, 0};
    /* a zombie is gone: nobody has asked for it yet */
    while (watch_look(peers, 2) < 0 && !peers[1].missed)
        ;
    for (int i = 1; i < WATCH_PATIENCE; i++) {
        assert_int_equal(gone, -1);
        gone = watch_look(peers, 2);
    }
    assert_int_equal(gone, 2);
    assert_int_equal(peers[0].missed, 0);
    waitpid(child, NULL, 0);
    assert_int_equal(watch_look(peers, 2), 2); /* and when it is not a zombie any more */
}

static void a_watch_ends_when_told(void **state)
{
    struct peer all[2] = {peer_self(0), peer_self(1)};
    struct watch w = {0};
    struct err err;

    (void)state;
    assert_int_equal(watch_start(&w, all, 2, 0, &err), 0);
    assert_int_equal(w.n, all[0].space ? 1 : 0);
    watch_stop(&w);
    all[1].space++; /* another container: not ours to watch */
    assert_int_equal(watch_start(&w, all, 2, 0, &err), 0);
    assert_true(w.n == 0 && !w.ticker.on);
    watch_stop(&w);
}

/* A rank whose MPI_Init never returns: pause() stands for it. The pipe is closed when it ends. */
static void launched(int said)
{
    struct watch w = {0};
    struct err err;

    dup2(said, STDERR_FILENO);
    setenv("PMIX_RANK", "3", 1);
    if (!fork()) {
        alarm(60);
        if (!watch_launcher(&w, &err))
            pause();
        _exit(1);
    }
    sleep(1);
    _exit(0);
}

static void a_rank_ends_whose_launcher_is_gone(void **state)
{
    char said[256] = {0};
    size_t n = 0;
    ssize_t part;
    int ends[2];
    pid_t child;

    (void)state;
    alarm(60);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (!child) {
        close(ends[0]);
        launched(ends[1]);
    }
    close(ends[1]);
    while ((part = read(ends[0], said + n, sizeof said - 1 - n)) > 0)
        n += (size_t)part;
    close(ends[0]);
    waitpid(child, NULL, 0);
    assert_string_equal(said, "lensweep: rank 3: the program that started it is gone, and nobody "
                              "has ended this job\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_units_once_the_largest_first, start),
        cmocka_unit_test_setup(only_what_is_to_do, start),
        cmocka_unit_test_setup(a_local_error_is_the_result, start),
        cmocka_unit_test_setup(an_error_of_the_journal_too, start),
        cmocka_unit_test_setup(a_stop_drains, start),
        cmocka_unit_test_setup(each_rank_gets_the_largest_that_is_left, start_three),
        cmocka_unit_test_setup(a_ranks_error_stops_the_job, start_three),
        cmocka_unit_test_setup(who_does_not_answer_is_named, start_three),
        cmocka_unit_test_setup(who_does_not_answer_after_an_error, start_three),
        cmocka_unit_test_setup(what_is_not_begun_is_given_back, start_three),
        cmocka_unit_test_setup(a_worker_answers_each_unit, start),
        cmocka_unit_test_setup(a_worker_gives_back_what_is_recalled, start),
        cmocka_unit_test_setup(a_peer_that_is_gone_is_found, start),
        cmocka_unit_test_setup(a_watch_ends_when_told, start),
        cmocka_unit_test(a_rank_ends_whose_launcher_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
