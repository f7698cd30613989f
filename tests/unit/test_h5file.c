/* The result file: what is written is read back, bytes are equal, and trouble leaves nothing
   behind. `test_h5file --write FILE` writes the sample that tests/check_result.py reads with other
   people's libraries. */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "h5_sample.h"
#include "results/h5file.h"
#include "results/h5read.h"
#include "results/h5visit.h"
#include "results/h5write.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[96];

/* A hook of the leak checker: HDF5 1.10 loses a few hundred bytes where a write fails. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lensweep-h5-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/result.h5", dir);
    return 0;
}

/* Fails unless the folder holds nothing but the result. */
static int remove_dir(void **state)
{
    (void)state;
    mem_fail_nth(0);
    unlink(path);
    return rmdir(dir);
}

static void must_write(void)
{
    struct err err;

    err_clear(&err);
    if (write_sample(path, &err))
        fail_msg("%s", err.msg);
}

static struct h5file *must_open(void)
{
    struct h5file *f;
    struct err err;

    err_clear(&err);
    if (h5_open(&f, path, &err))
        fail_msg("%s", err.msg);
    return f;
}

static int any_group(void *ctx, const char *group, struct err *err)
{
    (void)ctx, (void)group, (void)err;
    return 0;
}

static int take_wanted(void *ctx, const struct h5info *v, struct err *err)
{
    struct h5info *info = ctx;

    (void)err;
    if (!strcmp(v->group, info->group) && !strcmp(v->name, info->name))
        *info = *v;
    return 0;
}

/* As the file tells of it. */
static struct h5info must_find(struct h5file *f, const char *group, const char *name)
{
    struct h5info info = {.group = group, .name = name, .rank = DIMS_MAX + 1};
    struct err err;

    err_clear(&err);
    if (h5_each(f, any_group, take_wanted, &info, &err))
        fail_msg("%s", err.msg);
    assert_true(info.rank <= DIMS_MAX);
    return info;
}

static double *must_read(struct h5file *f, const char *group, const char *name, struct h5info *info)
{
    struct err err;
    double *v;
    size_t n;

    err_clear(&err);
    *info = must_find(f, group, name);
    assert_true(h5_count(info, 0, SIZE_MAX / sizeof *v, &n));
    v = mem_alloc(n + 1, sizeof *v, &err);
    if (n && h5_read_part(f, info, V_F64, 0, info->rank ? info->size[0] : 1, v, &err))
        fail_msg("%s", err.msg);
    return v;
}

static char **must_read_text(struct h5file *f, const char *name, struct h5info *info)
{
    struct err err;
    char **s;

    err_clear(&err);
    *info = must_find(f, "decode", name);
    if (h5_read_str(f, info, &s, &err))
        fail_msg("%s", err.msg);
    return s;
}

static void test_numbers(void **state)
{
    struct h5info info;
    struct h5file *f;
    double *v;

    (void)state;
    must_write();
    f = must_open();
    v = must_read(f, "decode", "logit", &info);
    assert_int_equal(info.rank, 3);
    assert_int_equal(info.size[0], QUERIES);
    assert_int_equal(info.size[2], TARGETS);
    assert_string_equal(info.dim[0], "query");
    assert_string_equal(info.dim[1], "layer");
    assert_string_equal(info.dim[2], "target");
    assert_int_equal(info.type, V_F32);
    for (size_t q = 0; q < QUERIES; q++)
        for (size_t i = 0; i < LAYERS * TARGETS; i++)
            if (q + 1 < QUERIES)
                assert_true(v[q * LAYERS * TARGETS + i] ==
                            (double)logit_of(q, i / TARGETS, i % TARGETS));
            else
                assert_true(isnan(v[q * LAYERS * TARGETS + i]));
    mem_free(v);
    v = must_read(f, "decode", "wide", &info);
    assert_true(v[3 * BIG + 17] == 20 && isnan(v[4 * BIG]));
    mem_free(v);
    v = must_read(f, "decode", "rank", &info);
    assert_true(v[0] == -1 && v[QUERIES * TARGETS - 1] == -1); /* never written */
    mem_free(v);
    v = must_read(f, "decode", "query", &info);
    assert_int_equal(info.type, V_I8);
    assert_true(v[3] == (double)(1LL << 40) && v[4] == -1);
    mem_free(v);
    v = must_read(f, "decode", "layer", &info); /* a dimension without values counts */
    assert_int_equal(info.type, V_I4);
    assert_true(v[0] == 0 && v[LAYERS - 1] == LAYERS - 1);
    mem_free(v);
    v = must_read(f, "queries", "query", &info); /* in the type that was asked for */
    assert_int_equal(info.type, V_I8);
    assert_true(v[0] == 0);
    mem_free(v);
    v = must_read(f, "decode/stats", "mean", &info);
    assert_true(v[0] == 1 && isnan(v[1]) && v[2] == 3 && v[3] == 1e300);
    mem_free(v);
    v = must_read(f, "queries", "span", &info);
    assert_string_equal(info.dim[1], "span");
    assert_true(v[0] == 1 && v[3] == 7);
    mem_free(v);
    v = must_read(f, "decode", "audit", &info);
    assert_int_equal(info.rank, 0);
    assert_true(v[0] == 0.1);
    mem_free(v);
    v = must_read(f, "decode", "none", &info);
    assert_int_equal(info.size[1], 0);
    mem_free(v);
    h5_close(f);
}

