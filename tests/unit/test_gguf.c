/* GGUF files that are wrong: see test_checkpoint.c. Most are built here, byte by byte. */
#include "base/buf.h"
#include "model/arch.h"
#include "model/checkpoint/gguf.h"

#include "folder.h"
#include "gguf_builder.h"
#include "hostile.h"
#include "model/arch_gguf.h"
#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int parse_gguf(const void *p, size_t n, struct err *err)
{
    struct gguf g;
    void *copy = exact_copy(p, n);
    int code = gguf_parse(&g, copy, n, GGUF_WHOLE, err);

    if (!code)
        gguf_close(&g);
    free(copy);
    return code;
}

static void test_truncated(void **state)
{
    (void)state;
    check_truncations(MODELS "gguf-mixed/model.gguf", parse_gguf, 2600);
}

static void right(struct buf *b)
{
    begin(b, 3, 2, 2);
    array(b, "x", GGUF_STRING, 2);
    str(b, "one");
    str(b, "");
    array(b, "nested", GGUF_ARRAY, 1);
    buf_u32(b, GGUF_U8, &build_err);
    buf_u64(b, 3, &build_err);
    buf_put(b, "abc", 3, &build_err);
    tensor(b, "b", 2, 32, 2, 8, 32);
    tensor(b, "a", 1, 4, 0, 0, 0);
    data(b, 32 + 2 * 34);
}

static void big_endian(struct buf *b)
{
    begin(b, 3u << 24, 0, 0);
}

static void version_1(struct buf *b)
{
    begin(b, 1, 0, 0);
}

static void version_9(struct buf *b)
{
    begin(b, 9, 0, 0);
}

static void many_keys(struct buf *b)
{
    begin(b, 3, 0, 1ULL << 60);
}

static void many_tensors(struct buf *b)
{
    begin(b, 3, 1ULL << 60, 0);
}

static void long_string(struct buf *b)
{
    begin(b, 3, 0, 1);
    key(b, "s", GGUF_STRING);
    buf_u64(b, 1ULL << 63, &build_err);
    data(b, 32);
}

static void long_key(struct buf *b)
{
    begin(b, 3, 0, 1);
    buf_u64(b, UINT64_MAX, &build_err);
    data(b, 32);
}

static void bad_key(struct buf *b)
{
    begin(b, 3, 0, 1);
    key_u32(b, "a\nb", 1);
}

static void twice(struct buf *b)
{
    begin(b, 3, 0, 2);
    key_u32(b, "same", 1);
    key_u32(b, "same", 1);
}

static void unknown_type(struct buf *b)
{
    begin(b, 3, 0, 1);
    key(b, "k", 13);
    data(b, 32);
}

static void long_array(struct buf *b)
{
    begin(b, 3, 0, 1);
    array(b, "k", GGUF_F64, 1ULL << 61); /* times 8 overflows to 0 */
    data(b, 32);
}

static void array_of_long_strings(struct buf *b)
{
    begin(b, 3, 0, 1);
    array(b, "k", GGUF_STRING, 2);
    str(b, "fine");
    buf_u64(b, UINT64_MAX - 7, &build_err);
    data(b, 32);
}

static void nested(struct buf *b)
{
    begin(b, 3, 0, 1);
    key(b, "k", GGUF_ARRAY);
    for (int i = 0; i < 100000; i++) {
        buf_u32(b, GGUF_ARRAY, &build_err);
        buf_u64(b, 1, &build_err);
    }
}

static void alignment_24(struct buf *b)
{
    begin(b, 3, 0, 1);
    key_u32(b, "general.alignment", 24);
}

static void alignment_0(struct buf *b)
{
    begin(b, 3, 0, 1);
    key_u32(b, "general.alignment", 0);
}

static void alignment_word(struct buf *b)
{
    begin(b, 3, 0, 1);
    key(b, "general.alignment", GGUF_STRING);
    str(b, "32");
}

static void unaligned(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 1, 4, 0, 0, 16);
    data(b, 64);
}

static void beyond(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 1, 17, 0, 0, 0);
    data(b, 64);
}

static void far_beyond(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 1, 4, 0, 0, UINT64_MAX - 31);
    data(b, 64);
}

