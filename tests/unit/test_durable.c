/*
 * What is said to be on disk has been brought there: by the order of the calls, for on a machine
 * that does not lose its power no test can see the difference.
 */
#include "base/writer.h"
#include "folder.h"
#include "recorded_calls.h"
#include "results/h5write.h"
#include "results/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct err err;

static int stop_and_remove(void **state)
{
    record_calls("");
    return remove_folder(state);
}

static int start(void **state)
{
    (void)state;
    err_clear(&err);
    record_calls(folder);
    return 0;
}

/* All that was written to path before the i-th call was synced before it. */
static void assert_synced(const char *path, int before)
{
    int written = last_call(CALL_WRITE, path, before), synced = last_call(CALL_SYNC, path, before);

    assert_true(written >= 0);
    if (synced < written)
        fail_msg("%s is not synced after its last write", path);
}

/* The i-th call gave a file its name: its directory is synced after it, and before call `before`.
   */
static void assert_named(const char *directory, int named, int before)
{
    assert_true(named >= 0);
    if (last_call(CALL_SYNC, directory, before) < named)
        fail_msg("%s is not synced after a file in it got its name", directory);
}

/* The file at path was made beside, synced, renamed, and its directory synced. */
static void assert_replaced(const char *path)
{
    int renamed = last_call(CALL_RENAME, path, recorded.n);

    assert_true(renamed >= 0);
    assert_synced(recorded.v[renamed].from, renamed);
    assert_true(last_call(CALL_WRITE, recorded.v[renamed].from, recorded.n) < renamed);
    assert_int_equal(last_call(CALL_WRITE, path, recorded.n), -1); /* never in its place */
}

static void append(struct journal *j, uint64_t key)
{
    struct hash h = {key, ~key};

    assert_int_equal(journal_append(j, h, "rows of a unit", 14, 0.5, &err), 0);
}

/* A segment's name is on disk before its first record, its records are when journal_sync says so.
   */
static void segments(void **state)
{
    const char *dir = in_folder("journal"), *segment = in_folder("journal/0001");
    struct journal_stats stats;
    struct journal *j;
    int created, writes = 0;

    (void)state;
    assert_int_equal(journal_open(&j, dir, &stats, &err), 0);
    append(j, 1);
    created = last_call(CALL_CREATE, segment, recorded.n);
    assert_named(dir, created, last_call(CALL_WRITE, segment, recorded.n));
    append(j, 2);
    assert_int_equal(journal_sync(j, &err), 0);
    assert_synced(segment, recorded.n);
    append(j, 3);
    assert_int_equal(journal_sync(j, &err), 0);
    assert_synced(segment, recorded.n);
    for (int i = 0; i < recorded.n; i++)
        writes += recorded.v[i].what == CALL_WRITE;
    assert_int_equal(writes, 4); /* the header, and each record as a whole */
    journal_close(j);
}

/* The next start's records go to a segment of its own. */
static void a_second_start(void **state)
{
    const char *first = in_folder("journal/0001"), *second = in_folder("journal/0002");
    struct journal_stats stats;
    struct journal *j;

    (void)state;
    assert_int_equal(journal_open(&j, in_folder("journal"), &stats, &err), 0);
    assert_int_equal(stats.records, 3);
    append(j, 4);
    assert_int_equal(journal_sync(j, &err), 0);
    assert_int_equal(last_call(CALL_WRITE, first, recorded.n), -1);
    assert_synced(second, recorded.n);
    assert_named(in_folder("journal"), last_call(CALL_CREATE, second, recorded.n), recorded.n);
    journal_close(j);
}

static void replaced_files(void **state)
{
    const char *path = in_folder("manifest");

    (void)state;
    for (int i = 0; i < 2; i++) {
        start(state);
        assert_int_equal(file_replace(path, "what it holds", 13, &err), 0);
        assert_replaced(path);
    }
}

static void the_result_file(void **state)
{
    static const struct variable v = {"x", V_F64, "n", "some numbers", "1"};
    static const double numbers[] = {1, 2, 3};
    const struct dim n = {"n", 3, V_I4, NULL, NULL};
    const char *path = in_folder("result.h5");
    struct h5file *f;
    struct h5group *g;

    (void)state;
    assert_int_equal(h5_create(&f, path, &err), 0);
    assert_int_equal(h5_group(f, "", &n, 1, &g, &err), 0);
    assert_int_equal(h5_define(g, &v, &err), 0);
    assert_int_equal(h5_write(g, "x", 0, 3, numbers, &err), 0);
    assert_int_equal(h5_complete(f, &err), 0);
    assert_int_equal(last_call(CALL_RENAME, path, recorded.n), -1);
    assert_int_equal(h5_commit(f, NULL, NULL, &err), 0);
    assert_replaced(path);
    assert_named(folder, last_call(CALL_RENAME, path, recorded.n), recorded.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(segments, start),
        cmocka_unit_test_setup(a_second_start, start),
        cmocka_unit_test_setup(replaced_files, start),
        cmocka_unit_test_setup(the_result_file, start),
    };

    return cmocka_run_group_tests(tests, make_folder, stop_and_remove);
}
