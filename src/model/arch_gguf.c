#include "model/arch_gguf.h"

#include "model/rope.h"

#include <stdio.h>
#include <string.h>

/* A GGUF's keys after the architecture's name. */
static const struct arch_key judged[] = {
    {"expert_count", RULE_ZERO, "mixtures of experts are not computed"},
    {"expert_used_count", RULE_ZERO, "mixtures of experts are not computed"},
    {"attention.causal", RULE_TRUE, "only causal attention is computed"},
    {"attention.clamp_kqv", RULE_ZERO, "clamped keys and queries are not computed"},
    {"attention.max_alibi_bias", RULE_ZERO, "ALiBi is not computed"},
    {"rope.scaling.yarn_ext_factor", RULE_ONE, "yarn of another mixture is not computed"},
    {"rope.scaling.yarn_attn_factor", RULE_ONE, "scaled rotary embedding is not computed"},
};
static const char *const unjudged[] = {
    /* read */
    "block_count", "context_length", "embedding_length", "feed_forward_length", "vocab_size",
    "attention.head_count", "attention.head_count_kv", "attention.key_length",
    "attention.value_length", "attention.key_length_swa", "attention.value_length_swa",
    "attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon", "attention.sliding_window",
    "attention.sliding_window_pattern", "attn_logit_softcapping", "final_logit_softcapping",
    "use_parallel_residual", "rope.dimension_count", "rope.dimension_count_swa", "rope.freq_base",
    "rope.freq_base_swa", "rope.scaling.type", "rope.scaling.factor",
    "rope.scaling.original_context_length", "rope.scaling.attn_factor",
    "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "rope.scale_linear",
    /* they change nothing here */
    "rope.scaling.finetuned", "tensor_data_layout", NULL};
static const struct key_table gguf_keys = KEYS(judged, unjudged);

/* What one reading works on. */
struct gguf_reading {
    struct arch_config *c;
    const struct gguf *g;
    struct arena *arena;
    char key[128];
};

/* The full name of a key; it lies in r until the next. */
static const char *key_of(struct gguf_reading *r, const char *name)
{
    snprintf(r->key, sizeof r->key, "%s.%s", r->c->arch->gguf, name);
    return r->key;
}

static int obeys(const struct gguf *g, const char *name, enum rule rule, bool *ok, struct err *err)
{
    const struct gguf_value *v = gguf_find(g, name);
    int64_t i = 0;
    double x;

    *ok = true;
    if (rule == RULE_ANY)
        return 0;
    if (rule == RULE_TRUE)
        return gguf_take_bool(g, name, false, ok, err);
    if (v->type == GGUF_F32 || v->type == GGUF_F64)
        gguf_take_real(g, name, true, &x, err);
    else if (gguf_take_int(g, name, true, INT64_MIN, INT64_MAX, &i, err))
        return err->code;
    else
        x = (double)i;
    *ok = x == (rule == RULE_ONE);
    return 0;
}

/* Keys of other prefixes are about the file, the tokenizer or the program that wrote it. */
static int check_keys(const struct gguf_reading *r, struct err *err)
{
    const char *arch = r->c->arch->gguf;
    size_t prefix = strlen(arch);

    for (size_t i = 0; i < r->g->n_values; i++) {
        const char *name = r->g->value[i].key;
        const struct arch_key *k;
        bool ok = false;

        if (strncmp(name, arch, prefix) != 0 || name[prefix] != '.')
            continue;
        k = key_find(&gguf_keys, name + prefix + 1);
        if (!k)
            return err_set(err, ERR_FORMAT,
                           "key \"%.200s\" is not handled: it may change what the model computes "
                           "(model.ignore insists that it does not)",
                           name);
        if (obeys(r->g, name, k->rule, &ok, err))
            return err->code;
        if (!ok)
            return err_set(err, ERR_FORMAT, "key \"%s\" has a value that is not handled: %s", name,
                           k->why);
    }
    return 0;
}

