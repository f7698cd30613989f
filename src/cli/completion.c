/* Completion for three shells, from the tables of commands and options. */
#include "cli/command.h"

#include <string.h>

/* Text between single quotes of a shell, on one line; zsh also reads brackets and colons in it. */
static void put_quoted(struct buf *out, const char *s, const char *escaped, struct err *err)
{
    buf_puts(out, "'", err);
    for (; *s; s++) {
        if (*s == '\'')
            buf_puts(out, "'\\'", err);
        else if (strchr(escaped, *s))
            buf_puts(out, "\\", err);
        buf_printf(out, err, "%c", *s == '\n' ? ' ' : *s);
    }
    buf_puts(out, "'", err);
}

static void put_choices(struct buf *out, const struct option_row *row, struct err *err)
{
    for (size_t i = 0; row->choices && row->choices[i].word; i++)
        buf_printf(out, err, "%s%s", i ? " " : "", row->choices[i].word);
}

static bool takes_value(const struct option_row *row)
{
    return row->value || row->choices;
}

static void put_commands(struct buf *out, struct err *err)
{
    for (size_t i = 0; i < n_commands; i++)
        buf_printf(out, err, "%s%s", i ? " " : "", commands[i]->name);
}

/* bash --------------------------------------------------------------------------------------- */

/* What may follow an option that takes a choice: a case of "COMMAND OPTION". */
static void bash_values(struct buf *out, const struct command *c, struct err *err)
{
    const struct option_row *row;

    for (size_t i = 0; (row = command_option(c, i)); i++)
        if (row->choices) {
            buf_printf(out, err, "    \"%s --%s\") words=\"", c->name, row->name);
            put_choices(out, row, err);
            buf_puts(out, "\" ;;\n", err);
        }
}

static void bash_options(struct buf *out, const struct command *c, struct err *err)
{
    const struct option_row *row;

    buf_printf(out, err, "    %s) words=\"", c->name);
    for (size_t i = 0; (row = command_option(c, i)); i++)
        buf_printf(out, err, "%s--%s", i ? " " : "", row->name);
    buf_puts(out, "\" ;;\n", err);
}

int bash_completion(struct buf *out, struct err *err)
{
    buf_puts(out,
             "# bash completion of lensweep, written by lensweep help --as bash\n"
             "_lensweep() {\n"
             "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
             "  local command=${COMP_WORDS[1]} words=\n"
             "  if [ \"$COMP_CWORD\" = 1 ]; then\n    words=\"",
             err);
    put_commands(out, err);
    buf_puts(out, " --help --version\"\n  else\n    case \"$command $before\" in\n", err);
    for (size_t i = 0; i < n_commands; i++)
        bash_values(out, commands[i], err);
    buf_puts(out, "    \"help help\") words=\"config data ", err);
    put_commands(out, err);
    buf_puts(out,
             "\" ;;\n    esac\n"
             "    if [ -z \"$words\" ] && [[ $word == -* ]]; then\n"
             "    case $command in\n",
             err);
    for (size_t i = 0; i < n_commands; i++)
        bash_options(out, commands[i], err);
    return buf_puts(out,
                    "    esac\n    fi\n  fi\n"
                    "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
                    "}\ncomplete -o default -F _lensweep lensweep\n",
                    err);
}

/* zsh ---------------------------------------------------------------------------------------- */

static void zsh_option(struct buf *out, const struct option_row *row, struct err *err)
{
    struct buf spec = {0};

    buf_printf(&spec, err, "%s--%s%s[", row->type->repeats ? "*" : "", row->name,
               takes_value(row) ? "=" : "");
    for (const char *s = row->doc; *s; s++)
        buf_printf(&spec, err, strchr("[]:\\", *s) ? "\\%c" : "%c", *s);
    buf_puts(&spec, "]", err);
    if (takes_value(row)) {
        buf_printf(&spec, err, ":%s:%s", row->value ? row->value : row->name,
                   row->choices ? "(" : "_files");
        put_choices(&spec, row, err);
        buf_puts(&spec, row->choices ? ")" : "", err);
    }
    buf_puts(out, " \\\n      ", err);
    if (buf_str(&spec, err))
        put_quoted(out, spec.data, "", err);
    buf_release(&spec);
}

static void zsh_command(struct buf *out, const struct command *c, struct err *err)
{
    const struct option_row *row;

    buf_printf(out, err, "    %s) _arguments", c->name);
    for (size_t i = 0; (row = command_option(c, i)); i++)
        zsh_option(out, row, err);
    buf_puts(out, " \\\n      '*:file:_files' ;;\n", err);
}

int zsh_completion(struct buf *out, struct err *err)
{
    buf_puts(out,
             "#compdef lensweep\n"
             "# written by lensweep help --as zsh\n"
             "_lensweep() {\n  local -a commands\n  commands=(\n",
             err);
    for (size_t i = 0; i < n_commands; i++) {
        struct buf entry = {0};

        buf_printf(&entry, err, "%s:%s", commands[i]->name, commands[i]->summary);
        buf_puts(out, "    ", err);
        if (buf_str(&entry, err))
            put_quoted(out, entry.data, "", err);
        buf_puts(out, "\n", err);
        buf_release(&entry);
    }
    buf_puts(out,
             "  )\n  if (( CURRENT == 2 )); then\n"
             "    _describe command commands\n    return\n  fi\n"
             "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n"
             "  case $command in\n",
             err);
    for (size_t i = 0; i < n_commands; i++)
        zsh_command(out, commands[i], err);
    /* As a file of fpath this text is the function's first call; sourced it only defines it. */
    return buf_puts(out,
                    "  esac\n}\n"
                    "if [ \"$funcstack[1]\" = _lensweep ]; then\n"
                    "  _lensweep \"$@\"\nelse\n  compdef _lensweep lensweep\nfi\n",
                    err);
}

/* fish --------------------------------------------------------------------------------------- */

static void fish_option(struct buf *out, const struct command *c, const struct option_row *row,
                        struct err *err)
{
    buf_printf(out, err, "complete -c lensweep -n '__fish_seen_subcommand_from %s' -l %s", c->name,
               row->name);
    if (row->letter)
        buf_printf(out, err, " -s %c", row->letter);
    buf_puts(out, takes_value(row) ? " -r" : "", err);
    if (row->choices) {
        buf_puts(out, " -f -a '", err);
        put_choices(out, row, err);
        buf_puts(out, "'", err);
    }
    buf_puts(out, " -d ", err);
    put_quoted(out, row->doc, "\\", err);
    buf_puts(out, "\n", err);
}

int fish_completion(struct buf *out, struct err *err)
{
    const struct option_row *row;

    buf_puts(out, "# fish completion of lensweep, written by lensweep help --as fish\n", err);
    for (size_t i = 0; i < n_commands; i++) {
        buf_printf(out, err, "complete -c lensweep -n __fish_use_subcommand -f -a %s -d ",
                   commands[i]->name);
        put_quoted(out, commands[i]->summary, "\\", err);
        buf_puts(out, "\n", err);
        for (size_t k = 0; (row = command_option(commands[i], k)); k++)
            fish_option(out, commands[i], row, err);
    }
    return err->code;
}
