/* Checkpoints that are wrong: cut short, lying, hostile, or of a kind that is not computed. Each
   gives its code and one line that says what is wrong. GGUF files are in test_gguf.c. */
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/arch.h"
#include "model/checkpoint/checkpoint.h"
#include "model/model.h"

#include "base/file.h"
#include "folder.h"
#include "hostile.h"
#include "model/arch_json.h"
#include "model/checkpoint/safetensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int parse_safetensors(const void *p, size_t n, struct err *err)
{
    struct arena a = {0};
    struct tensors t;
    struct mapping file = {.data = exact_copy(p, n), .size = n};
    int code = safetensors_parse(&t, &a, &file, err);

    arena_release(&a);
    free((void *)(uintptr_t)file.data);
    return code;
}

static void test_truncated(void **state)
{
    (void)state;
    check_truncations(MODELS "llama-tied-f32/model.safetensors", parse_safetensors, 2400);
}

/* ---- safetensors made by hand ---- */

static struct buf safetensors(const char *header, uint64_t length, size_t data)
{
    struct err err = {0};
    struct buf b = {0};

    buf_u64(&b, length == UINT64_MAX ? strlen(header) : length, &err);
    buf_puts(&b, header, &err);
    for (size_t i = 0; i < data; i++)
        buf_put(&b, "", 1, &err);
    assert_int_equal(err.code, 0);
    return b;
}

#define T(dtype, shape, offsets) \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void test_safetensors(void **state)
{
    static const struct {
        const char *header;
        uint64_t length; /* UINT64_MAX = the true one */
        size_t data;
        const char *want; /* NULL = this one is right */
    } cases[] = {
        {"{\"a\":" T("F32", "[2]", "[0,8]") "}", UINT64_MAX, 8, NULL},
        {"{\"a\":" T("F32", "[]", "[0,4]") "}  ", UINT64_MAX, 4, NULL},
        {"{\"__metadata__\":{\"x\":\"y\"},\"a\":" T("BF16", "[0,3]", "[0,0]") "}", UINT64_MAX, 0,
         NULL},
        {"{\"b\":" T("F16", "[1]", "[4,6]") ",\"a\":" T("F32", "[1]", "[0,4]") "}", UINT64_MAX, 6,
         NULL},
        {"{}", 3, 0, "cut short"},
        {"{}", UINT64_MAX - 1, 0, "would be"},
        {"{}", 100000001, 0, "would be"},
        {"{}", 1ULL << 63, 0, "would be"},
        {"", 0, 0, "invalid JSON"},
        {"[]", UINT64_MAX, 0, "not a JSON object"},
        {"{\"a\":1}", UINT64_MAX, 0, "tensor a must be an object"},
        {"{\"a\":{\"shape\":[],\"data_offsets\":[0,4]}}", UINT64_MAX, 4, "\"dtype\" is missing"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", UINT64_MAX, 4, "\"shape\""},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", UINT64_MAX, 4, "\"data_offsets\""},
        {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"a\":" T("F32", "[1]", "[4,8]") "}", UINT64_MAX, 8,
         "duplicate"},
        {"{\"a\":" T("F32", "[2]", "[0,9]") "}", UINT64_MAX, 9, "is not (2) of F32"},
        {"{\"a\":" T("F32", "[2]", "[0,8]") "}", UINT64_MAX, 7, "cut short"},
        {"{\"a\":" T("F32", "[2]", "[8,0]") "}", UINT64_MAX, 8, "bytes 8 to 0"},
        {"{\"a\":" T("F32", "[2]", "[-8,0]") "}", UINT64_MAX, 8, "bytes -8 to 0"},
        {"{\"a\":" T("F32", "[2]", "[0,9223372036854775807]") "}", UINT64_MAX, 8, "cut short"},
        {"{\"a\":" T("F32", "[2]", "[0,99999999999999999999]") "}", UINT64_MAX, 8, "invalid JSON"},
        {"{\"a\":" T("F32", "[2]", "[0,8.0]") "}", UINT64_MAX, 8, "must be a pair of integers"},
        {"{\"a\":" T("F32", "[2]", "[0,4,8]") "}", UINT64_MAX, 8, "must be a pair of integers"},
        {"{\"a\":" T("F32", "[-2]", "[0,8]") "}", UINT64_MAX, 8, "\"shape\" must contain"},
        {"{\"a\":" T("F32", "[\"2\"]", "[0,8]") "}", UINT64_MAX, 8, "\"shape\" must contain"},
        {"{\"a\":" T("F32", "[1,1,1,1,2]", "[0,8]") "}", UINT64_MAX, 8, "5 dimensions"},
        {"{\"a\":" T("F32", "[4294967296,4294967296]", "[0,0]") "}", UINT64_MAX, 0, "2^63"},
        {"{\"a\":" T("F32", "[4611686018427387904]", "[0,0]") "}", UINT64_MAX, 0, "is not"},
        {"{\"a\":" T("F32", "[2305843009213693953,2]", "[0,8]") "}", UINT64_MAX, 8, "is not"},
        {"{\"a\":" T("F32", "[2]", "[0,8]") ",\"b\":" T("F32", "[2]", "[4,12]") "}", UINT64_MAX, 12,
         "overlap"},
        {"{\"a\":" T("F32", "[2]", "[0,8]") ",\"b\":" T("F32", "[2]", "[0,8]") "}", UINT64_MAX, 8,
         "overlap"},
        {"{\"a\":" T("F32", "[1]", "[4,8]") "}", UINT64_MAX, 8, "do not belong to any tensor"},
        {"{\"a\":" T("F32", "[1]", "[0,4]") "}", UINT64_MAX, 8, "after the last tensor"},
        {"{\"a\":" T("I64", "[1]", "[0,8]") "}", UINT64_MAX, 8, "type I64, which is not handled"},
        {"{\"a\":" T("Q9", "[1]", "[0,8]") "}", UINT64_MAX, 8, "unknown type \"Q9\""},
        {"{\"\":" T("F32", "[1]", "[0,4]") "}", UINT64_MAX, 4, "not printable"},
        {"{\"a\\nb\":" T("F32", "[1]", "[0,4]") "}", UINT64_MAX, 4, "not printable"},
        {"{\"a\\u0000b\":" T("F32", "[1]", "[0,4]") "}", UINT64_MAX, 4, "invalid JSON"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"x\":1}}", UINT64_MAX, 4,
         "unknown key \"x\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = safetensors(cases[i].header, cases[i].length, cases[i].data);
        struct err err = {0};
        int code = parse_safetensors(b.data, b.len, &err);

        if (cases[i].want)
            check_error(cases[i].header, code, ERR_FORMAT, cases[i].want, &err);
        else if (code)
            fail_msg("%s: %s", cases[i].header, err.msg);
        buf_release(&b);
    }
}

