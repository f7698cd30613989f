/* The lock of an output directory: one holder, whoever comes at once; dead holders; requeued jobs.
 */
#define _GNU_SOURCE
#include "base/process.h"
#include "results/lock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dead_process.h"

static char dir[64], path[96];

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lensweep_lock.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/lock", dir);
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_RESTART_COUNT");
    return 0;
}

/* Nothing else may be left in the directory. */
static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void plant(const char *host, long pid, const char *job, int restart)
{
    char self[128] = "", text[512];
    char place[PROCESS_PLACE];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    gethostname(self, sizeof self - 1);
    snprintf(text, sizeof text,
             "{\"host\": \"%s\", \"place\": \"%s\", \"pid\": %ld, \"job\": \"%s\", "
             "\"restart\": %d, \"since\": \"1\"}\n",
             host ? host : self, host ? host : process_place(place), pid, job, restart);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* As if it had last been touched so many seconds ago. */
static void age(double seconds)
{
    struct timespec t[2];

    clock_gettime(CLOCK_REALTIME, &t[0]);
    t[0].tv_sec -= (time_t)seconds;
    t[1] = t[0];
    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static int take(struct lock *l)
{
    struct err err;

    err_clear(&err);
    lock_take(l, path, 3, &err);
    if (err.code)
        assert_int_equal(err.code, ERR_CONFIG);
    return err.code;
}

static void test_names(void **state)
{
    (void)state;
    assert_true(lock_is_name("lock") && lock_is_name("lock.0") && lock_is_name("lock.12"));
    assert_false(lock_is_name("loc") || lock_is_name("lock.") || lock_is_name("lock~") ||
                 lock_is_name("lock.1~") || lock_is_name("lock.vm.7.tmp") || lock_is_name(""));
}

static void test_one_at_a_time(void **state)
{
    struct lock a, b;
    struct lock_holder h;

    (void)state;
    assert_false(lock_read(&h, path));
    assert_int_equal(take(&a), 0);
    assert_true(lock_read(&h, path));
    assert_true(h.alive);
    assert_int_equal(h.pid, getpid());
    assert_int_equal(h.ranks, 3);
    assert_int_equal(take(&b), ERR_CONFIG);
    lock_release(&b); /* holds nothing */
    assert_true(lock_read(&h, path));
    lock_release(&a);
    assert_int_equal(take(&b), 0);
    lock_release(&b);
}

static void test_dead_holder(void **state)
{
    struct lock l;

    (void)state;
    plant(NULL, dead_process(), "", 0);
    assert_int_equal(take(&l), 0);
    lock_release(&l);
}

static void test_zombie(void **state)
{
    siginfo_t info;
    struct lock l;
    pid_t pid = fork();

    (void)state;
    if (!pid)
        _exit(0);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    assert_int_equal(kill(pid, 0), 0); /* it looks alive */
    plant(NULL, (long)pid, "", 0);
    assert_int_equal(take(&l), 0);
    lock_release(&l);
    waitpid(pid, NULL, 0);
}

static void test_other_host(void **state)
{
    struct lock l;

    (void)state;
    plant("elsewhere", dead_process(), "", 0);
    assert_int_equal(take(&l), ERR_CONFIG);
    age(LOCK_STALE - 5);
    assert_int_equal(take(&l), ERR_CONFIG);
    age(LOCK_STALE + 5);
    assert_int_equal(take(&l), 0);
    lock_release(&l);
}

static void test_requeued(void **state)
{
    struct lock l;

    (void)state;
    setenv("SLURM_JOB_ID", "17", 1);
    setenv("SLURM_RESTART_COUNT", "2", 1);
    plant("elsewhere", 1, "17", 2);
    assert_int_equal(take(&l), ERR_CONFIG);
    plant("elsewhere", 1, "18", 1);
    assert_int_equal(take(&l), ERR_CONFIG);
    plant("elsewhere", 1, "17", 1);
    assert_int_equal(take(&l), 0);
    lock_release(&l);
}

/* A torn or foreign file is nobody's, once nobody can be about to write it. */
static void test_unreadable(void **state)
{
    struct lock l;
    int fd = open(path, O_WRONLY | O_CREAT, 0666);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(take(&l), 0);
    lock_release(&l);
}

/* Who was thought dead and is back leaves the new holder's lock alone. */
static void test_robbed(void **state)
{
    struct lock l;
    struct lock_holder h;
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(take(&l), 0);
    plant("elsewhere", 7, "", 0);
    age(50);
    assert_int_equal(lock_touch(&l, &err), 0); /* too early to look */
    l.touched -= 2 * LOCK_TOUCH;
    assert_int_equal(lock_touch(&l, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "process 7 on elsewhere goes on with its work"));
    lock_release(&l);
    assert_true(lock_read(&h, path));
    assert_true(h.idle > 40);
}

/* A lock that somebody removed by hand is taken again, unless its directory is gone too. */
static void test_removed(void **state)
{
    char moved[sizeof dir + 8];
    struct lock_holder h;
    struct lock l;
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(take(&l), 0);
    unlink(path);
    assert_int_equal(lock_check(&l, &err), 0);
    assert_true(lock_read(&h, path));
    assert_int_equal(h.pid, getpid());
    snprintf(moved, sizeof moved, "%s.moved", dir);
    assert_int_equal(rename(dir, moved), 0);
    assert_int_equal(lock_check(&l, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "the lock is gone"));
    assert_int_equal(rename(moved, dir), 0);
    lock_release(&l);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Who only looks leaves no trace, not even the directory's time. */
static void test_look(void **state)
{
    struct timespec t[2] = {{1000, 0}, {1000, 0}};
    struct lock_holder h;
    struct stat st;

    (void)state;
    plant("elsewhere", 7, "", 0);
    age(LOCK_STALE + 5);
    assert_int_equal(utimensat(AT_FDCWD, dir, t, 0), 0);
    assert_true(lock_read(&h, path));
    assert_false(h.alive);
    assert_true(h.idle > LOCK_STALE && h.idle < LOCK_STALE + 60);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mtime, 1000);
}

struct start {
    atomic_int go, holders, answers;
};

enum { STARTERS = 4, ROUNDS = 40 };

static void race(struct start *s, bool stale)
{
    memset(s, 0, sizeof *s);
    if (stale)
        plant(NULL, dead_process(), "", 0);
    for (int i = 0; i < STARTERS; i++)
        if (!fork()) {
            struct lock l;
            struct err err;

            err_clear(&err);
            while (!s->go)
                ;
            if (!lock_take(&l, path, 1, &err))
                s->holders++;
            s->answers++;
            while (s->answers < STARTERS)
                usleep(500);
            lock_release(&l);
            _exit(0);
        }
    usleep(2000);
    s->go = 1;
    while (wait(NULL) > 0)
        ;
    assert_int_equal(s->holders, 1);
}

static void test_all_at_once(void **state)
{
    struct start *s =
        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(s != MAP_FAILED);
    for (int round = 0; round < ROUNDS; round++)
        race(s, round % 2);
    munmap(s, sizeof *s);
}

#ifdef __linux__
/* In the place of the C library's: before the lock goes, another has taken it. */
static bool overtaken;

static void before_it_goes(const char *name)
{
    if (overtaken && !strcmp(name, path)) {
        overtaken = false;
        plant("elsewhere", 7, "", 0);
    }
}

int unlink(const char *name)
{
    before_it_goes(name);
    return (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0);
}

int rename(const char *name, const char *to)
{
    before_it_goes(name);
    return (int)syscall(SYS_renameat2, AT_FDCWD, name, AT_FDCWD, to, 0);
}

/* Who has looked at a stale lock, and stood still since, meets that of another. */
static void test_overtaken(void **state)
{
    struct lock_holder h;
    struct lock l;

    (void)state;
    plant(NULL, dead_process(), "", 0);
    overtaken = true;
    assert_int_equal(take(&l), ERR_CONFIG);
    assert_false(overtaken);
    assert_true(lock_read(&h, path) && h.alive);
    assert_string_equal(h.host, "elsewhere");
}
#else
static void test_overtaken(void **state)
{
    (void)state;
}
#endif

static time_t touched(void)
{
    struct stat st;

    return stat(path, &st) ? 0 : st.st_mtime;
}

/* Takes the lock and starts its keeper, which has touched it once. */
static void take_and_keep(struct lock *l, struct keeper *k, struct err *err)
{
    const struct timespec old[2] = {{1000, 0}, {1000, 0}}, moment = {0, 1000000};

    err_clear(err);
    assert_int_equal(lock_take(l, path, 1, err), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    assert_int_equal(keeper_start(k, l, err), 0);
    while (touched() == 1000)
        nanosleep(&moment, NULL);
}

/* Long work: the lock is touched by itself. */
static void test_kept(void **state)
{
    struct lock l;
    struct keeper k;
    struct err err;

    (void)state;
    take_and_keep(&l, &k, &err);
    assert_int_equal(keeper_stop(&k, &err), 0);
    assert_int_equal(keeper_stop(&k, &err), 0);
    lock_release(&l);
}

/* Another has taken it meanwhile: found at the end at the latest. */
static void test_robbed_while_kept(void **state)
{
    struct lock l;
    struct keeper k;
    struct err err;
    FILE *f;

    (void)state;
    take_and_keep(&l, &k, &err);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("{\"host\": \"elsewhere\", \"pid\": 7}\n", f);
    fclose(f);
    assert_int_equal(keeper_stop(&k, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "process 7 on elsewhere"));
    err_clear(&err);
    assert_int_equal(keeper_stop(&k, &err), ERR_IO); /* it stays so */
    lock_release(&l);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_holder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zombie, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_host, setup, teardown),
        cmocka_unit_test_setup_teardown(test_requeued, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_robbed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_look, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_robbed_while_kept, setup, teardown),
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_all_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overtaken, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