static const struct arch *find_arch(const struct gguf *g, struct err *err)
{
    struct gguf_string arch = {"", 0}, type = {"model", 5};
    char name[64];

    if (gguf_take_string(g, "general.architecture", true, &arch, err) ||
        gguf_take_string(g, "general.type", false, &type, err))
        return NULL;
    if (!gguf_string_eq(type, "model")) {
        err_set(err, ERR_FORMAT, "key \"general.type\" is \"%.*s\", expected \"model\"",
                (int)(type.n < 100 ? type.n : 100), type.s);
        return NULL;
    }
    for (size_t i = 0; i < ARCHS; i++)
        if (archs[i].gguf && gguf_string_eq(arch, archs[i].gguf))
            return &archs[i];
    snprintf(name, sizeof name, "\"%.*s\"", (int)(arch.n < 60 ? arch.n : 60), arch.s);
    arch_unknown(name, err);
    return NULL;
}

static int take_int(struct gguf_reading *r, const char *name, bool need, int64_t lo, int64_t hi,
                    int *v, struct err *err)
{
    int64_t wide = *v;

    if (gguf_take_int(r->g, key_of(r, name), need, lo, hi, &wide, err))
        return err->code;
    *v = (int)wide;
    return 0;
}

static int take_real(struct gguf_reading *r, const char *name, bool need, double *v,
                     struct err *err)
{
    return gguf_take_real(r->g, key_of(r, name), need, v, err);
}

static int take_float(struct gguf_reading *r, const char *name, float *v, struct err *err)
{
    double wide = (double)*v;

    if (take_real(r, name, false, &wide, err))
        return err->code;
    *v = (float)wide;
    return 0;
}

/* V is what the metadata says, or else the rows of the unembedding. */
static int take_vocab(struct gguf_reading *r, struct err *err)
{
    const struct tensor *out = tensors_find(&r->g->tensors, "output.weight");
    const struct tensor *embed = tensors_find(&r->g->tensors, "token_embd.weight");
    const struct tensor *t = out ? out : embed;
    struct shape *s = &r->c->shape;

    s->tied = !out;
    if (take_int(r, "vocab_size", false, 1, VOCAB_MAX, &s->vocab, err))
        return err->code;
    if (s->vocab)
        return 0;
    if (!t || t->rank != 2 || t->dim[0] < 1 || t->dim[0] > VOCAB_MAX)
        return err_set(err, ERR_FORMAT,
                       "neither key \"%s\" nor tensor token_embd.weight says how large the "
                       "vocabulary is",
                       key_of(r, "vocab_size"));
    s->vocab = (int)t->dim[0];
    return 0;
}

static int take_sizes(struct gguf_reading *r, struct err *err)
{
    struct shape *s = &r->c->shape;
    double eps = 0;

    if (take_int(r, "block_count", true, 1, LAYERS_MAX, &s->n_layers, err) ||
        take_int(r, "attention.head_count", true, 1, HEADS_MAX, &s->n_heads, err) ||
        take_int(r, "embedding_length", true, 1, WIDTH_MAX, &s->d_model, err) ||
        take_int(r, "feed_forward_length", true, 1, FF_MAX, &s->d_ff, err) ||
        take_int(r, "context_length", true, 1, INT32_MAX, &s->max_positions, err) ||
        take_int(r, "attention.key_length", false, 1, HEAD_DIM_MAX, &s->d_head, err) ||
        take_real(r,
                  r->c->arch->centred ? "attention.layer_norm_epsilon"
                                      : "attention.layer_norm_rms_epsilon",
                  true, &eps, err))
        return err->code;
    s->norm_eps = (float)eps;
    s->n_kv_heads = s->n_heads;
    return take_int(r, "attention.head_count_kv", false, 1, HEADS_MAX, &s->n_kv_heads, err);
}

/* The widths that must be the head's. */
static int check_widths(struct gguf_reading *r, struct err *err)
{
    static const char *const same[] = {"attention.value_length", "attention.key_length_swa",
                                       "attention.value_length_swa"};
    int dh = r->c->shape.d_head, v = dh;

    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (take_int(r, same[i], false, dh, dh, &v, err))
            return err->code;
    return 0;
}

