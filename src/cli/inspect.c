#include "cli/command.h"

#include "base/json_write.h"
#include "base/team.h"
#include "model/identity.h"

struct inspect_options {
    const char *path;
    bool json;
};

static const struct argument_row arguments[] = {{ARGUMENT_ONE(struct inspect_options, path), "PATH",
                                                 "a Hugging Face directory or a .gguf file"}};

static const struct option_row options[] = {OPTION_JSON(struct inspect_options, json)};

static int describe_json(const struct model *m, struct buf *out, struct err *err)
{
    const struct shape *s = &m->shape;
    struct json_out j = {.out = out};
    int windows;
    char hex[HASH_HEX];

    json_begin(&j, NULL, '{', err);
    json_str(&j, "path", m->path, err);
    json_str(&j, "name", m->name, err);
    json_str(&j, "architecture", m->arch, err);
    json_int(&j, "parameters", (int64_t)m->n_params, err);
    json_int(&j, "bytes", (int64_t)m->weight_bytes, err);
    json_int(&j, "layers", s->n_layers, err);
    json_int(&j, "heads", s->n_heads, err);
    json_int(&j, "kv_heads", s->n_kv_heads, err);
    json_int(&j, "head_width", s->d_head, err);
    json_int(&j, "width", s->d_model, err);
    json_int(&j, "mlp_width", s->d_ff, err);
    json_int(&j, "vocabulary", s->vocab, err);
    json_int(&j, "positions", s->max_positions, err);
    json_int(&j, "sliding_window", shape_windows(s, &windows), err);
    json_int(&j, "sliding_window_layers", windows, err);
    json_str(&j, "fingerprint", hash_hex(hex, m->fingerprint), err);
    return json_end(&j, '}', err);
}

static int inspect(const struct call *call, struct err *err)
{
    const struct inspect_options *o = call->options;
    struct model *m;
    struct buf b = {0};

    if (model_open(&m, o->path, err))
        return err->code;
    if (!identity_make(m, team_cores(), err)) {
        if (o->json)
            describe_json(m, &b, err);
        else
            model_describe(m, &b, err);
    }
    model_close(m);
    return print_buf(&b, err);
}

const struct command command_inspect = {
    .name = "inspect",
    .summary = "show what a model file or directory holds",
    .size = sizeof(struct inspect_options),
    .run = inspect,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
