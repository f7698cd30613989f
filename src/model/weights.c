#include "model/weights.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* Sizes that the dimensions of a weight can have. */
enum size { SIZE_D, SIZE_Q, SIZE_KV, SIZE_FF, SIZE_V };

static const struct weight {
    size_t offset; /* in struct layer, of a struct matrix; of a const float * for a norm */
    enum size rows, cols;
    bool norm, rotary;
} weights[] = {
    {offsetof(struct layer, attn_norm), SIZE_D, 0, .norm = true},
    {offsetof(struct layer, mlp_norm), SIZE_D, 0, .norm = true},
    {offsetof(struct layer, q), SIZE_Q, SIZE_D, .rotary = true},
    {offsetof(struct layer, k), SIZE_KV, SIZE_D, .rotary = true},
    {offsetof(struct layer, v), SIZE_KV, SIZE_D, .norm = false},
    {offsetof(struct layer, o), SIZE_D, SIZE_Q, .norm = false},
    {offsetof(struct layer, gate), SIZE_FF, SIZE_D, .norm = false},
    {offsetof(struct layer, up), SIZE_FF, SIZE_D, .norm = false},
    {offsetof(struct layer, down), SIZE_D, SIZE_FF, .norm = false},
};

enum { WEIGHTS = sizeof weights / sizeof *weights, NAME_LENGTH = 128 };

static const char *const hf_in_layer[WEIGHTS] = {
    "input_layernorm",  "post_attention_layernorm", "self_attn.q_proj", "self_attn.k_proj",
    "self_attn.v_proj", "self_attn.o_proj",         "mlp.gate_proj",    "mlp.up_proj",
    "mlp.down_proj",
};

static const char *const gguf_in_layer[WEIGHTS] = {
    "attn_norm",   "ffn_norm", "attn_q", "attn_k",   "attn_v",
    "attn_output", "ffn_gate", "ffn_up", "ffn_down",
};

/* Tables of rotary frequencies that some converters stored: we compute our own. */
static const char *const hf_harmless[] = {"rotary_emb.inv_freq", NULL};
static const char *const gguf_harmless[] = {"attn_rot_embd.weight", NULL};

const struct naming naming_hf = {
    "model.layers.%d.",
    "model.embed_tokens.weight",
    "lm_head.weight",
    "model.norm.weight",
    hf_in_layer,
    hf_harmless,
    false,
};

const struct naming naming_gguf = {
    "blk.%d.",
    "token_embd.weight",
    "output.weight",
    "output_norm.weight",
    gguf_in_layer,
    gguf_harmless,
    true,
};

/* What one weights_bind works on. */
struct binding {
    struct model *m;
    struct tensors *t; /* NULL: no weights */
    const struct naming *names;
    enum dtype dtype;
    struct arena *arena;
};

static int64_t size_of(const struct shape *s, enum size size)
{
    switch (size) {
    case SIZE_D:
        return s->d_model;
    case SIZE_Q:
        return (int64_t)s->n_heads * s->d_head;
    case SIZE_KV:
        return (int64_t)s->n_kv_heads * s->d_head;
    case SIZE_FF:
        return s->d_ff;
    default:
        return s->vocab;
    }
}

/* The tensor of that name and shape, marked as used; NULL on error. */
static const struct tensor *take(struct binding *b, const char *name, int rank, const int64_t *dim,
                                 struct err *err)
{
    struct tensor *t = tensors_find(b->t, name);
    char have[TENSOR_SHAPE_TEXT], want[TENSOR_SHAPE_TEXT];

    if (!t) {
        err_set(err, ERR_FORMAT, "tensor %s is missing", name);
        return NULL;
    }
    if (t->rank != rank || memcmp(t->dim, dim, (size_t)rank * sizeof *dim) != 0) {
        err_set(err, ERR_FORMAT, "tensor %s has the shape %s, the config says %s", name,
                tensor_shape_text(have, t->rank, t->dim), tensor_shape_text(want, rank, dim));
        return NULL;
    }
    b->m->n_params += t->bytes / dtype_block_bytes(t->dtype) * dtype_block(t->dtype);
    b->m->weight_bytes += t->bytes;
    t->used = true;
    return t;
}

static int bind_matrix(struct binding *b, const char *name, int64_t rows, int64_t cols,
                       struct matrix *w, struct err *err)
{
    const struct tensor *t;

