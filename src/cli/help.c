#include "cli/command.h"

#include "base/str.h"
#include "data/dataset.h"
#include "experiments/experiment.h"

enum help_form { TEXT, MARKDOWN, MAN, BASH, ZSH, FISH };

static const struct choice forms[] = {{"text", TEXT}, {"markdown", MARKDOWN}, {"man", MAN},
                                      {"bash", BASH}, {"zsh", ZSH},           {"fish", FISH},
                                      {NULL, 0}};

struct help_options {
    const char *topic;
    enum help_form form;
};

static const struct argument_row arguments[] = {
    {ARGUMENT_MAY_LACK(struct help_options, topic), "TOPIC",
     "a command; config: the reference of a config's keys; data: that of data files; a key, such "
     "as run.rows or rows; a "
     "section or a kind of experiment (default: the list of commands)"}};

static const struct option_row options[] = {
    {OPTION_INTO(choice, struct help_options, form), .name = "as", .choices = forms,
     .doc =
         "markdown: help config as docs/config.md has it, help data as in docs/data.md; man: a "
         "manual page; bash, zsh, fish: what the shell sources to complete commands and options"}};

static int list_commands(struct buf *b, struct err *err)
{
    if (buf_puts(b,
                 "lensweep: sweeps over every head and layer of a language model\n\n"
                 "usage: lensweep COMMAND ...\n\n",
                 err))
        return err->code;
    for (size_t i = 0; i < n_commands; i++)
        if (buf_printf(b, err, "  %-10s %s\n", commands[i]->name, commands[i]->summary))
            return err->code;
    if (buf_puts(b,
                 "\nMODEL is a Hugging Face directory or a .gguf file.\n"
                 "lensweep help COMMAND | config | data | KEY tells more.\n\nexit status:\n",
                 err))
        return err->code;
#define X(name, status, text)                            \
    if (buf_printf(b, err, "  %2d  %s\n", status, text)) \
        return err->code;
    ERR_CODES(X)
#undef X
    return 0;
}

/* The section `data` of a config, and the keys of the files that it names. */
static int data_help(const struct experiment_schema *schemas, size_t n, bool markdown,
                     struct buf *b, struct err *err)
{
    return err_if(
        err, (!markdown && (config_help(schemas, n, "data", b, err) || buf_puts(b, "\n", err))) ||
                 data_reference(markdown, b, err));
}

static int key_help(const struct experiment_schema *schemas, size_t n, const char *key,
                    struct buf *b, struct err *err)
{
    const char *near;

    if (config_help(schemas, n, key, b, err) != ERR_CONFIG || !(near = command_near(key)))
        return err->code;
    return err_set(err, ERR_CONFIG, "there is no command or config key \"%s\" (did you mean %s?)",
                   key, near);
}

/* What is not a command is a key. */
static int tell(const struct help_options *o, struct buf *b, struct err *err)
{
    static int (*const page[])(struct buf *, struct err *) = {[MAN] = manual_page,
                                                              [BASH] = bash_completion,
                                                              [ZSH] = zsh_completion,
                                                              [FISH] = fish_completion};
    size_t n;
    const struct experiment_schema *schemas = kind_schemas(&n);

    if (page[o->form])
        return page[o->form](b, err);
    if (!o->topic)
        return list_commands(b, err);
    for (size_t i = 0; i < n_commands; i++)
        if (str_eq(commands[i]->name, o->topic))
            return usage_text(commands[i], b, err);
    if (str_eq(o->topic, "config"))
        return config_reference(schemas, n, o->form == MARKDOWN, b, err);
    if (str_eq(o->topic, "data"))
        return data_help(schemas, n, o->form == MARKDOWN, b, err);
    return key_help(schemas, n, o->topic, b, err);
}

static int help(const struct call *call, struct err *err)
{
    struct buf b = {0};

    tell(call->options, &b, err);
    return print_buf(&b, err);
}

const struct command command_help = {
    .name = "help",
    .summary = "this list, a command, the config reference or one of its keys",
    .size = sizeof(struct help_options),
    .run = help,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
