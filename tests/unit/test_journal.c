/* The journal: round trip, and every way in which its files may be found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "folder.h"
#include "results/journal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER = 24, RECORD = 56 }; /* the format's sizes, which these tests pin down */

static struct hash key_of(uint64_t i)
{
    return (struct hash){i * 0x9E3779B97F4A7C15u, i};
}

/* Rows of unit i: their length and bytes tell which they are. */
static size_t rows_of(uint64_t i, char *rows)
{
    size_t n = (size_t)(i * 13 % 60);

    for (size_t k = 0; k < n; k++)
        rows[k] = (char)(i * 31 + k);
    return n;
}

static struct journal *open_journal(struct journal_stats *stats)
{
    struct journal *j;
    struct err err;

    err_clear(&err);
    if (journal_open(&j, folder, stats, &err))
        fail_msg("%s", err.msg);
    return j;
}

static void append(struct journal *j, uint64_t i)
{
    struct err err;
    char rows[64];
    size_t n = rows_of(i, rows);

    err_clear(&err);
    if (journal_append(j, key_of(i), rows, n, 0.5, &err))
        fail_msg("%s", err.msg);
}

static void assert_rows(struct journal *j, uint64_t i)
{
    struct buf b = {0};
    struct err err;
    char rows[64];
    size_t n = rows_of(i, rows);

    err_clear(&err);
    if (journal_read(j, key_of(i), &b, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(b.len, n);
    if (n)
        assert_memory_equal(b.data, rows, n);
    buf_release(&b);
}

/* Writes units [first, last) as one segment. */
static void write_segment(uint64_t first, uint64_t last)
{
    struct journal_stats stats;
    struct journal *j = open_journal(&stats);

    for (uint64_t i = first; i < last; i++)
        append(j, i);
    journal_close(j);
}

static void load(struct buf *b, const char *name)
{
    struct err err;

    err_clear(&err);
    buf_clear(b);
    assert_int_equal(file_read(b, in_folder(name), 1 << 24, &err), 0);
}

static void save(const char *name, const void *data, size_t n)
{
    FILE *f = fopen(in_folder(name), "wb");

    assert_non_null(f);
    assert_int_equal(n ? fwrite(data, 1, n, f) : 0, n);
    assert_int_equal(fclose(f), 0);
}

static void test_round_trip(void **state)
{
    struct journal_stats stats;
    struct journal *j = open_journal(&stats);
    struct err err;

    (void)state;
    err_clear(&err);
    assert_false(file_exists(in_folder("0001"))); /* begun with the first append */
    for (uint64_t i = 0; i < 1000; i++)
        append(j, i);
    assert_int_equal(journal_sync(j, &err), 0);
    for (uint64_t i = 1000; i-- > 0;)
        assert_rows(j, i); /* also what this process has written */
    assert_false(journal_has(j, key_of(1000)));
    journal_close(j);

    j = open_journal(&stats);
    assert_int_equal(stats.segments, 1);
    assert_int_equal(stats.records, 1000);
    assert_int_equal(stats.duplicates, 0);
    assert_int_equal(stats.torn_bytes, 0);
    assert_true(stats.seconds == 500.0);
    for (uint64_t i = 0; i < 1000; i++)
        assert_rows(j, i);
    journal_close(j);
    assert_false(file_exists(in_folder("0002"))); /* nothing was appended */
}

static void test_first_record_counts(void **state)
{
    struct journal_stats stats;
    struct journal *a = open_journal(&stats), *b = open_journal(&stats);
    struct buf rows = {0};
    struct err err;

    (void)state;
    err_clear(&err);
    append(a, 1);
    append(b, 2); /* another shard, which does not see what `a` has appended */
    assert_int_equal(journal_append(b, key_of(1), "late", 4, 1, &err), 0);
    assert_int_equal(journal_append(b, key_of(2), "again", 5, 1, &err),
                     0); /* has it: not written */
    journal_close(a);
    journal_close(b);

    a = open_journal(&stats);
    assert_int_equal(stats.segments, 2);
    assert_int_equal(stats.records, 2);
    assert_int_equal(stats.duplicates, 1);
    assert_rows(a, 1);
    assert_rows(a, 2);
    assert_int_equal(journal_read(a, key_of(3), &rows, &err), ERR_BUG);
    journal_close(a);
    buf_release(&rows);
}

/* Every length that a killed writer may leave: whole records are there, nothing else is. */
static void test_torn_tail(void **state)
{
    struct buf all = {0};
    struct journal_stats stats;
    size_t end[6] = {HEADER}; /* where record i - 1 ends */
    char rows[64];

    (void)state;
    write_segment(0, 5);
    load(&all, "0001");
    for (uint64_t i = 0; i < 5; i++)
        end[i + 1] = end[i] + RECORD + rows_of(i, rows);
    assert_int_equal(all.len, end[5]);
    for (size_t n = 0; n <= all.len; n++) {
        size_t whole = 0;
        struct journal *j;

        while (whole < 5 && end[whole + 1] <= n)
            whole++;
        save("0001", all.data, n);
        j = open_journal(&stats);
        assert_int_equal(stats.records, whole);
        assert_int_equal(stats.torn_bytes, n < HEADER ? n : n - end[whole]);
        assert_int_equal(stats.segments, 1);
        for (uint64_t i = 0; i < 5; i++)
            assert_int_equal(journal_has(j, key_of(i)), i < whole);
        for (uint64_t i = 0; i < whole; i++)
            assert_rows(j, i);
        journal_close(j);
    }
    buf_release(&all);
}

/* Whatever is still there is true, and one bad byte costs at most the record that it hit. */
static void test_flipped_byte(void **state)
{
    struct buf all = {0};
    struct journal_stats stats;

    (void)state;
    write_segment(0, 8);
    load(&all, "0001");
    for (size_t at = 0; at < all.len; at++) {
        struct journal *j;
        size_t have = 0;

        all.data[at] ^= (char)(1 << at % 8);
        save("0001", all.data, all.len);
        j = open_journal(&stats);
        for (uint64_t i = 0; i < 8; i++)
            if (journal_has(j, key_of(i))) {
                assert_rows(j, i);
                have++;
            }
        assert_int_equal(have, at < HEADER ? 8 : 7);
        assert_int_equal(stats.records, have);
        assert_true(stats.torn_bytes > 0);
        journal_close(j);
        all.data[at] ^= (char)(1 << at % 8);
    }
    buf_release(&all);
}

/* Blocks overwritten, cut out and doubled at random: no crash, and no rows that are not true. */
static void test_mangled(void **state)
{
    struct buf all = {0}, bad = {0};
    struct journal_stats stats;
    struct rng r = rng_for(1, 2, "mangle");
    struct err err;

    (void)state;
    err_clear(&err);
    write_segment(0, 40);
    load(&all, "0001");
    for (int round = 0; round < 500; round++) {
        size_t from = (size_t)rng_below(&r, all.len), n = (size_t)rng_below(&r, all.len - from);
        struct journal *j;

        buf_clear(&bad);
        assert_int_equal(buf_put(&bad, all.data, from, &err), 0);
        if (round % 3 == 0)
            for (size_t i = 0; i < n % 200; i++)
                assert_int_equal(buf_put(&bad, &(char){(char)rng_u64(&r)}, 1, &err), 0);
        if (round % 3 == 1)
            assert_int_equal(buf_put(&bad, all.data + from / 2, n, &err), 0);
        assert_int_equal(buf_put(&bad, all.data + from + n, all.len - from - n, &err), 0);
        save("0001", bad.data, bad.len);
        j = open_journal(&stats);
        for (uint64_t i = 0; i < 40; i++)
            if (journal_has(j, key_of(i)))
                assert_rows(j, i);
        journal_close(j);
    }
    buf_release(&all);
    buf_release(&bad);
}

/* A length that lies (its hash is true) and reaches beyond the file hides nothing behind it. */
static void test_lying_length(void **state)
{
    struct buf all = {0}, bad = {0};
    struct journal_stats stats;
    struct journal *j;
    struct err err;

    (void)state;
    err_clear(&err);
    write_segment(0, 3);
    load(&all, "0001");
    assert_int_equal(buf_put(&bad, all.data, HEADER + RECORD - 8, &err), 0);
    memset(bad.data + HEADER + 24, 0xff, 8); /* length 2^64 - 1 */
    assert_int_equal(buf_u64(&bad, hash_u64(bad.data + HEADER, RECORD - 8), &err), 0);
    assert_int_equal(buf_put(&bad, all.data + HEADER, all.len - HEADER, &err), 0);
    save("0001", bad.data, bad.len);
    j = open_journal(&stats);
    assert_int_equal(stats.records, 3);
    assert_int_equal(stats.torn_bytes, RECORD);
    journal_close(j);
    buf_release(&all);
    buf_release(&bad);
}

/* Larger than the window that files are read by. */
static void test_large_rows(void **state)
{
    size_t n = 3 << 20;
    struct buf big = {0}, back = {0};
    struct journal_stats stats;
    struct journal *j = open_journal(&stats);
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(buf_reserve(&big, n, &err), 0);
    for (big.len = 0; big.len < n; big.len++)
        big.data[big.len] = (char)(big.len * 7 + big.len / 1000);
    for (uint64_t i = 0; i < 3; i++) {
        append(j, i);
        assert_int_equal(journal_append(j, key_of(100 + i), big.data, n, 1, &err), 0);
    }
    journal_close(j);
    j = open_journal(&stats);
    assert_int_equal(stats.records, 6);
    assert_int_equal(stats.torn_bytes, 0);
    assert_int_equal(journal_read(j, key_of(102), &back, &err), 0);
    assert_int_equal(back.len, n);
    assert_memory_equal(back.data, big.data, n);
    journal_close(j);
    buf_release(&big);
    buf_release(&back);
}

static void test_other_files(void **state)
{
    struct journal_stats stats;
    struct journal *j;
    struct err err;

    (void)state;
    err_clear(&err);
    save("0001", "a text that somebody left here", 30);
    save("README", "LSWJRNL\n", 8);
    save("01", "LSWJRNL\n", 8);
    save("00002", "LSWJRNL\n", 8);
    assert_int_equal(mkdir(in_folder("0007"), 0777), 0);
    assert_int_equal(mkfifo(in_folder("0008"), 0666), 0);
    save("10000", "", 0);
    j = open_journal(&stats);
    assert_int_equal(stats.segments, 1); /* 10000: begun, and killed before its header */
    assert_int_equal(stats.records, 0);
    assert_int_equal(stats.torn_bytes, 0);
    append(j, 1);
    journal_close(j);
    assert_true(file_exists(in_folder("10001")));
    assert_true(file_exists(in_folder("0001")));
}

static void test_newer_version(void **state)
{
    struct journal_stats stats;
    struct journal *j;
    struct buf b = {0};
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(buf_put(&b, "LSWJRNL\n", 8, &err), 0);
    assert_int_equal(buf_u64(&b, 2, &err), 0);
    assert_int_equal(buf_u64(&b, hash_u64(b.data, b.len), &err), 0);
    save("0001", b.data, b.len);
    assert_int_equal(journal_open(&j, folder, &stats, &err), ERR_IO);
    assert_null(j);
    assert_non_null(strstr(err.msg, "journal format 2"));
    buf_release(&b);
}

static void test_bad_since_indexed(void **state)
{
    struct journal_stats stats;
    struct journal *j;
    struct buf all = {0}, rows = {0};
    struct err err;

    (void)state;
    err_clear(&err);
    write_segment(1, 3);
    j = open_journal(&stats);
    load(&all, "0001");
    all.data[HEADER + RECORD] ^= 1;
    save("0001", all.data, all.len);
    assert_int_equal(journal_read(j, key_of(1), &rows, &err), ERR_IO);
    assert_int_equal(rows.len, 0);
    assert_rows(j, 2);
    journal_close(j);
    buf_release(&all);
    buf_release(&rows);
}

/* Runs with files limited to `bytes`; a write beyond fails as on a full disk. */
static void limit_files(rlim_t bytes)
{
    struct rlimit r;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &r);
}

static void test_full_disk(void **state)
{
    struct journal_stats stats;
    struct journal *j;
    struct err err;
    char rows[64];
    size_t n = rows_of(3, rows);

    (void)state;
    for (rlim_t limit = 0; limit < HEADER + 2 * (RECORD + 60); limit += 7) {
        uint64_t done = 0;
        int code = 0;

        err_clear(&err);
        j = open_journal(&stats);
        limit_files(limit);
        while (!code) /* all units here have the rows of unit 3 */
            code = journal_append(j, key_of(done++), rows, n, 0.5, &err);
        limit_files(RLIM_INFINITY);
        assert_int_equal(code, ERR_IO);
        assert_int_equal(journal_append(j, key_of(99), rows, n, 0.5, &err), 0);
        journal_close(j);

        j = open_journal(&stats);
        assert_int_equal(stats.records, done); /* the failed one is not there, unit 99 is */
        assert_int_equal(stats.torn_bytes, 0);
        assert_false(journal_has(j, key_of(done - 1)));
        assert_true(journal_has(j, key_of(99)));
        journal_close(j);
        assert_int_equal(unlink(in_folder("0001")), 0);
        assert_false(file_exists(in_folder("0002")));
    }
}

static void test_unwritable(void **state)
{
    struct journal_stats stats;
    struct journal *j;
    struct err err;

    (void)state;
    err_clear(&err);
    save("file", "x", 1);
    assert_int_equal(journal_open(&j, in_folder("file/journal"), &stats, &err), ERR_IO);
    assert_null(j);
    assert_non_null(strstr(err.msg, "file"));
}

/* Each allocation fails once: an error, no leak (under ASan), and the journal is as good as before.
 */
static void test_failed_allocations(void **state)
{
    struct journal_stats stats;
    struct journal *j;
    struct err err;
    long n;
    int code = ERR_MEMORY;

    (void)state;
    write_segment(0, 3);
    for (n = 1; code; n++) {
        err_clear(&err);
        mem_fail_nth(n);
        code = journal_open(&j, folder, &stats, &err);
        mem_fail_nth(0);
        if (code)
            assert_int_equal(code, ERR_MEMORY);
        else
            assert_int_equal(stats.records, 3);
    }
    assert_true(n > 3);
    code = ERR_MEMORY;
    for (n = 1; code; n++) {
        err_clear(&err);
        mem_fail_nth(n);
        code = journal_append(j, key_of(3), "", 0, 0.5, &err);
        mem_fail_nth(0);
        if (code)
            assert_int_equal(code, ERR_MEMORY);
        assert_int_equal(journal_has(j, key_of(3)), !code);
    }
    assert_true(n > 2);
    journal_close(j);
    j = open_journal(&stats);
    assert_int_equal(stats.records, 4);
    assert_int_equal(stats.torn_bytes, 0);
    journal_close(j);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_first_record_counts),
        TEST(test_torn_tail),
        TEST(test_flipped_byte),
        TEST(test_mangled),
        TEST(test_lying_length),
        TEST(test_large_rows),
        TEST(test_other_files),
        TEST(test_newer_version),
        TEST(test_bad_since_indexed),
        TEST(test_full_disk),
        TEST(test_unwritable),
        TEST(test_failed_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
