/*
 * The tokenizer against the `tokenizers` package: the texts of fixtures/tokenizers
 * (tests/reference/make_tokenizer.py), the prompts of the paper's data where they are to be had,
 * and files that are wrong.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/writer.h"
#include "model/tokenizer/parts.h"
#include "model/tokenizer/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIR TEST_DIR "/fixtures/tokenizers/"

enum { FILE_MAX = 1 << 26 };

static struct tokenizer *open_it(const char *path)
{
    struct tokenizer *t = NULL;
    struct err err = {0};

    if (tokenizer_open(&t, path, &err))
        fail_msg("%s", err.msg);
    return t;
}

static json_t *load(const char *path, size_t line, const char *text, size_t n)
{
    struct err err = {0};
    json_t *j = json_parse(text, n, ERR_CONFIG, path, line, &err);

    if (!j)
        fail_msg("%s", err.msg);
    return j;
}

static struct buf read_it(const char *path)
{
    struct err err = {0};
    struct buf b = {0};

    if (file_read(&b, path, FILE_MAX, &err))
        fail_msg("%s", err.msg);
    return b;
}

/* The ids of text are those of the array. */
static void check_ids(const struct tokenizer *t, const char *text, bool special, const json_t *want)
{
    struct err err = {0};
    struct ids ids = {0};

    if (tokenizer_encode(t, text, strlen(text), special, &ids, &err))
        fail_msg("\"%s\": %s", text, err.msg);
    if (ids.n != json_array_size(want))
        fail_msg("\"%s\": %zu ids, expected %zu", text, ids.n, json_array_size(want));
    for (size_t i = 0; i < ids.n; i++)
        if (ids.v[i] != json_integer_value(json_array_get(want, i)))
            fail_msg("\"%s\": id %zu is %d, expected %d", text, i, ids.v[i],
                     (int)json_integer_value(json_array_get(want, i)));
    ids_release(&ids);
}

static void check_decoded(const struct tokenizer *t, const json_t *ids, const char *want)
{
    struct err err = {0};
    struct buf out = {0};
    struct ids v = {0};

    for (size_t i = 0; i < json_array_size(ids); i++)
        assert_int_equal(ids_push(&v, (int32_t)json_integer_value(json_array_get(ids, i)), &err),
                         0);
    assert_int_equal(tokenizer_decode(t, v.v, v.n, &out, &err), 0);
    assert_string_equal(buf_str(&out, &err), want);
    buf_release(&out);
    ids_release(&v);
}

static void check_cases(const char *tokenizer, const char *cases)
{
    struct tokenizer *t = open_it(tokenizer);
    struct buf text = read_it(cases);
    json_t *list = load(cases, 1, text.data, text.len);

    assert_true(json_array_size(list) > 100);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        const char *s = json_string_value(json_object_get(c, "text"));

        check_ids(t, s, true, json_object_get(c, "ids"));
        check_ids(t, s, false, json_object_get(c, "plain"));
        check_decoded(t, json_object_get(c, "ids"),
                      json_string_value(json_object_get(c, "decoded")));
    }
    json_decref(list);
    buf_release(&text);
    tokenizer_close(t);
}

static void test_smollm(void **state)
{
    (void)state;
    check_cases(DIR "smollm.json", DIR "smollm.cases.json");
}

static void test_smollm_gguf(void **state)
{
    (void)state;
    check_cases(DIR "smollm.gguf", DIR "smollm.cases.json");
}

static void test_llama3(void **state)
{
    (void)state;
    check_cases(DIR "llama3.json", DIR "llama3.cases.json");
}

static void test_flags(void **state)
{
    (void)state;
    check_cases(DIR "flags.json", DIR "flags.cases.json");
}

static void test_scores_gguf(void **state)
{
    (void)state;
    check_cases(DIR "spm.gguf", DIR "spm.cases.json");
}

static void test_fallback(void **state)
{
    (void)state;
    check_cases(DIR "fallback.json", DIR "fallback.cases.json");
}

