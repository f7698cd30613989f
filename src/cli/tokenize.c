#include "cli/command.h"

#include "model/tokenizer/tokenizer.h"

#include <string.h>

struct tokenize_options {
    const char *model, *text;
    bool no_bos;
};

static const struct argument_row arguments[] = {ARGUMENT_MODEL(struct tokenize_options, model)};

static const struct option_row options[] = {{OPTION_INTO(text, struct tokenize_options, text),
                                             .name = "text", .value = "TEXT", .need = REQUIRED,
                                             .doc = "what is tokenized"},
                                            OPTION_NO_BOS(struct tokenize_options, no_bos)};

static int print_ids(const struct tokenizer *t, const char *text, bool special, struct err *err)
{
    struct ids ids = {0};
    int code = tokenizer_encode(t, text, strlen(text), special, &ids, err);

    for (size_t i = 0; !code && i < ids.n; i++)
        code = out_printf(err, "%s%d", i ? " " : "", (int)ids.v[i]);
    if (!code)
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
    print_ids(t, o->text, !o->no_bos, err);
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