static void too_many_dimensions(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 5, 1, 1, 0, 0);
    data(b, 64);
}

static void shape_overflow(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 2, 1ULL << 32, 1ULL << 32, 0, 0);
    data(b, 64);
}

static void bytes_overflow(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 2, 1ULL << 31, 1ULL << 31, 0, 0);
    data(b, 64);
}

static void dimension_overflow(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 2, 0, UINT64_MAX, 0, 0);
    data(b, 64);
}

static void half_a_block(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 2, 48, 2, 3, 0);
    data(b, 64);
}

static void overlap(struct buf *b)
{
    begin(b, 3, 2, 0);
    tensor(b, "t", 1, 16, 0, 0, 0);
    tensor(b, "u", 1, 8, 0, 0, 32);
    data(b, 96);
}

static void tensor_twice(struct buf *b)
{
    begin(b, 3, 2, 0);
    tensor(b, "t", 1, 8, 0, 0, 0);
    tensor(b, "t", 1, 8, 0, 0, 32);
    data(b, 96);
}

static void iq2_s(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 2, 256, 1, 22, 0);
    data(b, 160);
}

static void unknown_tensor_type(struct buf *b)
{
    begin(b, 3, 1, 0);
    tensor(b, "t", 2, 256, 1, 999, 0);
    data(b, 160);
}

static void nothing(struct buf *b)
{
    (void)b;
}

static void not_gguf(struct buf *b)
{
    buf_puts(b, "GGML 1234567890123456789012", &build_err);
}

static void test_gguf(void **state)
{
    static const struct {
        void (*build)(struct buf *b);
        const char *want; /* NULL = this one is right */
    } cases[] = {
        {right, NULL},
        {nothing, "letters GGUF"},
        {not_gguf, "letters GGUF"},
        {big_endian, "big-endian"},
        {version_1, "version 1"},
        {version_9, "version 9"},
        {many_keys, "metadata keys, more than the file"},
        {many_tensors, "tensors, more than the file"},
        {long_string, "ends beyond the file"},
        {long_key, "inside a metadata key"},
        {bad_key, "not printable"},
        {twice, "\"same\" is given twice"},
        {unknown_type, "unknown type 13"},
        {long_array, "more than the rest of the file"},
        {array_of_long_strings, "element 1 ends beyond"},
        {nested, "nests arrays"},
        {alignment_24, "power of two"},
        {alignment_0, "expected 1 to"},
        {alignment_word, "is string, expected an integer"},
        {unaligned, "not a multiple of the alignment"},
        {beyond, "cut short"},
        {far_beyond, "cut short"},
        {too_many_dimensions, "5 dimensions"},
        {shape_overflow, "2^63 elements"},
        {bytes_overflow, "2^63 bytes"},
        {dimension_overflow, "too large"},
        {half_a_block, "not a multiple of the 32 of a Q4_1 block"},
        {overlap, "t and u overlap"},
        {tensor_twice, "t is given twice"},
        {iq2_s, "type IQ2_S, which is not handled: F32, F16, Q4_0"},
        {unknown_tensor_type, "unknown type 999"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};
        struct err err = {0};
        char label[32];
        int code;

        cases[i].build(&b);
        assert_int_equal(build_err.code, 0);
        code = parse_gguf(b.data ? b.data : "", b.len, &err);
        snprintf(label, sizeof label, "case %zu", i);
        if (cases[i].want)
            check_error(label, code, ERR_FORMAT, cases[i].want, &err);
        else if (code)
            fail_msg("%s: %s", label, err.msg);
        buf_release(&b);
    }
}

