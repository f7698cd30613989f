#include "model/arch_gguf.h"

#include "base/str.h"
#include "model/rope.h"

#include <stdio.h>
#include <string.h>

/* A GGUF's keys after "llama.". */
static const struct arch_key gguf_keys[] = {
    {"block_count", RULE_READ, NULL},
    {"context_length", RULE_READ, NULL},
    {"embedding_length", RULE_READ, NULL},
    {"feed_forward_length", RULE_READ, NULL},
    {"vocab_size", RULE_READ, NULL},
    {"attention.head_count", RULE_READ, NULL},
    {"attention.head_count_kv", RULE_READ, NULL},
    {"attention.key_length", RULE_READ, NULL},
    {"attention.value_length", RULE_READ, NULL},
    {"attention.layer_norm_rms_epsilon", RULE_READ, NULL},
    {"attention.sliding_window", RULE_READ, NULL},
    {"rope.dimension_count", RULE_READ, NULL},
    {"rope.freq_base", RULE_READ, NULL},
    {"rope.scaling.type", RULE_READ, NULL},
    {"rope.scaling.factor", RULE_READ, NULL},
    {"rope.scale_linear", RULE_READ, NULL},

    {"expert_count", RULE_ZERO, "mixtures of experts are not computed"},
    {"expert_used_count", RULE_ZERO, "mixtures of experts are not computed"},
    {"attention.causal", RULE_TRUE, "only causal attention is computed"},
    {"attention.clamp_kqv", RULE_ZERO, "clamped keys and queries are not computed"},
    {"attention.max_alibi_bias", RULE_ZERO, "ALiBi is not computed"},
    {"use_parallel_residual", RULE_FALSE, "parallel blocks are not computed"},
    {"rope.scaling.attn_factor", RULE_ONE, "scaled rotary embedding is not computed"},

    {"rope.scaling.original_context_length", RULE_HARMLESS, NULL}, /* of yarn, which is refused */
    {"rope.scaling.finetuned", RULE_HARMLESS, NULL},
    {"tensor_data_layout", RULE_HARMLESS, NULL},
};

enum { PREFIX = 6 }; /* the length of "llama." */

static int obeys(const struct gguf *g, const char *name, enum rule rule, bool *ok, struct err *err)
{
    const struct gguf_value *v = gguf_find(g, name);
    bool flag = rule == RULE_TRUE;
    int64_t i = 0;
    double x = rule == RULE_ONE;

    switch (rule) {
    case RULE_FALSE:
    case RULE_TRUE:
        if (gguf_take_bool(g, name, false, &flag, err))
            return err->code;
        *ok = flag == (rule == RULE_TRUE);
        return 0;
    case RULE_ONE:
    case RULE_ZERO:
        if (v->type == GGUF_F32 || v->type == GGUF_F64)
            gguf_take_real(g, name, false, &x, err);
        else if (gguf_take_int(g, name, false, INT64_MIN, INT64_MAX, &i, err))
            return err->code;
        else
            x = (double)i;
        *ok = x == (rule == RULE_ONE);
        return 0;
    default:
        *ok = true;
        return 0;
    }
}

/* Keys of other prefixes are about the file, the tokenizer or the program that wrote it. */
static int check_keys(const struct gguf *g, struct err *err)
{
    for (size_t i = 0; i < g->n_values; i++) {
        const char *name = g->value[i].key;
        const struct arch_key *k;
        bool ok = false;

        if (strncmp(name, "llama.", PREFIX) != 0)
            continue;
        k = key_find(gguf_keys, KEYS(gguf_keys), name + PREFIX);
        if (!k)
            return err_set(err, ERR_FORMAT,
                           "key \"%.200s\" is not handled: it may change what the model computes",
                           name);
        if (obeys(g, name, k->rule, &ok, err))
            return err->code;
        if (!ok)
            return err_set(err, ERR_FORMAT, "key \"%s\" has a value that is not handled: %s", name,
                           k->why);
    }
    return 0;
}

static int check_kind(const struct gguf *g, struct arch_config *c, struct err *err)
{
    struct gguf_string arch = {"", 0}, type = {"model", 5};
    char name[64];

    if (gguf_take_string(g, "general.architecture", true, &arch, err) ||
        gguf_take_string(g, "general.type", false, &type, err))
        return err->code;
    if (!gguf_string_eq(type, "model"))
        return err_set(err, ERR_FORMAT, "key \"general.type\" is \"%.*s\", expected \"model\"",
                       (int)(type.n < 100 ? type.n : 100), type.s);
    for (size_t i = 0; i < ARCHS; i++)
        if (archs[i].gguf && gguf_string_eq(arch, archs[i].gguf)) {
            c->arch = &archs[i];
            return 0;
        }
    snprintf(name, sizeof name, "\"%.*s\"", (int)(arch.n < 60 ? arch.n : 60), arch.s);
    return arch_unknown(name, err);
}

