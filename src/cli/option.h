/*
 * The command line as tables: a command's arguments and options are rows, each declared once. The
 * parser, its errors and `lensweep help COMMAND` are made from them.
 *
 *     struct top_options {
 *         const char *result;
 *         int64_t rows;
 *     };
 *
 *     static const struct argument_row arguments[] = {
 *         {ARGUMENT_ONE(struct top_options, result), "RESULT", "a result file"}};
 *
 *     static const struct option_row options[] = {
 *         {OPTION_INTO(int, struct top_options, rows), .letter = 'n', .name = "rows", .value = "N",
 *          .fallback = "20", .lo = 1, .hi = 10000, .doc = "rows of each table"}};
 *
 * OPTION_INTO checks at compile time that the field has the C type that the option's type fills.
 *
 * How options are written: --name VALUE, --name=VALUE, a beginning of --name that no other has;
 * -n VALUE, -nVALUE; before, between and after the arguments; after -- all is arguments. Of an
 * option that stands twice the last counts, but for lists.
 */
#ifndef LENSWEEP_CLI_OPTION_H
#define LENSWEEP_CLI_OPTION_H

#include "base/buf.h"
#include "base/choice.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct word_list {
    size_t n;
    const char **v;
};

struct shard { /* of n shares the i-th, from 0 */
    int64_t i, n;
};

struct command;
struct option_row;

/* An option while its value is read. */
struct option_value {
    const struct command *command;
    const struct option_row *row;
    const char *as; /* the option as it was written: "--rows", "-n" */
    struct arena *arena;
    int argc;
};

struct option_type {
    /* Fills the field from the text, or says what was expected. NULL = takes no value: a bool. */
    int (*parse)(const struct option_value *r, const char *text, void *field, struct err *err);
    bool repeats; /* may stand several times */
};

extern const struct option_type option_flag;   /* bool */
extern const struct option_type option_int;    /* int64_t, within the row's bounds */
extern const struct option_type option_real;   /* double, within the row's bounds */
extern const struct option_type option_text;   /* const char * */
extern const struct option_type option_path;   /* const char *, not empty */
extern const struct option_type option_choice; /* an enum: of the row's choices */
extern const struct option_type option_shard;  /* struct shard: i/n */
extern const struct option_type option_list;   /* struct word_list, one more each time */

/* ONE_OF: of neighbouring rows that have it, exactly one. */
enum option_need { OPTIONAL, REQUIRED, ONE_OF };

struct option_row {
    const struct option_type *type;
    size_t offset;
    const char *name;     /* "rows" of --rows */
    char letter;          /* 'n' of -n; 0 = none */
    const char *value;    /* what stands for it in the help: "N", "FILE"; NULL = a flag, a choice */
    const char *fallback; /* default as text; NULL = zeros */
    double lo, hi;        /* of numbers */
    const struct choice *choices;
    enum option_need need;
    const char *doc;
};

#define OPTION_INTO(kind, st, field) \
    .type = &option_##kind, .offset = offsetof(st, field) + OPTION_CHECK_##kind(st, field)
#define OPTION_CHECK(st, field, ctype) _Generic(&((st *)0)->field, ctype * : (size_t)0)
#define OPTION_CHECK_flag(st, field)   OPTION_CHECK(st, field, bool)
#define OPTION_CHECK_int(st, field)    OPTION_CHECK(st, field, int64_t)
#define OPTION_CHECK_real(st, field)   OPTION_CHECK(st, field, double)
#define OPTION_CHECK_text(st, field)   OPTION_CHECK(st, field, const char *)
#define OPTION_CHECK_path(st, field)   OPTION_CHECK(st, field, const char *)
#define OPTION_CHECK_shard(st, field)  OPTION_CHECK(st, field, struct shard)
#define OPTION_CHECK_list(st, field)   OPTION_CHECK(st, field, struct word_list)
#define OPTION_CHECK_choice(st, field) CHOICE_CHECK(st, field)

enum argument_form { ONE, MAY_LACK, MANY };

/* Arguments in the order of the rows; only the last may be of another form than ONE. */
struct argument_row {
    enum argument_form form;
    size_t offset;    /* of a const char *, NULL = not given; of a struct word_list for MANY */
    const char *name; /* "RESULT" */
    const char *doc;
};

#define ARGUMENT_ONE(st, field)      ONE, offsetof(st, field) + OPTION_CHECK_text(st, field)
#define ARGUMENT_MAY_LACK(st, field) MAY_LACK, offsetof(st, field) + OPTION_CHECK_text(st, field)
#define ARGUMENT_MANY(st, field)     MANY, offsetof(st, field) + OPTION_CHECK_list(st, field)

struct call;

struct command {
    const char *name;
    const char *summary; /* one line */
    const struct argument_row *argument;
    size_t n_arguments;
    const struct option_row *option;
    size_t n_options;
    size_t size;       /* of the struct that they fill */
    const char *notes; /* for the end of the help: lines, each to be wrapped; NULL = none */
    int (*run)(const struct call *call, struct err *err);
};

/* A command line that was understood. */
struct call {
    const struct command *command;
    void *options;  /* the command's struct, filled */
    uint64_t given; /* bits of the options that were */
    bool help;      /* --help stood there: the struct is not complete */
    int argc;
    char **argv; /* from the command's name on, as typed */
};

/* The i-th option that a command has, its own and then those that all have (--help); NULL beyond
   the last. With command->argument this is all that a manual page or a shell's completion needs. */
const struct option_row *command_option(const struct command *c, size_t i);

/* Reads argv (from the command's name on) into call->options, which it makes in the arena, as are
   lists; texts are argv's own. ERR_CONFIG with a line that names the option, what was expected and
   what was probably meant. */
int command_parse(const struct command *c, int argc, char **argv, struct call *call,
                  struct arena *a, struct err *err);

/* Was this option given, by its name? */
bool option_given(const struct call *call, const char *name);

/* "usage: lensweep NAME ARGUMENTS [OPTIONS]", broken at this width, without a line end; the same
   with summary, each row and the notes. */
int usage_line(const struct command *c, size_t width, struct buf *out, struct err *err);
int usage_text(const struct command *c, struct buf *out, struct err *err);

/* "COMMAND: --rows is "x", expected WHAT", and which choice was probably meant. */
int option_expected(const struct option_value *r, const char *text, struct err *err,
                    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* ERR_CONFIG: the message, and the usage behind it. */
int usage_error(const struct command *c, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
