#include "model/arch_json.h"

#include "base/choice.h"
#include "base/real.h"
#include "base/str.h"
#include "model/arch_json_keys.h"
#include "model/rope.h"

#include <math.h>

/* What one reading works on. */
struct json_reading {
    struct arch_config *c;
    const json_t *json; /* the text model's */
    struct arena *arena;
};

/* The value of a key that may be absent (unless needed), which leaves *v; key NULL: none. */
static int key_int(const json_t *j, const char *key, bool need, int64_t lo, int64_t hi, int *v,
                   struct err *err)
{
    int64_t wide = *v;

    if (key && json_take_int(j, key, need, lo, hi, &wide, err))
        return err->code;
    *v = (int)wide;
    return 0;
}

static int key_real(const json_t *j, const char *key, double *v, struct err *err)
{
    return json_take_real(j, key, false, v, err);
}

static int key_float(const json_t *j, const char *key, float *v, struct err *err)
{
    double wide = (double)*v;

    if (key_real(j, key, &wide, err))
        return err->code;
    *v = (float)wide;
    return 0;
}

/* null is no cap. */
static int key_cap(const json_t *j, const char *key, float *v, struct err *err)
{
    *v = json_object_get(j, key) ? 0 : *v;
    return key_float(j, key, v, err);
}

/* A key that only some architectures read. */
static int key_flag(const struct json_reading *r, const char *key, bool *v, struct err *err)
{
    return arch_reads(r->c->arch, key) ? json_take_bool(r->json, key, false, v, err) : 0;
}

/* Present, null or not. */
static bool key_given(const json_t *j, const char *key)
{
    return json_object_get(j, key) != NULL;
}