/* JSON nested 100,000 deep must not use up the stack. */
static void test_deep_json(void **state)
{
    enum { DEEP = 100000 };
    char *text = malloc(DEEP + 1);
    struct err err = {0};
    struct buf b;

    (void)state;
    assert_non_null(text);
    memset(text, '[', DEEP);
    text[DEEP] = '\0';
    b = safetensors(text, UINT64_MAX, 0);
    check_error("deep", parse_safetensors(b.data, b.len, &err), ERR_FORMAT, "depth", &err);
    buf_release(&b);
    free(text);
}

/* ---- configs ---- */

/* What must change in a right config, and what is then said; NULL = it is right still. */
static void test_config(void **state)
{
    static const char base[] =
        "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"hidden_size\":64,"
        "\"intermediate_size\":96,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
        "\"vocab_size\":100,\"rms_norm_eps\":1e-5,\"hidden_act\":\"silu\"}";
    static const struct {
        const char *change, *want;
    } cases[] = {
        {"{}", NULL},
        {"{\"attention_bias\":false,\"mlp_bias\":false,\"rope_scaling\":null,\"head_dim\":null,"
         "\"sliding_window\":null,\"pretraining_tp\":1,\"attention_dropout\":0.0}",
         NULL},
        {"{\"architectures\":null}", NULL},
        /* the keys that SmolLM2's and re-saved Llamas' files have besides */
        {"{\"_name_or_path\":\"x\",\"is_llama_config\":true,\"rope_interleaved\":false,"
         "\"transformers.js_config\":{\"dtype\":\"q4\"},\"torch_dtype\":\"bfloat16\","
         "\"use_cache\":true,\"initializer_range\":0.04,\"bos_token_id\":1,"
         "\"eos_token_id\":[1,2],\"pad_token_id\":null,\"unsloth_fixed\":true,"
         "\"pruned_heads\":{},\"partial_rotary_factor\":1.0,\"quantization_config\":null}",
         NULL},
        {"{\"rope_scaling\":{\"rope_type\":\"llama3\",\"type\":\"llama3\",\"factor\":8,"
         "\"low_freq_factor\":1,\"high_freq_factor\":4,"
         "\"original_max_position_embeddings\":8192}}",
         NULL},
        {"{\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":5e5}}", NULL},
        {"{\"layer_types\":[\"full_attention\",\"full_attention\"]}", NULL},
        {"{\"attention_bias\":true,\"mlp_bias\":true,\"hidden_act\":\"gelu_new\"}", NULL},
        {"{\"auto_map\":{\"AutoModel\":\"x.y\"}}", NULL},
        {"{\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2}}", NULL},
        {"{\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":2,\"beta_fast\":32}}", NULL},
        {"{\"attention_bias\":0}", "\"attention_bias\" is an integer"},
        {"{\"hidden_act\":\"relu\"}", "\"hidden_act\" is \"relu\": only silu"},
        {"{\"use_parallel_residual\":true}", "parallel blocks are not part"},
        {"{\"final_logit_softcapping\":30.0}", "logits are not capped"},
        {"{\"n_embd\":64}", "another name for it"},
        {"{\"rope_scaling\":{\"type\":\"longrope\",\"short_factor\":[1],\"long_factor\":[1]}}",
         "\"short_factor\" must be a list of 8 positive numbers"},
        {"{\"embedding_multiplier\":12}", "key \"embedding_multiplier\" is not handled"},
        {"{\"logit_scale\":null}", "key \"logit_scale\" is not handled"},
        {"{\"partial_rotary_factor\":0.5}", "\"partial_rotary_factor\" is 0.5"},
        {"{\"rope_interleaved\":true}", "interleaved"},
        {"{\"quantization_config\":{\"bits\":4}}", "quantised weights"},
        {"{\"layer_types\":[\"full_attention\",\"sliding_attention\"]}", "full_attention"},
        {"{\"architectures\":[\"MixtralForCausalLM\"]}",
         "MixtralForCausalLM is not handled; known: llama, mistral, qwen2"},
        {"{\"architectures\":[]}", "must be a list of one name"},
        {"{\"architectures\":\"LlamaForCausalLM\"}", "must be a list of one name"},
        {"{\"architectures\":[\"MistralForCausalLM\"]}", "\"model_type\" is \"llama\", expected"},
        {"{\"architectures\":null,\"model_type\":null}", "\"architectures\" is missing"},
        {"{\"hidden_size\":null}", "\"hidden_size\" is missing"},
        {"{\"hidden_size\":\"64\"}", "\"hidden_size\" is a string"},
        {"{\"hidden_size\":62}", "not a multiple of the number of heads"},
        {"{\"hidden_size\":12}", "head width 3 is not even"},
        {"{\"hidden_size\":1e3}", "\"hidden_size\" is a real"},
        {"{\"hidden_size\":9223372036854775807}", "expected 1 to"},
        {"{\"num_hidden_layers\":0}", "\"num_hidden_layers\" is 0"},
        {"{\"num_hidden_layers\":1000000000}", "expected 1 to"},
        {"{\"num_key_value_heads\":3}", "key/value heads 3"},
        {"{\"head_dim\":7}", "head width 7"},
        {"{\"rms_norm_eps\":-1}", "epsilon"},
        {"{\"rms_norm_eps\":\"small\"}", "\"rms_norm_eps\" is a string"},
        {"{\"architectures\":[\"MistralForCausalLM\"],\"model_type\":\"mistral\","
         "\"num_key_value_heads\":2,\"sliding_window\":0}",
         "\"sliding_window\" is 0"},
        {"{\"tie_word_embeddings\":1}", "\"tie_word_embeddings\" is an integer"},
        {"{\"rope_theta\":0}", "rotary base"},
        {"{\"rope_scaling\":3}", "key \"rope_scaling\": expected an object"},
        {"{\"rope_scaling\":{\"type\":\"proportional\",\"factor\":2}}",
         "type \"proportional\" is not handled"},
        {"{\"rope_scaling\":{\"type\":\"linear\",\"rope_type\":\"llama3\"}}", "\"rope_type\" is"},
        {"{\"rope_scaling\":{\"type\":\"linear\"}}", "\"factor\" is missing"},
        {"{\"rope_scaling\":{\"type\":\"linear\",\"factor\":-2}}", "scaling factor is -2"},
        {"{\"rope_scaling\":{\"type\":\"linear\",\"factor\":2,\"beta\":1}}",
         "key \"rope_scaling\": key \"beta\" is not handled"},
        {"{\"rope_scaling\":{\"type\":\"llama3\",\"factor\":2}}", "\"low_freq_factor\" is missing"},
        {"{\"rope_scaling\":{\"type\":\"llama3\",\"factor\":2,\"low_freq_factor\":4,"
         "\"high_freq_factor\":4,\"original_max_position_embeddings\":8192}}",
         "0 < low < high"},
        {"{\"rope_theta\":1e4,\"rope_parameters\":{\"rope_theta\":5e5}}", "given as"},
        {"{\"rope_scaling\":{\"type\":\"default\"},"
         "\"rope_parameters\":{\"rope_type\":\"default\"}}",
         "both given and differ"},
        {"{\"rope_parameters\":{\"full_attention\":{}}}", "key \"full_attention\" is not handled"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        struct arena arena = {0};
        struct arch_config c;
        json_t *j = json_parse(base, strlen(base), ERR_FORMAT, "base", 1, &err);
        json_t *change =
            json_parse(cases[i].change, strlen(cases[i].change), ERR_FORMAT, "change", 1, &err);
        int code;

        assert_true(j && change);
        json_object_update(j, change);
        code = config_from_json(&c, j, &arena, &err);
        if (cases[i].want)
            check_error(cases[i].change, code, ERR_FORMAT, cases[i].want, &err);
        else if (code)
            fail_msg("%s: %s", cases[i].change, err.msg);
        json_decref(j);
        json_decref(change);
        arena_release(&arena);
    }
}