static int take_facts(struct gguf_reading *r, struct err *err)
{
    struct arch_config *c = r->c;
    struct shape *s = &c->shape;
    const struct arch *arch = c->arch;

    if (take_float(r, "attn_logit_softcapping", &s->score_cap, err) ||
        take_float(r, "final_logit_softcapping", &s->logit_cap, err))
        return err->code;
    if (arch->parallel &&
        gguf_take_bool(r->g, key_of(r, "use_parallel_residual"), false, &s->parallel, err))
        return err->code;
    /* The file does not say what scores are scaled by. */
    if (arch->score_width != 0)
        c->score_width = arch->deep == s->n_layers ? s->d_model / s->n_heads : 0;
    return 0;
}

/* A flag for each layer: does it have the window? */
static int take_flags(struct gguf_reading *r, const struct gguf_value *v, int window,
                      struct err *err)
{
    int layers = r->c->shape.n_layers, *out;

    if (v->element != GGUF_BOOL || v->count != (uint64_t)layers)
        return err_set(err, ERR_FORMAT, "key \"%s\" must be a number or a list of %d flags", v->key,
                       layers);
    out = arena_alloc(r->arena, (size_t)layers, sizeof *out, err);
    for (int l = 0; out && l < layers; l++)
        out[l] = v->data[l] ? window : 0;
    r->c->shape.window = out;
    return out ? 0 : err->code;
}

/* The period of full layers, or flags. */
static int take_pattern(struct gguf_reading *r, int window, struct err *err)
{
    static const char name[] = "attention.sliding_window_pattern";
    const struct gguf_value *v = gguf_find(r->g, key_of(r, name));
    int every = r->c->arch->full_every;

    if (v && v->type == GGUF_ARRAY)
        return take_flags(r, v, window, err);
    if (take_int(r, name, false, 1, INT32_MAX, &every, err))
        return err->code;
    return windows_fill(r->c, window, 0, every, r->arena, err);
}

static int take_windows(struct gguf_reading *r, struct err *err)
{
    const struct arch *arch = r->c->arch;
    int window = arch->windows == WINDOWS_MOST ? arch->window : 0;

    if (take_int(r, "attention.sliding_window", false, 0, INT32_MAX, &window, err))
        return err->code;
    if (window && arch->windows == WINDOWS_SWITCH)
        return err_set(err, ERR_FORMAT, "key \"%s\" is not handled in this architecture",
                       key_of(r, "attention.sliding_window"));
    return window ? take_pattern(r, window, err) : 0;
}

/* A vector of n positive numbers of the file, NULL if it has none. */
static int take_factors(struct gguf_reading *r, const char *name, int n, const float **out,
                        struct err *err)
{
    struct tensor *t = tensors_find(&r->g->tensors, name);
    struct matrix row;
    float *v;

    *out = NULL;
    if (!t)
        return 0;
    if (t->rank != 1 || t->dim[0] != n || t->dtype != DTYPE_F32)
        return err_set(err, ERR_FORMAT, "tensor %s is not %d numbers of F32", t->name, n);
    t->used = true;
    v = arena_alloc(r->arena, (size_t)n, sizeof *v, err);
    if (!v)
        return err->code;
    row = matrix_f32(t->data, 1, n);
    if (t->data)
        matrix_rows(&row, 0, 1, v);
    for (int i = 0; !t->data && i < n; i++)
        v[i] = 1; /* only the header is there: a plan needs no frequencies */
    *out = v;
    return 0;
}

/* Factors that stand in the file take the place of llama3's and longrope's formulas. */
static int take_file_factors(struct gguf_reading *r, struct rope_spec *s, struct err *err)
{
    int n = rope_dims(s) / 2;
    const float *all;

    if (take_factors(r, "rope_freqs.weight", n, &all, err) ||
        take_factors(r, "rope_factors_short.weight", n, &s->near, err) ||
        take_factors(r, "rope_factors_long.weight", n, &s->far, err))
        return err->code;
    if (!all && !s->near && !s->far)
        return 0;
    if (s->kind != ROPE_PLAIN || (all ? s->near || s->far : !s->near || !s->far))
        return err_set(err, ERR_FORMAT,
                       "the rotary factors do not fit each other: rope_freqs.weight, or "
                       "rope_factors_short.weight and rope_factors_long.weight, without other "
                       "scaling");
    s->kind = ROPE_LONG;
    s->near = all ? all : s->near;
    return 0;
}

