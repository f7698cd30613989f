/* What `lensweep help COMMAND` says, from the command's tables. */
#include "cli/option.h"

#include "base/wrap.h"

#include <stdio.h>
#include <string.h>

enum { WORD = 128 };

/* A line of words that are not broken at their blanks. */
struct usage_words {
    struct buf *out;
    size_t width, indent, at; /* at: the column */
};

static void put_word(struct usage_words *l, const char *word, struct err *err)
{
    size_t n = strlen(word);
    bool breaks = l->at > l->indent && l->at + 1 + n > l->width;

    if (breaks)
        buf_printf(l->out, err, "\n%*s", (int)l->indent, "");
    else
        buf_puts(l->out, " ", err);
    l->at = (breaks ? l->indent : l->at + 1) + n;
    buf_puts(l->out, word, err);
}

/* What stands for an option's value: its placeholder, or its choices "a|b"; "" = a flag. */
static char *value_text(char out[WORD], const struct option_row *row)
{
    size_t used = 0;

    snprintf(out, WORD, "%s", row->value ? row->value : "");
    for (size_t i = 0; !row->value && row->choices && row->choices[i].word && used < WORD; i++)
        used +=
            (size_t)snprintf(out + used, WORD - used, "%s%s", i ? "|" : "", row->choices[i].word);
    return out;
}

/* "--set KEY=VALUE", "-n N"; what must be given by its long name. */
static char *short_form(char out[WORD + 32], const struct option_row *row)
{
    char value[WORD], letter[2] = {row->letter, '\0'};
    bool is_short = row->letter && row->need == OPTIONAL;

    value_text(value, row);
    snprintf(out, WORD + 32, "%s%s%s%s", is_short ? "-" : "--", is_short ? letter : row->name,
             *value ? " " : "", value);
    return out;
}

static void put_argument(struct usage_words *l, const struct argument_row *row, struct err *err)
{
    char word[WORD];

    snprintf(word, sizeof word, "%s%s%s", row->form == MAY_LACK ? "[" : "", row->name,
             row->form == MAY_LACK ? "]"
             : row->form == MANY   ? "..."
                                   : "");
    put_word(l, word, err);
}

static void put_option(struct usage_words *l, const struct command *c, size_t i, struct err *err)
{
    const struct option_row *row = &c->option[i];
    bool one_of = row->need == ONE_OF;
    bool opens = one_of && (!i || row[-1].need != ONE_OF);
    bool closes = one_of && (i + 1 == c->n_options || row[1].need != ONE_OF);
    char form[WORD + 32], word[WORD + 48];

    short_form(form, row);
    if (one_of)
        snprintf(word, sizeof word, "%s%s%s", opens ? "(" : "| ", form, closes ? ")" : "");
    else if (row->need == REQUIRED)
        snprintf(word, sizeof word, "%s", form);
    else
        snprintf(word, sizeof word, "[%s]%s", form, row->type->repeats ? "..." : "");
    put_word(l, word, err);
}

int usage_line(const struct command *c, size_t width, struct buf *out, struct err *err)
{
    struct usage_words l = {out, width, sizeof "usage: " - 1, sizeof "usage: lensweep" - 1};

    buf_puts(out, "usage: lensweep", err);
    put_word(&l, c->name, err);
    for (size_t i = 0; i < c->n_arguments; i++)
        put_argument(&l, &c->argument[i], err);
    for (size_t i = 0; i < c->n_options; i++)
        put_option(&l, c, i, err);
    return err->code;
}

static void put_row(const struct option_row *row, struct buf *out, struct err *err)
{
    char value[WORD], letter[8] = "", key[WORD + 80], doc[1024];

    value_text(value, row);
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(key, sizeof key, "%s--%s%s%s", letter, row->name, *value ? " " : "", value);
    snprintf(doc, sizeof doc, "%s%s%s%s", row->doc, row->fallback ? " (default " : "",
             row->fallback ? row->fallback : "", row->fallback ? ")" : "");
    wrap_entry(out, key, doc, err);
}

static void put_notes(const char *notes, struct buf *out, struct err *err)
{
    struct buf line = {0};

    while (*notes) {
        size_t n = strcspn(notes, "\n");

        buf_clear(&line);
        buf_printf(&line, err, "%.*s", (int)n, notes);
        buf_puts(out, n ? "  " : "", err);
        if (buf_str(&line, err))
            wrap_text(out, line.data, 2, err);
        notes += n + (notes[n] == '\n');
    }
    buf_release(&line);
}

int usage_text(const struct command *c, struct buf *out, struct err *err)
{
    const struct option_row *row;

    usage_line(c, wrap_width(), out, err);
    buf_puts(out, "\n\n", err);
    wrap_text(out, c->summary, 0, err);
    buf_puts(out, "\n", err);
    for (size_t i = 0; i < c->n_arguments; i++)
        wrap_entry(out, c->argument[i].name, c->argument[i].doc, err);
    for (size_t i = 0; (row = command_option(c, i)); i++)
        put_row(row, out, err);
    if (c->notes) {
        buf_puts(out, "\n", err);
        put_notes(c->notes, out, err);
    }
    return err->code;
}
