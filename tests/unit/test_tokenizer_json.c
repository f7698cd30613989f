/* tokenizer.json with one part changed: what is read, and what is refused with a word about it. */
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "model/tokenizer/parts.h"
#include "model/tokenizer/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A tokenizer.json of which one part is replaced. */
#define VOCAB "{\"a\":0,\"b\":1,\"ab\":2,\"\\u0120\":3,\"c\":4,\"abc\":5}"

static const struct part {
    const char *key, *value;
} parts[] = {
    {"version", "\"1.0\""},
    {"truncation", "null"},
    {"added_tokens", "[{\"id\":6,\"content\":\"<x>\",\"special\":true,\"normalized\":false}]"},
    {"normalizer", "null"},
    {"pre_tokenizer", "{\"type\":\"ByteLevel\",\"add_prefix_space\":false}"},
    {"post_processor", "null"},
    {"decoder", "{\"type\":\"ByteLevel\"}"},
    {"model", "{\"type\":\"BPE\",\"vocab\":" VOCAB ",\"merges\":[\"a b\",\"ab c\"]}"},
};

static void write_json(struct buf *b, const char *key, const char *value)
{
    struct err err = {0};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        buf_printf(b, &err, "%s\"%s\":%s", i ? "," : "{", parts[i].key,
                   key && !strcmp(parts[i].key, key) ? value : parts[i].value);
    buf_puts(b, "}", &err);
    assert_int_equal(err.code, 0);
}

#define MODEL(v, m, more) "{\"type\":\"BPE\",\"vocab\":" v ",\"merges\":" m more "}"
#define SPLIT(p)                                                                            \
    "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":" \
    "\"" p "\"},\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"ByteLevel\","       \
    "\"add_prefix_space\":false,\"use_regex\":false}]}"
#define TEMPLATE(single)                                                                          \
    "{\"type\":\"TemplateProcessing\",\"single\":" single ",\"special_tokens\":"                  \
    "{\"<x>\":{\"id\":\"<x>\",\"ids\":[6],\"tokens\":[\"<x>\"]},\"<y>\":{\"ids\":[99]},\"<z>\":{" \
    "\"ids\":[-1]}}}"
#define TEXT_A   "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}"
#define TOKEN(s) "{\"SpecialToken\":{\"id\":\"" s "\",\"type_id\":0}}"

