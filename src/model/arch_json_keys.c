#include "model/arch_json_keys.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Why a key must not be there. */
static const char other_name[] = "this architecture has another name for it";
static const char whole_head[] = "the whole head turns in this architecture";
static const char windows[] = "sliding windows of some layers are not part of this architecture";

/* The keys of config.json. First those that only some architectures read (arch.h: reads, keys),
   with what they must be elsewhere. */
static const struct arch_key json_judged[] = {
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
    {"sliding_window_pattern", RULE_NULL, windows},
    {"layer_types", RULE_FULL, windows},
    {"query_pre_attn_scalar", RULE_NULL, "scores are scaled by the head width"},
    {"attn_logit_softcapping", RULE_NULL, "scores are not capped in this architecture"},
    {"final_logit_softcapping", RULE_NULL, "logits are not capped in this architecture"},
    {"scale_attn_weights", RULE_TRUE, "scores are always scaled in this architecture"},
    {"scale_attn_by_inverse_layer_idx", RULE_FALSE, "scores are scaled alike in all layers"},
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
};
static const char *const json_unjudged[] = {
    /* read */
    "architectures", "model_type", "head_dim", "vocab_size", "rope_theta", "rope_scaling",
    "rope_parameters", "original_max_position_embeddings", "tie_word_embeddings", "sliding_window",
    "torch_dtype", "dtype",
    /* training */
    "attention_dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop",
    "classifier_dropout", "initializer_range", "gradient_checkpointing",
    "gradient_checkpointing_kwargs",
    /* programs */
    "use_cache", "use_bfloat16", "cache_implementation", "attn_implementation",
    "_attn_implementation", "_attn_implementation_autoset", "_flash_attn_2_enabled",
    "chunk_size_feed_forward", "output_attentions", "output_hidden_states", "output_scores",
    "return_dict", "return_dict_in_generate", "torchscript", "tf_legacy_loss",
    /* tokens */
    "bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id", "sep_token_id",
    "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id", "suppress_tokens",
    "begin_suppress_tokens", "bad_words_ids", "tokenizer_class",
    /* sampling */
    "do_sample", "temperature", "top_k", "top_p", "typical_p", "num_beams", "num_beam_groups",
    "num_return_sequences", "diversity_penalty", "repetition_penalty", "length_penalty",
    "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty",
    "remove_invalid_values", "early_stopping", "min_length", "max_length", "max_sequence_length",
    /* other tasks */
    "finetuning_task", "task_specific_params", "problem_type", "id2label", "label2id", "prefix",
    "is_decoder", "tie_encoder_decoder", "cross_attention_hidden_size", "summary_type",
    "summary_use_proj", "summary_activation", "summary_proj_to_labels", "summary_first_dropout",
    "_num_labels",
    /* where the file is from; auto_map: code of its own, for programs that do not know the name */
    "transformers_version", "transformers.js_config", "_name_or_path", "name_or_path",
    "_commit_hash", "is_llama_config", "unsloth_version", "unsloth_fixed", "auto_map",
    /* the same sums in another order */
    "pretraining_tp", "reorder_and_upcast_attn",
    /* where other keys say it */
    "hidden_act", "hidden_activation", "max_window_layers", "n_ctx", "_sliding_window_pattern",
    NULL};
const struct key_table json_keys = KEYS(json_judged, json_unjudged);

/* Beside the text model's config, where that is an object of its own: nothing of images is
   computed. */
static const struct arch_key outer_judged[] = {
    {"quantization_config", RULE_EMPTY, "quantised weights are read from GGUF files only"},
};
static const char *const outer_unjudged[] = {
    /* read */
    "architectures", "model_type", "text_config", "tie_word_embeddings", "torch_dtype", "dtype",
    /* images */
    "vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index",
    "image_token_index", "boi_token_id", "eoi_token_id", "image_token_id",
    /* as in the text model's */
    "bos_token_id", "eos_token_id", "pad_token_id", "initializer_range", "use_cache", "auto_map",
    "transformers_version", "_name_or_path", "unsloth_version", "unsloth_fixed", NULL};
const struct key_table outer_keys = KEYS(outer_judged, outer_unjudged);

/* Inside rope_scaling and rope_parameters. */
static const struct arch_key rope_judged[] = {
    {"partial_rotary_factor", RULE_ONE, whole_head},
    {"short_mscale", RULE_NULL, "scaled rotary embedding of that kind is not computed"},
    {"long_mscale", RULE_NULL, "scaled rotary embedding of that kind is not computed"},
};
static const char *const rope_unjudged[] = {
    /* read */
    "type",
    "rope_type",
    "rope_theta",
    "factor",
    "low_freq_factor",
    "high_freq_factor",
    "original_max_position_embeddings",
    "attention_factor",
    "mscale",
    "mscale_all_dim",
    "beta_fast",
    "beta_slow",
    "truncate",
    "short_factor",
    "long_factor",
    NULL};
const struct key_table rope_keys = KEYS(rope_judged, rope_unjudged);

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
    if (rule == RULE_ANY || json_is_null(v))
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

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i] && str_eq(names[i], key))
            return true;
    return str_lists(arch->reads, strlen(arch->reads), " ", key);
}

int check_json_keys(const json_t *obj, const struct key_table *keys, const struct arch *arch,
                    struct err *err)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)obj, name, v)
    {
        const struct arch_key *k = key_find(keys, name);

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

bool json_key_known(const char *key)
{
    return key_find(&json_keys, key) || key_find(&outer_keys, key) || key_find(&rope_keys, key);
}