static int take_scaling(struct gguf_reading *r, struct rope_spec *s, struct err *err)
{
    struct gguf_string type = {"linear", 6}; /* as the format's programs take it */
    double factor = 0, attention = 1;
    int old = (int)s->old_positions;

    if (gguf_take_string(r->g, key_of(r, "rope.scaling.type"), false, &type, err) ||
        take_real(r, "rope.scale_linear", false, &factor, err) ||
        take_real(r, "rope.scaling.factor", false, &factor, err) ||
        take_int(r, "rope.scaling.original_context_length", false, 1, INT32_MAX, &old, err) ||
        take_real(r, "rope.scaling.attn_factor", false, &attention, err))
        return err->code;
    if (gguf_string_eq(type, "yarn")) {
        s->kind = ROPE_YARN;
        s->fast = 32;
        s->slow = 1;
        attention *= rope_yarn_scale(factor, 1);
        if (take_real(r, "rope.scaling.yarn_beta_fast", false, &s->fast, err) ||
            take_real(r, "rope.scaling.yarn_beta_slow", false, &s->slow, err))
            return err->code;
    } else if (gguf_string_eq(type, "linear")) {
        s->kind = factor != 0 && factor != 1 ? ROPE_LINEAR : ROPE_PLAIN;
    } else if (!gguf_string_eq(type, "none") && !gguf_string_eq(type, "longrope")) {
        return err_set(err, ERR_FORMAT,
                       "rotary scaling of type \"%.*s\" is not handled: none, linear, yarn and "
                       "longrope are",
                       (int)(type.n < 60 ? type.n : 60), type.s);
    }
    s->old_positions = old;
    s->factor = factor;
    s->attention = attention;
    return take_file_factors(r, s, err);
}

static int take_rope(struct gguf_reading *r, struct err *err)
{
    const struct arch *arch = r->c->arch;
    struct rope_spec *s = r->c->rope;
    int dh = r->c->shape.d_head, width = dh, least = arch->gguf_adjacent ? dh : 1;

    if (arch->hf->positions)
        return 0;
    if (take_int(r, "rope.dimension_count", false, least, dh, &width, err) ||
        take_int(r, "rope.dimension_count_swa", false, width, width, &width, err) ||
        take_real(r, "rope.freq_base", false, &s[0].theta, err))
        return err->code;
    s[0].width = s[1].width = width;
    s[0].old_positions = r->c->shape.max_positions;
    s[1].theta = arch->two_ropes && arch->window_theta != 0 ? arch->window_theta : s[0].theta;
    if (take_real(r, "rope.freq_base_swa", false, &s[1].theta, err) ||
        take_scaling(r, &s[0], err) || rope_check(&s[0], err) || rope_check(&s[1], err))
        return err->code;
    r->c->ropes = arch->two_ropes && r->c->shape.window;
    return 0;
}

bool gguf_key_known(const char *key)
{
    const char *dot = strchr(key, '.');
    size_t n = dot ? (size_t)(dot - key) : 0;

    for (size_t i = 0; i < ARCHS; i++)
        if (archs[i].gguf && strlen(archs[i].gguf) == n && !memcmp(archs[i].gguf, key, n))
            return key_find(&gguf_keys, dot + 1);
    return true;
}

int config_from_gguf(struct arch_config *c, const struct gguf *g, struct arena *a, struct err *err)
{
    struct gguf_reading r = {.c = c, .g = g, .arena = a};
    const struct arch *arch = find_arch(g, err);

    if (!arch)
        return err->code;
    config_begin(c, arch);
    if (check_keys(&r, err) || take_sizes(&r, err) || take_facts(&r, err) ||
        config_finish(c, err) || check_widths(&r, err) || take_windows(&r, err) ||
        take_rope(&r, err))
        return err->code;
    return take_vocab(&r, err);
}
