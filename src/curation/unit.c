/* A unit: a block of prompts, continued side by side. Its rows hold for each attempt its state, how
   many tokens were written, and these. */
#include "curation/curation.h"

#include "base/hash.h"

static size_t first_of(const struct curation *c, uint64_t unit)
{
    return (size_t)unit * c->block;
}

static size_t end_of(const struct curation *c, uint64_t unit)
{
    size_t end = first_of(c, unit) + c->block;

    return end < c->n ? end : c->n;
}

/* Of what its rows are made. */
static struct hash key_of(const struct curation *c, size_t unit, struct buf *b, struct err *err)
{
    buf_clear(b);
    buf_printf(b, err, "curate 2, engine %d, %d tokens, %d answers, end %d\n", ENGINE_BITS,
               c->tokens, (int)c->config.curate.answers, (int)tokenizer_eos(c->tokenizer));
    buf_hash(b, c->model->fingerprint, err);
    for (size_t i = first_of(c, unit); i < end_of(c, unit) && !err->code; i++) {
        const struct attempt *a = &c->attempt[i];

        buf_u32(b, (uint32_t)a->prompt, err);
        buf_u32(b, a->reason != NULL, err);
        if (a->prompt)
            buf_put(b, a->ids, (size_t)a->prompt * sizeof *a->ids, err);
    }
    return hash_bytes(b->data, b->len);
}

int curation_start(struct curation *c, int threads, struct err *err)
{
    struct buf b = {0};

    if (!c->n_units)
        return 0;
    c->key = arena_alloc(&c->arena, c->n_units, sizeof *c->key, err);
    for (size_t u = 0; u < c->n_units && !err->code; u++)
        c->key[u] = key_of(c, u, &b, err);
    buf_release(&b);
    return err->code ? err->code
                     : engine_open(&c->engine, c->model, (int)c->config.run.rows,
                                   c->max_tokens ? c->max_tokens : 1, threads, err);
}

double curation_cost(void *ctx, uint64_t unit)
{
    struct curation *c = ctx;
    double sum = 0;

    for (size_t i = first_of(c, unit); i < end_of(c, unit); i++) {
        struct variant v = {.ids = c->attempt[i].ids, .n = c->attempt[i].prompt + c->tokens};

        if (!c->attempt[i].reason && v.n)
            sum += (double)variant_flops(&v, &c->model->shape);
    }
    return sum;
}

/* Has it written all answers? Then it need not go on. */
static int check_done(struct curation *c, struct continuation *k, struct buf *text, struct err *err)
{
    struct answer_places found;
    int want = (int)c->config.curate.answers;

    buf_clear(text);
    for (int i = k->prompt; i < k->n; i++) {
        size_t n;
        const char *s = tokenizer_bytes(c->tokenizer, k->ids[i], &n);

        if (s && buf_put(text, s, n, err))
            return err->code;
    }
    answers_find(text->len ? text->data : "", text->len, want, false, &found);
    if (k->state == GOES_ON && found.n == want && !found.cut)
        k->state = AT_LIMIT;
    return 0;
}

/* All that go on, a token at a time. */
static int go_on(struct curation *c, struct continuation *k, size_t n, struct err *err)
{
    struct continuation **live = arena_alloc(&c->unit_arena, n, sizeof *live, err);
    struct arena step = {0};
    struct buf text = {0};
    int m = 1;

    while (live && m && !err->code) {
        m = 0;
        for (size_t i = 0; i < n; i++)
            if (k[i].state == GOES_ON)
                live[m++] = &k[i];
        arena_reset(&step);
        if (m && greedy_step(&c->engine, live, m, tokenizer_eos(c->tokenizer), &step, err))
            break;
        for (int i = 0; i < m && !err->code; i++)
            check_done(c, live[i], &text, err);
    }
    buf_release(&text);
    arena_release(&step);
    return err->code;
}

int curation_run(void *ctx, uint64_t unit, struct buf *rows, double *did, struct err *err)
{
    struct curation *c = ctx;
    size_t first = first_of(c, unit), n = end_of(c, unit) - first;
    uint64_t before = c->engine.team.flops;
    struct continuation *k;

    err_clear(err);
    arena_reset(&c->unit_arena);
    k = arena_alloc(&c->unit_arena, n, sizeof *k, err);
    for (size_t i = 0; k && i < n; i++) {
        const struct attempt *a = &c->attempt[first + i];

        k[i].state = AT_END;
        if (!a->reason && continuation_begin(&k[i], &c->model->shape, a->ids, a->prompt, c->tokens,
                                             &c->unit_arena, err))
            return err->code;
    }
    if (!k || go_on(c, k, n, err))
        return err->code;
    *did = (double)(c->engine.team.flops - before);
    for (size_t i = 0; i < n && !err->code; i++) {
        if (buf_u32(rows, k[i].state, err) || buf_u32(rows, (uint32_t)(k[i].n - k[i].prompt), err))
            break;
        for (int t = k[i].prompt; t < k[i].n && !err->code; t++)
            buf_u32(rows, (uint32_t)k[i].ids[t], err);
    }
    return err->code;
}

int curation_take(struct curation *c, uint64_t unit, const void *rows, size_t n, struct err *err)
{
    struct cursor at = {rows, n, 0, 0};

    for (size_t i = first_of(c, unit); i < end_of(c, unit); i++) {
        struct attempt *a = &c->attempt[i];
        uint32_t state = cursor_u32(&at), count = cursor_u32(&at);

        if (at.bad || count > (uint32_t)c->tokens)
            return err_set(err, ERR_IO, "the rows of unit %llu are not those of its prompts",
                           (unsigned long long)unit);
        a->ended = state == AT_END;
        a->n = a->prompt + (int)count;
        for (uint32_t t = 0; t < count; t++)
            a->ids[a->prompt + (int)t] = (int32_t)cursor_u32(&at);
        if (state == NOT_FINITE)
            drop(c, a, DROP_MODEL, NULL);
    }
    return at.bad ? err_set(err, ERR_IO, "the rows of unit %llu end too early",
                            (unsigned long long)unit)
                  : 0;
}
