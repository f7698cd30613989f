/* The result file: what is written is read back, bytes are equal, and trouble leaves nothing
   behind. `test_h5file --write FILE` writes the sample that tests/check_result.py reads with other
   people's libraries. */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "results/describe.h"
#include "results/h5file.h"
#include "results/h5read.h"
#include "results/h5visit.h"
#include "results/h5write.h"
#include "results/probe.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { QUERIES = 5, LAYERS = 30, TARGETS = 4, BIG = 5000, SEAL = 32 };

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

static const struct variable logit = {"logit", V_F32, "query layer target",
                                      "logit of the target token", "1"};
static const struct variable rank = {"rank", V_I4, "query target", "rank of the target token", "1"};
static const struct variable status = {"status", V_STR, "query", "ok, or why not", NULL};
static const struct variable none = {"none", V_F32, "query control", "of an empty dimension", "1"};
static const struct variable wide = {"wide", V_F32, "query big", "large enough to be chunked", "1"};
static const struct variable texts = {"texts", V_STR, "query layer target", "many strings", NULL};
static const struct variable flag = {"flag", V_I1, "query", "a flag", "1"};
static const struct variable audit = {"audit", V_F64, "", "a scalar", "1"};
static const struct variable item = {"item", V_STR, "query", "unit of statistics", NULL};
static const struct variable step = {"step", V_I1, "query", "step of the query", NULL};
static const struct variable kv_head = {"kv_head", V_I4, "layer", "of the layer", NULL};
static const struct variable span = {"span", V_I4, "query span bound", "begin and end", "token"};
static const struct variable span_name = {"span_name", V_STR, "span", "name of the span", NULL};
static const struct variable mean = {"mean", V_F64, "stratum layer", "mean over queries", "1"};

static float logit_of(size_t q, size_t layer, size_t target)
{
    return (float)(q * 1000 + layer * 10 + target) / 8;
}

static const char *const target_names[TARGETS] = {"answer_1", "answer_2", "answer_3", "subject"};
static const char *const strata[2] = {"cities 1 1", ""};
static const int64_t numbers[QUERIES] = {3, 4, 5, 1LL << 40, -1};
static const char *const items[QUERIES] = {"Zürich", "日本", NULL, "bad \xff\xc3", ""};
static const char *const items_read[QUERIES] = {"Zürich", "日本", "",
                                                "bad \xEF\xBF\xBD\xEF\xBF\xBD", ""};

static int define_all(struct h5group *g, const struct variable *const *v, size_t n, bool coordinate,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (coordinate ? h5_coordinate(g, v[i], err) : h5_define(g, v[i], err))
            return err->code;
    return 0;
}

static int write_queries(struct h5group *g, struct err *err)
{
    static float cells[LAYERS * TARGETS], row[BIG];
    const char *words[LAYERS * TARGETS];
    int8_t steps[QUERIES] = {1, 2, 3, 1, -1};

    if (h5_write(g, "item", 0, QUERIES, items, err) || h5_write(g, "step", 0, QUERIES, steps, err))
        return err->code;
    for (size_t q = 0; q + 1 < QUERIES; q++) { /* the last one stays what its fill value is */
        for (size_t i = 0; i < LAYERS * TARGETS; i++) {
            cells[i] = logit_of(q, i / TARGETS, i % TARGETS);
            words[i] = target_names[i % TARGETS];
        }
        for (size_t i = 0; i < BIG; i++)
            row[i] = (float)(q + i);
        if (h5_write(g, "logit", q, 1, cells, err) || h5_write(g, "wide", q, 1, row, err) ||
            h5_write(g, "texts", q, 1, words, err) ||
            h5_write(g, "status", q, 1, &(const char *){"ok"}, err))
            return err->code;
    }
    return h5_write(g, "audit", 0, 1, &(double){0.1}, err);
}

static int write_decode(struct h5file *f, struct err *err)
{
    static const struct variable *const coordinates[] = {&item, &step, &kv_head};
    static const struct variable *const variables[] = {&logit, &rank,  &status, &none,
                                                       &wide,  &texts, &flag,   &audit};
    const struct dim dims[] = {
        {"query", QUERIES, V_I8, numbers, "query, in file order"},
        {"layer", LAYERS, V_I4, NULL, "layer, from 0"},
        {"target", TARGETS, V_STR, target_names, "target token"},
        {"control", 0, V_I4, NULL, NULL},
        {"big", BIG, V_I4, NULL, NULL},
    };
    struct h5group *g;

    if (h5_group(f, "decode", dims, sizeof dims / sizeof *dims, &g, err) ||
        h5_attr_str(g, "kind", "decode", err) || h5_attr_str(g, "empty", "", err) ||
        h5_attr_f64(g, "noise", 0.1, err) || h5_attr_i64(g, "seed", 1LL << 40, err) ||
        define_all(g, coordinates, 3, true, err) || define_all(g, variables, 8, false, err))
        return err->code;
    return write_queries(g, err);
}

