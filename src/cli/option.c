#include "cli/option.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONS_MAX = 64, WORD = 64 };

/* The command line while it is read. */
struct option_parser {
    const struct command *command;
    struct call *call;
    struct arena *arena;
    int argc, at; /* at: the word at hand */
    char **argv;
    size_t n_arguments;
};

static const struct option_row every_command[] = {
    {.type = &option_flag, .name = "help", .letter = 'h', .doc = "say this"}};

const struct option_row *command_option(const struct command *c, size_t i)
{
    if (i < c->n_options)
        return &c->option[i];
    i -= c->n_options;
    return i < sizeof every_command / sizeof *every_command ? &every_command[i] : NULL;
}

int usage_error(const struct command *c, struct err *err, const char *fmt, ...)
{
    char msg[ERR_MESSAGE / 4];
    struct buf usage = {0};
    va_list ap;

    va_start(ap, fmt);
    str_vfit(msg, sizeof msg, fmt, ap);
    va_end(ap);
    if (!usage_line(c, SIZE_MAX, &usage, err))
        err_set(err, ERR_CONFIG, "%s: %s; %.*s", c->name, msg, (int)usage.len, usage.data);
    buf_release(&usage);
    return err->code;
}

int option_expected(const struct option_value *r, const char *text, struct err *err,
                    const char *fmt, ...)
{
    const char *near = r->row->choices ? choice_near(r->row->choices, text) : NULL;
    char what[CHOICE_TEXT + 32];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return err_set(err, ERR_CONFIG, "%s: %s must be %s, not \"%.100s\"%s%s%s", r->command->name,
                   r->as, what, text, near ? " (did you mean " : "", near ? near : "",
                   near ? "?)" : "");
}

/* The option that the word `name` of n characters is or begins; NULL = none. *several: it begins
   more than one. */
static const struct option_row *find_long(const struct command *c, const char *name, size_t n,
                                          bool *several)
{
    const struct option_row *row, *found = NULL;
    size_t matches = 0;

    for (size_t i = 0; (row = command_option(c, i)); i++) {
        if (strncmp(row->name, name, n) != 0)
            continue;
        if (!row->name[n])
            return row;
        found = row;
        matches++;
    }
    *several = matches > 1;
    return matches == 1 ? found : NULL;
}

static const struct option_row *find_letter(const struct command *c, char letter)
{
    const struct option_row *row;

    for (size_t i = 0; letter && (row = command_option(c, i)); i++)
        if (row->letter == letter)
            return row;
    return NULL;
}

static int unknown_option(const struct command *c, const char *word, size_t n, bool several,
                          struct err *err)
{
    const char *names[OPTIONS_MAX], *near = NULL;
    const struct option_row *row;
    char name[WORD];
    size_t known = 0;

    if (several)
        return err_set(err, ERR_CONFIG,
                       "%s: option %.*s is ambiguous; see "
                       "lensweep help %s",
                       c->name, (int)n, word, c->name);
    for (; known < OPTIONS_MAX && (row = command_option(c, known)); known++)
        names[known] = row->name;
    snprintf(name, sizeof name, "%.*s", (int)(n - 2), word + 2);
    if (word[1] == '-')
        near = str_did_you_mean(name, names, known);
    return err_set(err, ERR_CONFIG, "%s: unknown option %.*s%s%s%s; see lensweep help %s", c->name,
                   (int)n, word, near ? " (did you mean --" : "", near ? near : "",
                   near ? "?)" : "", c->name);
}

static void *field_of(const struct option_parser *p, const struct option_row *row)
{
    return (char *)p->call->options + row->offset;
}

static void note_given(struct option_parser *p, const struct option_row *row)
{
    p->call->given |= (uint64_t)1 << (row - p->command->option);
}

/* value: what stands behind = or the letter; NULL = nothing does. */
static int take_value(struct option_parser *p, const struct option_row *row, const char *as,
                      const char *value, struct err *err)
{
    const struct command *c = p->command;
    struct option_value r = {c, row, as, p->arena, p->argc};

    if (row == every_command) {
        p->call->help = true;
        return 0;
    }
    note_given(p, row);
    if (row->type == &option_flag) {
        *(bool *)field_of(p, row) = true;
        return value ? err_set(err, ERR_CONFIG, "%s: %s takes no value, found \"%.100s\"", c->name,
                               as, value)
                     : 0;
    }
    if (!value && p->at + 1 < p->argc)
        value = p->argv[++p->at];
    if (!value)
        return err_set(err, ERR_CONFIG, "%s: %s needs a value; see lensweep help %s", c->name, as,
                       c->name);
    return row->type->parse(&r, value, field_of(p, row), err);
}

