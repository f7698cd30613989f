#include "model/arch_json_parts.h"

#include "base/real.h"
#include "base/str.h"
#include "model/rope.h"

#include <math.h>

/* The kind that "rope_type", or "type" as it was called, names. */
static int rope_kind_from_json(struct rope_spec *s, const json_t *j, struct err *err)
{
    static const struct {
        const char *name;
        enum rope_kind is;
    } kinds[] = {{"default", ROPE_PLAIN},   {"linear", ROPE_LINEAR}, {"llama3", ROPE_LLAMA3},
                 {"dynamic", ROPE_DYNAMIC}, {"yarn", ROPE_YARN},     {"longrope", ROPE_LONG},
                 {"su", ROPE_LONG}};
    const char *now = NULL, *before = NULL, *name;

    if (json_take_string(j, "rope_type", false, &now, ERR_FORMAT, err) ||
        json_take_string(j, "type", false, &before, ERR_FORMAT, err))
        return err->code;
    if (now && before && !str_eq(now, before))
        return err_set(err, ERR_FORMAT, "\"rope_type\" is \"%.100s\" but \"type\" is \"%.100s\"",
                       now, before);
    name = now ? now : before ? before : "default";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_eq(name, kinds[i].name)) {
            /* What Phi-3's first files call yarn has the factors of longrope. */
            bool by_factors = kinds[i].is == ROPE_YARN && key_given(j, "long_factor");

            s->kind = by_factors ? ROPE_LONG : kinds[i].is;
            return 0;
        }
    return err_set(err, ERR_FORMAT,
                   "rotary scaling of type \"%.100s\" is not handled: default, linear, llama3, "
                   "dynamic, yarn and longrope are",
                   name);
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
        json_take_bool(j, "truncate", false, &truncate, ERR_FORMAT, err))
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

    if (json_take_real(j, "factor", scaled && s->kind != ROPE_LONG, &s->factor, ERR_FORMAT, err) ||
        json_take_real(j, "low_freq_factor", llama3, &s->low, ERR_FORMAT, err) ||
        json_take_real(j, "high_freq_factor", llama3, &s->high, ERR_FORMAT, err))
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
    if (j && (rope_kind_from_json(s, j, err) || check_rope_keys(j, r->c->arch, err)))
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

int rope_from_json(const struct json_reading *r, struct err *err)
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
