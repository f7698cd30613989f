#include "engine/engine.h"

#include "base/gemm.h"
#include "base/product/product.h"
#include "engine/answer.h"
#include "engine/attention.h"
#include "engine/lens.h"
#include "engine/logits.h"
#include "engine/naive.h"
#include "engine/noop.h"
#include "engine/swap.h"
#include "engine/wave.h"
#include "model/rope.h"

#include <string.h>

static size_t scratch_floats(const struct shape *s, int max_tokens)
{
    const int64_t shapes[][2] = {
        {(int64_t)s->n_heads * s->d_head, s->d_model},
        {(int64_t)s->n_kv_heads * s->d_head, s->d_model},
        {s->d_head, s->d_model},
        {s->d_model, (int64_t)s->n_heads * s->d_head},
        {s->d_ff, s->d_model},
        {s->d_model, s->d_ff},
        {s->vocab, s->d_model},
        {s->d_model, s->d_model},
    };
    size_t most = attention_scratch(s, max_tokens);

    if (most < (size_t)s->d_model)
        most = (size_t)s->d_model; /* a row to edit */
    if (most < (size_t)s->n_heads * (size_t)s->d_head)
        most = (size_t)s->n_heads * (size_t)s->d_head; /* the same of heads' outputs */
    if (most < product_scratch())
        most = product_scratch();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (gemm_scratch(shapes[i][0], shapes[i][1]) > most)
            most = gemm_scratch(shapes[i][0], shapes[i][1]);
    return most;
}

static size_t shared_floats(const struct shape *s, int rows)
{
    enum { MOST = 1024 }; /* rows that pass by while a weight is in the cache: more gain little */
    const int64_t lengths[] = {s->d_model, (int64_t)s->n_heads * s->d_head, s->d_ff, VOCAB_ROWS};
    int64_t k = 0;

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        k = lengths[i] > k ? lengths[i] : k;
    return product_shared(rows < MOST ? rows : MOST, k);
}

/* Every buffer of the engine, once, for allocation and for the plan. */
struct buffer {
    void **at;
    size_t n, size;
};

enum { BUFFERS = 21 };

/* Rows of a rotary table. */
static size_t turns(const struct engine *e)
{
    return (size_t)e->max_tokens + (size_t)e->rows;
}

static void buffers_of(struct engine *e, const struct shape *s, struct buffer out[BUFFERS])
{
    size_t rows = (size_t)e->rows, d = (size_t)s->d_model, f = sizeof(float);
    size_t heads = (size_t)s->n_heads * (size_t)s->d_head;
    size_t groups = (size_t)s->n_kv_heads * (size_t)s->d_head;
    struct buffer all[BUFFERS] = {
        {(void **)&e->rotary, ROTARIES * turns(e) * (size_t)(s->d_head + 1), f},
        {(void **)&e->lane, rows, sizeof *e->lane},
        {(void **)&e->live, rows, sizeof *e->live},
        {(void **)&e->answered, rows, sizeof *e->answered},
        {(void **)&e->row, rows, sizeof *e->row},
        {(void **)&e->pos, rows, sizeof *e->pos},
        {(void **)&e->x, rows * d, f},
        {(void **)&e->norm, rows * d, f},
        {(void **)&e->read, rows * d, f},
        {(void **)&e->q, rows * heads, f},
        {(void **)&e->z, rows * heads, f},
        {(void **)&e->k, rows * groups, f},
        {(void **)&e->v, rows * groups, f},
        {(void **)&e->a, rows * d, f},
        {(void **)&e->m, rows * d, f},
        {(void **)&e->gate, rows * (size_t)s->d_ff, f},
        {(void **)&e->up, rows * (size_t)s->d_ff, f},
        {(void **)&e->logits, rows * VOCAB_BLOCK, f},
        {(void **)&e->reader, rows, sizeof *e->reader},
        {(void **)&e->part, rows * (size_t)s->n_heads, sizeof *e->part},
        {(void **)&e->swapping, rows, sizeof *e->swapping},
    };

    memcpy(out, all, sizeof all);
}

static void sizes(struct engine *e, int rows, int max_tokens)
{
    e->rows = rows > max_tokens ? rows : max_tokens;
    e->max_tokens = max_tokens;
}

static void fill_rotary(struct engine *e)
{
    float *at = e->rotary;

    for (int i = 0; i < ROTARIES; i++) {
        const struct rotary *r = &e->model->rotary[i];

        e->rope[i] = (struct rope_table){.turn = at, .dims = r->dims, .adjacent = r->adjacent};
        rotary_rows(r, 1, 0, e->max_tokens, at);
        at += turns(e) * (size_t)r->dims;
    }
}

bool model_turns_by_length(const struct model *m, int n)
{
    bool own = false;

    for (int i = 0; i < ROTARIES; i++)
        own |= m->rotary[i].short_to && n > m->rotary[i].short_to;
    return own;
}

int64_t engine_place(struct engine *e, int n, struct span rows, int64_t slot)
{
    if (!model_turns_by_length(e->model, n))
        return 0;
    for (int i = 0; i < ROTARIES; i++) {
        const struct rotary *r = &e->model->rotary[i];
        float *table = e->rotary + (e->rope[i].turn - e->rotary);

        rotary_rows(r, n, rows.lo, rows.hi, table + (e->max_tokens + slot) * r->dims);
    }
    return e->max_tokens + slot - rows.lo;
}

int engine_open(struct engine *e, const struct model *m, int rows, int max_tokens, int threads,
                struct err *err)
{
    struct buffer buffer[BUFFERS];

