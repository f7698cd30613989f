#include "model/arch_json.h"

#include "base/str.h"
#include "model/rope.h"

#include <stdlib.h>
#include <string.h>

/* config.json. The harmless ones are about training, sampling, tokens, files and programs. */
static const struct arch_key json_keys[] = {
    {"architectures", RULE_READ, NULL},
    {"model_type", RULE_READ, NULL},
    {"hidden_size", RULE_READ, NULL},
    {"intermediate_size", RULE_READ, NULL},
    {"num_hidden_layers", RULE_READ, NULL},
    {"num_attention_heads", RULE_READ, NULL},
    {"num_key_value_heads", RULE_READ, NULL},
    {"head_dim", RULE_READ, NULL},
    {"vocab_size", RULE_READ, NULL},
    {"max_position_embeddings", RULE_READ, NULL},
    {"rms_norm_eps", RULE_READ, NULL},
    {"rope_theta", RULE_READ, NULL},
    {"rope_scaling", RULE_READ, NULL},
    {"rope_parameters", RULE_READ, NULL},
    {"tie_word_embeddings", RULE_READ, NULL},
    {"sliding_window", RULE_READ, NULL},
    {"torch_dtype", RULE_READ, NULL},
    {"dtype", RULE_READ, NULL},

    {"hidden_act", RULE_SILU, "only silu is computed"},
    {"hidden_activation", RULE_SILU, "only silu is computed"},
    {"attention_bias", RULE_FALSE, "biases in the attention are not computed"},
    {"mlp_bias", RULE_FALSE, "biases in the MLP are not computed"},
    {"partial_rotary_factor", RULE_ONE, "rotary embedding of a part of a head is not computed"},
    {"rope_interleaved", RULE_FALSE, "interleaved rotary embedding is not computed"},
    {"layer_types", RULE_FULL, "layers with attention other than full_attention are not computed"},
    {"quantization_config", RULE_EMPTY, "quantised weights are read from GGUF files only"},
    {"pruned_heads", RULE_EMPTY, "pruned heads are not handled"},
    {"auto_map", RULE_EMPTY, "the model comes with its own code"},
    {"is_encoder_decoder", RULE_FALSE, "only decoders are computed"},
    {"add_cross_attention", RULE_FALSE, "cross-attention is not computed"},
    {"use_parallel_residual", RULE_FALSE, "parallel blocks are not computed"},

    {"pretraining_tp", RULE_HARMLESS, NULL}, /* the same sums in another order */
    {"attention_dropout", RULE_HARMLESS, NULL},
    {"hidden_dropout", RULE_HARMLESS, NULL},
    {"resid_pdrop", RULE_HARMLESS, NULL},
    {"embd_pdrop", RULE_HARMLESS, NULL},
    {"attn_pdrop", RULE_HARMLESS, NULL},
    {"initializer_range", RULE_HARMLESS, NULL},
    {"gradient_checkpointing", RULE_HARMLESS, NULL},
    {"use_cache", RULE_HARMLESS, NULL},
    {"use_bfloat16", RULE_HARMLESS, NULL},
    {"cache_implementation", RULE_HARMLESS, NULL},
    {"attn_implementation", RULE_HARMLESS, NULL},
    {"_attn_implementation", RULE_HARMLESS, NULL},
    {"_attn_implementation_autoset", RULE_HARMLESS, NULL},
    {"_flash_attn_2_enabled", RULE_HARMLESS, NULL},
    {"chunk_size_feed_forward", RULE_HARMLESS, NULL},
    {"output_attentions", RULE_HARMLESS, NULL},
    {"output_hidden_states", RULE_HARMLESS, NULL},
    {"output_scores", RULE_HARMLESS, NULL},
    {"return_dict", RULE_HARMLESS, NULL},
    {"return_dict_in_generate", RULE_HARMLESS, NULL},
    {"torchscript", RULE_HARMLESS, NULL},
    {"tf_legacy_loss", RULE_HARMLESS, NULL},
    {"bos_token_id", RULE_HARMLESS, NULL},
    {"eos_token_id", RULE_HARMLESS, NULL},
    {"pad_token_id", RULE_HARMLESS, NULL},
    {"unk_token_id", RULE_HARMLESS, NULL},
    {"sep_token_id", RULE_HARMLESS, NULL},
    {"decoder_start_token_id", RULE_HARMLESS, NULL},
    {"forced_bos_token_id", RULE_HARMLESS, NULL},
    {"forced_eos_token_id", RULE_HARMLESS, NULL},
    {"suppress_tokens", RULE_HARMLESS, NULL},
    {"begin_suppress_tokens", RULE_HARMLESS, NULL},
    {"bad_words_ids", RULE_HARMLESS, NULL},
    {"do_sample", RULE_HARMLESS, NULL},
    {"temperature", RULE_HARMLESS, NULL},
    {"top_k", RULE_HARMLESS, NULL},
    {"top_p", RULE_HARMLESS, NULL},
    {"typical_p", RULE_HARMLESS, NULL},
    {"num_beams", RULE_HARMLESS, NULL},
    {"num_beam_groups", RULE_HARMLESS, NULL},
    {"num_return_sequences", RULE_HARMLESS, NULL},
    {"diversity_penalty", RULE_HARMLESS, NULL},
    {"repetition_penalty", RULE_HARMLESS, NULL},
    {"length_penalty", RULE_HARMLESS, NULL},
    {"no_repeat_ngram_size", RULE_HARMLESS, NULL},
    {"encoder_no_repeat_ngram_size", RULE_HARMLESS, NULL},
    {"exponential_decay_length_penalty", RULE_HARMLESS, NULL},
    {"remove_invalid_values", RULE_HARMLESS, NULL},
    {"early_stopping", RULE_HARMLESS, NULL},
    {"min_length", RULE_HARMLESS, NULL},
    {"max_length", RULE_HARMLESS, NULL},
    {"max_sequence_length", RULE_HARMLESS, NULL},
    {"finetuning_task", RULE_HARMLESS, NULL},
    {"task_specific_params", RULE_HARMLESS, NULL},
    {"problem_type", RULE_HARMLESS, NULL},
    {"id2label", RULE_HARMLESS, NULL},
    {"label2id", RULE_HARMLESS, NULL},
    {"prefix", RULE_HARMLESS, NULL},
    {"is_decoder", RULE_HARMLESS, NULL},
    {"tie_encoder_decoder", RULE_HARMLESS, NULL},
    {"cross_attention_hidden_size", RULE_HARMLESS, NULL},
    {"tokenizer_class", RULE_HARMLESS, NULL},
    {"transformers_version", RULE_HARMLESS, NULL},
    {"transformers.js_config", RULE_HARMLESS, NULL},
    {"_name_or_path", RULE_HARMLESS, NULL},
    {"name_or_path", RULE_HARMLESS, NULL},
    {"_commit_hash", RULE_HARMLESS, NULL},
    {"is_llama_config", RULE_HARMLESS, NULL},
    {"unsloth_version", RULE_HARMLESS, NULL},
    {"unsloth_fixed", RULE_HARMLESS, NULL},
};