static int take_long(struct option_parser *p, const char *word, struct err *err)
{
    size_t n = strcspn(word, "=");
    bool several = false;
    const struct option_row *row = find_long(p->command, word + 2, n - 2, &several);
    char as[WORD];

    if (!row)
        return unknown_option(p->command, word, n, several, err);
    snprintf(as, sizeof as, "--%s", row->name);
    return take_value(p, row, as, word[n] ? word + n + 1 : NULL, err);
}

/* "-n 5", "-n5"; flags may stand together. */
static int take_letters(struct option_parser *p, const char *word, struct err *err)
{
    for (const char *s = word + 1; *s && !p->call->help; s++) {
        const struct option_row *row = find_letter(p->command, *s);
        char as[3] = {'-', *s, '\0'};

        if (!row)
            return unknown_option(p->command, word, strlen(word), false, err);
        if (row->type != &option_flag)
            return take_value(p, row, as, s[1] ? s + 1 : NULL, err);
        if (take_value(p, row, as, NULL, err))
            return err->code;
    }
    return 0;
}

static int take_argument(struct option_parser *p, const char *word, struct err *err)
{
    const struct command *c = p->command;
    size_t last = c->n_arguments ? c->n_arguments - 1 : 0;
    size_t i = p->n_arguments < last ? p->n_arguments : last;
    const struct argument_row *row = c->n_arguments ? &c->argument[i] : NULL;
    struct option_value value = {.command = c, .arena = p->arena, .argc = p->argc};
    const struct option_type *type;

    if (!row || (p->n_arguments > last && row->form != MANY))
        return usage_error(c, err, "unexpected argument \"%.100s\"", word);
    if (!*word)
        return usage_error(c, err, "%s is empty", row->name);
    p->n_arguments++;
    type = row->form == MANY ? &option_list : &option_text;
    return type->parse(&value, word, (char *)p->call->options + row->offset, err);
}

static int take_words(struct option_parser *p, struct err *err)
{
    bool options = true;

    for (p->at = 1; p->at < p->argc && !p->call->help; p->at++) {
        const char *word = p->argv[p->at];
        int code;

        if (options && !strcmp(word, "--")) {
            options = false;
            continue;
        }
        code = !options || word[0] != '-' || !word[1] ? take_argument(p, word, err)
               : word[1] == '-'                       ? take_long(p, word, err)
                                                      : take_letters(p, word, err);
        if (code)
            return code;
    }
    return 0;
}

static int take_defaults(struct option_parser *p, struct err *err)
{
    for (size_t i = 0; i < p->command->n_options; i++) {
        const struct option_row *row = &p->command->option[i];
        struct option_value r = {p->command, row, "the default", p->arena, p->argc};

        if (row->fallback && row->type->parse(&r, row->fallback, field_of(p, row), err))
            return err->code;
    }
    return 0;
}

static bool is_given(const struct call *call, size_t option)
{
    return call->given >> option & 1;
}

/* Of the rows [first, end) exactly one. */
static int check_one_of(const struct option_parser *p, size_t first, size_t end, struct err *err)
{
    char names[256] = "";
    size_t n = 0, used = 0;

    for (size_t i = first; i < end && used < sizeof names; i++) {
        n += is_given(p->call, i);
        used += (size_t)snprintf(names + used, sizeof names - used, "%s--%s",
                                 i == first     ? ""
                                 : i + 1 == end ? " or "
                                                : ", ",
                                 p->command->option[i].name);
    }
    return n == 1 ? 0 : usage_error(p->command, err, "give %s%s", n ? "only one of " : "", names);
}

static int check_needs(const struct option_parser *p, struct err *err)
{
    const struct command *c = p->command;

    for (size_t i = p->n_arguments; i < c->n_arguments; i++)
        if (c->argument[i].form != MAY_LACK)
            return usage_error(c, err, "%s is missing", c->argument[i].name);
    for (size_t i = 0; i < c->n_options; i++) {
        size_t first = i;

        if (c->option[i].need == REQUIRED && !is_given(p->call, i))
            return usage_error(c, err, "--%s is missing", c->option[i].name);
        if (c->option[i].need != ONE_OF)
            continue;
        while (i + 1 < c->n_options && c->option[i + 1].need == ONE_OF)
            i++;
        if (check_one_of(p, first, i + 1, err))
            return err->code;
    }
    return 0;
}

int command_parse(const struct command *c, int argc, char **argv, struct call *call,
                  struct arena *a, struct err *err)
{
    struct option_parser p = {.command = c, .call = call, .arena = a, .argc = argc, .argv = argv};

    *call = (struct call){.command = c, .argc = argc, .argv = argv};
    call->options = arena_alloc(a, 1, c->size, err);
    if (!call->options || take_defaults(&p, err) || take_words(&p, err) || call->help)
        return err->code;
    return check_needs(&p, err);
}

bool option_given(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->command->n_options; i++)
        if (str_eq(call->command->option[i].name, name))
            return is_given(call, i);
    return false;
}