    memset(e, 0, sizeof *e);
    e->model = m;
    sizes(e, rows, max_tokens);
    if (team_init(&e->team, threads, scratch_floats(&m->shape, max_tokens), err))
        return err->code;
    if (team_share(&e->team, shared_floats(&m->shape, e->rows), err))
        goto out;
    buffers_of(e, &m->shape, buffer);
    for (int i = 0; i < BUFFERS; i++) {
        *buffer[i].at = arena_alloc(&e->arena, buffer[i].n, buffer[i].size, err);
        if (!*buffer[i].at)
            goto out;
    }
    fill_rotary(e);
    return 0;
out:
    engine_close(e);
    return err->code;
}

void engine_close(struct engine *e)
{
    team_release(&e->team);
    arena_release(&e->arena);
}

double engine_bytes(const struct shape *s, int rows, int max_tokens, int threads)
{
    struct buffer buffer[BUFFERS];
    struct engine e = {0};
    double bytes;

    sizes(&e, rows, max_tokens);
    buffers_of(&e, s, buffer);
    bytes = (double)threads * (double)scratch_floats(s, max_tokens) * sizeof(float);
    bytes += (double)shared_floats(s, e.rows) * sizeof(float);
    for (int i = 0; i < BUFFERS; i++)
        bytes += (double)buffer[i].n * (double)buffer[i].size;
    return bytes;
}

void engine_multiply(struct engine *e, int64_t rows, const float *x, int64_t ldx,
                     const struct matrix *w, float *y, int64_t ldy)
{
    if (e->blas || e->naive)
        gemm(&e->team, rows, x, ldx, w, y, ldy);
    else
        product(&e->team, rows, x, ldx, w, y, ldy);
}

void engine_linear(struct engine *e, int64_t rows, const float *x, const struct linear *w, float *y)
{
    engine_multiply(e, rows, x, w->w.cols, &w->w, y, w->w.rows);
    add_bias(&e->team, rows, w->w.rows, w->b, y);
}

void engine_turn(struct engine *e, int64_t rows, const struct layer *layer, const struct norm *norm,
                 int heads, float *x)
{
    int dh = e->model->shape.d_head, width = heads * dh;
    const struct rope_table *table = &e->rope[layer->rotary];

    norm_heads(&e->team, rows, x, width, layer->qk_whole ? 1 : heads, layer->qk_whole ? width : dh,
               norm);
    if (table->dims)
        rope(&e->team, rows, x, width, heads, dh, e->pos, table);
}

void engine_hidden(struct engine *e, int64_t rows, const float *x, const struct layer *layer)
{
    const struct shape *s = &e->model->shape;

    engine_linear(e, rows, x, s->gated ? &layer->gate : &layer->up, e->gate);
    if (s->gated)
        engine_linear(e, rows, x, &layer->up, e->up);
    activate(&e->team, rows, s->d_ff, s->activation, e->gate, s->gated ? e->up : NULL);
}

/* Everything that the edits may leave untouched is the base's. */
static void begin_as_base(const struct engine *e, struct variant *v)
{
    const struct shape *s = &e->model->shape;
    const struct run *b = v->base;
    int64_t d = s->d_model;
    int last = b->n - 1;
    size_t row = (size_t)d * sizeof(float);

    for (int l = 0; v->asks & ASK_LAYERS && l < s->n_layers; l++) {
        int after = site_layer(SITE_RESID, l);

        if (v->answer->x)
            memcpy(v->answer->x + l * d, run_row(b, s, SITE_RESID, after, last), row);
        if (v->answer->a)
            memcpy(v->answer->a + l * d, run_row(b, s, SITE_ATTN, l, last), row);
        if (v->answer->m)
            memcpy(v->answer->m + l * d, run_row(b, s, SITE_MLP, l, last), row);
    }
    if (v->into)
        run_copy(v->into, b, s);
}

/* What the run is a run of: later variants of it need its prompt and the edits that made it. */
static void name_run(struct variant *v)
{
    v->into->ids = v->base ? v->base->ids : v->ids;
    v->into->edit = v->edit;
    v->into->n_edits = v->n_edits;
}

/* Into the wave, which is run first if it has no room left; or answered at once. */
static void run_one(struct engine *e, struct variant *v, struct wave *w)
{
    const struct shape *s = &e->model->shape;

    if (v->into && !v->goes_on)
        name_run(v);
    if (v->base && !v->goes_on)
        begin_as_base(e, v);
    if (!e->run_noops && variant_is_noop(v, s)) {
        e->skipped++;
        answer_from_base(e, v);
        return;
    }
    e->planned += e->naive ? variant_flops_naive(v, s) : variant_flops(v, s);
    e->full += variant_flops_naive(v, s);
    if (e->naive) {
        naive_run(e, v);
    } else if (!wave_join(w, v)) {
        wave_run(w);
        wave_join(w, v);
    }
}

/* By the layer in which they enter: so a wave's layers have many rows, or none. */
void engine_run(struct engine *e, struct variant *v, int n)
{
    struct wave w = {.e = e, .lane = e->lane, .live = e->live, .answered = e->answered};
    int layers = e->model->shape.n_layers;
    uint64_t before = e->team.flops;

    for (int l = 0; l <= layers; l++)
        for (int i = 0; i < n; i++)
            if (variant_enter(&v[i], layers) == l)
                run_one(e, &v[i], &w);
    if (w.n)
        wave_run(&w);
    e->counted += e->team.flops - before;
}
