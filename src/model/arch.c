/*
 * The table of architectures. A new one is a row here: docs/models.md shows how.
 */
#include "model/arch.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MODERN                                                                             \
    .layers = "num_hidden_layers", .heads = "num_attention_heads", .width = "hidden_size", \
    .ff = "intermediate_size", .positions = "max_position_embeddings"
static const struct json_names llama_keys = {MODERN, .kv_heads = "num_key_value_heads",
                                             .eps = "rms_norm_eps", .activation = "hidden_act"};
static const struct json_names gemma_keys = {MODERN, .kv_heads = "num_key_value_heads",
                                             .eps = "rms_norm_eps",
                                             .activation = "hidden_activation"};
static const struct json_names neox_keys = {MODERN, .eps = "layer_norm_eps",
                                            .activation = "hidden_act"};
static const struct json_names gpt2_keys = {.layers = "n_layer",
                                            .heads = "n_head",
                                            .width = "n_embd",
                                            .ff = "n_inner",
                                            .positions = "n_positions",
                                            .eps = "layer_norm_epsilon",
                                            .activation = "activation_function"};

/* Rotary frequencies and causal masks that some programs stored, and the parts of models of images
   that make no text. */
static const char *const hf_harmless[] = {"rotary_emb.inv_freq",
                                          ".attn.bias",
                                          ".attn.masked_bias",
                                          ".attention.bias",
                                          ".attention.masked_bias",
                                          "vision_tower.",
                                          "multi_modal_projector.",
                                          "model.vision_tower.",
                                          "model.multi_modal_projector.",
                                          NULL};
static const char *const gguf_harmless[] = {"attn_rot_embd.weight", NULL};

#define HF_PREFIXES                                                    \
    {                                                                  \
        "model.", "", "language_model.model.", "model.language_model." \
    }
#define HF_TOP                                                                                     \
    .layer = "layers.%d.", .embed = "embed_tokens", .final_norm = "norm", .harmless = hf_harmless, \
    .unembed = {"lm_head", "language_model.lm_head"}, .prefix = HF_PREFIXES
#define HF_QKV                                                                                   \
    [PART_Q] = "self_attn.q_proj", [PART_K] = "self_attn.k_proj", [PART_V] = "self_attn.v_proj", \
    [PART_O] = "self_attn.o_proj"
#define HF_MLP \
    [PART_GATE] = "mlp.gate_proj", [PART_UP] = "mlp.up_proj", [PART_DOWN] = "mlp.down_proj"
#define HF_PRE [PART_ATTN_NORM] = "input_layernorm", [PART_MLP_NORM] = "post_attention_layernorm"

#define HF_AROUND                                                                        \
    [PART_ATTN_NORM] = "input_layernorm", [PART_ATTN_POST] = "post_attention_layernorm", \
    [PART_MLP_NORM] = "pre_feedforward_layernorm", [PART_MLP_POST] = "post_feedforward_layernorm"

#define HF_QK_NORM [PART_Q_NORM] = "self_attn.q_norm", [PART_K_NORM] = "self_attn.k_norm"

static const struct naming llama_names = {HF_TOP, .part = {HF_PRE, HF_QKV, HF_MLP}};
static const struct naming qwen3_names = {HF_TOP, .part = {HF_PRE, HF_QKV, HF_MLP, HF_QK_NORM}};
static const struct naming gemma2_names = {HF_TOP, .part = {HF_AROUND, HF_QKV, HF_MLP}};
static const struct naming gemma3_names = {HF_TOP, .part = {HF_AROUND, HF_QKV, HF_MLP, HF_QK_NORM}};
static const struct naming olmo_names = {HF_TOP,
                                         .part = {[PART_ATTN_POST] = "post_attention_layernorm",
                                                  [PART_MLP_POST] = "post_feedforward_layernorm",
                                                  HF_QKV,
                                                  HF_MLP,
                                                  HF_QK_NORM}};
static const struct naming phi3_names = {HF_TOP, .fused_qkv = "self_attn.qkv_proj",
                                         .fused_up = "mlp.gate_up_proj",
                                         .part = {HF_PRE, HF_QKV, HF_MLP}};
