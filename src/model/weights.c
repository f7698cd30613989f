#include "model/weights.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Sizes that the dimensions of a weight can have. */
enum size { SIZE_D, SIZE_Q, SIZE_KV, SIZE_FF, SIZE_HEAD };

/* Where a part of a layer lies in struct layer, and its sizes; cols 0: a norm. */
static const struct weight_piece {
    size_t offset;
    enum size rows, cols;
    bool norm, rotary;
    enum bias bias;
} pieces[PARTS] = {
    [PART_ATTN_NORM] = {offsetof(struct layer, attn_norm), SIZE_D, 0, .norm = true},
    [PART_ATTN_POST] = {offsetof(struct layer, attn_post), SIZE_D, 0, .norm = true},
    [PART_MLP_NORM] = {offsetof(struct layer, mlp_norm), SIZE_D, 0, .norm = true},
    [PART_MLP_POST] = {offsetof(struct layer, mlp_post), SIZE_D, 0, .norm = true},
    [PART_Q_NORM] = {offsetof(struct layer, q_norm), SIZE_Q, 0, .norm = true},
    [PART_K_NORM] = {offsetof(struct layer, k_norm), SIZE_KV, 0, .norm = true},
    [PART_Q] = {offsetof(struct layer, q), SIZE_Q, SIZE_D, .rotary = true, .bias = BIAS_QKV},
    [PART_K] = {offsetof(struct layer, k), SIZE_KV, SIZE_D, .rotary = true, .bias = BIAS_QKV},
    [PART_V] = {offsetof(struct layer, v), SIZE_KV, SIZE_D, .bias = BIAS_QKV},
    [PART_O] = {offsetof(struct layer, o), SIZE_D, SIZE_Q, .bias = BIAS_O},
    [PART_GATE] = {offsetof(struct layer, gate), SIZE_FF, SIZE_D, .bias = BIAS_MLP},
    [PART_UP] = {offsetof(struct layer, up), SIZE_FF, SIZE_D, .bias = BIAS_MLP},
    [PART_DOWN] = {offsetof(struct layer, down), SIZE_D, SIZE_FF, .bias = BIAS_MLP},
};

enum { NAME_LENGTH = 192 };

/* What one weights_bind works on. */
struct binding {
    struct model *m;
    const struct arch_config *c;
    struct tensors *t; /* NULL: no weights */
    const struct naming *names;
    const char *prefix; /* before all names */
    bool gguf;
    struct arena *arena;
};

/* A matrix as it lies in a tensor: all of it, or some rows. */
struct weight_place {
    char name[NAME_LENGTH]; /* without .weight or .bias */
    int64_t first, all;     /* of its rows */
    bool transposed;
    struct matrix as; /* rows, cols and their order */
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
        return s->d_head;
    }
}

static struct tensor *find(const struct binding *b, const char *name, const char *what)
{
    char full[NAME_LENGTH + 8];

    snprintf(full, sizeof full, "%s.%s", name, what);
    return b->t ? tensors_find(b->t, full) : NULL;
}

/* The tensor of that name and shape, marked as used; NULL on error. */
static const struct tensor *take(struct binding *b, const char *name, const char *what, int rank,
                                 const int64_t *dim, struct err *err)
{
    struct tensor *t = find(b, name, what);
    char have[TENSOR_SHAPE_TEXT], want[TENSOR_SHAPE_TEXT];

    if (!t) {
        err_set(err, ERR_FORMAT, "tensor %s.%s is missing", name, what);
        return NULL;
    }
    if (t->rank != rank || memcmp(t->dim, dim, (size_t)rank * sizeof *dim) != 0) {
        err_set(err, ERR_FORMAT, "tensor %s has the shape %s, the config says %s", t->name,
                tensor_shape_text(have, t->rank, t->dim), tensor_shape_text(want, rank, dim));
        return NULL;
    }
    if (!t->used) { /* several parts may lie in one tensor */
        b->m->n_params += t->bytes / dtype_block_bytes(t->dtype) * dtype_block(t->dtype);
        b->m->weight_bytes += t->bytes;
    }
    t->used = true;
    return t;
}

