#include "report/top_json.h"

int top_json_begin(struct json_out *j, const char *group, const char *variable, const char *title,
                   const char *unit, const char *of, size_t cells, struct err *err)
{
    json_begin(j, NULL, '{', err);
    json_str(j, "group", group, err);
    json_str(j, "variable", variable, err);
    json_str(j, "title", title, err);
    json_str(j, "unit", unit, err);
    json_str(j, "of", of, err);
    json_int(j, "cells", (int64_t)cells, err);
    return json_begin(j, "rows", '[', err);
}

static void put_token(struct json_out *j, const struct top_token *t, struct err *err)
{
    json_begin(j, NULL, '{', err);
    json_int(j, "id", t->id, err);
    json_str(j, "text", t->text, err);
    json_int(j, "n", (int64_t)t->queries, err);
    json_end(j, '}', err);
}

int top_json_row(struct json_out *j, const struct top_row *row, struct err *err)
{
    json_begin(j, NULL, '{', err);
    json_str(j, "dataset", row->dataset, err);
    json_int(j, "template", row->template, err);
    json_int(j, "step", row->step, err);
    json_begin(j, "place", '{', err);
    for (size_t d = 0; d < row->n_dims; d++)
        json_str(j, row->dim[d], row->label[d], err);
    json_end(j, '}', err);
    json_num(j, "mean", row->mean, err);
    json_num(j, "lo", row->lo, err);
    json_num(j, "hi", row->hi, err);
    json_num(j, "chance", row->chance, err);
    json_num(j, "q", row->q, err);
    json_num(j, "direct", row->direct, err);
    json_int(j, "n", row->n, err);
    json_begin(j, "tokens", '[', err);
    for (size_t i = 0; i < row->n_tokens; i++)
        put_token(j, &row->token[i], err);
    json_end(j, ']', err);
    return json_end(j, '}', err);
}

int top_json_end(struct json_out *j, struct err *err)
{
    json_end(j, ']', err);
    return json_end(j, '}', err);
}
