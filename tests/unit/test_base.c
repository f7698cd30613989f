/* Errors, memory, lists, draws and file_replace. */
#include "base/buf.h"
#include "base/err.h"
#include "base/expand.h"
#include "base/file.h"
#include "base/lookup.h"
#include "base/mem.h"
#include "base/npy.h"
#include "base/process.h"
#include "base/rng.h"
#include "base/writer.h"
#include "dead_process.h"
#include "folder.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Errors */

static void error_says_what_and_where(void **state)
{
    struct err err = {0};
    int line;

    (void)state;
    err_clear(&err);
    assert_int_equal(err.code, ERR_NONE);
    assert_int_equal(err.rank, -1);
    line = __LINE__ + 1;
    assert_int_equal(err_set(&err, ERR_FORMAT, "row %d of %s", 7, "a\nb"), ERR_FORMAT);
    assert_int_equal(err.code, ERR_FORMAT);
    assert_int_equal(err.line, line);
    assert_string_equal(err.file, "test_base.c");
    assert_string_equal(err.msg, "row 7 of a?b"); /* one line, whatever a file name holds */
    assert_int_equal(err_wrap(&err, "layer %d", 3), ERR_FORMAT);
    assert_string_equal(err.msg, "layer 3: row 7 of a?b");
}

static void an_error_has_one_place(void **state)
{
    struct err err = ERR_CLEAR;

    (void)state;
    err_set(&err, ERR_IO, "line 7 is torn");
    assert_int_equal(err_place(&err, "line %d", 3), ERR_IO);
    assert_int_equal(err_place(&err, "line %d", 2), ERR_IO);
    err_wrap(&err, "a.txt");
    assert_string_equal(err.msg, "a.txt: line 3: line 7 is torn");
    err_set(&err, ERR_IO, "another"); /* which has none yet */
    err_place(&err, "line 1");
    assert_string_equal(err.msg, "line 1: another");
}

static void long_messages_are_cut(void **state)
{
    static char text[3 * ERR_MESSAGE];
    struct err err = {0};

    (void)state;
    memset(text, 'x', sizeof text - 1);
    err_set(&err, ERR_IO, "a.jsonl:1: %s: the reason", text);
    assert_int_equal(strlen(err.msg), ERR_MESSAGE - 1);
    assert_true(!strncmp(err.msg, "a.jsonl:1: x", 12) && strstr(err.msg, "...x"));
    assert_string_equal(err.msg + ERR_MESSAGE - 1 - 14, "xx: the reason");
    err_set(&err, ERR_IO, "%.4s", "a\xc3\xa9\xc3\xa9");
    assert_string_equal(err.msg, "a\xc3\xa9?"); /* half a character */
    assert_int_equal(err_wrap(&err, "%s", text), ERR_IO);
    assert_true(strlen(err.msg) < ERR_MESSAGE);
}

static void problems_are_counted_beyond_the_list(void **state)
{
    static struct problems p;

    (void)state;
    problems_add(&p, "a.yaml", 3, 14, "no such key %s", "x");
    problems_add(&p, "a.jsonl", 4, 0, "no object");
    problems_add(&p, "--set run.rows", 0, 0, "no number");
    assert_string_equal(p.item[0].where, "a.yaml:3:14");
    assert_string_equal(p.item[0].msg, "no such key x");
    assert_string_equal(p.item[1].where, "a.jsonl:4");
    assert_string_equal(p.item[2].where, "--set run.rows");
    for (int i = 3; i < 30; i++)
        problems_add(&p, "f", (size_t)i, 0, "problem %d", i);
    assert_int_equal(p.count, 30);
    assert_string_equal(p.item[PROBLEMS_MAX - 1].msg, "problem 19");
}

/* Memory */

static bool all_zero(const void *p, size_t n)
{
    const unsigned char *c = p;

    while (n && !*c)
        c++, n--;
    return n == 0;
}

static void allocations_are_zeroed_and_aligned(void **state)
{
    struct err err = {0};
    char *p = mem_alloc(1000, 3, &err), *none = mem_alloc(0, 8, &err);

    (void)state;
    assert_true(p && all_zero(p, 3000) && (uintptr_t)p % 64 == 0);
    assert_non_null(none);
    mem_free(p);
    mem_free(none);
    mem_free(NULL);
}