static void test_accessors(void **state)
{
    struct tokenizer *t = open_it(DIR "smollm.gguf");
    struct tokenizer *l = open_it(DIR "llama3.json");
    const char *s;
    size_t n = 0;

    (void)state;
    assert_int_equal(tokenizer_bos(t), 1);
    assert_int_equal(tokenizer_eos(t), 2);
    assert_int_equal(tokenizer_vocab(t), 420);
    s = tokenizer_bytes(t, 1, &n);
    assert_int_equal(n, strlen("<|im_start|>"));
    assert_memory_equal(s, "<|im_start|>", n);
    assert_null(tokenizer_bytes(t, -1, &n));
    assert_null(tokenizer_bytes(t, 420, &n));
    assert_int_equal(tokenizer_bos(l), 402); /* the template's */
    assert_int_equal(tokenizer_eos(l), -1);
    assert_int_equal(tokenizer_vocab(l), 404);
    tokenizer_close(t);
    tokenizer_close(l);
}

/* A character cut in two: bytes as they are, or one U+FFFD for what is left of it. */
static void test_cut_character(void **state)
{
    struct tokenizer *t = open_it(DIR "llama3.json");
    struct err err = {0};
    struct ids ids = {0};
    struct buf raw = {0}, shown = {0};

    (void)state;
    assert_int_equal(tokenizer_encode(t, "\xf0\x9f\x98\x80", 4, false, &ids, &err), 0);
    assert_true(ids.n > 1);
    for (size_t i = 0; i + 1 < ids.n; i++) {
        size_t n;
        const char *s = tokenizer_bytes(t, ids.v[i], &n);

        assert_int_equal(buf_put(&raw, s, n, &err), 0);
    }
    assert_true(raw.len < 4);
    assert_memory_equal(raw.data, "\xf0\x9f\x98\x80", raw.len);
    assert_int_equal(tokenizer_decode(t, ids.v, ids.n - 1, &shown, &err), 0);
    assert_string_equal(buf_str(&shown, &err), "\xef\xbf\xbd");
    ids.v[0] = 404;
    assert_int_equal(tokenizer_decode(t, ids.v, 1, &shown, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "id 404"));
    assert_int_equal(shown.len, 3); /* nothing was added */
    buf_release(&raw);
    buf_release(&shown);
    ids_release(&ids);
    tokenizer_close(t);
}

static void test_invalid_utf8(void **state)
{
    static const struct {
        const char *s;
        size_t n;
        const char *want;
    } cases[] = {
        {"ab\x80", 3, "byte 2"},
        {"\xc3", 1, "byte 0"},
        {"\xc0\xaf", 2, "byte 0"},
        {"\xed\xa0\x80", 3, "byte 0"},
        {"x\xf4\x90\x80\x80", 5, "byte 1"},
        {"\xe2\x82 ", 3, "byte 0"},
    };
    struct tokenizer *t = open_it(DIR "smollm.json");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        struct ids ids = {0};

        assert_int_equal(tokenizer_encode(t, cases[i].s, cases[i].n, true, &ids, &err), ERR_CONFIG);
        assert_non_null(strstr(err.msg, cases[i].want));
        assert_int_equal(ids.n, 0);
    }
    tokenizer_close(t);
}

static void test_nul_is_a_character(void **state)
{
    struct tokenizer *t = open_it(DIR "llama3.json");
    struct err err = {0};
    struct ids ids = {0};
    struct buf out = {0};

    (void)state;
    assert_int_equal(tokenizer_encode(t, "a\0b", 3, false, &ids, &err), 0);
    assert_int_equal(tokenizer_decode(t, ids.v, ids.n, &out, &err), 0);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data, "a\0b", 3);
    buf_release(&out);
    ids_release(&ids);
    tokenizer_close(t);
}

static void test_no_file(void **state)
{
    struct tokenizer *t;
    struct err err = {0};

    (void)state;
    assert_int_equal(tokenizer_open(&t, DIR "none.json", &err), ERR_IO);
    assert_null(t);
    assert_int_equal(tokenizer_open(&t, DIR, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "tokenizer.json"));
}

static void check_text(const struct tokenizer *t, const char *text, const char *want)
{
    struct err err = {0};
    struct ids ids = {0};
    struct buf got = {0};

    assert_int_equal(tokenizer_encode(t, text, strlen(text), false, &ids, &err), 0);
    for (size_t i = 0; i < ids.n; i++)
        buf_printf(&got, &err, i ? " %d" : "%d", ids.v[i]);
    assert_string_equal(buf_str(&got, &err), want);
    ids_release(&ids);
    buf_release(&got);
}

/* The ids that the package gives: only the first piece of a text, or each, or none begins with a
   space that is not in the text. */
