/* Buffers, cursors, strings and UTF-8. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void numbers_are_little_endian(void **state)
{
    static const unsigned char bytes[] = {4, 3, 2, 1, 8, 7, 6, 5, 4,    3,
                                          2, 1, 0, 0, 0, 0, 0, 0, 0xf8, 0xbf};
    struct buf b = {0};
    struct err err = {0};
    struct cursor c;

    (void)state;
    assert_int_equal(buf_u32(&b, 0x01020304, &err), 0);
    assert_int_equal(buf_u64(&b, 0x0102030405060708, &err), 0);
    assert_int_equal(buf_f64(&b, -1.5, &err), 0);
    assert_int_equal(b.len, sizeof bytes);
    assert_memory_equal(b.data, bytes, sizeof bytes);
    c = (struct cursor){bytes, sizeof bytes, 0, 0};
    assert_int_equal(cursor_u8(&c), 4);
    assert_int_equal(cursor_u8(&c), 3);
    assert_int_equal(cursor_u16(&c), 0x0102);
    assert_true(cursor_u64(&c) == 0x0102030405060708);
    assert_true(cursor_f64(&c) == -1.5);
    assert_int_equal(c.bad, 0);
    assert_int_equal(c.pos, c.size);
    c = (struct cursor){bytes, 4, 0, 0};
    assert_int_equal(cursor_u32(&c), 0x01020304);
    buf_release(&b);
}

static void a_buffer_holds_text(void **state)
{
    struct buf b = {0};
    struct err err = {0};

    (void)state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(buf_printf(&b, &err, "%03d,", i), 0);
    assert_int_equal(buf_puts(&b, "end", &err), 0);
    assert_int_equal(buf_put(&b, NULL, 0, &err), 0);
    assert_int_equal(b.len, 803);
    assert_memory_equal(buf_str(&b, &err) + 789, "97,198,199,end", 14);
    buf_clear(&b);
    assert_string_equal(buf_str(&b, &err), "");
    assert_int_equal(buf_reserve(&b, SIZE_MAX, &err), ERR_MEMORY);
    mem_fail_nth(1);
    assert_int_equal(buf_reserve(&b, 1 << 20, &err), ERR_MEMORY);
    assert_string_equal(buf_str(&b, &err), ""); /* as it was */
    buf_puts(&b, "text", &err);
    assert_int_equal(buf_printf(&b, &err, "%d", 1), ERR_MEMORY); /* nothing once err is set */
    assert_int_equal(b.len, 0);
    buf_release(&b);
}

static void names_are_escaped(void **state)
{
    struct buf b = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(buf_escaped(&b, "L\u00e4nd \\ a\tb\nc\r\x1b[31m\x7f", &err), 0);
    assert_string_equal(buf_str(&b, &err), "L\u00e4nd \\\\ a\\tb\\nc\\x0d\\x1b[31m\\x7f");
    buf_clear(&b);
    assert_int_equal(buf_escaped(&b, "\xc2\x9b|\xe2\x80\xae|\xff|\xe2\x82", &err), 0);
    assert_string_equal(buf_str(&b, &err), "\\u009b|\\u202e|\\xff|\\xe2\\x82");
    buf_release(&b);
}

static void a_cursor_stays_inside(void **state)
{
    static const unsigned char bytes[] = {1, 2, 3, 4, 5};
    static const uint64_t too_many[] = {6, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 1};
    struct cursor c;

    (void)state;
    for (size_t i = 0; i < sizeof too_many / sizeof *too_many; i++) {
        c = (struct cursor){bytes, sizeof bytes, 0, 0};
        assert_null(cursor_take(&c, too_many[i]));
        assert_true(c.bad);
        assert_null(cursor_take(&c, 1)); /* it stays bad */
        assert_int_equal(cursor_u8(&c), 0);
    }
    c = (struct cursor){bytes, sizeof bytes, 0, 0};
    assert_ptr_equal(cursor_take(&c, 2), bytes);
    assert_int_equal(cursor_u32(&c), 0);
    assert_true(c.bad);
    c = (struct cursor){bytes, sizeof bytes, 0, 0};
    assert_ptr_equal(cursor_take(&c, 5), bytes);
    assert_non_null(cursor_take(&c, 0));
    assert_false(c.bad);
    assert_int_equal(cursor_u8(&c), 0);
    assert_true(c.bad);
}

static void the_key_that_was_meant(void **state)
{
    static const char *const keys[] = {"experiments", "layers", "heads", "run", "noise_seed"};
    static const char *const cases[][2] = {
        {"experimnets", "experiments"}, {"layer", "layers"}, {"haeds", "heads"}, {"rnu", "run"},
        {"noiseseed", "noise_seed"},    {"positions", NULL}, {"", NULL},         {"xyz", NULL},
        {"layers", "layers"},           {"r", NULL},
    };
    char far[300];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *meant = str_did_you_mean(cases[i][0], keys, 5);

        assert_int_equal(meant == NULL, cases[i][1] == NULL);
        if (meant)
            assert_string_equal(meant, cases[i][1]);
    }
    memset(far, 'x', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    assert_null(str_did_you_mean(far, keys, 5));
    assert_null(str_did_you_mean("layers", keys, 0));
}

