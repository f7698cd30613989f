#include "model/arch.h"

#include "base/str.h"

#include <stdio.h>

const struct arch archs[ARCHS] = {
    {.name = "LlamaForCausalLM", .model_type = "llama", .gguf = "llama", .max_positions = 2048},
    {.name = "MistralForCausalLM",
     .model_type = "mistral",
     .kv_heads = 8,
     .max_positions = 4096 * 32,
     .sliding_window = 4096},
};

const struct arch_key *key_find(const struct arch_key *keys, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(keys[i].name, name))
            return &keys[i];
    return NULL;
}

int arch_unknown(const char *name, struct err *err)
{
    char known[256] = "";
    size_t n = 0;

    for (size_t i = 0; i < ARCHS && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", archs[i].name);
    return err_set(err, ERR_FORMAT, "the architecture %.100s is not handled; known: %s", name,
                   known);
}

int shape_finish(struct shape *s, struct err *err)
{
    if (!s->d_head && s->d_model % s->n_heads)
        return err_set(
            err, ERR_FORMAT,
            "the width %d is not a multiple of the number of heads %d, and no head width is "
            "given",
            s->d_model, s->n_heads);
    if (!s->d_head)
        s->d_head = s->d_model / s->n_heads;
    if (s->d_head % 2 || s->d_head > HEAD_DIM_MAX)
        return err_set(err, ERR_FORMAT, "the head width %d is not even, or more than %d", s->d_head,
                       HEAD_DIM_MAX);
    if (s->n_heads % s->n_kv_heads)
        return err_set(
            err, ERR_FORMAT,
            "the number of heads %d is not a multiple of the number of key/value heads %d",
            s->n_heads, s->n_kv_heads);
    if (!(s->rms_eps >= 0 && s->rms_eps < 1))
        return err_set(err, ERR_FORMAT, "the epsilon of the norms is %g, expected 0 to 1",
                       (double)s->rms_eps);
    return 0;
}