static void sizes_that_overflow_are_refused(void **state)
{
    struct arena a = {0};
    struct err err = {0};

    (void)state;
    assert_null(mem_alloc(SIZE_MAX / 2, 3, &err));
    assert_int_equal(err.code, ERR_MEMORY);
    assert_null(mem_alloc(SIZE_MAX, 1, &err));
    assert_null(arena_alloc(&a, SIZE_MAX / 2, 3, &err));
    assert_null(arena_alloc(&a, SIZE_MAX - 8, 1, &err));
    arena_release(&a);
}

static void growing_keeps_what_is_there(void **state)
{
    struct err err = {0};
    void *p = NULL;
    int *v;

    (void)state;
    assert_int_equal(mem_grow(&p, 0, 2, sizeof *v, &err), 0);
    v = p;
    v[0] = 5;
    v[1] = 6;
    assert_int_equal(mem_grow(&p, 2, 1000, sizeof *v, &err), 0);
    v = p;
    assert_true(v[0] == 5 && v[1] == 6 && all_zero(v + 2, 998 * sizeof *v));
    mem_fail_nth(1);
    assert_int_equal(mem_grow(&p, 1000, 2000, sizeof *v, &err), ERR_MEMORY);
    assert_true(p == v && v[1] == 6);
    mem_free(p);
}

static void the_nth_allocation_fails(void **state)
{
    struct err err = {0};

    (void)state;
    mem_fail_nth(3);
    for (int i = 1; i <= 5; i++) {
        void *p = mem_alloc(1, 1, &err);

        assert_int_equal(p == NULL, i == 3);
        mem_free(p);
    }
    mem_fail_nth(1);
    mem_fail_nth(0);
    mem_free(mem_alloc(1, 1, &err));
}

static void arenas_hand_out_what_stays(void **state)
{
    struct arena a = {0};
    struct err err = {0};
    char *s = arena_strdup(&a, "head", &err), *t = arena_strndup(&a, "layers", 5, &err);
    char *u = arena_printf(&a, &err, "%d of %s", 3, "9"), *big = arena_alloc(&a, 3, 1 << 20, &err);

    (void)state;
    assert_true(big && all_zero(big, 3 << 20));
    memset(big, 1, 3 << 20);
    assert_string_equal(s, "head");
    assert_string_equal(t, "layer");
    assert_string_equal(u, "3 of 9");
    assert_true(a.used >= (3 << 20) + 18);
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    mem_fail_nth(1); /* nothing new is asked for after a reset */
    s = arena_alloc(&a, 1 << 20, 1, &err);
    mem_fail_nth(0);
    assert_true(s && all_zero(s, 1 << 20));
    arena_release(&a);
    mem_fail_nth(1);
    assert_null(arena_printf(&a, &err, "%d", 3));
    assert_int_equal(err.code, ERR_MEMORY);
    arena_release(&a);
}

/* What was there before a mark stays; what comes after it takes the same room again and again. */
static void an_arena_goes_back_to_a_mark(void **state)
{
    struct arena a = {0};
    struct err err = ERR_CLEAR;
    char *kept = arena_strdup(&a, "kept", &err);
    struct arena_mark mark = arena_mark(&a);

    (void)state;
    for (int i = 0; i < 3; i++) {
        char *small = arena_alloc(&a, 100, 1, &err), *large;

        mem_fail_nth(i > 1); /* the larger chunk is there */
        large = arena_alloc(&a, 4 << 20, 1, &err);
        mem_fail_nth(0);
        assert_true(small && large && all_zero(small, 100) && all_zero(large, 4 << 20));
        memset(small, 1, 100);
        memset(large, 1, 4 << 20);
        arena_back(&a, mark);
        assert_int_equal(a.used, mark.used);
        assert_string_equal(kept, "kept");
    }

    /* A huge one is not kept: the next round's may be huger, and would come beside it. */
    assert_non_null(arena_alloc(&a, 100 << 20, 1, &err));
    arena_back(&a, mark);
    mem_fail_nth(1);
    assert_null(arena_alloc(&a, 100 << 20, 1, &err));
    mem_fail_nth(0);
    assert_string_equal(kept, "kept");
    arena_release(&a);
}