/* want NULL: it is fine. */
static const struct {
    const char *key, *value, *want;
} changes[] = {
    {NULL, NULL, NULL},
    {"truncation", "{\"max_length\":1}", NULL},
    {"model", MODEL(VOCAB, "[[\"a\",\"b\"],[\"ab\",\"c\"]]", ""), NULL},
    {"model", MODEL(VOCAB, "[\"#version: 0.2\",\"a b\"]", ",\"dropout\":0.0"), NULL},
    {"model", MODEL(VOCAB, "[]", ",\"continuing_subword_prefix\":\"\""), NULL},
    {"model", "3", "model: is missing or not an object"},
    {"model", "{\"type\":\"Unigram\",\"vocab\":[]}", "type \"Unigram\""},
    {"model", "{\"type\":\"BPE\",\"merges\":[]}", "\"vocab\""},
    {"model", MODEL(VOCAB, "{}", ""), "\"merges\""},
    {"model", MODEL("{\"a\":0,\"b\":0}", "[]", ""), "id 0 is given twice"},
    {"model", MODEL("{\"a\":0,\"b\":-1}", "[]", ""), "from 0 to 4194303"},
    {"model", MODEL("{\"a\":-5}", "[]", ""), "from 0 to 4194303"},
    {"model", MODEL("{\"a\":0,\"b\":1.5}", "[]", ""), "not an integer"},
    {"model", MODEL("{\"a\":0,\"b\":\"1\"}", "[]", ""), "not an integer"},
    {"model", MODEL("{\"a\":0,\"b\":4194304}", "[]", ""), "from 0 to 4194303"},
    {"model", MODEL("{\"a\":0,\"b\":9223372036854775807}", "[]", ""), "from 0 to 4194303"},
    {"model", MODEL("{\"a\":0,\"a\":1}", "[]", ""), "duplicate"},
    {"model", MODEL(VOCAB, "[\"a c\"]", ""), "merge 0 names \"ac\""},
    {"model", MODEL(VOCAB, "[\"a b\",\"a d\"]", ""), "merge 1 names \"d\""},
    {"model", MODEL(VOCAB, "[\"ab\"]", ""), "two tokens with a space"},
    {"model", MODEL(VOCAB, "[\"a  b\"]", ""), "two tokens with a space"},
    {"model", MODEL(VOCAB, "[\"a \"]", ""), "not in the vocabulary"},
    {"model", MODEL(VOCAB, "[\"a b\",[\"a\",\"b\"]]", ""), "merge 1 is not a string"},
    {"model", MODEL(VOCAB, "[[\"a\",\"b\"],\"a b\"]", ""), "merge 1 is not a pair"},
    {"model", MODEL(VOCAB, "[[\"a\",\"b\",\"c\"]]", ""), "merge 0 is not a pair"},
    {"model", MODEL(VOCAB, "[7]", ""), "merge 0 is not a string"},
    {"model", MODEL(VOCAB, "[]", ",\"dropout\":0.1"), "dropout"},
    {"model", MODEL(VOCAB, "[]", ",\"unk_token\":\"u\""), NULL},
    {"model", MODEL(VOCAB, "[]", ",\"byte_fallback\":true"), "byte_fallback"},
    {"model", MODEL(VOCAB, "[]", ",\"ignore_merges\":1"), "ignore_merges"},
    {"model", MODEL(VOCAB, "[]", ",\"end_of_word_suffix\":\"</w>\""), "end_of_word_suffix"},
    {"model", MODEL(VOCAB, "[]", ",\"continuing_subword_prefix\":\"##\""), "continuing_subword"},
    {"normalizer", "{\"type\":\"NFC\"}", NULL},
    {"normalizer", "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"}]}", NULL},
    {"normalizer", "{\"type\":\"Prepend\"}", "prepend"},
    {"normalizer", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"a\"},\"content\":\"b\"}", NULL},
    {"normalizer", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"\\\\w\"},\"content\":\"b\"}",
     "normalizer: Replace"},
    {"normalizer", "{\"type\":\"Replace\",\"pattern\":\"a\",\"content\":\"b\"}", "this pattern"},
    {"normalizer", "{\"type\":\"Lowercase\"}", NULL},
    {"normalizer", "{\"type\":\"Strip\",\"strip_left\":true}", "strip_right"},
    {"normalizer", "{\"type\":\"Precompiled\"}", "normalizer: type \"Precompiled\""},
    {"normalizer", "{\"type\":\"Sequence\",\"normalizers\":3}", "normalizer"},
    {"normalizer", "[]", "normalizer: is not an object"},
    {"pre_tokenizer", "{\"type\":\"Whitespace\"}", "pre_tokenizer: type \"Whitespace\""},
    {"pre_tokenizer", "{\"type\":\"ByteLevel\"}", "add_prefix_space"},
    {"pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[]}", NULL},
    {"pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[3]}", "step 0 is not an object"},
    {"pre_tokenizer", "{\"type\":\"Sequence\"}", "pretokenizers"},
    {"pre_tokenizer", "null", NULL},
    {"pre_tokenizer", "{\"type\":\"Metaspace\",\"replacement\":\"ab\"}", "one character"},
    {"pre_tokenizer", "{\"type\":\"Metaspace\",\"replacement\":\"a\",\"prepend_scheme\":\"last\"}",
     "prepend_scheme: last"},
    {"pre_tokenizer", SPLIT("\\\\p{L}+"), NULL},
    {"pre_tokenizer", SPLIT("\\\\w+"), "this escape at character 1"},
    {"pre_tokenizer", SPLIT("a|^b|\\\\s+$"), NULL},
    {"pre_tokenizer", SPLIT("(?i)a"), "group"},
    {"pre_tokenizer", SPLIT("(*ACCEPT)"), "group"},
    {"pre_tokenizer", SPLIT("(?i:ss)"), "ligature"},
    {"pre_tokenizer", SPLIT("(?i:\\u00e9)"), "beyond ASCII"},
    {"pre_tokenizer", SPLIT("[[a]]"), "a class inside a class"},
    {"pre_tokenizer", SPLIT("[a&&b]"), "intersection"},
    {"pre_tokenizer", SPLIT("[\\\\s-z]"), "range"},
    {"pre_tokenizer", SPLIT("[]"), "empty class"},
    {"pre_tokenizer", SPLIT("[a"), "pattern"},
    {"pre_tokenizer", SPLIT("(a"), "pattern"},
    {"pre_tokenizer", SPLIT("a)"), "pattern"},
    {"pre_tokenizer", SPLIT("a\\\\"), "backslash"},
    {"pre_tokenizer", SPLIT("a{2}+"), "sign behind"},
    {"pre_tokenizer", SPLIT("a{,2}"), "brace"},
    {"pre_tokenizer", SPLIT("a{9"), "brace"},
    {"pre_tokenizer", SPLIT("((a{1,9999}){1,9999}){1,9999}"), "pattern"},
    {"pre_tokenizer", SPLIT("\\\\p{Greek}"), "general category"},
    {"pre_tokenizer", SPLIT("\\\\p{L"), "general category"},
    {"pre_tokenizer", SPLIT("\\\\pL"), "braces"},
    {"pre_tokenizer", SPLIT("\\\\x41"), "braces"},
    {"pre_tokenizer", SPLIT("\\\\u12"), "code point"},
    {"pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\" \"},\"behavior\":\"Gone\"}",
     "behavior: Gone"},
    {"pre_tokenizer",
     "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\",\"add_prefix_space\":false}"
     ","
     "{\"type\":\"Digits\",\"individual_digits\":true}]}",
     "behind ByteLevel"},
    {"decoder", "null", NULL},
    {"decoder", "{\"type\":\"Metaspace\"}", "decoder: Metaspace: key \"replacement\""},
    {"decoder", "{\"type\":\"WordPiece\"}", "decoder: type \"WordPiece\""},
    {"decoder", "{\"type\":\"Strip\",\"content\":\" \",\"start\":-1,\"stop\":0}", "start"},
    {"added_tokens", "{}", "added_tokens: is not an array"},
    {"added_tokens", "[3]", "number 0: is not an object"},
    {"added_tokens", "[{\"id\":6}]", "\"content\" is missing"},
    {"added_tokens", "[{\"content\":\"<x>\"}]", "\"id\" is missing"},
    {"added_tokens", "[{\"id\":7,\"content\":\"<x>\"}]",
     "has id 7, where the vocabulary makes it 6"},
    {"added_tokens", "[{\"id\":6,\"content\":\"a\"}]", "has id 6, where the vocabulary makes it 0"},
    {"added_tokens", "[{\"id\":99999999999,\"content\":\"<x>\"}]", "99999999999"},
    {"added_tokens", "[{\"id\":6,\"content\":\"<x>\",\"lstrip\":3}]", "lstrip"},
    {"added_tokens", "[{\"id\":6,\"content\":\"\"}]", NULL},
    {"post_processor", "{\"type\":\"ByteLevel\"}", NULL},
    {"post_processor", TEMPLATE("[" TOKEN("<x>") "," TEXT_A "," TOKEN("<x>") "]"), NULL},
    {"post_processor", TEMPLATE("[" TOKEN("<w>") "," TEXT_A "]"), "\"<w>\" has no ids"},
    {"post_processor", TEMPLATE("[" TOKEN("<y>") "," TEXT_A "]"), "id 99"},
    {"post_processor", TEMPLATE("[" TOKEN("<z>") "," TEXT_A "]"), "an id that is not valid"},
    {"post_processor", TEMPLATE("[" TEXT_A "," TEXT_A "]"), "one Sequence"},
    {"post_processor", TEMPLATE("[]"), "one Sequence"},
    {"post_processor", TEMPLATE("[3," TEXT_A "]"), "post_processor"},
    {"post_processor", "{\"type\":\"BertProcessing\"}", "\"BertProcessing\""},
};

