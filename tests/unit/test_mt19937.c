/* NumPy's legacy generator against streams that NumPy drew (tests/reference/make_mt19937.py). */
#include "base/buf.h"
#include "base/file.h"
#include "base/mt19937.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { UNIT, NORMAL };

/* How many normals were a last bit away. The uniforms are exact; a normal takes our own
   log, which may round the other way than the one that NumPy was linked with. */
static int n_normals, n_inexact;

static void assert_normal(double got, double want)
{
    n_normals++;
    if (got == want)
        return;
    n_inexact++;
    if (got != nextafter(want, INFINITY) && got != nextafter(want, -INFINITY))
        fail_msg("normal %d: %.17g, NumPy has %.17g", n_normals, got, want);
}

static void check_stream(struct cursor *c, struct mt19937 *m)
{
    uint32_t parts = cursor_u32(c);

    for (uint32_t i = 0; i < parts; i++) {
        uint32_t kind = cursor_u32(c), n = cursor_u32(c);

        assert_true(n > 0 && n <= 1000);
        for (uint32_t k = 0; k < n; k++) {
            double want = cursor_f64(c);

            assert_false(c->bad);
            if (kind == UNIT)
                assert_true(mt19937_unit(m) == want);
            else
                assert_normal(mt19937_normal(m), want);
        }
    }
}

/* One generator for all streams: seeding must forget everything, the spare normal too. */
static void same_as_numpy(void **state)
{
    struct buf text = {0};
    struct mt19937 m;
    struct cursor c;
    struct err err;
    uint32_t streams;

    (void)state;
    if (file_read(&text, TEST_DIR "/fixtures/mt19937.bin", 1 << 20, &err))
        fail_msg("%s", err.msg);
    assert_true(text.len > 8 && !memcmp(text.data, "LSMT", 4));
    c = (struct cursor){(const unsigned char *)text.data, text.len, 4, 0};
    streams = cursor_u32(&c);
    assert_int_equal(streams, 6);
    for (uint32_t i = 0; i < streams; i++) {
        mt19937_seed(&m, cursor_u32(&c));
        check_stream(&c, &m);
    }
    assert_false(c.bad);
    assert_int_equal(c.pos, c.size);
    print_message("%d of %d normals are not NumPy's last bit\n", n_inexact, n_normals);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_numpy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
