/* lensweep(1), in the man macros: every command with its arguments and options. */
#include "cli/command.h"

#include "version.h"

/* Text as troff prints it: a backslash and a minus are themselves, no line is a request. */
static void put_text(struct buf *out, const char *s, struct err *err)
{
    for (bool begins = true; *s; begins = *s++ == '\n') {
        if (begins && (*s == '.' || *s == '\''))
            buf_puts(out, "\\&", err);
        if (*s == '\\')
            buf_puts(out, "\\e", err);
        else
            buf_printf(out, err, *s == '-' ? "\\%c" : "%c", *s);
    }
}

static void put_line(struct buf *out, const char *request, const char *text, struct err *err)
{
    buf_puts(out, request, err);
    put_text(out, text, err);
    buf_puts(out, "\n", err);
}

static void put_option(struct buf *out, const struct option_row *row, struct err *err)
{
    const char *value = row->value ? row->value : "";

    buf_puts(out, ".TP\n.B ", err);
    if (row->letter)
        buf_printf(out, err, "\\-%c, ", row->letter);
    buf_puts(out, "\\-\\-", err);
    put_text(out, row->name, err);
    buf_puts(out, *value || row->choices ? " " : "", err);
    put_text(out, value, err);
    for (size_t i = 0; !row->value && row->choices && row->choices[i].word; i++) {
        buf_puts(out, i ? "|" : "", err);
        put_text(out, row->choices[i].word, err);
    }
    buf_puts(out, "\n", err);
    put_text(out, row->doc, err);
    if (row->fallback) {
        buf_puts(out, " (default ", err);
        put_text(out, row->fallback, err);
        buf_puts(out, ")", err);
    }
    buf_puts(out, "\n", err);
}

static void put_command(struct buf *out, const struct command *c, struct err *err)
{
    static const char label[] = "usage: ";
    const struct option_row *row;
    struct buf usage = {0};

    put_line(out, ".SS ", c->name, err);
    put_line(out, "", c->summary, err);
    buf_puts(out, ".PP\n", err);
    if (!usage_line(c, SIZE_MAX, &usage, err) && buf_str(&usage, err))
        put_line(out, ".B ", usage.data + sizeof label - 1, err);
    buf_release(&usage);
    for (size_t i = 0; i < c->n_arguments; i++) {
        put_line(out, ".TP\n.I ", c->argument[i].name, err);
        put_line(out, "", c->argument[i].doc, err);
    }
    for (size_t i = 0; (row = command_option(c, i)); i++)
        put_option(out, row, err);
    if (c->notes)
        put_line(out, ".PP\n", c->notes, err);
}

static void put_statuses(struct buf *out, struct err *err)
{
    buf_puts(out, ".SH EXIT STATUS\n", err);
#define X(name, status, text)                     \
    buf_printf(out, err, ".TP\n.B %d\n", status); \
    put_line(out, "", text, err);
    ERR_CODES(X)
#undef X
}

int manual_page(struct buf *out, struct err *err)
{
    buf_printf(out, err,
               ".TH LENSWEEP 1 \"\" \"lensweep %s\" \"User Commands\"\n"
               ".SH NAME\nlensweep \\- interpretability sweeps over every head and layer of a "
               "language model\n"
               ".SH SYNOPSIS\n.B lensweep\n.I COMMAND\n[\\fIARGUMENTS\\fR] "
               "[\\fIOPTIONS\\fR]\n.br\n.B mpirun \\-n\n.I RANKS\n.B lensweep run\n.I "
               "CONFIG\n"
               ".SH DESCRIPTION\nA config in YAML names a model, queries and experiments. "
               "\\fBlensweep run\\fR computes them, alone or on the ranks of mpirun or srun, "
               "and writes one HDF5 file; killed at any time, the same command goes on. "
               "\\fBlensweep help config\\fR has every key of a config, \\fBlensweep help "
               "data\\fR those of data files.\n.PP\nMODEL is a Hugging Face directory or a "
               ".gguf file.\n.SH COMMANDS\n",
               LENSWEEP_VERSION);
    for (size_t i = 0; i < n_commands; i++)
        put_command(out, commands[i], err);
    put_statuses(out, err);
    return buf_puts(out,
                    ".SH ENVIRONMENT\n.TP\n.B LENSWEEP_ISA\nportable, avx2, avx512: the "
                    "instructions to use, instead of the best that the processor has. "
                    "Results are the same bytes with each.\n",
                    err);
}