/* Lists */

/* A list that grows keeps its elements, in memory in proportion to them; if it cannot, it stays. */
static void lists_grow_in_arenas(void **state)
{
    enum { N = 10000 };
    struct arena a = {0};
    size_t cap = 0;
    int *v = NULL;
    struct err err = {0};

    (void)state;
    err_clear(&err);
    for (int i = 0; i < N; i++) {
        assert_int_equal(arena_grow(&a, &v, (size_t)i, &cap, sizeof *v, &err), 0);
        v[i] = i;
    }
    for (int i = 0; i < N; i++)
        assert_int_equal(v[i], i);
    assert_true(a.used <= 4 * N * sizeof *v);
    arena_release(&a);
    cap = 0;
    v = NULL;
    mem_fail_nth(1);
    assert_int_equal(arena_grow(&a, &v, 0, &cap, sizeof *v, &err), ERR_MEMORY);
    mem_fail_nth(0);
    assert_null(v);
    assert_int_equal(cap, 0);
}

/* Every number that was entered under a hash is found, and no other: with few hashes, many, and
   such as share their low bits. */
static void numbers_by_hash(void **state)
{
    enum { N = 5000 };
    static const uint64_t step[] = {1, 0, UINT64_C(1) << 40, 0x9e3779b97f4a7c15};
    struct err err = {0};

    (void)state;
    err_clear(&err);
    for (size_t k = 0; k < sizeof step / sizeof *step; k++) {
        struct lookup l = {0};
        uint32_t n = step[k] && step[k] != UINT64_C(1) << 40 ? N : 50;

        assert_int_equal(lookup_next(&l, 7, &(size_t){LOOKUP_START}), -1);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(lookup_reserve(&l, 1, &err), 0);
            lookup_add(&l, i / 2 * step[k], i);
        }
        assert_true(l.used == n && l.used <= l.size / 2);
        for (uint32_t i = 0; i < n; i += 2) {
            size_t at = LOOKUP_START;
            int64_t seen = 0, sum = 0;

            for (int64_t j; (j = lookup_next(&l, i / 2 * step[k], &at)) >= 0; seen++)
                sum += j;
            assert_int_equal(seen, step[k] ? 2 : n);
            assert_int_equal(sum, step[k] ? 2 * i + 1 : n * (n - 1) / 2);
        }
        if (step[k])
            assert_int_equal(lookup_next(&l, (n + 1) * step[k], &(size_t){LOOKUP_START}), -1);
        lookup_release(&l);
    }
}

static void an_index_without_room(void **state)
{
    struct lookup l = {0};
    struct err err = {0};

    (void)state;
    err_clear(&err);
    assert_int_equal(lookup_reserve(&l, 8, &err), 0);
    lookup_add(&l, 3, 9);
    mem_fail_nth(1);
    assert_int_equal(lookup_reserve(&l, 8, &err), ERR_MEMORY);
    mem_fail_nth(0);
    assert_int_equal(lookup_next(&l, 3, &(size_t){LOOKUP_START}), 9);
    lookup_release(&l);
}

/* Draws */

/* SplitMix64's published sequence for the seed 1234567. */
static void draws_are_splitmix64(void **state)
{
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u,
                                        9817491932198370423u, 4593380528125082431u,
                                        16408922859458223821u};
    struct rng r = {1234567, 0};

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(rng_u64(&r) == expected[i]);
}

static void streams_are_keyed(void **state)
{
    struct rng a = rng_for(1, 2, "noise"), b = rng_for(1, 2, "noise");
    struct rng other[] = {rng_for(2, 2, "noise"), rng_for(1, 3, "noise"),
                          rng_for(1, 2, "controls")};

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(other[i].key != a.key);
    for (int i = 0; i < 100; i++)
        assert_true(rng_u64(&a) == rng_u64(&b));
}

