/* A file that would crash HDF5, or never end, is found by a child; what a group says of itself is
   written as a whole or not at all. */
#include "base/mem.h"
#include "folder.h"
#include "results/describe.h"
#include "results/h5read.h"
#include "results/h5write.h"
#include "results/probe.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int spin(const char *name, struct err *err)
{
    for (volatile uint64_t n = 1; n; n++) /* for ever, as HDF5 in a damaged heap */
        continue;
    (void)name, (void)err;
    return 0;
}

static int crash(const char *name, struct err *err)
{
    (void)name, (void)err;
    return raise(SIGSEGV);
}

static int be_killed(const char *name, struct err *err)
{
    (void)name, (void)err;
    return raise(SIGKILL);
}

static int ask_for_all(const char *name, struct err *err)
{
    (void)name;
    for (size_t n = 0; n < 32; n++) /* GiB; a sanitizer ends the process instead */
        if (!mem_alloc(1 << 30, 1, err))
            return err->code;
    return 0;
}

static int refuse(const char *name, struct err *err)
{
    return err_set(err, ERR_FORMAT, "%s is not right", name);
}

static int accept_all(const char *name, struct err *err)
{
    (void)name, (void)err;
    return 0;
}

static void a_file_is_probed_first(void **state)
{
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(probe_file(in_folder("result.h5"), accept_all, &err), 0);
    assert_int_equal(probe_file(in_folder("result.h5"), refuse, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "result.h5 is not right"));
    err_clear(&err);
    assert_int_equal(probe_file(in_folder("result.h5"), crash, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "HDF5 crashes"));
    err_clear(&err);
    assert_int_equal(probe_file(in_folder("result.h5"), spin, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "does not come to an end"));
    err_clear(&err);
    assert_int_equal(probe_file(in_folder("result.h5"), be_killed, &err), ERR_MEMORY);
    assert_non_null(strstr(err.msg, "cannot read "));
    err_clear(&err);
    assert_int_equal(probe_file(in_folder("result.h5"), ask_for_all, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "result.h5 is damaged: "));
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_IGN},
              NULL); /* as a program that starts others may leave it to them */
    err_clear(&err);
    assert_int_equal(probe_file(in_folder("result.h5"), accept_all, &err), 0);
}

/* An allocation that fails while the headlines become JSON, also within a key, is an error: what is
   written can be read. */
static void headlines_are_whole_or_missing(void **state)
{
    static const char pad[] = "................................................................";
    const struct dim dim = {"query", 1, V_I8, NULL, NULL};

    (void)state;
    for (long n = 1; n <= 10; n++)
        for (size_t from = 0; from < sizeof pad - 1; from += 3) {
            const struct headline h = {.variable = "mean", .title = pad + from, .unit = "logit"};
            const struct headline v[] = {h, h, h, h,
                                         h, h, h, h}; /* more than a buffer's first room */
            struct headline_list got = {0};
            struct arena a = {0};
            struct h5group *g;
            struct h5file *f;
            struct err err;

            err_clear(&err);
            assert_int_equal(h5_create(&f, in_folder("result.h5"), &err), 0);
            assert_int_equal(h5_group(f, "decode", &dim, 1, &g, &err), 0);
            mem_fail_nth(n);
            headlines_write(g, v, sizeof v / sizeof *v, &err);
            mem_fail_nth(0);
            if (err.code) {
                assert_int_equal(err.code, ERR_MEMORY);
                h5_abandon(f);
                continue;
            }
            assert_int_equal(h5_commit(f, NULL, NULL, &err), 0);
            assert_int_equal(h5_open(&f, in_folder("result.h5"), &err), 0);
            assert_int_equal(headlines_read(&got, f, "decode", &a, &err), 0);
            assert_int_equal(got.n, sizeof v / sizeof *v);
            assert_string_equal(got.v[0].unit, "logit");
            h5_close(f);
            arena_release(&a);
        }
}

/* Files that are older than the key say it by the unit alone. */
static void a_share_of_queries_is_a_rate(void **state)
{
    static const struct headline v[] = {{.variable = "promotion", .unit = "share of queries"},
                                        {.variable = "mean", .unit = "logit"},
                                        {.variable = "recovered"}};
    const struct dim dim = {"query", 1, V_I8, NULL, NULL};
    struct headline_list got = {0};
    struct arena a = {0};
    struct h5group *g;
    struct h5file *f;
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(h5_create(&f, in_folder("result.h5"), &err), 0);
    assert_int_equal(h5_group(f, "heads", &dim, 1, &g, &err), 0);
    assert_int_equal(headlines_write(g, v, sizeof v / sizeof *v, &err), 0);
    assert_int_equal(h5_commit(f, NULL, NULL, &err), 0);
    assert_int_equal(h5_open(&f, in_folder("result.h5"), &err), 0);
    assert_int_equal(headlines_read(&got, f, "heads", &a, &err), 0);
    assert_non_null(got.v[0].rate);
    assert_null(got.v[1].rate);
    assert_null(got.v[2].rate);
    h5_close(f);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_probed_first),
        cmocka_unit_test(a_share_of_queries_is_a_rate),
        cmocka_unit_test(headlines_are_whole_or_missing),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