/* What Mistral's config.json means when it leaves keys out is not what Llama's means. */
static void test_config_defaults(void **state)
{
    const char *text = "{\"model_type\":\"mistral\",\"hidden_size\":512,\"intermediate_size\":96,"
                       "\"num_hidden_layers\":2,\"num_attention_heads\":16,\"vocab_size\":100}";
    struct err err = {0};
    struct arena a = {0};
    struct arch_config c;
    json_t *j = json_parse(text, strlen(text), ERR_FORMAT, "base", 1, &err);

    (void)state;
    assert_int_equal(config_from_json(&c, j, &a, &err), 0);
    assert_int_equal(shape_window(&c.shape, 1), 4096);
    assert_int_equal(c.shape.n_kv_heads, 8);
    assert_int_equal(c.shape.max_positions, 131072);
    json_object_set_new(j, "sliding_window", json_null());
    json_object_set_new(j, "num_key_value_heads", json_null());
    assert_int_equal(config_from_json(&c, j, &a, &err), 0);
    assert_int_equal(shape_window(&c.shape, 1), 0);
    assert_int_equal(c.shape.n_kv_heads, 16);
    json_object_set_new(j, "model_type", json_string("llama"));
    json_object_del(j, "num_key_value_heads");
    assert_int_equal(config_from_json(&c, j, &a, &err), 0);
    assert_int_equal(c.shape.n_kv_heads, 16);
    assert_int_equal(c.shape.max_positions, 2048);
    arena_release(&a);
    json_decref(j);
}