#define GPT_TOP                                                                     \
    .layer = "h.%d.", .embed = "wte", .final_norm = "ln_f", .unembed = {"lm_head"}, \
    .harmless = hf_harmless, .prefix = {"transformer.", ""}
static const struct naming gpt2_names = {
    GPT_TOP,
    .positions = "wpe",
    .fused_qkv = "attn.c_attn",
    .transposed = true,
    .part = {[PART_ATTN_NORM] = "ln_1",
             [PART_MLP_NORM] = "ln_2",
             [PART_Q] = "attn.q",
             [PART_K] = "attn.k",
             [PART_V] = "attn.v",
             [PART_O] = "attn.c_proj",
             [PART_UP] = "mlp.c_fc",
             [PART_DOWN] = "mlp.c_proj"},
};
static const struct naming neox_names = {
    .layer = "layers.%d.",
    .embed = "embed_in",
    .final_norm = "final_layer_norm",
    .unembed = {"embed_out", "lm_head"},
    .harmless = hf_harmless,
    .prefix = {"gpt_neox.", ""},
    .fused_qkv = "attention.query_key_value",
    .by_head = true,
    .part = {HF_PRE, [PART_Q] = "attention.query", [PART_K] = "attention.key",
             [PART_V] = "attention.value", [PART_O] = "attention.dense",
             [PART_UP] = "mlp.dense_h_to_4h", [PART_DOWN] = "mlp.dense_4h_to_h"},
};
static const struct naming gptj_names = {
    GPT_TOP,
    .part = {[PART_ATTN_NORM] = "ln_1",
             [PART_MLP_NORM] = "ln_1", /* one norm for both */
             [PART_Q] = "attn.q_proj",
             [PART_K] = "attn.k_proj",
             [PART_V] = "attn.v_proj",
             [PART_O] = "attn.out_proj",
             [PART_UP] = "mlp.fc_in",
             [PART_DOWN] = "mlp.fc_out"},
};

const struct naming naming_gguf = {
    .layer = "blk.%d.",
    .embed = "token_embd",
    .positions = "position_embd",
    .final_norm = "output_norm",
    .unembed = {"output"},
    .harmless = gguf_harmless,
    .prefix = {""},
    .fused_qkv = "attn_qkv",
    .fused_up = "ffn_up",
    .part = {[PART_ATTN_NORM] = "attn_norm",
             [PART_ATTN_POST] = "post_attention_norm",
             [PART_MLP_NORM] = "ffn_norm",
             [PART_MLP_POST] = "post_ffw_norm",
             [PART_Q_NORM] = "attn_q_norm",
             [PART_K_NORM] = "attn_k_norm",
             [PART_Q] = "attn_q",
             [PART_K] = "attn_k",
             [PART_V] = "attn_v",
             [PART_O] = "attn_output",
             [PART_GATE] = "ffn_gate",
             [PART_UP] = "ffn_up",
             [PART_DOWN] = "ffn_down"},
};

#define GEMMA                                                                                  \
    .keys = &gemma_keys, .one_plus = true, .scale_embedding = true,                            \
    .activation = ACTIVATION_GELU_TANH, .windows = WINDOWS_MOST, .kv_heads = 4, .d_head = 256, \
    .window = 4096, .tied = true, .eps = 1e-6, .score_width = 256
#define GEMMA3                                                                               \
    GEMMA, .hf = &gemma3_names, .full_every = 6, .two_ropes = true, .theta = 1e6,            \
           .window_theta = 10000, .max_positions = 131072, .deep = 62, .heads = 8,           \
           .vocab = 262208, /* attn_logit_softcapping: transformers does not use it here */  \
        .reads = "attention_bias query_pre_attn_scalar final_logit_softcapping layer_types " \
                 "attn_logit_softcapping sliding_window_pattern rope_local_base_freq"
#define GPT                                                                          \
    .keys = &gpt2_keys, .ff_times = 4, .centred = true, .eps = 1e-5, .theta = 10000, \
    .activation = ACTIVATION_GELU_TANH

#define LLAMA .keys = &llama_keys, .hf = &llama_names, .eps = 1e-6, .theta = 10000
#define QWEN                                                                                \
    .keys = &llama_keys, .windows = WINDOWS_SWITCH, .kv_heads = 32, .max_positions = 32768, \
    .window = 4096, .eps = 1e-6, .theta = 10000