/* Counts what is not there. */
static void count(struct binding *b, int64_t rows, int64_t cols)
{
    b->m->n_params += (uint64_t)(rows * cols);
    b->m->weight_bytes +=
        (uint64_t)(rows * cols) / dtype_block(b->c->dtype) * dtype_block_bytes(b->c->dtype);
}

static int bind_matrix(struct binding *b, const struct weight_place *p, struct matrix *w,
                       struct err *err)
{
    const struct tensor *t;
    size_t bytes;

    *w = p->as;
    w->dtype = b->c->dtype;
    if (!b->t) {
        count(b, w->rows, w->cols);
        return 0;
    }
    t = take(b, p->name, "weight", 2,
             p->transposed ? (int64_t[]){w->cols, p->all} : (int64_t[]){p->all, w->cols}, err);
    if (!t)
        return err->code;
    w->dtype = t->dtype;
    bytes = p->transposed ? dtype_block_bytes(t->dtype) : matrix_row_bytes(w);
    w->data = t->data ? (const char *)t->data + (size_t)p->first * bytes : NULL;
    return 0;
}

/* A vector widened to float32, in the order of the matrix's rows. */
static int bind_vector(struct binding *b, const struct weight_place *p, const char *what,
                       const float **out, struct err *err)
{
    struct matrix column = p->as;
    const struct tensor *t;
    float *v;

    *out = NULL;
    if (!b->t) {
        count(b, column.rows, 1);
        return 0;
    }
    t = take(b, p->name, what, 1, &p->all, err);
    if (!t || !t->data)
        return err->code;
    v = arena_alloc(b->arena, (size_t)column.rows, sizeof *v, err);
    if (!v)
        return err->code;
    column.cols = 1;
    column.across = 0;
    column.dtype = t->dtype;
    if (dtype_block(t->dtype) != 1)
        return err_set(err, ERR_FORMAT, "tensor %s is quantised, which a vector must not be",
                       t->name);
    column.data = (const char *)t->data + (size_t)p->first * dtype_block_bytes(t->dtype);
    matrix_rows(&column, 0, column.rows, v);
    *out = v;
    return 0;
}

/* A matrix and, if it has one, its bias. */
static int bind_linear(struct binding *b, const struct weight_place *p, bool biased,
                       struct linear *w, struct err *err)
{
    w->b = NULL;
    if (bind_matrix(b, p, &w->w, err))
        return err->code;
    if (!biased && !(b->gguf && find(b, p->name, "bias")))
        return 0;
    return bind_vector(b, p, "bias", &w->b, err);
}

/* All of a tensor, by the parts of its name. */
static struct weight_place whole(const char *prefix, const char *name, int64_t rows, int64_t cols)
{
    struct weight_place p = {.all = rows, .as = {.rows = rows, .cols = cols}};

    snprintf(p.name, sizeof p.name, "%s%s", prefix, name);
    return p;
}

static int bind_norm(struct binding *b, const char *prefix, const char *name, int64_t n,
                     struct norm *norm, struct err *err)
{
    const struct arch *arch = b->c->arch;
    struct weight_place p = whole(prefix, name, n, 1);

    norm->eps = b->m->shape.norm_eps;
    norm->centred = arch->centred;
    norm->plus = arch->one_plus && !b->gguf ? 1 : 0;
    if (bind_vector(b, &p, "weight", &norm->w, err))
        return err->code;
    return b->c->bias & BIAS_NORMS ? bind_vector(b, &p, "bias", &norm->b, err) : 0;
}

static void layer_name(char out[NAME_LENGTH], const struct binding *b, int l, const char *part)
{
    size_t n = (size_t)snprintf(out, NAME_LENGTH, "%s", b->prefix);

    n += (size_t)snprintf(out + n, NAME_LENGTH - n, b->names->layer, l);
    snprintf(out + n, NAME_LENGTH - n, "%s", part);
}