static void draws_are_uniform(void **state)
{
    struct rng r = rng_for(1, 1, "test");
    int count[7] = {0}, upper = 0;
    double sum = 0, chi = 0;

    (void)state;
    for (int i = 0; i < 70000; i++) {
        double u = rng_unit(&r);

        assert_true(u >= 0 && u < 1);
        sum += u;
        count[rng_below(&r, 7)]++;
        upper += rng_below(&r, (uint64_t)3 << 62) >= (uint64_t)1 << 63;
        assert_int_equal(rng_below(&r, 1), 0);
    }
    for (int i = 0; i < 7; i++)
        chi += (count[i] - 10000) * (count[i] - 10000) / 10000.0;
    assert_true(chi < 22.5); /* 6 degrees of freedom, p = 0.001 */
    assert_true(fabs(sum / 70000 - 0.5) < 0.004);
    assert_true(abs(upper - 70000 / 3) < 500); /* without rejection it would be a half */
}

static void shuffles_are_permutations(void **state)
{
    struct rng r = rng_for(1, 1, "shuffle");
    int first[3] = {0};

    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint32_t v[3] = {0, 1, 2};

        rng_shuffle(&r, v, 3);
        assert_int_equal(1 << v[0] | 1 << v[1] | 1 << v[2], 7);
        first[v[0]]++;
    }
    for (int i = 0; i < 3; i++)
        assert_true(first[i] > 850 && first[i] < 1150);
    rng_shuffle(&r, NULL, 0);
}

/* Files */

static void assert_holds(const char *name, const char *text)
{
    struct buf b = {0};
    struct err err = {0};

    assert_int_equal(file_read(&b, in_folder(name), 1000, &err), 0);
    assert_string_equal(buf_str(&b, &err), text);
    buf_release(&b);
}

static void assert_only_files(size_t n)
{
    struct arena a = {0};
    struct err err = {0};
    char **names;
    size_t there;

    assert_int_equal(file_list(folder, &a, &names, &there, &err), 0);
    assert_int_equal(there, n);
    arena_release(&a);
}

static void a_file_is_replaced_as_a_whole(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(file_replace(in_folder("a"), "first version", 13, &err), 0);
    assert_holds("a", "first version");
    assert_int_equal(file_replace(in_folder("a"), "second", 6, &err), 0);
    assert_holds("a", "second");
    assert_int_equal(file_replace(in_folder("a"), NULL, 0, &err), 0);
    assert_holds("a", "");
    assert_only_files(1);
}

static void a_failed_replacement_leaves_the_old_file(void **state)
{
    struct err err = {0};
    struct rlimit old, tiny;
    static char large[100000];
    int code;

    (void)state;
    assert_int_equal(file_replace(in_folder("a"), "old", 3, &err), 0);
    mem_fail_nth(1);
    assert_int_equal(file_replace(in_folder("a"), "new", 3, &err), ERR_MEMORY);
    assert_int_equal(file_replace(in_folder("none/b"), "new", 3, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "none/b"));

    signal(SIGXFSZ, SIG_IGN); /* a write that cannot be finished */
    getrlimit(RLIMIT_FSIZE, &old);
    tiny = old;
    tiny.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &tiny);
    code = file_replace(in_folder("a"), large, sizeof large, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(code, ERR_IO);
    assert_holds("a", "old");
    assert_only_files(1);

    assert_int_equal(mkdir(in_folder("d"), 0777), 0); /* a rename that cannot be done */
    assert_int_equal(file_replace(in_folder("d"), "new", 3, &err), ERR_IO);
    assert_only_files(2);
}

static void make_file(const char *name)
{
    FILE *f = fopen(in_folder(name), "w");

    assert_non_null(f);
    fclose(f);
}

/* What a process that is gone has left beside; not what a live one writes, or another host, or
   what only looks like it. */
