#include "engine/engine.h"

#include "base/gemm.h"
#include "engine/lane.h"

#include <string.h>

enum { LOGIT_FLOATS = 8 << 20 }; /* 32 MiB of logits at once */

static int logit_rows(const struct shape *s, int rows)
{
    int n = LOGIT_FLOATS / s->vocab;

    return n < 1 ? 1 : n < rows ? n : rows;
}

static size_t scratch_floats(const struct shape *s, int max_tokens)
{
    const int64_t shapes[][2] = {
        {(int64_t)s->n_heads * s->d_head, s->d_model},
        {(int64_t)s->n_kv_heads * s->d_head, s->d_model},
        {s->d_model, (int64_t)s->n_heads * s->d_head},
        {s->d_ff, s->d_model},
        {s->d_model, s->d_ff},
        {s->vocab, s->d_model},
        {s->d_model, s->d_model},
    };
    size_t most = attention_scratch(s, max_tokens);

    if (most < (size_t)s->d_model)
        most = (size_t)s->d_model; /* a row to edit */
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (gemm_scratch(shapes[i][0], shapes[i][1]) > most)
            most = gemm_scratch(shapes[i][0], shapes[i][1]);
    return most;
}

/* Every buffer of the engine, once, for allocation and for the plan. */
struct buffer {
    void **at;
    size_t n, size;
};

enum { BUFFERS = 17 };

static void buffers_of(struct engine *e, const struct shape *s, struct buffer out[BUFFERS])
{
    size_t rows = (size_t)e->rows, d = (size_t)s->d_model, f = sizeof(float);
    size_t heads = (size_t)s->n_heads * (size_t)s->d_head;
    size_t groups = (size_t)s->n_kv_heads * (size_t)s->d_head, lr = (size_t)e->logit_rows;
    struct buffer all[BUFFERS] = {
        {(void **)&e->rotary, (size_t)e->max_tokens * (size_t)s->d_head, f},
        {(void **)&e->lane, rows, sizeof *e->lane},
        {(void **)&e->live, rows, sizeof *e->live},
        {(void **)&e->answered, rows, sizeof *e->answered},
        {(void **)&e->row, rows, sizeof *e->row},
        {(void **)&e->pos, rows, sizeof *e->pos},
        {(void **)&e->x, rows * d, f},
        {(void **)&e->norm, rows * d, f},
        {(void **)&e->q, rows * heads, f},
        {(void **)&e->z, rows * heads, f},
        {(void **)&e->k, rows * groups, f},
        {(void **)&e->v, rows * groups, f},
        {(void **)&e->a, rows * d, f},
        {(void **)&e->m, rows * d, f},
        {(void **)&e->gate, rows * (size_t)s->d_ff, f},
        {(void **)&e->up, rows * (size_t)s->d_ff, f},
        {(void **)&e->logits, lr * (size_t)s->vocab, f},
    };

    memcpy(out, all, sizeof all);
}

static void sizes(struct engine *e, const struct shape *s, int rows, int max_tokens)
{
    e->rows = rows > max_tokens ? rows : max_tokens;
    e->max_tokens = max_tokens;
    e->logit_rows = logit_rows(s, e->rows);
}

int engine_open(struct engine *e, const struct model *m, int rows, int max_tokens, int threads,
                struct err *err)
{
    struct buffer buffer[BUFFERS];

    memset(e, 0, sizeof *e);
    e->model = m;
    sizes(e, &m->shape, rows, max_tokens);
    if (team_init(&e->team, threads, scratch_floats(&m->shape, max_tokens), err))
        return err->code;
    buffers_of(e, &m->shape, buffer);
    e->batch = arena_alloc(&e->arena, (size_t)e->logit_rows, sizeof *e->batch, err);
    if (!e->batch)
        goto out;
    for (int i = 0; i < BUFFERS; i++) {
        *buffer[i].at = arena_alloc(&e->arena, buffer[i].n, buffer[i].size, err);
        if (!*buffer[i].at)
            goto out;
    }
    model_rotary_table(m, max_tokens, e->rotary);
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

    sizes(&e, s, rows, max_tokens);
    buffers_of(&e, s, buffer);
    bytes = (double)threads * (double)scratch_floats(s, max_tokens) * sizeof(float);
    for (int i = 0; i < BUFFERS; i++)
        bytes += (double)buffer[i].n * (double)buffer[i].size;
    return bytes;
}
