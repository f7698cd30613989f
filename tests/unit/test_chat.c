/* Chat templates: what they render, and what is refused. tests/compare_chat.py has more, against
   jinja2. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "model/tokenizer/chat.h"
#include "model/tokenizer/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char variables[] =
    "{\"messages\": [{\"role\": \"system\", \"content\": \" Be brief. \"}, {\"role\": \"user\", "
    "\"content\": \"Hi \\u00e9\"}], \"add_generation_prompt\": true, \"bos_token\": \"<s>\"}";

static int render(const char *template, struct buf *out, struct err *err)
{
    json_t *v = json_loads(variables, 0, NULL);
    int status = chat_render(template, strlen(template), v, out, err);

    json_decref(v);
    return status;
}

static void test_renders(void **state)
{
    static const struct {
        const char *template, *want;
    } rows[] = {
        {"", ""},
        {"a\r\nb\n", "a\nb"},
        {"{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m['content'] | trim }}{% endfor "
         "%}",
         "<s><system>Be brief.<user>Hi \xc3\xa9"},
        {"  {% if true %}\n  x\n  {%- endif %}\n", "  x"},
        {"{{ messages[1].content[-1] }}{{ messages[::-1][0].role }}{{ 'abc'[1:] }}", "\xc3\xa9user"
                                                                                     "bc"},
        {"{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + loop.index %}"
         "{% endfor %}{{ ns.n }}",
         "3"},
        {"{{ messages[0] | tojson }}", "{\"role\": \"system\", \"content\": \" Be brief. \"}"},
        {"{{ 'a' if x is defined else 'b' }}{{ x }}{{ x | default('c') }}", "bc"},
        {"{% if strftime_now is defined %}now{% else %}26 Jul 2024{% endif %}", "26 Jul 2024"},
        {"{{ [1, none, 'q'] | tojson }}{{ 7 // 2 }}{{ -7 % 3 }}", "[1, null, \"q\"]32"},
        {"{% if tools is defined %}{{ tools | indent(2) }}{% endif %}{{ 'a,b'.split(',')[1] }}",
         "b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = {0};
        struct buf out = {0};

        if (render(rows[i].template, &out, &err))
            fail_msg("%s: %s", rows[i].template, err.msg);
        assert_string_equal(buf_str(&out, &err), rows[i].want);
        buf_release(&out);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *template, *want;
    } rows[] = {
        {"{{ raise_exception('roles must alternate') }}",
         "line 1: the template refuses the conversation: roles must"},
        {"a\n\n{{ messages[0].x.y }}", "line 3: x is undefined"},
        {"a\n\n{{ line.x }}", "line 3: line is undefined, and has no \"x\""},
        {"{{ 1 + 'a' }}", "an integer and a string"},
        {"\n{% include 'x' %}", "line 2: this statement is not handled, found \"include\""},
        {"{{ 'a' | frobnicate }}", "the filter \"frobnicate\" is not handled"},
        {"{{ 1 is frobnicated }}", "the test \"frobnicated\" is not handled"},
        {"{{ 'abc'.find('b') }}", "the method \"find\" is not handled"},
        {"{{ messages }}", "a list cannot be printed"},
        {"{{ 1.5 }}", "a number with a fraction is not handled"},
        {"{{ strftime_now('%d') }}", "strftime_now is undefined"},
        {"{{ 'a' ", "line 1: a tag does not end"},
        {"{% if true %}", "ends inside a statement"},
        {"{# x", "a comment does not end"},
        {"{{ 'abc }}", "a string does not end"},
        {"{{ 1 // 0 }}", "a division by zero"},
        {"{{ 99999999999 * 99999999999 }}", "beyond 2^31"},
        {"{{ 12345678901234567890 }}", "18 digits"},
        {"{{ 1 < 2 < 3 }}", "chain of comparisons"},
        {"{% for i in range(2000000000) %}{% endfor %}", "it takes more than"},
        {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "nested too deep"},
        {"{% set x = 'aaaaaaaaaaaaaaaa' %}{% for i in range(60) %}{{ x }}{% set x = x ~ x %}{% "
         "endfor %}"
         "{% set ns = namespace(s='abcdefgh') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s "
         "%}"
         "{% endfor %}",
         "MiB"},
        {"{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}", "cannot be printed"},
        {"{% set ns = namespace(a=[1]) %}{% for i in range(50) %}{% set ns.a = [ns.a, ns.a] %}"
         "{% endfor %}{{ ns.a | tojson }}",
         "a string longer than"},
        {"{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(40) %}{% set ns.a = [ns.a, ns.a] "
         "%}{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}",
         "it takes more than"},
        {"\xff", "not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = {0};
        struct buf out = {0};

        if (render(rows[i].template, &out, &err) != ERR_CONFIG)
            fail_msg("%s: \"%s\" is rendered", rows[i].template, buf_str(&out, &err));
        if (!strstr(err.msg, rows[i].want) || strchr(err.msg, '\n') ||
            strncmp(err.msg, "chat template: ", 15) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", rows[i].template, err.msg, rows[i].want);
        assert_int_equal(out.len, 0);
        buf_release(&out);
    }
}

static void test_deep(void **state)
{
    static const char *const open[] = {"(", "[", "not ", "- ", "{% if 1 %}"};

    (void)state;
    for (size_t k = 0; k < sizeof open / sizeof *open; k++) {
        struct err err = {0};
        struct buf text = {0}, out = {0};

        if (k < 4)
            buf_puts(&text, "{{ ", &err);
        for (int i = 0; i < 100000; i++)
            buf_puts(&text, open[k], &err);
        assert_int_equal(render(buf_str(&text, &err), &out, &err), ERR_CONFIG);
        assert_non_null(strstr(err.msg, "nested too deep"));
        buf_release(&text);
        buf_release(&out);
    }
}

/* The marks are those of the tokenizer. */
static void test_of_tokenizer(void **state)
{
    static const struct chat_message said[] = {{"user", "Hi"}};
    static const char template[] = "{{ bos_token }}[{{ messages[0].content }}]{{ eos_token }}";
    struct tokenizer *t = NULL;
    struct err err = {0};
    struct buf out = {0};

    (void)state;
    assert_int_equal(tokenizer_open(&t, TEST_DIR "/fixtures/tokenizers/llama3.json", &err), 0);
    assert_int_equal(tokenizer_chat(t, said, 1, true, &out, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "has no chat template"));
    err_clear(&err);
    t->chat = mem_alloc(sizeof template, 1, &err);
    memcpy(t->chat, template, sizeof template);
    t->chat_bos = t->bos;
    assert_int_equal(tokenizer_chat(t, said, 1, true, &out, &err), 0);
    assert_string_equal(buf_str(&out, &err), "<|begin|>[Hi]");
    buf_release(&out);
    tokenizer_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renders),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_of_tokenizer),
    };

    return cmocka_run_group_tests_name("chat", tests, NULL, NULL);
}