static bool layer_has(const struct binding *b, int l, const char *part)
{
    char name[NAME_LENGTH];

    layer_name(name, b, l, part);
    return find(b, name, "weight");
}

/* The name of the tensor that holds a part with others, if it is there and they have none of their
   own; else NULL. */
static const char *fused(const struct binding *b, int l, enum weight_part part)
{
    bool qkv = part == PART_Q || part == PART_K || part == PART_V;
    bool up = (part == PART_GATE || part == PART_UP) && b->c->arch->hf->fused_up;
    const char *name = qkv ? b->names->fused_qkv : up ? b->names->fused_up : NULL;
    const char *first = b->names->part[qkv ? PART_Q : PART_GATE];

    return name && !layer_has(b, l, first) && layer_has(b, l, name) ? name : NULL;
}

/* In such a tensor, the rows before the part's, and all. */
static void fused_rows(const struct shape *s, enum weight_part part, struct weight_place *p)
{
    int64_t q = size_of(s, SIZE_Q), kv = size_of(s, SIZE_KV), ff = s->d_ff;
    bool mlp = part == PART_GATE || part == PART_UP;

    p->all = mlp ? 2 * ff : q + 2 * kv;
    p->first = part == PART_K ? q : part == PART_V ? q + kv : part == PART_UP ? ff : 0;
}

/* Where a layer's matrix lies: in a tensor of its own, if there is one, or in one with others. */
static void place_of(const struct binding *b, int l, enum weight_part part, struct weight_place *p)
{
    const struct shape *s = &b->m->shape;
    const struct weight_piece *piece = &pieces[part];
    const char *with = fused(b, l, part);

    *p = (struct weight_place){
        .transposed = b->names->transposed,
        .as = {.rows = size_of(s, piece->rows), .cols = size_of(s, piece->cols)}};
    p->all = p->as.rows;
    layer_name(p->name, b, l, with ? with : b->names->part[part]);
    if (with)
        fused_rows(s, part, p);
    if (with && b->names->by_head) {
        p->first = (int64_t)s->d_head * (part - PART_Q);
        p->as.block = s->d_head;
        p->as.apart = 3 * (int64_t)s->d_head;
    }
    if (p->transposed)
        p->as.across = p->all;
    if (piece->rotary && b->gguf && b->c->arch->gguf_adjacent)
        p->as.rotary_head_dim = s->d_head;
}

static int bind_part(struct binding *b, int l, enum weight_part part, struct err *err)
{
    const struct weight_piece *piece = &pieces[part];
    char *field = (char *)&b->m->layers[l] + piece->offset, name[NAME_LENGTH];
    bool whole = b->c->arch->qk_whole || !(part == PART_Q_NORM || part == PART_K_NORM);
    struct weight_place p;

    if (piece->norm) {
        layer_name(name, b, l, b->names->part[part]);
        return bind_norm(b, "", name, size_of(&b->m->shape, whole ? piece->rows : SIZE_HEAD),
                         (struct norm *)(void *)field, err);
    }
    place_of(b, l, part, &p);
    return bind_linear(b, &p, b->c->bias & piece->bias, (struct linear *)(void *)field, err);
}

static int bind_layer(struct binding *b, int l, struct err *err)
{
    const struct shape *s = &b->m->shape;
    struct layer *layer = &b->m->layers[l];
    float scale = 1 / sqrtf((float)b->c->score_width);

    layer->qk_whole = b->c->arch->qk_whole;
    layer->score_scale = b->c->by_depth ? scale / (float)(l + 1) : scale;
    layer->rotary = b->c->ropes && shape_window(s, l);
    for (int i = 0; i < PARTS; i++)
        if (b->c->arch->hf->part[i] && bind_part(b, l, (enum weight_part)i, err))
            return err->code;
    b->m->shape.attn_bias |= b->c->bias & BIAS_O || layer->o.b || layer->attn_post.b;
    return 0;
}