static void test_changed_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct tokenizer *t = NULL;
        struct err err = {0};
        struct buf b = {0};
        int code;

        write_json(&b, changes[i].key, changes[i].value);
        code = tokenizer_open_json(&t, b.data, b.len, &err);
        if (code != (changes[i].want ? ERR_FORMAT : 0))
            fail_msg("%s: code %d, %s", changes[i].value, code, err.msg);
        if (changes[i].want && (!strstr(err.msg, changes[i].want) || strchr(err.msg, '\n')))
            fail_msg("%s: \"%s\", expected \"%s\"", changes[i].value, err.msg, changes[i].want);
        assert_true(!t == !!changes[i].want);
        tokenizer_close(t);
        buf_release(&b);
    }
}

static void test_deep_json(void **state)
{
    struct tokenizer *t;
    struct err err = {0};
    struct buf b = {0};

    (void)state;
    for (int i = 0; i < 100000; i++)
        buf_puts(&b, "{\"pre_tokenizer\":", &err);
    assert_int_equal(tokenizer_open_json(&t, b.data, b.len, &err), ERR_FORMAT);
    assert_null(t);
    assert_int_equal(tokenizer_open_json(&t, "", 0, &err), ERR_FORMAT);
    assert_int_equal(tokenizer_open_json(&t, "[]", 2, &err), ERR_FORMAT);
    buf_release(&b);
}

static void test_cut_file(void **state)
{
    struct buf b = {0};

    (void)state;
    write_json(&b, NULL, NULL);
    for (size_t n = 0; n < b.len; n++) {
        struct tokenizer *t;
        struct err err = {0};

        assert_int_equal(tokenizer_open_json(&t, b.data, n, &err), ERR_FORMAT);
        assert_null(t);
    }
    buf_release(&b);
}

/* A pattern that would try 2^n ways gives up. */
static void test_hostile_pattern(void **state)
{
    struct tokenizer *t = NULL;
    struct err err = {0};
    struct ids ids = {0};
    struct buf b = {0};
    char text[64];

    (void)state;
    memset(text, 'a', sizeof text);
    write_json(&b, "pre_tokenizer", SPLIT("(?:a+)+[xy]"));
    assert_int_equal(tokenizer_open_json(&t, b.data, b.len, &err), 0);
    assert_int_equal(tokenizer_encode(t, text, sizeof text, false, &ids, &err), ERR_FORMAT);
    assert_non_null(strstr(err.msg, "gives up"));
    assert_int_equal(ids.n, 0);
    tokenizer_close(t);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changed_parts),
        cmocka_unit_test(test_deep_json),
        cmocka_unit_test(test_cut_file),
        cmocka_unit_test(test_hostile_pattern),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