static void endings(void **state)
{
    (void)state;
    assert_true(str_ends_with("a.gguf", ".gguf") && str_ends_with("a", ""));
    assert_false(str_ends_with("gguf", ".gguf") || str_ends_with("a.ggu", ".gguf"));
    assert_true(str_eq("a", "a"));
    assert_false(str_eq("a", "ab"));
}

static void well_formed_text(void **state)
{
    static const char *const good[] = {
        "",
        "plain",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "Z\xc3\xbcrich \xe6\x9d\xb1\xe4\xba\xac",
    };
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2"
        "A",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe6\x9d",
        "\xe6\x9d"
        "A",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x90\x80",
        "\xfe",
        "\xff",
        "ok \xc3",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
    assert_true(utf8_valid("a\0b", 3));
    assert_false(utf8_valid("\xc3\xbc", 1)); /* cut inside a character */
}

/* One U+FFFD for the longest beginning of a character, as decoders of other languages write it. */
static void ill_formed_text_is_mended(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"", ""},
        {"plain \xc3\xbc", "plain \xc3\xbc"},
        {"\xc3", UTF8_REPLACEMENT},
        {"a\xe6\x9d", "a" UTF8_REPLACEMENT},
        {"\xe6\x9d"
         "A\xff\xfe",
         UTF8_REPLACEMENT "A" UTF8_REPLACEMENT UTF8_REPLACEMENT},
        {"\xed\xa0\x80", UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT},
        {"\xf0\x9f\x98\xf0\x9f\x98\x80", UTF8_REPLACEMENT "\xf0\x9f\x98\x80"},
    };
    struct arena a = {0};
    struct err err = {0};

    (void)state;
    err_clear(&err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *s = cases[i].bytes;
        struct buf b = {0};

        assert_int_equal(utf8_put(&b, s, strlen(s), &err), 0);
        assert_string_equal(buf_str(&b, &err), cases[i].text);
        assert_string_equal(utf8_clean(&a, s, strlen(s), &err), cases[i].text);
        assert_int_equal(utf8_length(s, strlen(s)),
                         utf8_length(cases[i].text, strlen(cases[i].text)));
        buf_release(&b);
    }
    assert_string_equal(utf8_clean(&a, "a\0b", 3, &err), "a" UTF8_REPLACEMENT "b");
    arena_release(&a);
}

static void sizes_for_people(void **state)
{
    char out[STR_HUMAN];

    (void)state;
    assert_string_equal(str_bytes(out, 0), "0 B");
    assert_string_equal(str_bytes(out, 1023), "1023 B");
    assert_string_equal(str_bytes(out, 1536), "1.50 KiB");
    assert_string_equal(str_bytes(out, 12.0 * (1 << 20)), "12.0 MiB");
    assert_string_equal(str_flops(out, 2.3e12), "2.30 TFLOP");
    assert_string_equal(str_flops(out, 123e9), "123 GFLOP");
    assert_string_equal(str_duration(out, 0.25), "250 ms");
    assert_string_equal(str_duration(out, 12.34), "12.3 s");
    assert_string_equal(str_duration(out, 125), "2m05s");
    assert_string_equal(str_duration(out, 3 * 3600 + 300), "3h05m");
    assert_string_equal(str_noun((size_t)0, "query", "queries"), "queries");
    assert_string_equal(str_noun(1.0, "query", "queries"), "query");
    assert_string_equal(str_noun(1.5, "rank", "ranks"), "ranks");
}

/* A name that is too long loses its middle, between whole characters. */
static void names_are_cut(void **state)
{
    static char deep[100000];
    char out[STR_NAME], small[16];
    const char *shown;

    (void)state;
    assert_string_equal(str_name(out, "answer_1"), "answer_1");
    for (size_t n = STR_NAME - 2; n < STR_NAME + 8; n++) { /* "x" and many of three bytes */
        deep[0] = 'x';
        for (size_t i = 1; i < n; i++)
            deep[i] = "\xe4\xb8\x96"[(i - 1) % 3];
        deep[n] = '\0';
        shown = str_name(out, deep);
        assert_true((shown == deep) == (n < STR_NAME));
        assert_true(strlen(shown) < STR_NAME && strlen(shown) >= STR_NAME - 8);
        assert_true(n % 3 != 1 || utf8_valid(shown, strlen(shown)));
        assert_true(shown == deep || (strstr(shown, "...") && *shown == 'x'));
    }
    memset(deep, 'y', sizeof deep - 1);
    assert_int_equal(strlen(str_name(out, deep)), STR_NAME - 1);
    str_fit(small, sizeof small, "%s:%d", "short", 7);
    assert_string_equal(small, "short:7");
    str_fit(small, sizeof small, "%s is too long", "a name of many letters");
    assert_string_equal(small, "a name o...long");
    for (size_t n = 1; n <= 5; n++) { /* less than what stands for the middle */
        memset(small, 'z', sizeof small);
        str_fit(small, n, "%s", "a name of many letters");
        assert_int_equal(strlen(small), n - 1);
        assert_int_equal(small[n], 'z');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian), cmocka_unit_test(a_buffer_holds_text),
        cmocka_unit_test(names_are_escaped),         cmocka_unit_test(a_cursor_stays_inside),
        cmocka_unit_test(the_key_that_was_meant),    cmocka_unit_test(endings),
        cmocka_unit_test(well_formed_text),          cmocka_unit_test(ill_formed_text_is_mended),
        cmocka_unit_test(sizes_for_people),          cmocka_unit_test(names_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