/* The cap on a Gemma 3's logits holds where its config stands alone, as in transformers. */
static void test_nested_cap(void **state)
{
    static const char text[] =
        "{\"model_type\":\"gemma3_text\",\"hidden_size\":64,\"vocab_size\":100,"
        "\"intermediate_size\":96,\"num_hidden_layers\":2,"
        "\"num_attention_heads\":4,\"final_logit_softcapping\":3}";
    struct err err = {0};
    struct arena a = {0};
    struct arch_config c;
    json_t *j = json_parse(text, strlen(text), ERR_FORMAT, "base", 1, &err), *outer;

    (void)state;
    outer = json_pack("{s:s, s:O}", "model_type", "gemma3", "text_config", j);
    assert_int_equal(config_from_json(&c, j, &a, &err), 0);
    assert_true(c.shape.logit_cap == 3);
    assert_int_equal(config_from_json(&c, outer, &a, &err), 0);
    assert_true(c.shape.logit_cap == 0);
    arena_release(&a);
    json_decref(outer);
    json_decref(j);
}

/* ---- whole models ---- */

static void test_paths(void **state)
{
    (void)state;
    check_open("/nowhere/at/all", ERR_IO, "does not exist: expected a Hugging Face directory");
    check_open(TEST_DIR "/unit/test_model.c", ERR_FORMAT, "is not a model");
    check_open(MODELS "llama-tied-f32/model.safetensors", ERR_FORMAT, "give the directory");
    check_open(MODELS "llama-tied-f32/config.json", ERR_FORMAT, "give the directory");
    check_open(folder, ERR_IO, "has no config.json");
    copy_model("llama-tied-f32/config.json", "config.json");
    check_open(folder, ERR_IO, "has neither model.safetensors");
    put_file("pytorch_model.bin", "", 0);
    check_open(folder, ERR_FORMAT,
               "this converts them: python3 -c 'import sys, transformers as t;");
    put_file("model.gguf", "", 0);
    check_open(folder, ERR_IO, "give the path of that file");
    remove(in_folder("model.gguf"));
    remove(in_folder("pytorch_model.bin"));
    put_file("config.json", "{\"a\":", 5);
    check_open(folder, ERR_FORMAT, "config.json:1:");
    put_file("config.json", "", 0);
    check_open(folder, ERR_FORMAT, "config.json:1:");
    remove(in_folder("config.json"));
}

