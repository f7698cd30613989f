#include "cli/command.h"

#include "base/buf.h"
#include "cli/prompt.h"
#include "engine/greedy.h"

struct generate_options {
    const char *model;
    struct prompt_options prompt;
    int64_t count;
    bool ids;
};

static const struct argument_row arguments[] = {ARGUMENT_MODEL(struct generate_options, model)};

static const struct option_row options[] = {
    {OPTION_INTO(text, struct generate_options, prompt.text), .name = "prompt", .value = "TEXT",
     .need = REQUIRED, .doc = "what is continued"},
    {OPTION_INTO(int, struct generate_options, count), .name = "count", .letter = 'n', .value = "N",
     .fallback = "32", .hi = 100000, .doc = "tokens to generate"},
    {OPTION_INTO(flag, struct generate_options, ids), .name = "ids",
     .doc = "print token ids in place of text"},
    OPTION_NO_BOS(struct generate_options, prompt.no_bos),
    OPTIONS_CHAT(struct generate_options, prompt),
    OPTION_THREADS(struct generate_options, prompt.threads)};

/* Greedy decoding; the token that ends a text is the last of those added. */
static int add_tokens(struct prompt *p, int n, struct err *err)
{
    int32_t eos = p->tokenizer ? tokenizer_eos(p->tokenizer) : -1;
    struct continuation c, *one = &c;

    if (continuation_begin(&c, &p->model->shape, p->ids.v, (int)p->ids.n, n, &p->arena, err))
        return err->code;
    while (c.state == GOES_ON)
        if (greedy_step(&p->engine, &one, 1, eos, &p->arena, err))
            return err->code;
    if (c.state == NOT_FINITE)
        return err_set(err, ERR_NUMERIC, "the model's output is not finite at token %d", c.n);
    for (int i = c.prompt; i < c.n; i++)
        if (ids_push(&p->ids, c.ids[i], err))
            return err->code;
    return c.state == AT_END ? ids_push(&p->ids, eos, err) : 0;
}

static int print(const struct prompt *p, size_t from, bool as_ids, struct err *err)
{
    struct buf text = {0};
    int code = 0;

    if (!as_ids)
        code = prompt_text(p, from, &text, err) || out_write(text.data, text.len, err);
    for (size_t i = from; as_ids && !code && i < p->ids.n; i++)
        code = out_printf(err, "%s%d", i > from ? " " : "", (int)p->ids.v[i]);
    buf_release(&text);
    return code ? err->code : out_printf(err, "\n");
}

static int generate(const struct call *call, struct err *err)
{
    const struct generate_options *o = call->options;
    struct prompt p;
    size_t from;

    prompt_open(&p, o->model, &o->prompt, (int)o->count, err);
    from = p.ids.n;
    if (!err->code && !add_tokens(&p, (int)o->count, err))
        print(&p, from, o->ids, err);
    prompt_close(&p);
    return err->code;
}

const struct command command_generate = {
    .name = "generate",
    .summary = "continue a prompt greedily",
    .size = sizeof(struct generate_options),
    .run = generate,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