/* One of the names that the unembedding has. */
static const char *unembedding(const struct binding *b)
{
    int i = 0;

    while (b->names->unembed[i + 1] && !find(b, b->names->unembed[i], "weight"))
        i++;
    return find(b, b->names->unembed[i], "weight") ? b->names->unembed[i] : b->names->unembed[0];
}

/* A tied model may store the unembedding all the same, but then it must be the embedding. */
static int check_tied(const struct binding *b, const char *name, const char *embed, struct err *err)
{
    struct tensor *t = find(b, name, "weight"), *e = find(b, embed, "weight");

    if (!t)
        return 0;
    if (t->dtype != e->dtype || t->bytes != e->bytes ||
        (t->data && memcmp(t->data, e->data, t->bytes) != 0))
        return err_set(err, ERR_FORMAT,
                       "tensor %s differs from %s, but the config says that they are one "
                       "(tie_word_embeddings)",
                       t->name, e->name);
    t->used = true;
    return 0;
}

static int bind_unembedding(struct binding *b, const char *embed, struct err *err)
{
    struct model *m = b->m;
    struct weight_place p = whole("", unembedding(b), m->shape.vocab, m->shape.d_model);

    if (!m->shape.tied)
        return bind_linear(b, &p, b->c->bias & BIAS_UNEMBED, &m->unembed, err);
    m->unembed.w = m->embed;
    if (check_tied(b, p.name, embed, err))
        return err->code;
    return b->c->bias & BIAS_UNEMBED ? bind_vector(b, &p, "bias", &m->unembed.b, err) : 0;
}

/* What stands before all names: the first of the prefixes under which there is an embedding. */
static const char *find_prefix(const struct binding *b)
{
    char name[NAME_LENGTH];

    for (int i = 0; b->names->prefix[i]; i++) {
        snprintf(name, sizeof name, "%s%s", b->names->prefix[i], b->names->embed);
        if (find(b, name, "weight"))
            return b->names->prefix[i];
    }
    return b->names->prefix[0];
}

static int bind_all(struct binding *b, struct err *err)
{
    struct model *m = b->m;
    struct weight_place embed, positions;

    m->layers = arena_alloc(b->arena, (size_t)m->shape.n_layers, sizeof *m->layers, err);
    if (!m->layers)
        return err->code;
    embed = whole(b->prefix, b->names->embed, m->shape.vocab, m->shape.d_model);
    if (bind_matrix(b, &embed, &m->embed, err))
        return err->code;
    if (b->c->arch->hf->positions) {
        positions = whole(b->prefix, b->names->positions, m->shape.max_positions, m->shape.d_model);
        if (bind_matrix(b, &positions, &m->positions, err))
            return err->code;
    }
    for (int l = 0; l < m->shape.n_layers; l++)
        if (bind_layer(b, l, err))
            return err->code;
    if (bind_norm(b, b->prefix, b->names->final_norm, m->shape.d_model, &m->final_norm, err) ||
        bind_unembedding(b, embed.name, err))
        return err->code;
    m->shape.has_bias = b->c->bias & (BIAS_NORMS | BIAS_UNEMBED) || m->unembed.b;
    return 0;
}

static bool is_harmless(const struct naming *names, const char *name)
{
    for (const char *const *s = names->harmless; *s; s++)
        if (str_ends_with(*s, ".") ? !strncmp(name, *s, strlen(*s)) : str_ends_with(name, *s))
            return true;
    return false;
}

int weights_bind(struct model *m, const struct arch_config *c, struct tensors *t, bool gguf,
                 struct arena *a, struct err *err)
{
    struct binding b = {m, c, t, gguf ? &naming_gguf : c->arch->hf, "", gguf, a};

    b.prefix = find_prefix(&b);
    if (bind_all(&b, err))
        return err->code;
    for (size_t i = 0; t && i < t->n; i++)
        if (!t->v[i].used && !is_harmless(b.names, t->v[i].name))
            return err_set(err, ERR_FORMAT,
                           "tensor %s is not part of a %s as it is computed here (%d layers)",
                           t->v[i].name, m->arch, m->shape.n_layers);
    return 0;
}
