#include "engine/greedy.h"

#include <string.h>

int continuation_begin(struct continuation *c, const struct shape *s, const int32_t *ids, int n,
                       int more, struct arena *a, struct err *err)
{
    *c = (struct continuation){.prompt = n, .n = n, .room = n + more};
    c->state = more > 0 ? GOES_ON : AT_LIMIT;
    c->ids = arena_alloc(a, (size_t)c->room, sizeof *c->ids, err);
    if (!c->ids)
        return err->code;
    memcpy(c->ids, ids, (size_t)n * sizeof *ids);
    return run_alloc_growing(&c->run, s, c->room, a, err);
}

static void take(struct continuation *c, int32_t id, int32_t end)
{
    c->run.n = c->n;
    if (id < 0)
        c->state = NOT_FINITE;
    else if (id == end)
        c->state = AT_END;
    else
        c->ids[c->n++] = id;
    if (c->state == GOES_ON && c->n == c->room)
        c->state = AT_LIMIT;
}

/* The edits that name new rows, for these. */
static int due_edits(const struct continuation *c, struct variant *v, struct arena *a,
                     struct err *err)
{
    struct edit *due = arena_alloc(a, (size_t)c->n_edits, sizeof *due, err);
    struct span rows = variant_new(v);

    if (!due)
        return err->code;
    for (int i = 0; i < c->n_edits; i++) {
        struct span tok = span_clip(c->edit[i].tok, rows);

        if (span_empty(tok))
            continue;
        due[v->n_edits] = c->edit[i];
        due[v->n_edits++].tok = tok;
    }
    v->edit = due;
    return 0;
}

int greedy_step(struct engine *e, struct continuation *const *c, int n, int32_t end,
                struct arena *a, struct err *err)
{
    struct variant *v = arena_alloc(a, (size_t)n, sizeof *v, err);

    if (!v)
        return err->code;
    for (int i = 0; i < n; i++)
        if (e->naive || model_turns_by_length(e->model, c[i]->n)) /* all rows anew, each time */
            c[i]->run.n = 0;
    for (int i = 0; i < n; i++) {
        v[i] = (struct variant){.base = &c[i]->run,
                                .ids = c[i]->ids,
                                .n = c[i]->n,
                                .goes_on = true,
                                .asks = ASK_VOCAB,
                                .answer = &c[i]->answer,
                                .into = &c[i]->run};
        if (c[i]->n_edits && due_edits(c[i], &v[i], a, err))
            return err->code;
    }
    engine_run(e, v, n);
    for (int i = 0; i < n; i++)
        take(c[i], c[i]->answer.argmax, end);
    return 0;
}

uint64_t continuation_flops(const struct model *m, int n, int more)
{
    struct answer answer = {0};
    struct run run = {0};
    uint64_t sum = 0;

    for (int i = 0; i < more; i++) {
        struct variant v = {.base = &run,
                            .n = n + i,
                            .goes_on = true,
                            .asks = ASK_VOCAB,
                            .answer = &answer,
                            .into = &run};

        if (model_turns_by_length(m, v.n))
            run.n = 0;
        sum += variant_flops(&v, &m->shape);
        run.n = v.n;
    }
    return sum;
}