/* Inside rope_scaling and rope_parameters. */
static const struct arch_key rope_keys[] = {
    {"type", RULE_READ, NULL},
    {"rope_type", RULE_READ, NULL},
    {"rope_theta", RULE_READ, NULL},
    {"factor", RULE_READ, NULL},
    {"low_freq_factor", RULE_READ, NULL},
    {"high_freq_factor", RULE_READ, NULL},
    {"original_max_position_embeddings", RULE_READ, NULL},
    {"partial_rotary_factor", RULE_ONE, "rotary embedding of a part of a head is not computed"},
    {"attention_factor", RULE_ONE, "scaled rotary embedding is not computed"},
};

static bool all_full(const json_t *list)
{
    bool full = json_is_array(list);

    for (size_t i = 0; full && i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));

        full = s && str_eq(s, "full_attention");
    }
    return full;
}

static bool json_obeys(const json_t *v, enum rule rule)
{
    if (rule == RULE_READ || rule == RULE_HARMLESS || json_is_null(v))
        return true;
    switch (rule) {
    case RULE_FALSE:
        return json_is_false(v);
    case RULE_TRUE:
        return json_is_true(v);
    case RULE_ONE:
        return json_is_number(v) && json_number_value(v) == 1;
    case RULE_ZERO:
        return json_is_number(v) && json_number_value(v) == 0;
    case RULE_EMPTY:
        return !json_object_size(v) && !json_array_size(v) &&
               (json_is_object(v) || json_is_array(v));
    case RULE_SILU:
        return json_is_string(v) && str_eq(json_string_value(v), "silu");
    default:
        return all_full(v);
    }
}