static void test_metaspace(void **state)
{
    static const struct {
        const char *scheme, *split, *first, *second;
    } rows[] = {
        {"first", "false", "5 5", "5 6 4"},
        {"first", "true", "5 5", "5 6 4"},
        {"always", "true", "5 5", "5 6 5"},
        {"never", "true", "4 5", "4 6 4"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tokenizer *t = NULL;
        struct err err = {0};
        struct buf b = {0};

        buf_printf(&b, &err,
                   "{\"added_tokens\":[{\"id\":6,\"content\":\"</s>\",\"normalized\":false,"
                   "\"special\":true}],\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":"
                   "\"\xe2\x96\x81\",\"prepend_scheme\":\"%s\",\"split\":%s},\"model\":{\"vocab\":"
                   "{\"\xe2\x96\x81\":0,\"a\":1,\"b\":2,\"\xe2\x96\x81"
                   "a\":3,\"ab\":4,"
                   "\"\xe2\x96\x81"
                   "ab\":5},\"merges\":[[\"a\",\"b\"],[\"\xe2\x96\x81\",\"ab\"]]}}",
                   rows[i].scheme, rows[i].split);
        if (tokenizer_open_json(&t, b.data, b.len, &err))
            fail_msg("%s", err.msg);
        check_text(t, "ab ab", rows[i].first);
        check_text(t, "ab</s>ab", rows[i].second);
        tokenizer_close(t);
        buf_release(&b);
    }
}

/* SentencePiece's own file gives what the GGUF file made of it gives. */
static void test_spm_model(void **state)
{
    struct buf b = read_it(DIR "spm.model");
    struct tokenizer *t;
    struct err err = {0};

    (void)state;
    check_cases(DIR "spm.model", DIR "spm.cases.json");
    for (size_t n = 0; n < b.len; n += n < 2000 ? 1 : 97) {
        err_clear(&err);
        if (!tokenizer_open_spm(&t, b.data, n, &err)) /* between two pieces */
            tokenizer_close(t);
        else
            assert_int_equal(err.code, ERR_FORMAT);
    }
    buf_release(&b);
}

static void write_it(const char *dir, const char *name, const char *text)
{
    struct err err = {0};
    struct arena a = {0};

    if (file_replace(file_join(&a, dir, name, &err), text, strlen(text), &err))
        fail_msg("%s", err.msg);
    arena_release(&a);
}

/* GPT-2's two files, and what stands beside them. */
static void test_vocab_and_merges(void **state)
{
    char dir[] = "/tmp/lensweep-vocab-XXXXXX", command[64];
    struct tokenizer *t;
    struct err err = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    write_it(dir, "vocab.json", "{\"a\":0,\"b\":1,\"ab\":2,\"\\u0120\":3,\"<|endoftext|>\":4}");
    write_it(dir, "merges.txt", "#version: 0.2\na b\r\n\n");
    t = open_it(dir);
    check_text(t, "ab ab<|endoftext|>", "2 3 2 4");
    assert_int_equal(tokenizer_eos(t), 4);
    tokenizer_close(t);
    write_it(dir, "tokenizer_config.json",
             "{\"model_max_length\": 1000000000000000019884624838656, \"x\": NaN, "
             "\"add_bos_token\": true,"
             "\"bos_token\": \"b\", \"added_tokens_decoder\": {\"5\": {\"content\": \"<x>\", "
             "\"lstrip\": true}}, \"chat_template\": \"{{ bos_token }}\"}");
    t = open_it(dir);
    check_text(t, "a <x>", "0 5");
    assert_int_equal(tokenizer_bos(t), 1);
    assert_int_equal(t->head.n, 1);
    assert_string_equal(t->chat, "{{ bos_token }}");
    tokenizer_close(t);
    write_it(dir, "merges.txt", "a\n");
    assert_int_equal(tokenizer_open(&t, dir, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "merges.txt:1"));
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

/* Every allocation fails once, in opening and in encoding: an error (or none: PCRE2 does without
   its JIT compiler), and no leak. */
enum { ALLOCATIONS = 200 };

static void test_open_out_of_memory(void **state)
{
    int failed = 0;

    (void)state;
    for (long n = 1; n < ALLOCATIONS; n++) {
        struct tokenizer *t = NULL;
        struct err err = {0};
        int code;

        mem_fail_nth(n);
        code = tokenizer_open(&t, DIR "flags.json", &err);
        mem_fail_nth(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        assert_true(!t == !!code);
        failed += code != 0;
        tokenizer_close(t);
    }
    assert_true(failed > 20 && failed < ALLOCATIONS / 2);
}

static void test_encode_out_of_memory(void **state)
{
    static const char text[] = "a word, cafe\xcc\x81 [left] 12";
    struct tokenizer *t = open_it(DIR "flags.json");
    int failed = 0;

    (void)state;
    for (long n = 1; n < ALLOCATIONS; n++) {
        struct err err = {0};
        struct ids ids = {0};
        int code;

        mem_fail_nth(n);
        code = tokenizer_encode(t, text, strlen(text), true, &ids, &err);
        mem_fail_nth(0);
        assert_true(code == 0 || code == ERR_MEMORY);
        assert_true(!code == (ids.n > 0));
        failed += code != 0;
        ids_release(&ids);
    }
    assert_true(failed > 5 && failed < ALLOCATIONS / 2);
    tokenizer_close(t);
}

/* One word of 400 kB: if it were quadratic, it would not end within the time of a test. */
static void test_long_word(void **state)
{
    enum { N = 400000 };
    struct tokenizer *t = open_it(DIR "llama3.json");
    char *text = malloc(N);
    struct err err = {0};
    struct ids ids = {0};
    struct buf out = {0};

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < N; i++)
        text[i] = "the"[i % 3];
    assert_int_equal(tokenizer_encode(t, text, N, false, &ids, &err), 0);
    assert_int_equal(tokenizer_decode(t, ids.v, ids.n, &out, &err), 0);
    assert_int_equal(out.len, N);
    assert_memory_equal(out.data, text, N);
    free(text);
    buf_release(&out);
    ids_release(&ids);
    tokenizer_close(t);
}

static size_t check_prompts(const struct tokenizer *t, const char *path)
{
    struct buf text = read_it(path);
    size_t count = 0;

    for (size_t i = 0, end; i < text.len; i = end + 1, count++) {
        const char *newline = memchr(text.data + i, '\n', text.len - i);
        json_t *j;

        end = newline ? (size_t)(newline - text.data) : text.len;
        j = load(path, count + 1, text.data + i, end - i);
        check_ids(t, json_string_value(json_object_get(j, "query")), true,
                  json_object_get(j, "query_input_ids"));
        json_decref(j);
    }
    buf_release(&text);
    return count;
}

/* The prompts have <|begin_of_text|> written out; the tokenizer adds none. */
static size_t check_dataset(const struct tokenizer *t, const char *data, const char *name)
{
    struct err err = {0};
    struct arena a = {0};
    char **files, *dir;
    size_t n, count = 0;

    dir = arena_printf(&a, &err, "%s/%s/meta-llama/Meta-Llama-3-8B-Instruct/prompt_template_1",
                       data, name);
    if (file_list(dir, &a, &files, &n, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < n; i++)
        if (str_ends_with(files[i], ".jsonl"))
            count += check_prompts(t, file_join(&a, dir, files[i], &err));
    arena_release(&a);
    return count;
}

static void test_paper_prompts(void **state)
{
    static const char *const names[] = {"actor_movies", "artist_songs", "country_cities"};
    const char *data = getenv("LENSWEEP_PAPER_DATA"), *dir = getenv("LENSWEEP_TOKENIZERS");
    struct err err = {0};
    struct arena a = {0};
    struct tokenizer *t;
    size_t count = 0;

    (void)state;
    if (!data || !*data || !dir || !*dir) {
        print_message("skip: LENSWEEP_PAPER_DATA or LENSWEEP_TOKENIZERS is not set\n");
        skip();
    }
    t = open_it(file_join(&a, dir, "llama3", &err));
    for (size_t i = 0; i < 3; i++)
        count += check_dataset(t, data, names[i]);
    print_message("%zu prompts of the paper\n", count);
    assert_true(count > 100);
    tokenizer_close(t);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smollm),
        cmocka_unit_test(test_smollm_gguf),
        cmocka_unit_test(test_llama3),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_scores_gguf),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_accessors),
        cmocka_unit_test(test_cut_character),
        cmocka_unit_test(test_invalid_utf8),
        cmocka_unit_test(test_nul_is_a_character),
        cmocka_unit_test(test_metaspace),
        cmocka_unit_test(test_spm_model),
        cmocka_unit_test(test_vocab_and_merges),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_open_out_of_memory),
        cmocka_unit_test(test_encode_out_of_memory),
        cmocka_unit_test(test_long_word),
        cmocka_unit_test(test_paper_prompts),
    };

    return cmocka_run_group_tests_name("tokenizer", tests, NULL, NULL);
}
