#include "model/arch_json_parts.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Why a key must not be there. */
static const char other_name[] = "this architecture has another name for it";
static const char whole_head[] = "the whole head turns in this architecture";
static const char windows[] = "sliding windows of some layers are not part of this architecture";

/* config.json. Those that only some architectures read (arch.h: reads, keys) come first, each with
   what it must be elsewhere. The harmless ones are about training, sampling, tokens, files and
   programs. */
static const struct arch_key json_keys[] = {
    {"num_hidden_layers", RULE_NULL, other_name},
    {"num_attention_heads", RULE_NULL, other_name},
    {"num_key_value_heads", RULE_NULL, "grouped keys and values are not part of this architecture"},
    {"hidden_size", RULE_NULL, other_name},
    {"intermediate_size", RULE_NULL, other_name},
    {"max_position_embeddings", RULE_NULL, other_name},
    {"rms_norm_eps", RULE_NULL, other_name},
    {"layer_norm_eps", RULE_NULL, other_name},
    {"n_layer", RULE_NULL, other_name},
    {"n_head", RULE_NULL, other_name},
    {"n_embd", RULE_NULL, other_name},
    {"n_inner", RULE_NULL, other_name},
    {"n_positions", RULE_NULL, other_name},
    {"layer_norm_epsilon", RULE_NULL, other_name},
    {"hidden_act", RULE_HARMLESS, NULL}, /* where another key says it */
    {"hidden_activation", RULE_HARMLESS, NULL},
    {"activation_function", RULE_NULL, other_name},
    {"attention_bias", RULE_FALSE, "biases in the attention are not part of this architecture"},
    {"mlp_bias", RULE_FALSE, "biases in the MLP are not part of this architecture"},
    {"lm_head_bias", RULE_FALSE, "a bias of the unembedding is not part of this architecture"},
    {"use_parallel_residual", RULE_FALSE, "parallel blocks are not part of this architecture"},
    {"partial_rotary_factor", RULE_ONE, whole_head},
    {"rotary_pct", RULE_ONE, whole_head},
    {"rotary_dim", RULE_NULL, whole_head},
    {"rotary_emb_base", RULE_NULL, "rope_theta says it for this architecture"},
    {"rope_local_base_freq", RULE_NULL, "one rotary base serves all layers of this architecture"},
    {"use_sliding_window", RULE_FALSE, windows},
    {"max_window_layers", RULE_HARMLESS, NULL},
    {"sliding_window_pattern", RULE_NULL, windows},
    {"layer_types", RULE_FULL, windows},
    {"query_pre_attn_scalar", RULE_NULL, "scores are scaled by the head width"},
    {"attn_logit_softcapping", RULE_NULL, "scores are not capped in this architecture"},
    {"final_logit_softcapping", RULE_NULL, "logits are not capped in this architecture"},
    {"scale_attn_weights", RULE_TRUE, "scores are always scaled in this architecture"},
    {"scale_attn_by_inverse_layer_idx", RULE_FALSE, "scores are scaled alike in all layers"},

    {"architectures", RULE_READ, NULL},
    {"model_type", RULE_READ, NULL},
    {"head_dim", RULE_READ, NULL},
    {"vocab_size", RULE_READ, NULL},
    {"rope_theta", RULE_READ, NULL},
    {"rope_scaling", RULE_READ, NULL},
    {"rope_parameters", RULE_READ, NULL},
    {"original_max_position_embeddings", RULE_READ, NULL},
    {"tie_word_embeddings", RULE_READ, NULL},
    {"sliding_window", RULE_READ, NULL},
    {"torch_dtype", RULE_READ, NULL},
    {"dtype", RULE_READ, NULL},

    {"use_bidirectional_attention", RULE_FALSE, "only causal attention is computed"},
    {"rope_interleaved", RULE_FALSE, "interleaved rotary embedding is not computed"},
    {"rotary", RULE_TRUE, "models without rotary embedding are not computed here"},
    {"use_mrope", RULE_FALSE, "rotary embedding of several axes is not computed"},
    {"full_attn_mod", RULE_ONE, "layers with other attention are not computed"},
    {"interpolate_factor", RULE_ONE, "interpolated positions are not computed"},
    {"quantization_config", RULE_EMPTY, "quantised weights are read from GGUF files only"},
    {"pruned_heads", RULE_EMPTY, "pruned heads are not handled"},
    {"is_encoder_decoder", RULE_FALSE, "only decoders are computed"},
    {"add_cross_attention", RULE_FALSE, "cross-attention is not computed"},

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
    {"auto_map", RULE_HARMLESS, NULL}, /* code of its own, for programs that do not know the name */
    {"reorder_and_upcast_attn", RULE_HARMLESS, NULL}, /* the same sums in another order */
    {"gradient_checkpointing_kwargs", RULE_HARMLESS, NULL},
    {"classifier_dropout", RULE_HARMLESS, NULL},
    {"summary_type", RULE_HARMLESS, NULL},
    {"summary_use_proj", RULE_HARMLESS, NULL},
    {"summary_activation", RULE_HARMLESS, NULL},
    {"summary_proj_to_labels", RULE_HARMLESS, NULL},
    {"summary_first_dropout", RULE_HARMLESS, NULL},
    {"_num_labels", RULE_HARMLESS, NULL},
    {"n_ctx", RULE_HARMLESS, NULL}, /* as many as n_positions */
    {"_sliding_window_pattern", RULE_HARMLESS, NULL},
};