/* An unknown key stops a model that does not insist; one whose value counts always does. */
static void test_ignored_keys(void **state)
{
    static const char *const mystery[] = {"mystery"}, *const known[] = {"hidden_size"};
    struct err err = {0};
    struct model *m;
    struct buf b = load_file(MODELS "llama-tied-f32/config.json"), with = {0};

    (void)state;
    buf_printf(&with, &err, "{\"mystery\": [1], %s", find_text(&b, "{") + 1);
    put_file("config.json", with.data, with.len);
    copy_model("llama-tied-f32/model.safetensors", "model.safetensors");
    check_open(folder, ERR_FORMAT, "key \"mystery\" is not handled");
    assert_int_equal(
        model_open_as(&m, folder, &(struct model_options){.ignore = mystery, .n_ignore = 1}, &err),
        0);
    model_close(m);
    assert_int_equal(
        model_open_as(&m, folder, &(struct model_options){.ignore = known, .n_ignore = 1}, &err),
        ERR_CONFIG);
    assert_non_null(strstr(err.msg, "model.ignore names \"hidden_size\""));
    buf_release(&with);
    buf_release(&b);
    remove(in_folder("model.safetensors"));
    remove(in_folder("config.json"));
}

/* Files that only stand for what was meant, each in each place. */
static void test_disguises(void **state)
{
    static const struct {
        const char *begin, *want;
    } kinds[] = {
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n",
         "is a git-LFS pointer"},
        {"\x1f\x8b\x08", "is packed by gzip"},
    };
    static const char *const names[] = {"model.gguf", "config.json", "model.safetensors",
                                        "model.safetensors.index.json"};

    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            copy_model("llama-tied-f32/config.json", "config.json");
            put_file(names[i], kinds[k].begin, strlen(kinds[k].begin));
            check_open(i ? folder : in_folder(names[i]), ERR_FORMAT, kinds[k].want);
            remove(in_folder(names[i]));
        }
    remove(in_folder("config.json"));
}

/* What may not be looked into is not said to be missing. root may look anywhere: it steps back. */
static void test_no_permission(void **state)
{
    bool root = !geteuid();

    (void)state;
    copy_model("llama-tied-f32/config.json", "config.json");
    assert_int_equal(chmod(folder, 0), 0);
    assert_true(!root || !seteuid(65534));
    check_open(folder, ERR_IO, "config.json: Permission denied");
    check_open(in_folder("config.json"), ERR_IO, "config.json: Permission denied");
    check_open(in_folder("model.gguf"), ERR_IO, "model.gguf: Permission denied");
    assert_true(!root || !seteuid(0));
    assert_int_equal(chmod(folder, 0700), 0);
    remove(in_folder("config.json"));
}

/* A directory whose config or weights are another model's. */
static void test_other_weights(void **state)
{
    struct buf b;
    char *p;

    (void)state;
    copy_model("llama-tied-f32/config.json", "config.json");
    copy_model("llama-linear-f32/model.safetensors", "model.safetensors");
    check_open(folder, ERR_FORMAT,
               "model.embed_tokens.weight has the shape (64, 32), the config says "
               "(96, 32)");
    copy_model("llama-linear-f32/config.json", "config.json");
    b = load_file(MODELS "llama-linear-f32/model.safetensors");
    p = find_text(&b, "model.norm.weight");
    memcpy(p, "model.norm.weighs", 17);
    put_file("model.safetensors", b.data, b.len);
    check_open(folder, ERR_FORMAT, "tensor model.norm.weight is missing");
    buf_release(&b);
    b = load_file(MODELS "llama-linear-f32/config.json");
    p = find_text(&b, "\"num_hidden_layers\": 2");
    p[strlen("\"num_hidden_layers\": ")] = '1';
    put_file("config.json", b.data, b.len);
    copy_model("llama-linear-f32/model.safetensors", "model.safetensors");
    check_open(folder, ERR_FORMAT, "model.layers.1.input_layernorm.weight is not part of a Llama");
    p[strlen("\"num_hidden_layers\": ")] = '3';
    put_file("config.json", b.data, b.len);
    check_open(folder, ERR_FORMAT, "tensor model.layers.2.input_layernorm.weight is missing");
    p[strlen("\"num_hidden_layers\": ")] = '2';
    p = find_text(&b, "\"tie_word_embeddings\": false");
    memcpy(p, "\"tie_word_embeddings\": true ", 28);
    put_file("config.json", b.data, b.len);
    check_open(folder, ERR_FORMAT, "lm_head.weight differs from model.embed_tokens.weight");
    buf_release(&b);
    remove(in_folder("model.safetensors"));
    remove(in_folder("config.json"));
}