/* The accessors on the file of test_gguf that is right. */
static void test_gguf_values(void **state)
{
    const struct gguf_value *v;
    struct err err = {0};
    struct buf b = {0};
    struct gguf g;
    uint64_t at = 0;
    int64_t i = 7;

    (void)state;
    right(&b);
    assert_int_equal(gguf_parse(&g, b.data, b.len, GGUF_WHOLE, &err), 0);
    assert_int_equal(gguf_take_array(&g, "x", true, GGUF_STRING, &v, &err), 0);
    assert_int_equal(v->count, 2);
    assert_true(gguf_string_eq(gguf_next_string(v, &at), "one"));
    assert_true(gguf_string_eq(gguf_next_string(v, &at), ""));
    assert_int_equal(gguf_take_int(&g, "absent", false, 0, 9, &i, &err), 0);
    assert_int_equal(i, 7);
    check_error("absent", gguf_take_int(&g, "absent", true, 0, 9, &i, &err), ERR_FORMAT,
                "\"absent\" is missing", &err);
    check_error("type", gguf_take_array(&g, "x", true, GGUF_F32, &v, &err), ERR_FORMAT,
                "is an array of string, expected an array of float32", &err);
    assert_int_equal(tensors_find(&g.tensors, "b")->dim[0], 2); /* outermost first */
    assert_int_equal(tensors_find(&g.tensors, "b")->dim[1], 32);
    assert_ptr_equal((const char *)tensors_find(&g.tensors, "b")->data, b.data + b.len - 68);
    gguf_close(&g);
    buf_release(&b);
}

/* Metadata that must be in a GGUF file, one key of it changed at a time. */
static void test_gguf_config(void **state)
{
    enum { NONE = -1 };
    static const struct {
        const char *key;
        int type; /* NONE: the key is left out */
        uint32_t value;
        const char *text, *want;
    } cases[] = {
        {"llama.block_count", NONE, 0, NULL, "\"llama.block_count\" is missing"},
        {"llama.block_count", GGUF_STRING, 0, "2", "is string, expected an integer"},
        {"llama.block_count", GGUF_U32, UINT32_MAX, NULL, "expected 1 to"},
        {"llama.attention.head_count_kv", GGUF_U32, 3, NULL, "key/value heads 3"},
        {"llama.rope.dimension_count", GGUF_U32, 8, NULL, "expected 16 to 16"},
        {"llama.attention.value_length", GGUF_U32, 8, NULL, "expected 16 to 16"},
        {"llama.attention.key_length", GGUF_U32, 8, NULL, NULL},
        {"llama.expert_count", GGUF_U32, 8, NULL, "mixtures of experts"},
        {"llama.expert_count", GGUF_U32, 0, NULL, NULL},
        {"llama.attention.clamp_kqv", GGUF_F32, 0x3f800000, NULL, "clamped"},
        {"llama.rope.scaling.attn_factor", GGUF_F32, 0x3f800000, NULL, NULL},
        {"llama.rope.scaling.yarn_attn_factor", GGUF_F32, 0x3f000000, NULL, "scaled rotary"},
        {"llama.rope.scaling.type", GGUF_STRING, 0, "yarn", "scaling factor is 0"},
        {"llama.rope.scaling.type", GGUF_STRING, 0, "spiral", "type \"spiral\" is not handled"},
        {"llama.rope.scaling.type", GGUF_STRING, 0, "none", NULL},
        {"llama.rope.scaling.factor", GGUF_F32, 0xbf800000, NULL, "scaling factor is -1"},
        {"llama.rope.freq_base", GGUF_F32, 0x7fc00000, NULL, "rotary base"},
        {"llama.mystery", GGUF_U32, 1, NULL, "key \"llama.mystery\" is not handled"},
        {"general.architecture", GGUF_STRING, 0, "bloom", "\"bloom\" is not handled; known: llama"},
        {"general.architecture", NONE, 0, NULL, "\"general.architecture\" is missing"},
        {"general.type", GGUF_STRING, 0, "adapter", "\"adapter\", expected \"model\""},
        {"llama.vocab_size", NONE, 0, NULL, "how large the vocabulary is"},
        {"general.name", GGUF_STRING, 0, "any", NULL},
    };
    static const struct {
        const char *key;
        uint32_t value;
    } right_keys[] = {
        {"llama.block_count", 2},          {"llama.context_length", 128},
        {"llama.embedding_length", 64},    {"llama.feed_forward_length", 96},
        {"llama.attention.head_count", 4}, {"llama.vocab_size", 100},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf head = {0}, body = {0};
        struct err err = {0};
        struct arena arena = {0};
        struct arch_config c;
        struct gguf g;
        uint64_t n = 0;
        int code;

        if (strcmp(cases[i].key, "general.architecture") && ++n) {
            key(&body, "general.architecture", GGUF_STRING);
            str(&body, "llama");
        }
        n++;
        key(&body, "llama.attention.layer_norm_rms_epsilon", GGUF_F32);
        buf_u32(&body, 0x3727c5ac, &build_err); /* 1e-5 */
        for (size_t k = 0; k < sizeof right_keys / sizeof *right_keys; k++)
            if (strcmp(cases[i].key, right_keys[k].key) && ++n)
                key_u32(&body, right_keys[k].key, right_keys[k].value);
        if (cases[i].type != NONE && ++n) {
            key(&body, cases[i].key, (uint32_t)cases[i].type);
            if (cases[i].text)
                str(&body, cases[i].text);
            else
                buf_u32(&body, cases[i].value, &build_err);
        }
        begin(&head, 3, 0, n);
        buf_put(&head, body.data, body.len, &build_err);
        assert_int_equal(build_err.code, 0);
        if (gguf_parse(&g, head.data, head.len, GGUF_WHOLE, &err))
            fail_msg("%s: %s", cases[i].key, err.msg);
        code = config_from_gguf(&c, &g, &arena, &err);
        if (cases[i].want)
            check_error(cases[i].key, code, ERR_FORMAT, cases[i].want, &err);
        else if (code)
            fail_msg("%s: %s", cases[i].key, err.msg);
        gguf_close(&g);
        arena_release(&arena);
        buf_release(&body);
        buf_release(&head);
    }
}