static int check_json_keys(const json_t *obj, const struct arch_key *keys, size_t n,
                           struct err *err)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)obj, name, v)
    {
        const struct arch_key *k = key_find(keys, n, name);

        if (!k)
            return err_set(err, ERR_FORMAT,
                           "key \"%.200s\" is not handled: it may change what the model computes",
                           name);
        if (!json_obeys(v, k->rule)) {
            char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

            err_set(err, ERR_FORMAT, "key \"%s\" is %.100s: %s", name, text ? text : "?", k->why);
            free(text);
            return err->code;
        }
    }
    return 0;
}

static int take_int(const json_t *j, const char *key, bool need, int64_t lo, int64_t hi, int *v,
                    struct err *err)
{
    int64_t wide = *v;

    if (json_take_int(j, key, need, lo, hi, &wide, ERR_FORMAT, err))
        return err->code;
    *v = (int)wide;
    return 0;
}

static const struct arch *arch_from_json(const json_t *json, struct err *err)
{
    const json_t *list = json_object_get(json, "architectures");
    const char *name = json_string_value(json_array_get(list, 0)), *type = NULL;

    if (json_take_string(json, "model_type", false, &type, ERR_FORMAT, err))
        return NULL;
    if (list && !json_is_null(list) && (json_array_size(list) != 1 || !name)) {
        err_set(err, ERR_FORMAT, "key \"architectures\" must be a list of one name");
        return NULL;
    }
    if (!name && !type) {
        err_set(err, ERR_FORMAT, "key \"architectures\" is missing");
        return NULL;
    }
    for (size_t i = 0; i < ARCHS; i++) {
        if (!str_eq(name ? name : type, name ? archs[i].name : archs[i].model_type))
            continue;
        if (!type || str_eq(type, archs[i].model_type))
            return &archs[i];
        err_set(err, ERR_FORMAT, "key \"model_type\" is \"%.100s\", expected \"%s\" for %s", type,
                archs[i].model_type, archs[i].name);
        return NULL;
    }
    arch_unknown(name ? name : type, err);
    return NULL;
}

static int sizes_from_json(struct arch_config *c, const json_t *j, struct err *err)
{
    const json_t *kv = json_object_get(j, "num_key_value_heads");
    struct shape *s = &c->shape;
    double eps = 1e-6;

    s->max_positions = c->arch->max_positions;
    s->sliding_window = json_object_get(j, "sliding_window") ? 0 : c->arch->sliding_window;
    if (take_int(j, "num_hidden_layers", true, 1, LAYERS_MAX, &s->n_layers, err) ||
        take_int(j, "num_attention_heads", true, 1, HEADS_MAX, &s->n_heads, err) ||
        take_int(j, "hidden_size", true, 1, WIDTH_MAX, &s->d_model, err) ||
        take_int(j, "intermediate_size", true, 1, FF_MAX, &s->d_ff, err) ||
        take_int(j, "vocab_size", true, 1, VOCAB_MAX, &s->vocab, err) ||
        take_int(j, "max_position_embeddings", false, 1, INT32_MAX, &s->max_positions, err) ||
        take_int(j, "sliding_window", false, 1, INT32_MAX, &s->sliding_window, err) ||
        json_take_bool(j, "tie_word_embeddings", false, &s->tied, ERR_FORMAT, err) ||
        json_take_real(j, "rms_norm_eps", false, &eps, ERR_FORMAT, err))
        return err->code;
    s->rms_eps = (float)eps;
    s->n_kv_heads = kv || !c->arch->kv_heads ? s->n_heads : c->arch->kv_heads;
    if (take_int(j, "num_key_value_heads", false, 1, HEADS_MAX, &s->n_kv_heads, err) ||
        take_int(j, "head_dim", false, 2, HEAD_DIM_MAX, &s->d_head, err))
        return err->code;
    return 0;
}