/* Beside the text model's config, where that is an object of its own: nothing of images is
   computed. */
static const struct arch_key outer_keys[] = {
    {"architectures", RULE_READ, NULL},
    {"model_type", RULE_READ, NULL},
    {"text_config", RULE_READ, NULL},
    {"tie_word_embeddings", RULE_READ, NULL},
    {"torch_dtype", RULE_READ, NULL},
    {"dtype", RULE_READ, NULL},
    {"quantization_config", RULE_EMPTY, "quantised weights are read from GGUF files only"},
    {"vision_config", RULE_HARMLESS, NULL},
    {"mm_tokens_per_image", RULE_HARMLESS, NULL},
    {"boi_token_index", RULE_HARMLESS, NULL},
    {"eoi_token_index", RULE_HARMLESS, NULL},
    {"image_token_index", RULE_HARMLESS, NULL},
    {"boi_token_id", RULE_HARMLESS, NULL},
    {"eoi_token_id", RULE_HARMLESS, NULL},
    {"image_token_id", RULE_HARMLESS, NULL},
    {"bos_token_id", RULE_HARMLESS, NULL},
    {"eos_token_id", RULE_HARMLESS, NULL},
    {"pad_token_id", RULE_HARMLESS, NULL},
    {"initializer_range", RULE_HARMLESS, NULL},
    {"use_cache", RULE_HARMLESS, NULL},
    {"auto_map", RULE_HARMLESS, NULL},
    {"transformers_version", RULE_HARMLESS, NULL},
    {"_name_or_path", RULE_HARMLESS, NULL},
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
    {"partial_rotary_factor", RULE_ONE, whole_head},
    {"attention_factor", RULE_READ, NULL},
    {"mscale", RULE_READ, NULL},
    {"mscale_all_dim", RULE_READ, NULL},
    {"beta_fast", RULE_READ, NULL},
    {"beta_slow", RULE_READ, NULL},
    {"truncate", RULE_READ, NULL},
    {"short_factor", RULE_READ, NULL},
    {"long_factor", RULE_READ, NULL},
    {"short_mscale", RULE_NULL, "scaled rotary embedding of that kind is not computed"},
    {"long_mscale", RULE_NULL, "scaled rotary embedding of that kind is not computed"},
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
    case RULE_NULL:
        return false;
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
    default:
        return all_full(v);
    }
}

bool arch_reads(const struct arch *arch, const char *key)
{
    const struct json_names *k = arch->keys;
    const char *const names[] = {k->layers, k->heads,     k->kv_heads, k->width,
                                 k->ff,     k->positions, k->eps,      k->activation};
    size_t n = strlen(key);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i] && str_eq(names[i], key))
            return true;
    for (const char *s = arch->reads; *s; s += strcspn(s, " "), s += *s == ' ')
        if (strcspn(s, " ") == n && !memcmp(s, key, n))
            return true;
    return false;
}

static int check_keys(const json_t *obj, const struct arch_key *keys, size_t n,
                      const struct arch *arch, struct err *err)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)obj, name, v)
    {
        const struct arch_key *k = key_find(keys, n, name);

        if (!k)
            return err_set(err, ERR_FORMAT,
                           "key \"%.200s\" is not handled: it may change what the model computes "
                           "(model.ignore insists that it does not)",
                           name);
        if (!arch_reads(arch, name) && !json_obeys(v, k->rule)) {
            char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

            err_set(err, ERR_FORMAT, "key \"%s\" is %.100s: %s", name, text ? text : "?", k->why);
            free(text);
            return err->code;
        }
    }
    return 0;
}

int check_text_keys(const json_t *json, const struct arch *arch, struct err *err)
{
    return check_keys(json, json_keys, KEYS(json_keys), arch, err);
}

int check_outer_keys(const json_t *json, const struct arch *arch, struct err *err)
{
    return check_keys(json, outer_keys, KEYS(outer_keys), arch, err);
}

int check_rope_keys(const json_t *json, const struct arch *arch, struct err *err)
{
    return check_keys(json, rope_keys, KEYS(rope_keys), arch, err);
}

bool json_key_known(const char *key)
{
    return key_find(json_keys, KEYS(json_keys), key) ||
           key_find(outer_keys, KEYS(outer_keys), key) || key_find(rope_keys, KEYS(rope_keys), key);
}
