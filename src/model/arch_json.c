#include "model/arch_json_parts.h"

#include "base/str.h"

int key_int(const json_t *j, const char *key, bool need, int64_t lo, int64_t hi, int *v,
            struct err *err)
{
    int64_t wide = *v;

    if (key && json_take_int(j, key, need, lo, hi, &wide, ERR_FORMAT, err))
        return err->code;
    *v = (int)wide;
    return 0;
}

int key_real(const json_t *j, const char *key, double *v, struct err *err)
{
    return json_take_real(j, key, false, v, ERR_FORMAT, err);
}

int key_float(const json_t *j, const char *key, float *v, struct err *err)
{
    double wide = (double)*v;

    if (key_real(j, key, &wide, err))
        return err->code;
    *v = (float)wide;
    return 0;
}

int key_flag(const struct json_reading *r, const char *key, bool *v, struct err *err)
{
    return arch_reads(r->c->arch, key) ? json_take_bool(r->json, key, false, v, ERR_FORMAT, err)
                                       : 0;
}

bool key_given(const json_t *j, const char *key)
{
    return json_object_get(j, key) != NULL;
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

static int activation_from_json(const struct json_reading *r, struct err *err)
{
    static const struct {
        const char *name;
        enum activation is;
    } known[] = {{"silu", ACTIVATION_SILU},          {"swish", ACTIVATION_SILU},
                 {"gelu", ACTIVATION_GELU},          {"gelu_python", ACTIVATION_GELU},
                 {"gelu_new", ACTIVATION_GELU_TANH}, {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
                 {"gelu_fast", ACTIVATION_GELU_TANH}};
    const char *key = r->c->arch->keys->activation, *name = NULL;

    if (json_take_string(r->json, key, false, &name, ERR_FORMAT, err))
        return err->code;
    for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
        if (str_eq(name, known[i].name)) {
            r->c->shape.activation = known[i].is;
            return 0;
        }
    return !name ? 0
                 : err_set(err, ERR_FORMAT,
                           "key \"%s\" is \"%.100s\": only silu, gelu and its tanh form are "
                           "computed",
                           key, name);
}

static int sizes_from_json(const struct json_reading *r, struct err *err)
{
    const json_t *j = r->json;
    struct shape *s = &r->c->shape;
    const struct arch *arch = r->c->arch;
    const struct json_names *k = arch->keys;
    const json_t *kv = k->kv_heads ? json_object_get(j, k->kv_heads) : NULL;

    s->n_heads = arch->heads;
    s->vocab = arch->vocab;
    s->d_head = arch->d_head;
    if (key_int(j, k->layers, true, 1, LAYERS_MAX, &s->n_layers, err) ||
        key_int(j, k->heads, !arch->heads, 1, HEADS_MAX, &s->n_heads, err) ||
        key_int(j, k->width, true, 1, WIDTH_MAX, &s->d_model, err) ||
        key_int(j, k->ff, !arch->ff_times, 1, FF_MAX, &s->d_ff, err) ||
        key_int(j, "vocab_size", !arch->vocab, 1, VOCAB_MAX, &s->vocab, err) ||
        key_int(j, k->positions, false, 1, INT32_MAX, &s->max_positions, err) ||
        json_take_bool(j, "tie_word_embeddings", false, &s->tied, ERR_FORMAT, err) ||
        key_float(j, k->eps, &s->norm_eps, err) || activation_from_json(r, err))
        return err->code;
    if (!s->d_ff)
        s->d_ff = arch->ff_times * s->d_model;
    s->n_kv_heads = kv || !arch->kv_heads ? s->n_heads : arch->kv_heads;
    if (key_int(j, k->kv_heads, false, 1, HEADS_MAX, &s->n_kv_heads, err) ||
        key_int(j, "head_dim", false, 1, HEAD_DIM_MAX, &s->d_head, err))
        return err->code;
    return 0;
}

/* Scores, logits, biases. */
static int facts_from_json(const struct json_reading *r, struct err *err)
{
    struct arch_config *c = r->c;
    struct shape *s = &c->shape;
    const json_t *j = r->json;
    bool attention = c->arch->bias & BIAS_QKV && c->arch->bias & BIAS_O, mlp = false, scaled = true;

    if (key_flag(r, "attention_bias", &attention, err) || key_flag(r, "mlp_bias", &mlp, err) ||
        key_flag(r, "use_parallel_residual", &s->parallel, err) ||
        key_flag(r, "scale_attn_weights", &scaled, err) ||
        key_flag(r, "scale_attn_by_inverse_layer_idx", &c->by_depth, err))
        return err->code;
    if (arch_reads(c->arch, "attention_bias"))
        c->bias = (c->bias & ~(unsigned)(BIAS_QKV | BIAS_O)) | (attention ? BIAS_QKV | BIAS_O : 0);
    c->bias |= mlp ? BIAS_MLP : 0;
    c->score_width = scaled ? c->score_width : 1;
    if (c->arch->score_width != 0 && key_real(j, "query_pre_attn_scalar", &c->score_width, err))
        return err->code;
    if (c->arch->score_cap != 0) {
        s->score_cap = key_given(j, "attn_logit_softcapping") ? 0 : s->score_cap;
        if (key_float(j, "attn_logit_softcapping", &s->score_cap, err))
            return err->code;
    }
    if (arch_reads(c->arch, "final_logit_softcapping") && !c->arch->text) { /* docs/models.md */
        s->logit_cap = key_given(j, "final_logit_softcapping") ? 0 : s->logit_cap;
        if (key_float(j, "final_logit_softcapping", &s->logit_cap, err))
            return err->code;
    }
    return 0;
}

/* Which layers have the window, by name. */
static int windows_from_list(const struct json_reading *r, const json_t *list, int window,
                             struct err *err)
{
    int layers = r->c->shape.n_layers, *v = arena_alloc(r->arena, (size_t)layers, sizeof *v, err);

    if (!v)
        return err->code;
    if (json_array_size(list) != (size_t)layers)
        return err_set(err, ERR_FORMAT, "key \"layer_types\" must be a list of %d names", layers);
    for (int l = 0; l < layers; l++) {
        const char *s = json_string_value(json_array_get(list, (size_t)l));

        if (!s || (!str_eq(s, "full_attention") && !str_eq(s, "sliding_attention")))
            return err_set(err, ERR_FORMAT,
                           "key \"layer_types\" has \"%.100s\": only full_attention and "
                           "sliding_attention are computed",
                           s ? s : "?");
        v[l] = str_eq(s, "full_attention") ? 0 : window;
    }
    r->c->shape.window = v;
    return 0;
}

static int windows_from_json(const struct json_reading *r, struct err *err)
{
    const struct arch *arch = r->c->arch;
    const json_t *j = r->json, *list = json_object_get(j, "layer_types");
    int window = key_given(j, "sliding_window") ? 0 : arch->window, first = 0,
        every = arch->full_every;
    bool use = arch->windows != WINDOWS_SWITCH;

    if (arch->windows == WINDOWS_NONE)
        return 0;
    if (key_int(j, "sliding_window", false, 1, INT32_MAX, &window, err) ||
        key_flag(r, "use_sliding_window", &use, err))
        return err->code;
    if (arch->windows == WINDOWS_SWITCH) {
        first = 28;
        if (key_int(j, "max_window_layers", false, 0, INT32_MAX, &first, err))
            return err->code;
    }
    if (arch_reads(arch, "sliding_window_pattern") &&
        key_int(j, "sliding_window_pattern", false, 1, INT32_MAX, &every, err))
        return err->code;
    if (!use || !window)
        return 0;
    if (arch_reads(arch, "layer_types") && list && !json_is_null(list))
        return windows_from_list(r, list, window, err);
    return windows_fill(r->c, window, first, every, r->arena, err);
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

/* The text model's own object, where there is one. */
static const json_t *text_of(const struct arch *arch, const json_t *json, struct err *err)
{
    const json_t *text = arch->text ? json_object_get(json, arch->text) : json;

    if (text != json && check_outer_keys(json, arch, err))
        return NULL;
    if (!json_is_object(text))
        err_set(err, ERR_FORMAT, "key \"%s\" must be an object", arch->text);
    return err->code ? NULL : text;
}

int config_from_json(struct arch_config *c, const json_t *json, struct arena *a, struct err *err)
{
    struct json_reading r = {c, json, a};
    const struct arch *arch = NULL;

    if (!json_is_object(json))
        return err_set(err, ERR_FORMAT, "expected an object");
    arch = arch_from_json(json, err);
    r.json = arch ? text_of(arch, json, err) : NULL;
    if (!r.json)
        return err->code;
    config_begin(c, arch);
    if (check_text_keys(r.json, arch, err) || sizes_from_json(&r, err) ||
        facts_from_json(&r, err) || config_finish(c, err) || rope_from_json(&r, err) ||
        windows_from_json(&r, err) ||
        json_take_bool(json, "tie_word_embeddings", false, &c->shape.tied, ERR_FORMAT, err))
        return err->code;
    dtype_from_json(c, json);
    return 0;
}