static void test_strings(void **state)
{
    struct h5info info;
    struct h5file *f;
    struct err err;
    char **s;

    (void)state;
    err_clear(&err);
    must_write();
    f = must_open();
    s = must_read_text(f, "item", &info);
    assert_int_equal(info.size[0], QUERIES);
    for (size_t q = 0; q < QUERIES; q++)
        assert_string_equal(s[q], items_read[q]);
    mem_free(s);
    s = must_read_text(f, "status", &info);
    assert_string_equal(s[0], "ok");
    assert_string_equal(s[QUERIES - 1], ""); /* never written */
    mem_free(s);
    s = must_read_text(f, "texts", &info);
    assert_string_equal(s[LAYERS * TARGETS + 1], "answer_2");
    mem_free(s);
    info.size[0]--; /* as if the file had changed since it was looked at */
    assert_int_equal(h5_read_str(f, &info, &s, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "texts is larger than it was"));
    err_clear(&err);
    info.name = "nothing";
    assert_int_equal(h5_read_str(f, &info, &s, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "decode: cannot read variable nothing"));
    h5_close(f);
}

static void assert_attr(struct h5file *f, const char *of, const char *name, const char *expected)
{
    struct arena a = {0};
    struct err err;
    const char *v;

    err_clear(&err);
    if (h5_read_attr(f, of, name, &v, &a, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(!v, !expected);
    if (expected)
        assert_string_equal(v, expected);
    arena_release(&a);
}

static void test_attributes(void **state)
{
    struct h5file *f;
    struct arena a = {0};
    struct err err;
    const char *v;

    (void)state;
    err_clear(&err);
    must_write();
    f = must_open();
    assert_attr(f, "decode", "kind", "decode");
    assert_attr(f, "decode", "empty", "");
    assert_attr(f, "decode", "seed", "1099511627776");
    assert_attr(f, "decode", "noise", "0.10000000000000001");
    assert_attr(f, "decode", "absent", NULL);
    assert_attr(f, "decode/logit", "units", "1");
    assert_attr(f, "decode/logit", "long_name", "logit of the target token");
    assert_attr(f, "decode/logit", "coordinates", "item step kv_head");
    assert_attr(f, "decode/rank", "coordinates", "item step");
    assert_attr(f, "decode/rank", "_FillValue", "-1");
    assert_attr(f, "decode/audit", "coordinates", NULL);
    assert_attr(f, "decode/step", "_FillValue", NULL);
    assert_attr(f, "decode/layer", "NAME", "layer"); /* of a fixed length, as HDF5 writes it */
    assert_attr(f, "queries/span", "coordinates", "span_name");
    assert_int_equal(h5_read_attr(f, "nothing", "kind", &v, &a, &err), ERR_IO);
    arena_release(&a);
    h5_close(f);
}

static int list_variable(void *ctx, const struct h5info *v, struct err *err)
{
    return buf_printf(ctx, err, "%s/%s%s%s ", v->group, v->name, v->rank ? ":" : "",
                      v->rank ? v->dim[0] : "");
}

static void test_each(void **state)
{
    struct buf list = {0};
    struct h5file *f;
    struct err err;

    (void)state;
    err_clear(&err);
    must_write();
    f = must_open();
    assert_int_equal(h5_each(f, any_group, list_variable, &list, &err), 0);
    assert_string_equal(buf_str(&list, &err),
                        "decode/audit decode/big:big decode/control:control decode/flag:query "
                        "decode/item:query decode/kv_head:layer decode/layer:layer "
                        "decode/logit:query decode/none:query decode/query:query "
                        "decode/rank:query decode/stats/layer:layer decode/stats/mean:stratum "
                        "decode/stats/stratum:stratum decode/status:query decode/step:query "
                        "decode/target:target decode/texts:query decode/wide:query "
                        "queries/bound:bound queries/query:query queries/span:query "
                        "queries/span_name:span /span:span ");
    buf_release(&list);
    h5_close(f);
}

static void load(struct buf *b, const char *from)
{
    struct err err;

    err_clear(&err);
    if (file_read(b, from, 1 << 26, &err))
        fail_msg("%s", err.msg);
}

static void test_same_bytes(void **state)
{
    struct buf first = {0}, second = {0};

    (void)state;
    must_write();
    load(&first, path);
    nanosleep(&(struct timespec){1, 100000000}, NULL); /* times in the file count seconds */
    must_write();
    load(&second, path);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    buf_release(&first);
    buf_release(&second);
}

static void test_misuse(void **state)
{
    const struct dim dims[] = {{"query", 2, V_I4, NULL, NULL}};
    const struct variable unknown = {"x", V_F32, "query layer", "x", "1"};
    float x[3] = {0};
    struct h5group *g;
    struct h5file *f;
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(h5_create(&f, path, &err), 0);
    assert_int_equal(h5_group(f, "g", dims, 1, &g, &err), 0);
    assert_int_equal(h5_define(g, &unknown, &err), ERR_BUG);
    assert_non_null(strstr(err.msg, "layer"));
    assert_int_equal(h5_define(g, &flag, &err), 0);
    assert_int_equal(h5_write(g, "flag", 1, 2, x, &err), ERR_BUG);
    assert_int_equal(h5_write(g, "flag", (size_t)-1, 2, x, &err), ERR_BUG);
    assert_int_equal(h5_write(g, "flags", 0, 1, x, &err), ERR_BUG);
    h5_abandon(f);
    h5_abandon(NULL);
    assert_false(file_exists(path));
}

static void test_unreadable(void **state)
{
    struct h5file *f;
    struct err err;
    struct buf all = {0};
    size_t n;

    (void)state;
    err_clear(&err);
    assert_int_equal(h5_open(&f, path, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "No such file"));
    assert_null(f);
    must_write();
    load(&all, path);
    for (n = 0; n < all.len - SEAL; n += all.len / 40) { /* truncated */
        FILE *out = fopen(path, "wb");

        assert_non_null(out);
        assert_int_equal(fwrite(all.data, 1, n, out), n);
        fclose(out);
        assert_int_equal(h5_open(&f, path, &err), ERR_IO);
    }
    buf_release(&all);
}

static void flip(const char *name, long offset)
{
    FILE *f = fopen(name, "r+b");
    int c;

    assert_non_null(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    c = getc(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    assert_int_equal(putc(c ^ 0xFF, f), c ^ 0xFF);
    fclose(f);
}

static int opened; /* files without a seal */

static void count_unsealed(const char *name)
{
    assert_string_equal(name, path);
    opened++;
}

/* One changed byte anywhere is found before HDF5 looks at the file; also one that is missing, or
   too many. */
static void test_sealed(void **state)
{
    struct buf all = {0};
    struct h5file *f;
    struct err err;
    size_t n;

    (void)state;
    must_write();
    load(&all, path);
    h5_on_unsealed(count_unsealed);
    opened = 0;
    for (n = 0; n < all.len - SEAL; n += all.len / 50) {
        flip(path, (long)n);
        err_clear(&err);
        assert_int_equal(h5_open(&f, path, &err), ERR_IO);
        assert_non_null(strstr(err.msg, "is damaged"));
        flip(path, (long)n);
    }
    for (n = all.len - SEAL + 8; n < all.len; n++) { /* the seal itself, but for its letters */
        flip(path, (long)n);
        err_clear(&err);
        assert_int_equal(h5_open(&f, path, &err), ERR_IO);
        flip(path, (long)n);
    }
    err_clear(&err);
    assert_int_equal(h5_open(&f, path, &err), 0);
    h5_close(f);
    assert_int_equal(opened, 0);
    assert_int_equal(truncate(path, (off_t)all.len - SEAL), 0);
    assert_int_equal(h5_open(&f, path, &err), 0);
    h5_close(f);
    assert_int_equal(opened, 1);
    h5_on_unsealed(NULL);
    buf_release(&all);
}

/* A damaged file without a seal is said to be that, not to lack what it has. */
static void test_damaged(void **state)
{
    struct buf all = {0};
    struct h5file *f;
    struct err err;
    size_t unread = 0;

    (void)state;
    must_write();
    load(&all, path);
    assert_int_equal(truncate(path, (off_t)all.len - SEAL), 0);
    for (size_t n = 0; n + 8 < all.len; n++) {
        if (memcmp(all.data + n, "OHDR", 4) != 0)
            continue;
        flip(path, (long)n + 8);
        err_clear(&err);
        if (h5_open(&f, path, &err))
            unread++;
        else
            h5_close(f);
        assert_null(strstr(err.msg, "has no"));
        flip(path, (long)n + 8);
    }
    assert_true(unread > 1);
    buf_release(&all);
}

static int refuse_to_rename(void *ctx, struct err *err)
{
    *(int *)ctx += 1;
    return err_set(err, ERR_IO, "another has the folder");
}

/* Who may not put a result in place leaves what is there, and nothing beside it. */
static void test_not_renamed(void **state)
{
    struct buf was = {0}, is = {0};
    struct h5file *f;
    struct err err;
    int asked = 0;

    (void)state;
    must_write();
    load(&was, path);
    err_clear(&err);
    assert_int_equal(h5_create(&f, path, &err), 0);
    assert_int_equal(h5_commit(f, refuse_to_rename, &asked, &err), ERR_IO);
    assert_int_equal(asked, 1);
    load(&is, path);
    assert_int_equal(is.len, was.len);
    assert_memory_equal(is.data, was.data, was.len);
    buf_release(&was);
    buf_release(&is);
}

static void test_no_directory(void **state)
{
    struct h5file *f;
    struct err err;
    char bad[128];

    (void)state;
    err_clear(&err);
    snprintf(bad, sizeof bad, "%s/nothing/result.h5", dir);
    assert_int_equal(h5_create(&f, bad, &err), ERR_IO);
    assert_null(f);
    assert_non_null(strstr(err.msg, "No such file or directory"));
}

static void limit_files(rlim_t bytes)
{
    struct rlimit r;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &r);
}

/* Wherever the disk becomes full: an error that says so, nothing beside, the old result as it was.
 */
static void test_full_disk(void **state)
{
    struct buf old = {0}, now = {0};
    struct err err;
    int code = ERR_IO;
    size_t tries = 0;

    (void)state;
    must_write();
    load(&old, path);
    for (size_t limit = 0; code; limit += old.len / 23, tries++) {
        err_clear(&err);
        limit_files(limit < old.len ? limit : RLIM_INFINITY);
        code = write_sample(path, &err);
        limit_files(RLIM_INFINITY);
        if (code) {
            assert_int_equal(code, ERR_IO);
            assert_non_null(strstr(err.msg, "File too large"));
        }
        buf_clear(&now);
        load(&now, path);
        assert_int_equal(now.len, old.len);
        assert_memory_equal(now.data, old.data, old.len);
    }
    assert_true(tries > 20);
    buf_release(&old);
    buf_release(&now);
}

static void test_failed_allocations(void **state)
{
    struct err err;
    int code = ERR_MEMORY;
    long n;

    (void)state;
    for (n = 1; code; n++) {
        err_clear(&err);
        mem_fail_nth(n);
        code = write_sample(path, &err);
        mem_fail_nth(0);
        if (code)
            assert_int_equal(code, ERR_MEMORY);
        assert_int_equal(file_exists(path), !code);
    }
    assert_true(n > 10);
}

/* Who was killed while it wrote leaves its file beside; the next one takes it away. */
static void test_killed(void **state)
{
    pid_t killed = fork();
    struct h5file *f;
    struct err err;

    (void)state;
    err_clear(&err);
    if (!killed)
        _exit(h5_create(&f, path, &err));
    waitpid(killed, NULL, 0);
    assert_int_not_equal(rmdir(dir), 0); /* something stands in it */
    must_write();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_numbers),
        TEST(test_strings),
        TEST(test_attributes),
        TEST(test_each),
        TEST(test_same_bytes),
        TEST(test_misuse),
        TEST(test_unreadable),
        TEST(test_sealed),
        TEST(test_damaged),
        TEST(test_not_renamed),
        TEST(test_no_directory),
        TEST(test_full_disk),
        TEST(test_failed_allocations),
        TEST(test_killed),
    };
    struct err err;

    if (argc == 3 && !strcmp(argv[1], "--write")) {
        err_clear(&err);
        if (write_sample(argv[2], &err))
            fprintf(stderr, "test_h5file: %s\n", err.msg);
        return err.code;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