static const struct arch *arch_from_json(const json_t *json, struct err *err)
{
    const json_t *list = json_object_get(json, "architectures");
    const char *name = json_string_value(json_array_get(list, 0)), *type = NULL;

    if (json_take_string(json, "model_type", false, &type, err))
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
    static const struct choice known[] = {
        {"silu", ACTIVATION_SILU},           {"swish", ACTIVATION_SILU},
        {"gelu", ACTIVATION_GELU},           {"gelu_python", ACTIVATION_GELU},
        {"gelu_new", ACTIVATION_GELU_TANH},  {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
        {"gelu_fast", ACTIVATION_GELU_TANH}, {NULL, 0}};
    const char *key = r->c->arch->keys->activation, *name = NULL;
    int is;

    if (json_take_string(r->json, key, false, &name, err))
        return err->code;
    is = name ? choice_value(known, name) : (int)r->c->shape.activation;
    if (is == NO_CHOICE)
        return err_set(err, ERR_FORMAT,
                       "key \"%s\" is \"%.100s\": only silu, gelu and its tanh form are computed",
                       key, name);
    r->c->shape.activation = (enum activation)is;
    return 0;
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
        json_take_bool(j, "tie_word_embeddings", false, &s->tied, err) ||
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
    if (c->arch->score_cap != 0 && key_cap(j, "attn_logit_softcapping", &s->score_cap, err))
        return err->code;
    return arch_reads(c->arch, "final_logit_softcapping") && !c->arch->text /* docs/models.md */
               ? key_cap(j, "final_logit_softcapping", &s->logit_cap, err)
               : 0;
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

/* Rotary embedding ------------------------------------------------------------------------- */

/* The kind that "rope_type", or "type" as it was called, names. */
static int rope_kind_from_json(struct rope_spec *s, const json_t *j, struct err *err)
{
    static const struct choice kinds[] = {{"default", ROPE_PLAIN}, {"linear", ROPE_LINEAR},
                                          {"llama3", ROPE_LLAMA3}, {"dynamic", ROPE_DYNAMIC},
                                          {"yarn", ROPE_YARN},     {"longrope", ROPE_LONG},
                                          {"su", ROPE_LONG},       {NULL, 0}};
    const char *now = NULL, *before = NULL, *name;
    int kind;

    if (json_take_string(j, "rope_type", false, &now, err) ||
        json_take_string(j, "type", false, &before, err))
        return err->code;
    if (now && before && !str_eq(now, before))
        return err_set(err, ERR_FORMAT, "\"rope_type\" is \"%.100s\" but \"type\" is \"%.100s\"",
                       now, before);
    name = now ? now : before ? before : "default";
    kind = choice_value(kinds, name);
    if (kind == NO_CHOICE)
        return err_set(err, ERR_FORMAT,
                       "rotary scaling of type \"%.100s\" is not handled: default, linear, llama3, "
                       "dynamic, yarn and longrope are",
                       name);
    /* What Phi-3's first files call yarn has the factors of longrope. */
    s->kind = kind == ROPE_YARN && key_given(j, "long_factor") ? ROPE_LONG : (enum rope_kind)kind;
    return 0;
}

static const float *factors_from_json(const struct json_reading *r, const json_t *j,
                                      const char *key, int n, struct err *err)
{
    const json_t *list = json_object_get(j, key);
    float *v = arena_alloc(r->arena, (size_t)n, sizeof *v, err);
    bool ok = json_array_size(list) == (size_t)n;

    for (int i = 0; v && ok && i < n; i++) {
        const json_t *x = json_array_get(list, (size_t)i);

        v[i] = (float)json_number_value(x);
        ok = json_is_number(x) && v[i] > 0 && v[i] < INFINITY;
    }
    if (v && !ok)
        err_set(err, ERR_FORMAT, "\"%s\" must be a list of %d positive numbers", key, n);
    return err->code ? NULL : v;
}

/* How much of a head turns: what stands in the object, beside it, or in the table. */
static int width_from_json(const struct json_reading *r, struct rope_spec *s, const json_t *j,
                           struct err *err)
{
    const struct arch *arch = r->c->arch;
    int dh = r->c->shape.d_head, dims = arch->rotary_dims;
    double share = arch->rotary_share == 0 ? 1 : arch->rotary_share;

    if (dims) {
        if (key_int(r->json, "rotary_dim", key_given(r->json, "rotary_dim"), 2, dh, &dims, err))
            return err->code;
        if (dims % 2 || dims > dh)
            return err_set(err, ERR_FORMAT,
                           "%d numbers of a head of %d turn: expected an even "
                           "number, at most the width",
                           dims, dh);
        s->width = dims;
        return 0;
    }
    if ((arch_reads(arch, "rotary_pct") && key_real(r->json, "rotary_pct", &share, err)) ||
        (arch_reads(arch, "partial_rotary_factor") && !arch_reads(arch, "rotary_pct") &&
         key_real(r->json, "partial_rotary_factor", &share, err)) ||
        (arch_reads(arch, "partial_rotary_factor") &&
         key_real(j, "partial_rotary_factor", &share, err)))
        return err->code;
    if (!(share > 0 && share <= 1) || (int)(dh * share) < 1)
        return err_set(err, ERR_FORMAT, "a share of %g of a head of %d turns: expected 0 to 1",
                       share, dh);
    s->width = (int)(dh * share);
    return rope_dims(s) <= dh ? 0
                              : err_set(err, ERR_FORMAT,
                                        "%d numbers of a head of %d turn: that is "
                                        "not possible",
                                        rope_dims(s), dh);
}

/* What multiplies cosines and sines, where nothing gives it. */
static int attention_from_json(const struct json_reading *r, struct rope_spec *s, const json_t *j,
                               struct err *err)
{
    double factor = s->factor, one = 0, all = 0;

    if (s->kind != ROPE_YARN && s->kind != ROPE_LONG)
        return 0;
    if (s->kind == ROPE_LONG && factor == 0)
        factor = r->c->shape.max_positions / s->old_positions;
    if (key_real(j, "attention_factor", &s->attention, err) || key_real(j, "mscale", &one, err) ||
        key_real(j, "mscale_all_dim", &all, err))
        return err->code;
    if (s->attention != 0)
        return 0;
    if (s->kind == ROPE_LONG)
        s->attention = factor <= 1 ? 1 : sqrt(1 + real_log(factor) / real_log(s->old_positions));
    else if (one != 0 && all != 0)
        s->attention = rope_yarn_scale(factor, one) / rope_yarn_scale(factor, all);
    else
        s->attention = rope_yarn_scale(factor, 1);
    return 0;
}

static int yarn_from_json(struct rope_spec *s, const json_t *j, bool nested, struct err *err)
{
    bool truncate = true;

    if (key_real(j, "beta_fast", &s->fast, err) || key_real(j, "beta_slow", &s->slow, err) ||
        json_take_bool(j, "truncate", false, &truncate, err))
        return err->code;
    s->fast = s->fast == 0 ? 32 : s->fast;
    s->slow = s->slow == 0 ? 1 : s->slow;
    s->exact_ramp = !truncate && !nested; /* transformers does not look for it in there */
    return 0;
}

static int kind_keys_from_json(const struct json_reading *r, struct rope_spec *s, const json_t *j,
                               bool nested, struct err *err)
{
    bool llama3 = s->kind == ROPE_LLAMA3, scaled = s->kind != ROPE_PLAIN;

    if (json_take_real(j, "factor", scaled && s->kind != ROPE_LONG, &s->factor, err) ||
        json_take_real(j, "low_freq_factor", llama3, &s->low, err) ||
        json_take_real(j, "high_freq_factor", llama3, &s->high, err))
        return err->code;
    s->old_positions = r->c->shape.max_positions;
    if (s->kind != ROPE_DYNAMIC) {
        if (key_real(j, "original_max_position_embeddings", &s->old_positions, err))
            return err->code;
        if (r->c->arch->old_positions)
            s->old_positions = r->c->arch->old_positions;
        if (key_real(r->json, "original_max_position_embeddings", &s->old_positions, err))
            return err->code;
    }
    if (s->kind == ROPE_LONG) {
        s->near = factors_from_json(r, j, "short_factor", rope_dims(s) / 2, err);
        s->far = s->near ? factors_from_json(r, j, "long_factor", rope_dims(s) / 2, err) : NULL;
        if (!s->far)
            return err->code;
    }
    if (s->kind == ROPE_YARN && yarn_from_json(s, j, nested, err))
        return err->code;
    return scaled ? attention_from_json(r, s, j, err) : 0;
}

/* One object of rotary parameters; NULL: none. */
static int rope_dict_from_json(const struct json_reading *r, struct rope_spec *s, const json_t *j,
                               bool nested, struct err *err)
{
    if (j && !json_is_object(j))
        return err_set(err, ERR_FORMAT, "expected an object or null");
    if (j && (rope_kind_from_json(s, j, err) || check_json_keys(j, &rope_keys, r->c->arch, err)))
        return err->code;
    return width_from_json(r, s, j, err) || key_real(j, "rope_theta", &s->theta, err) ||
                   kind_keys_from_json(r, s, j, nested, err)
               ? err->code
               : rope_check(s, err);
}

/* Positions are learned, or a fixed number of a head's numbers turns at the fixed base. */
static int rope_of_gpt(const struct json_reading *r, struct err *err)
{
    static const char *const none[] = {"rope_theta", "rope_scaling", "rope_parameters"};

    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (key_given(r->json, none[i]) && !json_is_null(json_object_get(r->json, none[i])))
            return err_set(err, ERR_FORMAT,
                           "key \"%s\" is not read in this architecture: its positions are fixed",
                           none[i]);
    return r->c->arch->rotary_dims ? rope_dict_from_json(r, &r->c->rope[0], NULL, false, err) : 0;
}

static int stretched(int positions, double factor)
{
    double n = floor(positions * factor);

    return n < INT32_MAX ? (int)n : INT32_MAX;
}

/* One object for all layers. */
static int rope_of_all(const struct json_reading *r, const json_t *dict, const char *name,
                       struct err *err)
{
    bool own = arch_reads(r->c->arch, "rotary_emb_base");
    const char *key = own ? "rotary_emb_base" : "rope_theta";
    struct rope_spec *s = &r->c->rope[0];
    double theta = -1;

    if (own && key_given(r->json, "rope_theta"))
        return err_set(err, ERR_FORMAT,
                       "key \"rope_theta\": this architecture has another name for it");
    if (key_real(r->json, key, &theta, err))
        return err->code;
    s->theta = theta != -1 ? theta : s->theta;
    if (rope_dict_from_json(r, s, dict, false, err))
        return dict ? err_wrap(err, "key \"%s\"", name) : err->code;
    if (theta != -1 && s->theta != theta)
        return err_set(err, ERR_FORMAT, "key \"%s\" is given as %g and as %g", key, theta,
                       s->theta);
    if (s->kind == ROPE_DYNAMIC && s->factor > 1) /* that is what it is for */
        r->c->shape.max_positions = stretched(r->c->shape.max_positions, s->factor);
    return 0;
}

/* One for layers without a window, one for those with one; the old key is about the former. */
static int rope_of_each(const struct json_reading *r, const json_t *old, const json_t *now,
                        struct err *err)
{
    static const char *const types[ROTARIES] = {"full_attention", "sliding_attention"};
    struct rope_spec *s = r->c->rope;

    if (now && (!json_is_object(now) || (!key_given(now, types[0]) && !key_given(now, types[1]))))
        return err_set(err, ERR_FORMAT,
                       "key \"rope_parameters\" must have %s and %s in this architecture", types[0],
                       types[1]);
    if (now && old)
        return err_set(err, ERR_FORMAT,
                       "keys \"rope_scaling\" and \"rope_parameters\" are both "
                       "given");
    if (key_real(r->json, "rope_theta", &s[0].theta, err) ||
        key_real(r->json, "rope_local_base_freq", &s[1].theta, err))
        return err->code;
    for (int i = 0; i < ROTARIES; i++) {
        const json_t *dict = now ? json_object_get(now, types[i]) : i ? NULL : old;

        if (rope_dict_from_json(r, &s[i], json_is_null(dict) ? NULL : dict, now != NULL, err))
            return dict ? err_wrap(err, "key \"%s\"", now ? types[i] : "rope_scaling") : err->code;
    }
    r->c->ropes = true;
    return 0;
}

/* c's rope, of the keys that the architecture has for it. */
static int rope_from_json(const struct json_reading *r, struct err *err)
{
    const struct arch *arch = r->c->arch;
    const json_t *old = json_object_get(r->json, "rope_scaling");
    const json_t *now = json_object_get(r->json, "rope_parameters");

    old = json_is_null(old) ? NULL : old;
    now = json_is_null(now) ? NULL : now;
    if (arch->hf->positions || arch->rotary_dims)
        return rope_of_gpt(r, err);
    if (arch->two_ropes && arch->windows == WINDOWS_MOST)
        return rope_of_each(r, old, now, err);
    if (old && now && !json_equal(old, now))
        return err_set(err, ERR_FORMAT,
                       "keys \"rope_scaling\" and \"rope_parameters\" are both given and differ");
    return rope_of_all(r, now ? now : old, now ? "rope_parameters" : "rope_scaling", err);
}

/* All of it -------------------------------------------------------------------------------- */

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

    if (text != json && check_json_keys(json, &outer_keys, arch, err))
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
    if (check_json_keys(r.json, &json_keys, arch, err) || sizes_from_json(&r, err) ||
        facts_from_json(&r, err) || config_finish(c, err) || rope_from_json(&r, err) ||
        windows_from_json(&r, err) ||
        json_take_bool(json, "tie_word_embeddings", false, &c->shape.tied, err))
        return err->code;
    dtype_from_json(c, json);
    return 0;
}
