/* Values to be averaged that are too many for memory: they lie in a file that nobody finds
   afterwards, whether all went well, the disk was full or memory ran out. */
#include "campaign/slabs.h"
#include "folder.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/writer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 1025, COLUMNS = 1 << 14 }; /* more than 64 MiB; most of it is never written */

static const char *path;
static struct err err;

static int begin(void **state)
{
    err_clear(&err);
    return make_folder(state) || !(path = in_folder("values.tmp"));
}

/* As a killed process left it. */
static void leave_one(void)
{
    assert_int_equal(file_replace(path, "x", 1, &err), 0);
}

static void open_large(struct slabs *s)
{
    assert_int_equal(slabs_open(s, ROWS, COLUMNS, false, path, &err), 0);
    assert_true(s->fd >= 0 && s->width < COLUMNS);
}

static void nothing_is_left_after_success(void **state)
{
    static float row[COLUMNS];
    struct slabs s;
    const float *v;
    size_t n;

    (void)state;
    leave_one();
    open_large(&s);
    row[COLUMNS - 1] = 7;
    assert_int_equal(slabs_put(&s, 0, row, &err), 0);
    assert_int_equal(slabs_put(&s, ROWS - 1, row, &err), 0);
    assert_int_equal(slabs_block(&s, COLUMNS - s.width, &v, &n, &err), 0);
    assert_true(n == s.width && v[n - 1] > 6 && v[(ROWS - 1) * n + n - 1] > 6);
    assert_false(v[n] > 6 || v[2 * n - 1] > 6);
    slabs_close(&s);
    assert_false(file_exists(path));
}

/* A limit of the file's size stands for a full disk. */
static void nothing_is_left_after_a_failure(void **state)
{
    static const float row[COLUMNS];
    struct rlimit was, none = {0, 0};
    struct slabs s;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    none.rlim_max = was.rlim_max;
    open_large(&s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(slabs_put(&s, 0, row, &err), ERR_IO);
    setrlimit(RLIMIT_FSIZE, &was);
    slabs_close(&s);
    assert_false(file_exists(path));

    err_clear(&err);
    leave_one();
    mem_fail_nth(1);
    assert_int_equal(slabs_open(&s, ROWS, COLUMNS, false, path, &err), ERR_MEMORY);
    mem_fail_nth(0);
    slabs_close(&s);
    assert_false(file_exists(path));

    err_clear(&err);
    assert_int_equal(slabs_open(&s, ROWS, COLUMNS, false, in_folder("no/values.tmp"), &err),
                     ERR_IO);
    slabs_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_after_success),
        cmocka_unit_test(nothing_is_left_after_a_failure),
    };

    return cmocka_run_group_tests(tests, begin, remove_folder);
}