/* The kind that "rope_type", or "type" as it was called, names. */
static int rope_kind_from_json(struct rope_spec *r, const json_t *j, struct err *err)
{
    static const char *const kinds[] = {"default", "linear", "llama3"};
    const char *now = NULL, *before = NULL, *name;

    if (json_take_string(j, "rope_type", false, &now, ERR_FORMAT, err) ||
        json_take_string(j, "type", false, &before, ERR_FORMAT, err))
        return err->code;
    if (now && before && !str_eq(now, before))
        return err_set(err, ERR_FORMAT, "\"rope_type\" is \"%.100s\" but \"type\" is \"%.100s\"",
                       now, before);
    name = now ? now : before ? before : "default";
    for (int i = 0; i < (int)(sizeof kinds / sizeof *kinds); i++)
        if (str_eq(name, kinds[i])) {
            r->kind = (enum rope_kind)i;
            return 0;
        }
    return err_set(
        err, ERR_FORMAT,
        "rotary scaling of type \"%.100s\" is not handled: default, linear and llama3 are", name);
}

static int rope_dict_from_json(struct rope_spec *r, const json_t *j, struct err *err)
{
    bool llama3;

    if (!json_is_object(j))
        return err_set(err, ERR_FORMAT, "expected an object or null");
    if (rope_kind_from_json(r, j, err) || check_json_keys(j, rope_keys, KEYS(rope_keys), err))
        return err->code;
    llama3 = r->kind == ROPE_LLAMA3;
    if (json_take_real(j, "rope_theta", false, &r->theta, ERR_FORMAT, err) ||
        json_take_real(j, "factor", r->kind != ROPE_PLAIN, &r->factor, ERR_FORMAT, err) ||
        json_take_real(j, "low_freq_factor", llama3, &r->low, ERR_FORMAT, err) ||
        json_take_real(j, "high_freq_factor", llama3, &r->high, ERR_FORMAT, err) ||
        json_take_real(j, "original_max_position_embeddings", llama3, &r->old_positions, ERR_FORMAT,
                       err))
        return err->code;
    return 0;
}

static int rope_from_json(struct rope_spec *r, const json_t *j, struct err *err)
{
    const json_t *old = json_object_get(j, "rope_scaling");
    const json_t *now = json_object_get(j, "rope_parameters");
    double theta = -1;

    old = json_is_null(old) ? NULL : old;
    now = json_is_null(now) ? NULL : now;
    if (old && now && !json_equal(old, now))
        return err_set(err, ERR_FORMAT,
                       "keys \"rope_scaling\" and \"rope_parameters\" are both given and differ");
    r->theta = 10000;
    if (json_take_real(j, "rope_theta", false, &theta, ERR_FORMAT, err))
        return err->code;
    if (theta != -1)
        r->theta = theta;
    if ((now || old) && rope_dict_from_json(r, now ? now : old, err))
        return err_wrap(err, "key \"%s\"", now ? "rope_parameters" : "rope_scaling");
    if (theta != -1 && r->theta != theta)
        return err_set(err, ERR_FORMAT, "key \"rope_theta\" is given as %g and as %g", theta,
                       r->theta);
    return rope_check(r, err);
}

/* What the weights are said to be; the files say what they are. */
static void dtype_from_json(struct arch_config *c, const json_t *j)
{
    const char *name = json_string_value(json_object_get(j, "dtype"));

    if (!name)
        name = json_string_value(json_object_get(j, "torch_dtype"));
    c->dtype = DTYPE_F32;
    if (name && str_ends_with(name, "bfloat16"))
        c->dtype = DTYPE_BF16;
    else if (name && str_ends_with(name, "float16"))
        c->dtype = DTYPE_F16;
}

int config_from_json(struct arch_config *c, const json_t *json, struct err *err)
{
    memset(c, 0, sizeof *c);
    if (!json_is_object(json))
        return err_set(err, ERR_FORMAT, "expected an object");
    c->arch = arch_from_json(json, err);
    if (!c->arch || check_json_keys(json, json_keys, KEYS(json_keys), err) ||
        sizes_from_json(c, json, err) || shape_finish(&c->shape, err) ||
        rope_from_json(&c->rope, json, err))
        return err->code;
    dtype_from_json(c, json);
    return 0;
}
