/*
 * What weights alone say of heads (docs/methods.md 6.5): whether a head's OV circuit copies,
 * whether its QK circuit seeks the same token, and how strongly its output enters the queries, keys
 * and values of heads above it.
 *
 * All scores are ratios from which divisors of norms drop out, so a norm is the linear map that is
 * left of it without its divisor: w, and the centring where there is one.
 */
#include "experiments/attention_weights.h"

#include "base/product/product.h"
#include "base/square.h"
#include "engine/vocab_stats.h"

#include <math.h>
#include <string.h>

/* --- a head's matrices, as rows over the residual stream --- */

static void centre(const struct norm *norm, int64_t d, float *row)
{
    if (norm->w && norm->centred)
        vec_shift(d, row, vec_mean(d, row), row);
}

static void stretch(const struct norm *norm, int64_t d, float *row)
{
    for (int64_t j = 0; norm->w && j < d; j++)
        row[j] *= norm->w[j] + norm->plus;
}

/* What the norm makes of n rows of the stream. */
static void through(const struct norm *norm, int64_t d, int64_t n, float *x)
{
    for (int64_t i = 0; i < n; i++) {
        centre(norm, d, x + i * d);
        stretch(norm, d, x + i * d);
    }
}

/* The rows that stand before the norm for n rows behind it: products with the stream are those with
   what the norm makes of it. */
static void before(const struct norm *norm, int64_t d, int64_t n, float *rows)
{
    for (int64_t i = 0; i < n; i++) {
        stretch(norm, d, rows + i * d);
        centre(norm, d, rows + i * d);
    }
}

/* The scale of number i of a head's query or key by a norm of its own. */
static float head_scale(const struct layer *layer, const struct norm *norm, int head, int dh, int i)
{
    return norm->w ? norm->w[(layer->qk_whole ? head * dh : 0) + i] + norm->plus : 1;
}

/* Rows of a head's query, key or value matrix, (dh, d): what the head reads of the stream. own: its
   norm of them, or NULL. */
static void reads(const struct model *m, int l, const struct linear *w, int head,
                  const struct norm *own, float *out)
{
    int64_t d = m->shape.d_model, dh = m->shape.d_head;

    matrix_rows(&w->w, head * dh, dh, out);
    for (int i = 0; own && i < dh; i++) {
        float by = head_scale(&m->layers[l], own, head, (int)dh, i);

        for (int64_t j = 0; j < d; j++)
            out[i * d + j] *= by;
    }
    before(&m->layers[l].attn_norm, d, dh, out);
}

/* What n numbers of heads' outputs, from the first on, each add to the stream: (n, d). */
static int writes(const struct model *m, int l, int64_t first, int64_t n, float *out,
                  struct arena *a, struct err *err)
{
    const struct layer *layer = &m->layers[l];
    int64_t d = m->shape.d_model;
    float *row = arena_alloc(a, (size_t)layer->o.w.cols, sizeof *row, err);

    if (!row)
        return err->code;
    for (int64_t j = 0; j < d; j++) {
        matrix_rows(&layer->o.w, j, 1, row);
        for (int64_t i = 0; i < n; i++)
            out[i * d + j] = row[first + i];
    }
    through(&layer->attn_post, d, n, out);
    return 0;
}

/* --- what the readers of all layers have, made once for the cells that share it --- */

/* Of a symmetric matrix of products A = r r^T: r^T, so that |r^T m| is the norm of what has m
   before the rows that A is of. */
struct readers {
    float *q, *o;    /* (L, H, dh, dh): of a head's query rows; of its writes */
    float *k;        /* (L, G, dh, dh) */
    double *qk, *ov; /* (L, H) norms of W_QK and W_OV */
};