/* Tensors of a GGUF file renamed: what is missing and what is too much is named. */
static void test_gguf_tensors(void **state)
{
    static const struct {
        const char *from, *to, *want;
    } cases[] = {
        {"blk.1.attn_q.weight", "blk.1.attn_x.weight", "tensor blk.1.attn_q.weight is missing"},
        {"output_norm.weight", "output_nomr.weight", "tensor output_norm.weight is missing"},
        {"output.weight", "output.weighs", "tensor output.weighs is not part of a Llama"},
        {"llama.block_count", "llama.block_coumt", "key \"llama.block_coumt\" is not handled"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = load_file(MODELS "gguf-mixed/model.gguf");
        char *p = find_text(&b, cases[i].from);

        memcpy(p, cases[i].to, strlen(cases[i].to));
        put_file("model.gguf", b.data, b.len);
        check_open(in_folder("model.gguf"), ERR_FORMAT, cases[i].want);
        buf_release(&b);
    }
    remove(in_folder("model.gguf"));
}

static void test_ignored_gguf_keys(void **state)
{
    static const char *const mystery[] = {"llama.block_coumt"}, *const known[] = {
                                                                    "llama.rope.freq_base"};
    struct buf b = load_file(MODELS "gguf-mixed/model.gguf");
    struct err err = {0};
    struct model *m;

    (void)state;
    memcpy(find_text(&b, "llama.rope.freq_base"), "llama.rope.freq_bass", 20);
    put_file("model.gguf", b.data, b.len);
    check_open(in_folder("model.gguf"), ERR_FORMAT, "\"llama.rope.freq_bass\" is not handled");
    assert_int_equal(model_open_as(&m, in_folder("model.gguf"),
                                   &(struct model_options){.ignore = mystery, .n_ignore = 1}, &err),
                     ERR_FORMAT);
    err_clear(&err);
    assert_int_equal(
        model_open_as(&m, in_folder("model.gguf"),
                      &(struct model_options){.ignore = (const char *[]){"llama.rope.freq_bass"},
                                              .n_ignore = 1},
                      &err),
        0);
    model_close(m);
    assert_int_equal(model_open_as(&m, MODELS "gguf-mixed/model.gguf",
                                   &(struct model_options){.ignore = known, .n_ignore = 1}, &err),
                     ERR_CONFIG);
    buf_release(&b);
    remove(in_folder("model.gguf"));
}

/* ---- split files ---- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),    cmocka_unit_test(test_gguf),
        cmocka_unit_test(test_gguf_values),  cmocka_unit_test(test_gguf_config),
        cmocka_unit_test(test_gguf_tensors), cmocka_unit_test(test_ignored_gguf_keys),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