    *w = (struct matrix){.dtype = b->dtype, .rows = rows, .cols = cols};
    if (!b->t) {
        b->m->n_params += (uint64_t)(rows * cols);
        b->m->weight_bytes += (uint64_t)rows * matrix_row_bytes(w);
        return 0;
    }
    t = take(b, name, 2, (int64_t[]){rows, cols}, err);
    if (!t)
        return err->code;
    w->data = t->data;
    w->dtype = t->dtype;
    return 0;
}

/* A vector of d numbers, widened to float32. */
static int bind_vector(struct binding *b, const char *name, int64_t n, const float **out,
                       struct err *err)
{
    struct matrix row;
    const struct tensor *t;
    float *v;

    *out = NULL;
    if (!b->t) {
        b->m->n_params += (uint64_t)n;
        b->m->weight_bytes += (uint64_t)n * dtype_block_bytes(b->dtype);
        return 0;
    }
    t = take(b, name, 1, &n, err);
    if (!t)
        return err->code;
    if (!t->data)
        return 0;
    v = arena_alloc(b->arena, (size_t)n, sizeof *v, err);
    if (!v)
        return err->code;
    row = (struct matrix){.data = t->data, .dtype = t->dtype, .rows = 1, .cols = n};
    matrix_rows(&row, 0, 1, v);
    *out = v;
    return 0;
}

static int bind_layer(struct binding *b, int l, struct err *err)
{
    const struct shape *s = &b->m->shape;
    char name[NAME_LENGTH];

    for (int i = 0; i < WEIGHTS; i++) {
        const struct weight *w = &weights[i];
        char *field = (char *)&b->m->layers[l] + w->offset;
        int n = snprintf(name, sizeof name, b->names->layer, l);

        snprintf(name + n, sizeof name - (size_t)n, "%s.weight", b->names->in_layer[i]);
        if (w->norm) {
            if (bind_vector(b, name, size_of(s, w->rows), (const float **)(void *)field, err))
                return err->code;
            continue;
        }
        if (bind_matrix(b, name, size_of(s, w->rows), size_of(s, w->cols),
                        (struct matrix *)(void *)field, err))
            return err->code;
        if (w->rotary && b->names->interleaved)
            ((struct matrix *)(void *)field)->rotary_head_dim = s->d_head;
    }
    return 0;
}

/* A tied model may store the unembedding all the same, but then it must be the embedding. */
static int bind_unembedding(struct binding *b, struct err *err)
{
    struct model *m = b->m;
    struct tensor *t = b->t ? tensors_find(b->t, b->names->unembed) : NULL, *e;

    if (!m->shape.tied)
        return bind_matrix(b, b->names->unembed, m->shape.vocab, m->shape.d_model, &m->unembed,
                           err);
    m->unembed = m->embed;
    if (!t)
        return 0;
    e = tensors_find(b->t, b->names->embed);
    if (t->dtype != e->dtype || t->bytes != e->bytes ||
        (t->data && memcmp(t->data, e->data, t->bytes) != 0))
        return err_set(err, ERR_FORMAT,
                       "tensor %s differs from %s, but the config says that they are one "
                       "(tie_word_embeddings)",
                       t->name, e->name);
    t->used = true;
    return 0;
}

static int bind_all(struct binding *b, struct err *err)
{
    struct model *m = b->m;

    m->layers = arena_alloc(b->arena, (size_t)m->shape.n_layers, sizeof *m->layers, err);
    if (!m->layers ||
        bind_matrix(b, b->names->embed, m->shape.vocab, m->shape.d_model, &m->embed, err))
        return err->code;
    for (int l = 0; l < m->shape.n_layers; l++)
        if (bind_layer(b, l, err))
            return err->code;
    if (bind_vector(b, b->names->final_norm, m->shape.d_model, &m->final_norm, err))
        return err->code;
    return bind_unembedding(b, err);
}

static bool is_harmless(const struct naming *names, const char *name)
{
    for (const char *const *end = names->harmless; *end; end++)
        if (str_ends_with(name, *end))
            return true;
    return false;
}

int weights_bind(struct model *m, struct tensors *t, const struct naming *names, enum dtype dtype,
                 struct arena *a, struct err *err)
{
    struct binding b = {m, t, names, dtype, a};

    if (bind_all(&b, err))
        return err->code;
    for (size_t i = 0; t && i < t->n; i++)
        if (!t->v[i].used && !is_harmless(names, t->v[i].name))
            return err_set(err, ERR_FORMAT,
                           "tensor %s is not part of a %s as it is computed here (%d layers)",
                           t->v[i].name, m->arch, m->shape.n_layers);
    return 0;
}
