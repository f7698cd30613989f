/* lensweep(1), in the man macros: every command with its arguments and options. */
#include "cli/command.h"
#include "cli/pages.h"

#include "version.h"

/* Text as troff prints it: a backslash and a minus are themselves, no line is a request. */
static int put_text(struct buf *out, const char *s, struct err *err)
{
    if ((*s == '.' || *s == '\'') && buf_puts(out, "\\&", err))
        return err->code;
    for (; *s && !err->code; s++) {
        if (*s == '\\')
            buf_puts(out, "\\e", err);
        else if (*s == '-')
            buf_puts(out, "\\-", err);
        else
            buf_put(out, s, 1, err);
        if (*s == '\n' && (s[1] == '.' || s[1] == '\'') && !err->code)
            buf_puts(out, "\\&", err);
    }
    return err->code;
}

static int put_line(struct buf *out, const char *request, const char *text, struct err *err)
{
    return err_if(err, buf_puts(out, request, err) || put_text(out, text, err) ||
                           buf_puts(out, "\n", err));
}

static int put_option(struct buf *out, const struct option_row *row, struct err *err)
{
    const char *value = row->value ? row->value : "";
    int code = buf_puts(out, ".TP\n.B ", err);

    if (!code && row->letter)
        code = buf_printf(out, err, "\\-%c, ", row->letter);
    code = code || buf_puts(out, "\\-\\-", err) || put_text(out, row->name, err) ||
           buf_puts(out, *value || row->choices ? " " : "", err) || put_text(out, value, err);
    for (size_t i = 0; !code && !row->value && row->choices && row->choices[i].word; i++)
        code = buf_puts(out, i ? "|" : "", err) || put_text(out, row->choices[i].word, err);
    code = code || buf_puts(out, "\n", err) || put_text(out, row->doc, err);
    if (!code && row->fallback)
        code = buf_puts(out, " (default ", err) || put_text(out, row->fallback, err) ||
               buf_puts(out, ")", err);
    return err_if(err, code || buf_puts(out, "\n", err));
}

static int put_command(struct buf *out, const struct command *c, struct err *err)
{
    const struct option_row *row;
    struct buf usage = {0};
    const char *line = usage_line(c, SIZE_MAX, &usage, err) ? NULL : buf_str(&usage, err);
    static const char label[] = "usage: ";

    if (line && !put_line(out, ".SS ", c->name, err) && !put_line(out, "", c->summary, err) &&
        !buf_puts(out, ".PP\n", err))
        put_line(out, ".B ", line + sizeof label - 1, err);
    buf_release(&usage);
    for (size_t i = 0; i < c->n_arguments && !err->code; i++)
        if (!put_line(out, ".TP\n.I ", c->argument[i].name, err))
            put_line(out, "", c->argument[i].doc, err);
    for (size_t i = 0; !err->code && (row = command_option(c, i)); i++)
        put_option(out, row, err);
    return err_if(err, err->code || (c->notes && put_line(out, ".PP\n", c->notes, err)));
}

static int put_statuses(struct buf *out, struct err *err)
{
    int code = buf_puts(out, ".SH EXIT STATUS\n", err);

#define X(name, status, text) \
    code = code || buf_printf(out, err, ".TP\n.B %d\n", status) || put_line(out, "", text, err);
    ERR_CODES(X)
#undef X
    return err_if(err, code);
}

int manual_page(struct buf *out, struct err *err)
{
    if (buf_printf(out, err,
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
                   LENSWEEP_VERSION))
        return err->code;
    for (size_t i = 0; i < n_commands; i++)
        if (put_command(out, commands[i], err))
            return err->code;
    return err_if(err,
                  put_statuses(out, err) ||
                      buf_puts(out,
                               ".SH ENVIRONMENT\n.TP\n.B LENSWEEP_ISA\nportable, avx2, avx512: the "
                               "instructions to use, instead of the best that the processor has. "
                               "Results are the same bytes with each.\n",
                               err));
}
