/*
 * Sub-commands: one file each, one row of the table in main.c each.
 *
 * A command returns 0 or an error code with its one line in err; main prints it and exits. Mistakes
 * of a config or of data are many lines: report_problems prints them and makes the last line.
 */
#ifndef LENSWEEP_CLI_COMMAND_H
#define LENSWEEP_CLI_COMMAND_H

#include "base/err.h"
#include "base/out.h"
#include "cli/option.h"

extern const struct command *const commands[];
extern const size_t n_commands;

/* The command of this name; NULL after ERR_CONFIG with what was probably meant. */
const struct command *command_find(const char *name, struct err *err);

/* The name of a command that the word was probably meant to be; NULL = none is near. */
const char *command_near(const char *word);

/* Writes to standard output and empties the buffer, if nothing went wrong before. */
int print_buf(struct buf *b, struct err *err);

/* Around the i-th thing of one sort that are printed one after the other: a heading each where
   there are, or are to be, several; as JSON a list of them. */
int begin_item(bool json, bool several, const char *heading, size_t i, struct err *err);
int end_item(bool json, bool several, bool last, struct err *err);

/* Prints the error's line on stderr, once: err->msg is empty afterwards. Of the ranks of a job only
   the first says anything. */
void report_error(struct err *err);

/* Prints each problem as "WHERE: what" on stderr; ERR_CONFIG with a count if there is any. */
int report_problems(const struct problems *p, struct err *err);

/* The tables of all commands for other programs: lensweep(1) for man, and what each shell sources
   to complete commands, their options and an option's choices; else it completes names of files. */
int manual_page(struct buf *out, struct err *err);
int bash_completion(struct buf *out, struct err *err);
int zsh_completion(struct buf *out, struct err *err);
int fish_completion(struct buf *out, struct err *err);

/* Rows that several commands have. */
#define ARGUMENT_MODEL(st, field)                                                    \
    {                                                                                \
        ARGUMENT_ONE(st, field), "MODEL", "a Hugging Face directory or a .gguf file" \
    }
#define ARGUMENT_RESULT(st, field)                                                 \
    {                                                                              \
        ARGUMENT_ONE(st, field), "RESULT", "a result file, or the folder of a run" \
    }
#define OPTION_THREADS(st, field)                                                           \
    {                                                                                       \
        OPTION_INTO(int, st, field), .name = "threads", .value = "N", .lo = 1, .hi = 4096,  \
                                     .doc = "threads (default: all cores that are allowed)" \
    }
#define OPTION_LAYERS_FROM(st, field)                                                              \
    {                                                                                              \
        OPTION_INTO(int, st, field), .name = "layers-from", .value = "N", .fallback = "0",         \
                                     .hi = 1,                                                      \
                                     .doc = "number of the first layer: 0, or 1 as in many papers" \
    }
#define OPTION_JSON(st, field)                                                         \
    {                                                                                  \
        OPTION_INTO(flag, st, field), .name = "json",                                  \
                                      .doc = "for programs: one object (docs/json.md)" \
    }
#define OPTION_NO_BOS(st, field)                                                      \
    {                                                                                 \
        OPTION_INTO(flag, st, field), .name = "no-bos",                               \
                                      .doc = "without the tokenizer's special tokens" \
    }

#define OPTIONS_CHAT(st, field)                                                               \
    {OPTION_INTO(flag, st, field.chat), .name = "chat",                                       \
     .doc = "TEXT is what a user says: by the model's chat template, up to the answer"},      \
    {                                                                                         \
        OPTION_INTO(text, st, field.system), .name = "system", .value = "TEXT",               \
                                             .doc = "with --chat: a system message before it" \
    }

/* A command's tables with their lengths. */
#define ARGUMENTS(table) .argument = (table), .n_arguments = sizeof(table) / sizeof *(table)
#define OPTIONS(table)   .option = (table), .n_options = sizeof(table) / sizeof *(table)

#endif