static int take_int(const struct gguf *g, const char *key, bool need, int64_t lo, int64_t hi,
                    int *v, struct err *err)
{
    int64_t wide = *v;

    if (gguf_take_int(g, key, need, lo, hi, &wide, err))
        return err->code;
    *v = (int)wide;
    return 0;
}

/* V is what the metadata says, or else the rows of the unembedding. */
static int take_vocab(struct shape *s, const struct gguf *g, struct err *err)
{
    const struct tensor *out = tensors_find(&g->tensors, "output.weight");
    const struct tensor *embed = tensors_find(&g->tensors, "token_embd.weight");
    const struct tensor *t = out ? out : embed;

    s->tied = !out;
    if (take_int(g, "llama.vocab_size", false, 1, VOCAB_MAX, &s->vocab, err))
        return err->code;
    if (s->vocab)
        return 0;
    if (!t || t->rank != 2 || t->dim[0] < 1 || t->dim[0] > VOCAB_MAX)
        return err_set(
            err, ERR_FORMAT,
            "neither key \"llama.vocab_size\" nor tensor token_embd.weight says how large "
            "the vocabulary is");
    s->vocab = (int)t->dim[0];
    return 0;
}

static int take_sizes(struct shape *s, const struct gguf *g, struct err *err)
{
    double eps = 0;
    int value_length = 0, rotary = 0;

    if (take_int(g, "llama.block_count", true, 1, LAYERS_MAX, &s->n_layers, err) ||
        take_int(g, "llama.attention.head_count", true, 1, HEADS_MAX, &s->n_heads, err) ||
        take_int(g, "llama.embedding_length", true, 1, WIDTH_MAX, &s->d_model, err) ||
        take_int(g, "llama.feed_forward_length", true, 1, FF_MAX, &s->d_ff, err) ||
        take_int(g, "llama.context_length", true, 1, INT32_MAX, &s->max_positions, err) ||
        take_int(g, "llama.attention.sliding_window", false, 0, INT32_MAX, &s->sliding_window,
                 err) ||
        take_int(g, "llama.attention.key_length", false, 2, HEAD_DIM_MAX, &s->d_head, err) ||
        gguf_take_real(g, "llama.attention.layer_norm_rms_epsilon", true, &eps, err))
        return err->code;
    s->rms_eps = (float)eps;
    s->n_kv_heads = s->n_heads;
    if (take_int(g, "llama.attention.head_count_kv", false, 1, HEADS_MAX, &s->n_kv_heads, err) ||
        shape_finish(s, err))
        return err->code;
    value_length = rotary = s->d_head;
    if (take_int(g, "llama.attention.value_length", false, s->d_head, s->d_head, &value_length,
                 err) ||
        take_int(g, "llama.rope.dimension_count", false, s->d_head, s->d_head, &rotary, err))
        return err->code;
    return take_vocab(s, g, err);
}

static int take_rope(struct rope_spec *r, const struct gguf *g, struct err *err)
{
    struct gguf_string type = {"linear", 6}; /* as the format's programs take it */
    double factor = 0;

    r->theta = 10000;
    if (gguf_take_real(g, "llama.rope.freq_base", false, &r->theta, err) ||
        gguf_take_string(g, "llama.rope.scaling.type", false, &type, err) ||
        gguf_take_real(g, "llama.rope.scale_linear", false, &factor, err) ||
        gguf_take_real(g, "llama.rope.scaling.factor", false, &factor, err))
        return err->code;
    if (!gguf_string_eq(type, "linear") && !gguf_string_eq(type, "none"))
        return err_set(err, ERR_FORMAT,
                       "rotary scaling of type \"%.*s\" is not handled: none and linear are",
                       (int)(type.n < 60 ? type.n : 60), type.s);
    if (gguf_string_eq(type, "linear") && factor != 0 && factor != 1) {
        r->kind = ROPE_LINEAR;
        r->factor = factor;
    }
    if (tensors_find(&g->tensors, "rope_freqs.weight")) {
        if (r->kind != ROPE_PLAIN)
            return err_set(err, ERR_FORMAT,
                           "linear rotary scaling and tensor rope_freqs.weight are both given");
        r->kind = ROPE_DIVIDED;
        r->factor = 1;
    }
    return rope_check(r, err);
}

int config_from_gguf(struct arch_config *c, const struct gguf *g, struct err *err)
{
    memset(c, 0, sizeof *c);
    if (check_kind(g, c, err) || check_keys(g, err) || take_sizes(&c->shape, g, err) ||
        take_rope(&c->rope, g, err))
        return err->code;
    return 0;
}