/* Sum of the products of elements: the trace of a b, both symmetric. */
static double trace_of(int64_t n, const float *a, const float *b)
{
    double sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* y (n, n) = rows (n, d) rows^T */
static void own_products(struct team *t, int64_t n, int64_t d, const float *rows, float *y)
{
    struct matrix w = matrix_f32(rows, n, d);

    product(t, n, rows, d, &w, y, n);
}

/* a (n, n) becomes r^T of a = r r^T. scratch (n, n) */
static void root(int64_t n, float *a, double *scratch)
{
    for (int64_t i = 0; i < n * n; i++)
        scratch[i] = (double)a[i];
    square_cholesky((size_t)n, scratch);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            a[i * n + j] = (float)scratch[j * n + i];
}

/* Scratch of one layer. */
struct layer_room {
    float *rows;    /* (H dh, d) */
    float *v;       /* (G, dh, dh) */
    double *square; /* (dh, dh) */
};

static int layer_readers(const struct readers *all, const struct model *m, struct team *t, int l,
                         struct layer_room *r, struct arena *a, struct err *err)
{
    const struct layer *layer = &m->layers[l];
    int64_t d = m->shape.d_model, dh = m->shape.d_head, H = m->shape.n_heads;
    int64_t G = m->shape.n_kv_heads, sq = dh * dh;
    float *q = all->q + l * H * sq, *k = all->k + l * G * sq, *o = all->o + l * H * sq;

    for (int g = 0; g < G; g++) {
        reads(m, l, &layer->k, g, &layer->k_norm, r->rows);
        own_products(t, dh, d, r->rows, k + g * sq);
        reads(m, l, &layer->v, g, NULL, r->rows);
        own_products(t, dh, d, r->rows, r->v + g * sq);
    }
    for (int h = 0; h < H; h++) {
        reads(m, l, &layer->q, h, &layer->q_norm, r->rows);
        own_products(t, dh, d, r->rows, q + h * sq);
        all->qk[l * H + h] = sqrt(trace_of(sq, q + h * sq, k + h / (H / G) * sq));
        root(dh, q + h * sq, r->square);
    }
    if (writes(m, l, 0, H * dh, r->rows, a, err))
        return err->code;
    for (int h = 0; h < H; h++) {
        own_products(t, dh, d, r->rows + h * dh * d, o + h * sq);
        all->ov[l * H + h] = sqrt(trace_of(sq, o + h * sq, r->v + h / (H / G) * sq));
        root(dh, o + h * sq, r->square);
    }
    for (int g = 0; g < G; g++)
        root(dh, k + g * sq, r->square);
    return 0;
}

static int weights_prepare(const struct experiment *x, const struct cell *query, uint64_t first,
                           uint64_t n, struct worker *w, const void **prepared, struct err *err)
{
    const struct model *m = w->engine->model;
    size_t L = (size_t)m->shape.n_layers, H = (size_t)m->shape.n_heads;
    size_t G = (size_t)m->shape.n_kv_heads, dh = (size_t)m->shape.d_head, sq = dh * dh;
    struct readers *all = arena_alloc(w->arena, 1, sizeof *all, err);
    struct layer_room r = {
        .rows = arena_alloc(w->arena, H * dh * (size_t)m->shape.d_model, sizeof(float), err),
        .v = arena_alloc(w->arena, G * sq, sizeof(float), err),
        .square = arena_alloc(w->arena, sq, sizeof(double), err),
    };

    (void)x, (void)query, (void)first, (void)n;
    if (!all || !r.rows || !r.v || !r.square ||
        !(all->q = arena_alloc(w->arena, L * H * sq, sizeof *all->q, err)) ||
        !(all->o = arena_alloc(w->arena, L * H * sq, sizeof *all->o, err)) ||
        !(all->k = arena_alloc(w->arena, L * G * sq, sizeof *all->k, err)) ||
        !(all->qk = arena_alloc(w->arena, L * H, sizeof *all->qk, err)) ||
        !(all->ov = arena_alloc(w->arena, L * H, sizeof *all->ov, err)))
        return err->code;
    for (int l = 0; l < (int)L; l++)
        if (layer_readers(all, m, &w->engine->team, l, &r, w->arena, err))
            return err->code;
    *prepared = all;
    return 0;
}

/* --- a head by itself --- */

struct head_room {
    float *x, *v, *q, *k;     /* (dh, d) what it writes and reads */
    float *t, *y;             /* (dh, d) */
    float *z, *a, *b;         /* (dh, dh) */
    double *square, *re, *im; /* (dh, dh), (dh) twice */
};

static int room_alloc(struct head_room *r, const struct shape *s, struct arena *a, struct err *err)
{
    size_t dh = (size_t)s->d_head, n = dh * (size_t)s->d_model;
    float **wide[] = {&r->x, &r->v, &r->q, &r->k, &r->t, &r->y}, **small[] = {&r->z, &r->a, &r->b};

    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (!(*wide[i] = arena_alloc(a, n, sizeof(float), err)))
            return err->code;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (!(*small[i] = arena_alloc(a, dh * dh, sizeof(float), err)))
            return err->code;
    r->square = arena_alloc(a, dh * dh, sizeof *r->square, err);
    r->re = arena_alloc(a, dh, sizeof *r->re, err);
    r->im = arena_alloc(a, dh, sizeof *r->im, err);
    return r->square && r->re && r->im ? 0 : err->code;
}

/* y (dh, d) = x c^T, then z (dh, dh) = y by^T. */
static void twice(struct team *t, const struct shape *s, const float *x, const float *c,
                  const float *by, float *y, float *z)
{
    struct matrix square = matrix_f32(c, s->d_model, s->d_model);
    struct matrix rows = matrix_f32(by, s->d_head, s->d_model);

    product(t, s->d_head, x, s->d_model, &square, y, s->d_model);
    product(t, s->d_head, y, s->d_model, &rows, z, s->d_head);
}

/* A circuit of tokens by tokens has the eigenvalues of z, and zeros. Of it: the share of z's that
   are positive, their sum by that of their sizes, and the mean of a token with itself by the root
   mean square of all, whose square is the trace of a b. */
static void put_circuit(struct head_room *r, int64_t dh, float *positive, float *sum, float *self)
{
    double trace = 0, sizes = 0;
    int above = 0;

    for (int64_t i = 0; i < dh; i++)
        trace += (double)r->z[i * dh + i];
    for (int64_t i = 0; i < dh * dh; i++)
        r->square[i] = (double)r->z[i];
    *self = (float)(trace / sqrt(trace_of(dh * dh, r->a, r->b)));
    if (!square_eigenvalues((size_t)dh, r->square, r->re, r->im))
        return;
    for (int64_t i = 0; i < dh; i++) {
        above += r->re[i] > 0;
        sizes += sqrt(r->re[i] * r->re[i] + r->im[i] * r->im[i]);
    }
    *positive = (float)((double)above / (double)dh);
    *sum = (float)(trace / sizes);
}

static void circuits(const struct model *m, const struct vocab_stats *stats, struct team *t,
                     struct head_room *r, struct row *row)
{
    const struct shape *s = &m->shape;
    int64_t d = s->d_model, dh = s->d_head;

    memcpy(r->t, r->x, (size_t)(dh * d) * sizeof *r->t);
    for (int64_t i = 0; i < dh; i++)
        centre(&m->final_norm, d, r->t + i * d);
    twice(t, s, r->t, stats->gram, r->t, r->y, r->a);
    twice(t, s, r->v, stats->embed, r->v, r->y, r->b);
    twice(t, s, r->t, stats->cross, r->v, r->y, r->z);
    put_circuit(r, dh, row_f32(row, "ov_positive"), row_f32(row, "ov_copying"),
                row_f32(row, "ov_self"));
    twice(t, s, r->q, stats->embed, r->q, r->y, r->a);
    twice(t, s, r->k, stats->embed, r->k, r->y, r->b);
    twice(t, s, r->k, stats->embed, r->q, r->y, r->z);
    put_circuit(r, dh, row_f32(row, "qk_positive"), row_f32(row, "qk_matching"),
                row_f32(row, "qk_self"));
}

/* --- a head and those above it --- */

/* What the head writes, in directions of which each has the share of W_OV's norm that is its
   length: r->x becomes r^T x where v v^T = r r^T, so W_V drops out of norms. */
static void weigh_writes(struct team *t, const struct shape *s, struct head_room *r)
{
    int64_t d = s->d_model, dh = s->d_head;

    own_products(t, dh, d, r->v, r->a);
    root(dh, r->a, r->square);
    memcpy(r->t, r->x, (size_t)(dh * d) * sizeof *r->t);
    for (int64_t i = 0; i < dh; i++)
        product_mix(dh, r->a + i * dh, d, r->t, d, r->x + i * d);
}

/* One sort of reading of one layer. */
struct reads_of {
    const struct linear *w; /* (heads dh, d) */
    const struct norm *own; /* of what is read; NULL = none */
    int heads;              /* of w */
    const float *root;      /* (n, dh, dh) what stands before it: of n heads */
    int n;
    const double *norm; /* (H) of the readers' circuits */
};

/* out (H): norms of what the head's writes r->t become, by those of both circuits. y (dh, heads dh)
 */
static void compose(struct team *t, const struct shape *s, const struct layer *layer,
                    const struct reads_of *read, struct head_room *r, float *y, double norm,
                    float *out)
{
    int64_t dh = s->d_head, width = read->heads * dh;

    product(t, dh, r->t, s->d_model, &read->w->w, y, width);
    for (int64_t i = 0; read->own && read->own->w && i < dh; i++)
        for (int64_t j = 0; j < width; j++)
            y[i * width + j] *= head_scale(layer, read->own, (int)(j / dh), (int)dh, (int)(j % dh));
    for (int h = 0; h < s->n_heads; h++) {
        int from = h / (s->n_heads / read->heads), by = h / (s->n_heads / read->n);
        struct matrix root = matrix_f32(read->root + by * dh * dh, dh, dh);

        product(t, dh, y + from * dh, width, &root, r->z, dh);
        out[h] = (float)(sqrt(trace_of(dh * dh, r->z, r->z)) / (norm * read->norm[h]));
    }
}

static int compositions(const struct model *m, const struct readers *all, struct team *t, int l,
                        int h, struct head_room *r, struct row *row, struct arena *a,
                        struct err *err)
{
    const struct shape *s = &m->shape;
    int64_t d = s->d_model, dh = s->d_head, H = s->n_heads, G = s->n_kv_heads, sq = dh * dh;
    float *y = arena_alloc(a, (size_t)(dh * H * dh), sizeof *y, err);
    float *q = row_f32(row, "q_composition"), *k = row_f32(row, "k_composition");
    float *v = row_f32(row, "v_composition");
    double norm = all->ov[l * H + h];

    if (!y)
        return err->code;
    weigh_writes(t, s, r);
    for (int64_t i = l + 1; i < s->n_layers; i++) {
        const struct layer *layer = &m->layers[i];
        struct reads_of by_q = {&layer->q,           &layer->q_norm, (int)H,
                                all->k + i * G * sq, (int)G,         all->qk + i * H};
        struct reads_of by_k = {&layer->k,           &layer->k_norm, (int)G,
                                all->q + i * H * sq, (int)H,         all->qk + i * H};
        struct reads_of by_v = {&layer->v,           NULL,   (int)G,
                                all->o + i * H * sq, (int)H, all->ov + i * H};

        memcpy(r->t, r->x, (size_t)(dh * d) * sizeof *r->t);
        through(&layer->attn_norm, d, dh, r->t);
        compose(t, s, layer, &by_q, r, y, norm, q + i * H);
        compose(t, s, layer, &by_k, r, y, norm, k + i * H);
        compose(t, s, layer, &by_v, r, y, norm, v + i * H);
    }
    return 0;
}

/* --- slots --- */

static int weights_cell(const struct experiment *x, const struct cell *cell, struct row *row,
                        struct worker *w, struct err *err)
{
    const struct model *m = w->engine->model;
    const struct shape *s = &m->shape;
    int l = (int)cell->index[axis_named(x, "layer", 5)];
    int h = (int)cell->index[axis_named(x, "head", 4)], g = shape_group(s, h);
    const struct layer *layer = &m->layers[l];
    struct head_room r;

    if (room_alloc(&r, s, w->arena, err) ||
        writes(m, l, (int64_t)h * s->d_head, s->d_head, r.x, w->arena, err))
        return err->code;
    reads(m, l, &layer->v, g, NULL, r.v);
    reads(m, l, &layer->q, h, &layer->q_norm, r.q);
    reads(m, l, &layer->k, g, &layer->k_norm, r.k);
    circuits(m, x->scene->vocab_stats, &w->engine->team, &r, row);
    return compositions(m, cell->prepared, &w->engine->team, l, h, &r, row, w->arena, err);
}

/* Products, and some 20 n^3 for the eigenvalues of each circuit. */
static int weights_cost(const struct experiment *x, struct cell *cell, struct arena *a,
                        struct err *err)
{
    const struct shape *s = x->shape;
    uint64_t d = (uint64_t)s->d_model, dh = (uint64_t)s->d_head, H = (uint64_t)s->n_heads;
    uint64_t G = (uint64_t)s->n_kv_heads;
    uint64_t above = (uint64_t)(s->n_layers - 1 - cell->index[axis_named(x, "layer", 5)]);

    (void)a, (void)err;
    cell->extra += 6 * (2 * dh * d * d + 2 * dh * dh * d) + 2 * 20 * dh * dh * dh;
    cell->extra += 2 * 2 * dh * dh * d;
    cell->extra += above * (2 * dh * d * (H + 2 * G) * dh + 3 * H * 2 * dh * dh * dh);
    return 0;
}

static const struct {
    const char *name, *dims, *text, *title;
    bool joined, drawn;
} fields[] = {
    {"ov_positive", "query layer head",
     "share of the OV circuit's eigenvalues with a positive real part", NULL, false, false},
    {"ov_copying", "query layer head",
     "sum of the OV circuit's eigenvalues by the sum of their sizes",
     "which heads copy: 1 = whatever token is read gets a larger logit, -1 = a smaller one", true,
     true},
    {"ov_self", "query layer head",
     "mean logit that the OV circuit gives the token it reads, by the root mean square of all",
     "what a token gets from a head that reads it, by what all tokens get", true, false},
    {"qk_positive", "query layer head",
     "share of the QK circuit's eigenvalues with a positive real part", NULL, false, false},
    {"qk_matching", "query layer head",
     "sum of the QK circuit's eigenvalues by the sum of their sizes",
     "which heads seek the token that they stand at: 1 = they do, -1 = they avoid it", true, true},
    {"qk_self", "query layer head",
     "mean score of the QK circuit for a token and itself, by the root mean square of all", NULL,
     false, false},
    {"q_composition", "query layer head reader_layer reader_head",
     "how much of the head's output enters the queries of a head above it",
     "which heads write what queries of heads above are made of", false, false},
    {"k_composition", "query layer head reader_layer reader_head",
     "how much of the head's output enters the keys of a head above it",
     "which heads write what keys of heads above are made of", false, false},
    {"v_composition", "query layer head reader_layer reader_head",
     "how much of the head's output enters the values of a head above it",
     "which heads write what values of heads above are made of", false, false},
};

/* What a reader sees of a score; no title: nothing but in the file. */
static int describe(struct experiment *x, size_t i, struct err *err)
{
    struct headline h = {.variable = fields[i].name,
                         .title = fields[i].title,
                         .unit = "score",
                         .test = "none",
                         .join = fields[i].joined ? "score" : NULL,
                         .class_words = fields[i].name};
    struct figure f = {.name = fields[i].name,
                       .form = "map",
                       .values = fields[i].name,
                       .down = "layer",
                       .along = "head",
                       .title = fields[i].title,
                       .value_label = "score",
                       .along_label = "head",
                       .down_label = "layer"};

    return err_if(err, (h.title && add_headline(x, &h, err)) ||
                           (fields[i].drawn && add_figure(x, &f, err)));
}

static void measure(struct experiment *x)
{
    const struct shape *s = x->shape;
    double d = s->d_model, dh = s->d_head, H = s->n_heads, G = s->n_kv_heads, L = s->n_layers;

    x->shared = (uint64_t)(L * (2 * H + 2 * G) * 2 * dh * dh * d);
    x->bytes = sizeof(float) * (L * (2 * H + G) * dh * dh + H * dh * d + 6 * dh * d + dh * dh * H);
}

static const struct kind weights = {
    .name = "attention",
    .summary = "scores of all heads from the weights alone",
    .version = 1,
    .prepare = weights_prepare,
    .variants = weights_cost,
    .reduce_cell = weights_cell,
};

int weights_open(struct experiment *x, struct err *err)
{
    x->kind = &weights;
    x->of_model = true;
    x->needs |= NEED_VOCAB_STATS | NEED_EMBED_STATS;
    x->words = "weights of head {layer}.{head}";
    measure(x);
    if (add_axis(x, "layer", (size_t)x->shape->n_layers, err) ||
        add_axis(x, "head", (size_t)x->shape->n_heads, err) ||
        add_axis(x, "reader_layer", (size_t)x->shape->n_layers, err) ||
        add_axis(x, "reader_head", (size_t)x->shape->n_heads, err))
        return err->code;
    x->axis[0].cell = x->axis[1].cell = x->axis[1].even = true;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (add_field(x, fields[i].name, V_F32, fields[i].dims, "1", fields[i].text, err) ||
            describe(x, i, err))
            return err->code;
    return 0;
}