static void a_sweep_takes_what_the_dead_left(void **state)
{
    const struct timespec old[2] = {{1000, 0}, {1000, 0}};
    char place[PROCESS_PLACE], name[6][PROCESS_PLACE + 64];
    long gone = dead_process();
    struct err err = {0};

    (void)state;
    err_clear(&err);
    process_place(place);
    snprintf(name[0], sizeof *name, "s.h5.%s.%ld-0badcafe.tmp", place, gone);
    snprintf(name[1], sizeof *name, "s.elsewhere.7-0badcafe.tmp");
    snprintf(name[2], sizeof *name, "s.h5.%s.%ld-0badcafe.tmp", place, (long)getpid());
    snprintf(name[3], sizeof *name, "s.elsewhere.8-0badcafe.tmp");
    snprintf(name[4], sizeof *name, "s.%s.%ld-0badcafe.tmp.h5", place, gone);
    snprintf(name[5], sizeof *name, "s.mine.tmp");
    for (int i = 0; i < 6; i++)
        make_file(name[i]);
    assert_int_equal(utimensat(AT_FDCWD, in_folder(name[1]), old, 0), 0);
    assert_int_equal(file_sweep(folder, &err), 0);
    for (int i = 0; i < 6; i++)
        assert_int_equal(file_exists(in_folder(name[i])), i >= 2);
    for (int i = 2; i < 6; i++)
        unlink(in_folder(name[i]));
    assert_int_equal(file_sweep(in_folder("none"), &err), ERR_IO);
}

/* The next writer of a file takes away what the last one, which was killed, has begun. */
static void a_writer_takes_what_the_dead_began(void **state)
{
    char place[PROCESS_PLACE], name[3][PROCESS_PLACE + 64];
    struct err err = {0};

    (void)state;
    err_clear(&err);
    process_place(place);
    snprintf(name[0], sizeof *name, "w.h5.%s.%ld-0badcafe.tmp", place, dead_process());
    snprintf(name[1], sizeof *name, "w.h5.%s.%ld-0badcafe.tmp", place, (long)getpid());
    snprintf(name[2], sizeof *name, "v.h5.%s.%ld-0badcafe.tmp", place, dead_process());
    for (int i = 0; i < 3; i++)
        make_file(name[i]);
    assert_int_equal(file_replace(in_folder("w.h5"), "new", 3, &err), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(file_exists(in_folder(name[i])), i >= 1);
    for (int i = 1; i < 3; i++)
        unlink(in_folder(name[i]));
    assert_int_equal(unlink(in_folder("w.h5")), 0);
}

/* A temporary folder that is left by a killed process goes when the next one is made. */
static void folders_of_the_dead_go(void **state)
{
    struct arena a = {0};
    struct err err = {0};
    char left[512] = "", *mine, *other;
    pid_t killed;
    int ends[2];

    (void)state;
    err_clear(&err);
    assert_int_equal(setenv("TMPDIR", folder, 1), 0);
    assert_int_equal(pipe(ends), 0);
    killed = fork();
    if (!killed) {
        char *dir = file_temp_folder(&a, "test", &err), *in = file_join(&a, dir, "x.csv", &err);

        close(open(in, O_WRONLY | O_CREAT, 0666));
        _exit(file_write_all(ends[1], dir, strlen(dir)) ? 1 : 0);
    }
    close(ends[1]);
    assert_true(read(ends[0], left, sizeof left - 1) > 0);
    close(ends[0]);
    waitpid(killed, NULL, 0);
    assert_true(file_is_dir(left));
    mine = file_temp_folder(&a, "test", &err);
    assert_non_null(mine);
    assert_false(file_exists(left));
    other = file_temp_folder(&a, "test", &err);
    assert_non_null(other);
    assert_true(file_is_dir(mine)); /* its own stay */
    assert_true(rmdir(mine) == 0 && rmdir(other) == 0);
    unsetenv("TMPDIR");
    arena_release(&a);
}

static void arrays_for_numpy(void **state)
{
    static const float v[6] = {1, -2, 3.5f, 0, 1e-30f, -1e30f};
    static const struct {
        size_t rank, size[3];
        const char *shape;
    } shapes[] = {
        {0, {0}, "()"}, {1, {6}, "(6,)"}, {2, {2, 3}, "(2, 3)"}, {3, {1, 2, 3}, "(1, 2, 3)"}};
    struct arena a = {0};
    struct npy npy;
    struct err err = {0};

    (void)state;
    err_clear(&err);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct buf b = {0};
        char want[64];

        snprintf(want, sizeof want, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }",
                 shapes[i].shape);
        assert_int_equal(npy_put_header(&b, "<f4", shapes[i].size, shapes[i].rank, &err), 0);
        assert_int_equal(b.len, 128 - 64 * (strlen(want) + 1 <= 54));
        assert_memory_equal(b.data, "\x93NUMPY\x01", 8);
        assert_int_equal((unsigned char)b.data[8], b.len - 10);
        assert_memory_equal(b.data + 10, want, strlen(want));
        assert_int_equal(b.data[b.len - 1], '\n');
        buf_release(&b);
        if (!shapes[i].rank || shapes[i].rank > 2)
            continue;
        assert_int_equal(npy_write(in_folder("v.npy"), v, shapes[i].size, shapes[i].rank, &err), 0);
        assert_int_equal(npy_read(&npy, in_folder("v.npy"), &a, &err), 0);
        assert_int_equal(npy.rank, shapes[i].rank);
        assert_int_equal(npy.size[0], shapes[i].size[0]);
        assert_memory_equal(npy.v, v, sizeof v);
    }
    unlink(in_folder("v.npy"));
    arena_release(&a);
}

