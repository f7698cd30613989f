#include "cli/command.h"
#include "cli/plan/forecast.h"

#include "base/json_write.h"

#include <math.h>

static void put_model(struct json_out *j, const struct campaign *c, struct err *err)
{
    const struct shape *s = &c->model->shape;

    json_begin(j, "model", '{', err);
    json_str(j, "path", c->config.model.path, err);
    json_str(j, "architecture", c->model->arch, err);
    json_int(j, "layers", s->n_layers, err);
    json_int(j, "heads", s->n_heads, err);
    json_int(j, "kv_heads", s->n_kv_heads, err);
    json_int(j, "width", s->d_model, err);
    json_int(j, "vocabulary", s->vocab, err);
    json_end(j, '}', err);
}

static void put_data(struct json_out *j, const struct campaign *c, struct err *err)
{
    json_begin(j, "data", '{', err);
    json_int(j, "queries", (int64_t)c->data.n, err);
    json_int(j, "queries_bad", (int64_t)dataset_bad(&c->data), err);
    json_int(j, "longest_prompt", c->data.max_tokens, err);
    json_end(j, '}', err);
}

static void put_row(struct json_out *j, const char *name, const char *kind,
                    const struct plan_row *r, struct err *err)
{
    json_begin(j, NULL, '{', err);
    json_str(j, "name", name, err);
    json_str(j, "kind", kind, err);
    json_int(j, "queries", (int64_t)r->queries, err);
    json_int(j, "cells", (int64_t)r->cells, err);
    json_int(j, "units", (int64_t)r->units, err);
    json_num(j, "flops", r->flops, err);
    json_end(j, '}', err);
}

int print_plan_json(const struct campaign *c, const struct forecast *e, struct err *err)
{
    struct arena a = {0};
    struct plan_row *row = arena_alloc(&a, c->n + 1, sizeof *row, err);
    struct plan_row clean = {0};
    struct buf b = {0};
    struct json_out j = {.out = &b};

    if (row)
        clean = plan_rows(c, row);
    json_begin(&j, NULL, '{', err);
    put_model(&j, c, err);
    put_data(&j, c, err);
    json_begin(&j, "experiments", '[', err);
    for (size_t i = 0; i < c->n && !err->code; i++)
        put_row(&j, c->x[i].name, c->x[i].kind->name, &row[i], err);
    json_end(&j, ']', err);
    json_num(&j, "clean_flops", clean.flops, err);
    json_num(&j, "flops", e->flops, err);
    json_num(&j, "seconds", e->seconds > 0 ? e->seconds : (double)NAN, err);
    json_num(&j, "rank_bytes", e->rank_bytes, err);
    json_num(&j, "weight_bytes", e->weight_bytes, err);
    json_int(&j, "ranks", e->ranks, err);
    json_int(&j, "nodes", e->nodes, err);
    json_int(&j, "threads", e->threads, err);
    json_num(&j, "rank_flops_per_second",
             e->flops_per_second > 0 ? e->flops_per_second : (double)NAN, err);
    json_end(&j, '}', err);
    arena_release(&a);
    return print_buf(&b, err);
}