/* two_ropes: also of olmo2 in a GGUF file, where it stands for olmo3 as well. */
#define OLMO                                                                                      \
    .keys = &llama_keys, .hf = &olmo_names, .qk_whole = true, .two_ropes = true, .full_every = 4, \
    .max_positions = 2048, .eps = 1e-5

const struct arch archs[ARCHS] = {
    {.name = "LlamaForCausalLM",
     .model_type = "llama",
     .gguf = "llama",
     .reads = "attention_bias mlp_bias",
     .gguf_adjacent = true,
     .max_positions = 2048,
     LLAMA},
    {.name = "MistralForCausalLM",
     .model_type = "mistral",
     .reads = "",
     .windows = WINDOWS_ALL,
     .kv_heads = 8,
     .max_positions = 4096 * 32,
     .window = 4096,
     LLAMA},
    {.name = "Qwen2ForCausalLM",
     .model_type = "qwen2",
     .gguf = "qwen2",
     .hf = &llama_names,
     .reads = "use_sliding_window max_window_layers layer_types",
     .bias = BIAS_QKV,
     QWEN},
    {.name = "Qwen3ForCausalLM",
     .model_type = "qwen3",
     .gguf = "qwen3",
     .hf = &qwen3_names,
     .reads = "attention_bias use_sliding_window max_window_layers layer_types",
     .d_head = 128,
     QWEN},
    {.name = "GPT2LMHeadModel",
     .model_type = "gpt2",
     .gguf = "gpt2",
     .hf = &gpt2_names,
     .reads = "scale_attn_weights scale_attn_by_inverse_layer_idx",
     .bias = BIAS_QKV | BIAS_O | BIAS_MLP | BIAS_NORMS,
     .max_positions = 1024,
     .tied = true,
     GPT},
    {.name = "GPTNeoXForCausalLM",
     .model_type = "gpt_neox",
     .gguf = "gptneox",
     .keys = &neox_keys,
     .hf = &neox_names,
     .reads = "attention_bias use_parallel_residual rotary_pct rotary_emb_base "
              "partial_rotary_factor",
     .parallel = true,
     .bias = BIAS_QKV | BIAS_O | BIAS_MLP | BIAS_NORMS,
     .max_positions = 2048,
     .rotary_share = 0.25,
     .centred = true,
     .eps = 1e-5,
     .theta = 10000,
     .activation = ACTIVATION_GELU},
    {.name = "GPTJForCausalLM",
     .model_type = "gptj",
     .hf = &gptj_names,
     .reads = "rotary_dim",
     .parallel = true,
     .adjacent = true,
     .bias = BIAS_MLP | BIAS_UNEMBED | BIAS_NORMS,
     .max_positions = 2048,
     .rotary_dims = 64,
     GPT},
    {.name = "Gemma2ForCausalLM",
     .model_type = "gemma2",
     .gguf = "gemma2",
     .hf = &gemma2_names,
     .reads = "attention_bias query_pre_attn_scalar attn_logit_softcapping "
              "final_logit_softcapping layer_types",
     .full_every = 2,
     .max_positions = 8192,
     .theta = 10000,
     .deep = 46,
     .score_cap = 50,
     .logit_cap = 30,
     GEMMA},
    {.name = "Gemma3ForCausalLM", .model_type = "gemma3_text", .gguf = "gemma3", GEMMA3},
    {.name = "Gemma3ForConditionalGeneration",
     .model_type = "gemma3",
     .text = "text_config",
     GEMMA3},
    {.name = "Olmo2ForCausalLM",
     .model_type = "olmo2",
     .gguf = "olmo2",
     .reads = "attention_bias",
     .theta = 10000,
     OLMO},
    {.name = "Olmo3ForCausalLM",
     .model_type = "olmo3",
     .reads = "attention_bias layer_types",
     .windows = WINDOWS_MOST,
     .window = 4096,
     .theta = 500000,
     .window_theta = 500000,
     OLMO},
    {.name = "Phi3ForCausalLM",
     .model_type = "phi3",
     .gguf = "phi3",
     .keys = &llama_keys,
     .hf = &phi3_names,
     .reads = "partial_rotary_factor",
     .windows = WINDOWS_ALL,
     .max_positions = 4096,
     .old_positions = 4096,
     .eps = 1e-5,
     .theta = 10000},
};