/* No room for a mapping is not the file's fault. */
static void a_mapping_without_room(void **state)
{
    struct rlimit old, tiny;
    struct mapping m;
    struct err err = {0};
    int fd = open(in_folder("sparse"), O_CREAT | O_RDWR, 0666), code;

    (void)state;
    err_clear(&err);
    assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
    close(fd);
    getrlimit(RLIMIT_AS, &old);
    tiny = old;
    tiny.rlim_cur = (rlim_t)1 << 39;
    setrlimit(RLIMIT_AS, &tiny);
    code = file_map(&m, in_folder("sparse"), &err);
    setrlimit(RLIMIT_AS, &old);
    unlink(in_folder("sparse"));
    assert_int_equal(code, ERR_MEMORY);
    assert_non_null(strstr(err.msg, "cannot map"));
}

/* NULL: an error that names what is meant. */
static void paths_as_a_shell_has_them(void **state)
{
    static const struct {
        const char *path, *want, *names;
    } cases[] = {{"a/b~", "a/b~", ""},
                 {"~", "/own", ""},
                 {"~/a", "/own/a", ""},
                 {"~you/a", NULL, "~you"},
                 {"$LENSWEEP_A/b", "x/b", ""},
                 {"c${LENSWEEP_A}b", "cxb", ""},
                 {"${LENSWEEP_A/b", "${LENSWEEP_A/b", ""},
                 {"$1$", "$1$", ""},
                 {"$LENSWEEP_NONE/b", NULL, "$LENSWEEP_NONE"}};
    struct arena a = {0};
    struct err err;

    (void)state;
    setenv("HOME", "/own", 1);
    setenv("LENSWEEP_A", "x", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got;

        err_clear(&err);
        got = path_expand(&a, cases[i].path, &err);
        assert_int_equal(err.code, cases[i].want ? 0 : ERR_CONFIG);
        if (cases[i].want)
            assert_string_equal(got, cases[i].want);
        else
            assert_true(!got && strstr(err.msg, cases[i].names));
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_says_what_and_where),
        cmocka_unit_test(an_error_has_one_place),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(problems_are_counted_beyond_the_list),
        cmocka_unit_test(allocations_are_zeroed_and_aligned),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(growing_keeps_what_is_there),
        cmocka_unit_test(the_nth_allocation_fails),
        cmocka_unit_test(arenas_hand_out_what_stays),
        cmocka_unit_test(an_arena_goes_back_to_a_mark),
        cmocka_unit_test(lists_grow_in_arenas),
        cmocka_unit_test(numbers_by_hash),
        cmocka_unit_test(an_index_without_room),
        cmocka_unit_test(draws_are_splitmix64),
        cmocka_unit_test(streams_are_keyed),
        cmocka_unit_test(draws_are_uniform),
        cmocka_unit_test(shuffles_are_permutations),
        cmocka_unit_test(a_file_is_replaced_as_a_whole),
        cmocka_unit_test(a_failed_replacement_leaves_the_old_file),
        cmocka_unit_test(a_sweep_takes_what_the_dead_left),
        cmocka_unit_test(a_writer_takes_what_the_dead_began),
        cmocka_unit_test(folders_of_the_dead_go),
        cmocka_unit_test(arrays_for_numpy),
        cmocka_unit_test(paths_as_a_shell_has_them),
        cmocka_unit_test(a_mapping_without_room),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