static int write_others(struct h5file *f, struct err *err)
{
    const struct dim span_dim = {"span", 2, V_STR, target_names, "name of the span"};
    const struct dim queries[] = {{"query", 1, V_I8, NULL, "query"},
                                  {"bound", 2, V_I4, NULL, "begin, end"}};
    const struct dim stats[] = {{"stratum", 2, V_STR, strata, "dataset, template, step"},
                                {"layer", 2, V_I4, NULL, "layer"}};
    const double means[4] = {1, (double)NAN, 3, 1e300};
    const int32_t spans[4] = {1, 2, 5, 7};
    struct h5group *g;

    if (h5_group(f, "", &span_dim, 1, &g, err) || h5_group(f, "queries", queries, 2, &g, err) ||
        h5_coordinate(g, &span_name, err) || h5_define(g, &span, err) ||
        h5_write(g, "span_name", 0, 2, target_names, err) || h5_write(g, "span", 0, 1, spans, err))
        return err->code;
    if (h5_group(f, "decode/stats", stats, 2, &g, err) || h5_define(g, &mean, err) ||
        h5_write(g, "mean", 0, 2, means, err))
        return err->code;
    return 0;
}

/* Leaves no file open, whatever happens. */
static int write_sample(const char *to, struct err *err)
{
    struct h5file *f;

    if (h5_create(&f, to, err))
        return err->code;
    if (write_decode(f, err) || write_others(f, err)) {
        h5_abandon(f);
        return err->code;
    }
    return h5_commit(f, NULL, NULL, err);
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

static double *must_read(struct h5file *f, const char *group, const char *name, struct h5info *info)
{
    struct err err;
    double *v;

    err_clear(&err);
    if (h5_read_f64(f, group, name, &v, info, &err))
        fail_msg("%s", err.msg);
    return v;
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
    assert_int_equal(h5_read_str(f, "decode", "item", &s, &info, &err), 0);
    assert_int_equal(info.size[0], QUERIES);
    for (size_t q = 0; q < QUERIES; q++)
        assert_string_equal(s[q], items_read[q]);
    mem_free(s);
    assert_int_equal(h5_read_str(f, "decode", "status", &s, &info, &err), 0);
    assert_string_equal(s[0], "ok");
    assert_string_equal(s[QUERIES - 1], ""); /* never written */
    mem_free(s);
    assert_int_equal(h5_read_str(f, "decode", "texts", &s, &info, &err), 0);
    assert_string_equal(s[LAYERS * TARGETS + 1], "answer_2");
    mem_free(s);
    assert_int_equal(h5_read_str(f, "decode", "logit", &s, &info, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "does not contain text"));
    assert_int_equal(h5_read_str(f, "decode", "nothing", &s, &info, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "has no variable /decode/nothing"));
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
    assert_int_equal(h5_each(f, list_variable, &list, &err), 0);
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

static void test_probe(void **state)
{
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(probe_file(path, accept_all, &err), 0);
    assert_int_equal(probe_file(path, refuse, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "result.h5 is not right"));
    err_clear(&err);
    assert_int_equal(probe_file(path, crash, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "HDF5 crashes"));
    err_clear(&err);
    assert_int_equal(probe_file(path, spin, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "does not come to an end"));
    err_clear(&err);
    assert_int_equal(probe_file(path, ask_for_all, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "result.h5 is damaged: "));
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

/* An allocation that fails while the headlines become JSON, also within a key, is an error: what is
   written can be read. */
static void test_headlines_whole(void **state)
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
            assert_int_equal(h5_create(&f, path, &err), 0);
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
            assert_int_equal(h5_open(&f, path, &err), 0);
            assert_int_equal(headlines_read(&got, f, "decode", &a, &err), 0);
            assert_int_equal(got.n, sizeof v / sizeof *v);
            assert_string_equal(got.v[0].unit, "logit");
            h5_close(f);
            arena_release(&a);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_numbers),         TEST(test_strings),
        TEST(test_attributes),      TEST(test_each),
        TEST(test_same_bytes),      TEST(test_misuse),
        TEST(test_unreadable),      TEST(test_sealed),
        TEST(test_damaged),         TEST(test_probe),
        TEST(test_not_renamed),     TEST(test_no_directory),
        TEST(test_full_disk),       TEST(test_failed_allocations),
        TEST(test_headlines_whole),
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