const struct arch_key *key_find(const struct key_table *t, const char *name)
{
    static const struct arch_key any = {.rule = RULE_ANY};

    for (size_t i = 0; i < t->n; i++)
        if (str_eq(t->judged[i].name, name))
            return &t->judged[i];
    for (const char *const *s = t->unjudged; *s; s++)
        if (str_eq(*s, name))
            return &any;
    return NULL;
}

int arch_unknown(const char *name, struct err *err)
{
    char known[512] = "";
    size_t n = 0;

    for (size_t i = 0; i < ARCHS && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
                              archs[i].model_type);
    return err_set(err, ERR_FORMAT, "the architecture %.100s is not handled; known: %s", name,
                   known);
}

void config_begin(struct arch_config *c, const struct arch *arch)
{
    struct shape *s = &c->shape;

    memset(c, 0, sizeof *c);
    c->arch = arch;
    c->bias = arch->bias;
    c->score_width = arch->score_width;
    for (int i = 0; i < ROTARIES; i++)
        c->rope[i].theta = i && arch->window_theta != 0 ? arch->window_theta : arch->theta;
    s->max_positions = arch->max_positions;
    s->norm_eps = (float)arch->eps;
    s->tied = arch->tied;
    s->parallel = arch->parallel;
    s->gated = arch->hf->part[PART_GATE] != NULL;
    s->learned_positions = arch->hf->positions != NULL;
    s->activation = arch->activation;
    s->score_cap = (float)arch->score_cap;
    s->logit_cap = (float)arch->logit_cap;
}

static int check_shape(struct shape *s, bool turned, struct err *err)
{
    if (!s->d_head && s->d_model % s->n_heads)
        return err_set(
            err, ERR_FORMAT,
            "the width %d is not a multiple of the number of heads %d, and no head width is "
            "given",
            s->d_model, s->n_heads);
    if (!s->d_head)
        s->d_head = s->d_model / s->n_heads;
    if (s->d_head > HEAD_DIM_MAX)
        return err_set(err, ERR_FORMAT, "the head width %d is more than %d", s->d_head,
                       HEAD_DIM_MAX);
    if (turned && s->d_head % 2)
        return err_set(err, ERR_FORMAT, "the head width %d is not even", s->d_head);
    if (s->n_heads % s->n_kv_heads)
        return err_set(
            err, ERR_FORMAT,
            "the number of heads %d is not a multiple of the number of key/value heads %d",
            s->n_heads, s->n_kv_heads);
    if (!(s->norm_eps >= 0 && s->norm_eps < 1))
        return err_set(err, ERR_FORMAT, "the epsilon of the norms is %g, expected 0 to 1",
                       (double)s->norm_eps);
    return 0;
}

int config_finish(struct arch_config *c, struct err *err)
{
    struct shape *s = &c->shape;
    bool whole = c->arch->rotary_share == 0 && c->arch->rotary_dims == 0;

    if (check_shape(s, !c->arch->hf->positions && whole, err))
        return err->code;
    s->embed_scale = c->arch->scale_embedding ? sqrtf((float)s->d_model) : 1;
    if (c->score_width == 0)
        c->score_width = s->d_head;
    if (!(c->score_width > 0 && c->score_width < 1e30))
        return err_set(err, ERR_FORMAT,
                       "scores are scaled by the root of %g, expected a positive "
                       "number",
                       c->score_width);
    if (!(s->score_cap >= 0 && s->score_cap < INFINITY && s->logit_cap >= 0 &&
          s->logit_cap < INFINITY))
        return err_set(err, ERR_FORMAT,
                       "the caps of scores and logits are %g and %g, expected "
                       "positive numbers",
                       (double)s->score_cap, (double)s->logit_cap);
    return 0;
}

int windows_fill(struct arch_config *c, int window, int first, int full_every, struct arena *a,
                 struct err *err)
{
    int layers = c->shape.n_layers;
    int *v = arena_alloc(a, (size_t)layers, sizeof *v, err);

    if (!v)
        return err->code;
    for (int l = first; l < layers; l++)
        v[l] = full_every && (l + 1) % full_every == 0 ? 0 : window;
    c->shape.window = v;
    return 0;
}
