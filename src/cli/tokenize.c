#include "cli/command.h"

#include "base/buf.h"
#include "cli/prompt.h"

struct tokenize_options {
    const char *model;
    struct prompt_options prompt;
    bool tokens;
};

static const struct argument_row arguments[] = {ARGUMENT_MODEL(struct tokenize_options, model)};

static const struct option_row options[] = {
    {OPTION_INTO(text, struct tokenize_options, prompt.text), .name = "text", .value = "TEXT",
     .need = REQUIRED, .doc = "what is tokenized"},
    {OPTION_INTO(flag, struct tokenize_options, tokens), .name = "tokens",
     .doc = "a line for each token: its id and its text"},
    OPTION_NO_BOS(struct tokenize_options, prompt.no_bos),
    OPTIONS_CHAT(struct tokenize_options, prompt)};

static int print_line(const struct tokenizer *t, int32_t id, struct err *err)
{
    struct buf text = {0};
    int code = quote_token(t, id, &text, err) ||
               out_printf(err, "%d\t%.*s\n", (int)id, (int)text.len, text.data);

    buf_release(&text);
    return err_if(err, code);
}

static int print_ids(const struct tokenizer *t, const struct tokenize_options *o, struct err *err)
{
    struct ids ids = {0};
    int code = encode_prompt(t, &o->prompt, &ids, err);

    for (size_t i = 0; !code && i < ids.n; i++)
        code = o->tokens ? print_line(t, ids.v[i], err)
                         : out_printf(err, "%s%d", i ? " " : "", (int)ids.v[i]);
    if (!code && !o->tokens)
        code = out_printf(err, "\n");
    ids_release(&ids);
    return code;
}

static int tokenize(const struct call *call, struct err *err)
{
    const struct tokenize_options *o = call->options;
    struct tokenizer *t;

    if (tokenizer_open(&t, o->model, err))
        return err->code;
    print_ids(t, o, err);
    tokenizer_close(t);
    return err->code;
}

const struct command command_tokenize = {
    .name = "tokenize",
    .summary = "token ids of a text, in one line",
    .size = sizeof(struct tokenize_options),
    .run = tokenize,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
