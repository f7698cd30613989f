#include "cli/command.h"

#include "base/str.h"
#include "experiments/experiment.h"

#include <string.h>

static int list_commands(struct err *err)
{
    int bad = out_printf(err, "lensweep: sweeps over every head and layer of a language model\n\n"
                              "usage: lensweep COMMAND ...\n\n");

    for (size_t i = 0; i < n_commands && !bad; i++)
        bad = out_printf(err, "  %-10s %s\n", commands[i].name, commands[i].summary);
    if (bad ||
        out_printf(err,
                   "\nMODEL is a Hugging Face directory or a .gguf file.\n"
                   "lensweep help COMMAND | config | data | KEY tells more.\n\nexit status:\n"))
        return err->code;
#define X(name, status, text)                         \
    if (out_printf(err, "  %2d  %s\n", status, text)) \
        return err->code;
    ERR_CODES(X)
#undef X
    return 0;
}

static int print_buf(struct buf *b, int code, struct err *err)
{
    if (!code)
        code = out_write(b->data, b->len, err);
    buf_release(b);
    return code;
}

/* The section `data` of a config, and the keys of the files that it names. */
static int data_help(const struct experiment_schema *schemas, size_t n, bool markdown,
                     struct buf *b, struct err *err)
{
    if (!markdown && (config_help(schemas, n, "data", b, err) || buf_puts(b, "\n", err)))
        return err->code;
    return data_reference(markdown, b, err);
}

int cmd_help(int argc, char **argv, struct err *err)
{
    bool markdown = argc == 3 && str_eq(argv[2], "--markdown");
    const struct experiment_schema *schemas;
    struct buf b = {0};
    size_t n;

    if (argc == 1)
        return list_commands(err);
    if (argc > 3 || (argc == 3 && !markdown))
        return usage_error("help", err);
    for (size_t i = 0; i < n_commands; i++)
        if (str_eq(commands[i].name, argv[1]))
            return out_printf(err, "usage: lensweep %s %s\n\n%s\n%s%s", commands[i].name,
                              commands[i].usage, commands[i].summary,
                              commands[i].help[0] ? "\n" : "", commands[i].help);
    schemas = kind_schemas(&n);
    if (str_eq(argv[1], "config"))
        return print_buf(&b, config_reference(schemas, n, markdown, &b, err), err);
    if (str_eq(argv[1], "data"))
        return print_buf(&b, data_help(schemas, n, markdown, &b, err), err);
    return print_buf(&b, config_help(schemas, n, argv[1], &b, err), err);
}