#define SHARD_1 "model-00001-of-00002.safetensors"
#define SHARD_2 "model-00002-of-00002.safetensors"

static void put_index(const char *text)
{
    put_file("model.safetensors.index.json", text, strlen(text));
}

static void test_index(void **state)
{
    struct buf b;
    char *p;

    (void)state;
    copy_model("llama3-sharded-bf16/config.json", "config.json");
    put_index("{}");
    check_open(folder, ERR_FORMAT, "\"weight_map\" is missing");
    put_index("{\"metadata\":{\"total_size\":1e999,\"n\":123456789012345678901234567890},"
              "\"weight_map\":{}}");
    check_open(folder, ERR_FORMAT, "is empty");
    put_index("{\"weight_map\":{\"a\":7}}");
    check_open(folder, ERR_FORMAT, "tensor a must be a string");
    put_index("{\"weight_map\":{\"a\":\"../x.safetensors\"}}");
    check_open(folder, ERR_FORMAT, "\"../x.safetensors\"");
    put_index("{\"weight_map\":{\"a\":\"/etc/x.safetensors\"}}");
    check_open(folder, ERR_FORMAT, "in the same directory");
    put_index("{\"weight_map\":{\"a\":\"config.json\"}}");
    check_open(folder, ERR_FORMAT, "expected NAME.safetensors");

    copy_model("llama3-sharded-bf16/model.safetensors.index.json", "model.safetensors.index.json");
    copy_model("llama3-sharded-bf16/" SHARD_1, SHARD_1);
    check_open(folder, ERR_IO, SHARD_2 " is missing: it is one of 2 files");
    copy_model("llama3-sharded-bf16/" SHARD_1, SHARD_2);
    check_open(folder, ERR_FORMAT, "is given twice");
    copy_model("llama3-sharded-bf16/" SHARD_2, SHARD_1);
    copy_model("llama3-sharded-bf16/" SHARD_1, SHARD_2);
    check_open(folder, ERR_FORMAT, "is in another file than");
    copy_model("llama3-sharded-bf16/" SHARD_1, SHARD_1);
    copy_model("llama3-sharded-bf16/" SHARD_2, SHARD_2);
    b = load_file(MODELS "llama3-sharded-bf16/model.safetensors.index.json");
    p = find_text(&b, "lm_head.weight");
    memcpy(p, "lm_heads.weigh", 14);
    put_file("model.safetensors.index.json", b.data, b.len);
    check_open(folder, ERR_FORMAT, "lm_heads.weigh is not in");
    memcpy(p, "lm_head.weight", 14);
    put_file(SHARD_2, b.data, 100);
    check_open(folder, ERR_FORMAT, SHARD_2);
    put_file(SHARD_2, "", 0);
    check_open(folder, ERR_FORMAT, "not a safetensors file: it has 0 bytes");
    buf_release(&b);
    remove(in_folder(SHARD_1));
    remove(in_folder(SHARD_2));
    remove(in_folder("model.safetensors.index.json"));
    remove(in_folder("config.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),       cmocka_unit_test(test_safetensors),
        cmocka_unit_test(test_deep_json),       cmocka_unit_test(test_config),
        cmocka_unit_test(test_config_defaults), cmocka_unit_test(test_nested_cap),
        cmocka_unit_test(test_paths),           cmocka_unit_test(test_disguises),
        cmocka_unit_test(test_ignored_keys),    cmocka_unit_test(test_no_permission),
        cmocka_unit_test(test_other_weights),   cmocka_unit_test(test_index),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
