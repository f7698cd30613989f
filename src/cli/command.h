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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command {
    const char *name;
    const char *usage;   /* what stands behind `lensweep NAME` */
    const char *summary; /* one line for `lensweep help` */
    const char *help;    /* the whole of `lensweep help NAME` below usage and summary */
    int (*run)(int argc, char **argv, struct err *err); /* argv[0] is the command's name */
};

extern const struct command commands[];
extern const size_t n_commands;

int cmd_run(int argc, char **argv, struct err *err);
int cmd_plan(int argc, char **argv, struct err *err);
int cmd_collect(int argc, char **argv, struct err *err);
int cmd_status(int argc, char **argv, struct err *err);
int cmd_inspect(int argc, char **argv, struct err *err);
int cmd_logits(int argc, char **argv, struct err *err);
int cmd_tokenize(int argc, char **argv, struct err *err);
int cmd_generate(int argc, char **argv, struct err *err);
int cmd_plot(int argc, char **argv, struct err *err);
int cmd_export(int argc, char **argv, struct err *err);
int cmd_top(int argc, char **argv, struct err *err);
int cmd_summary(int argc, char **argv, struct err *err);
int cmd_diff(int argc, char **argv, struct err *err);
int cmd_bench(int argc, char **argv, struct err *err);
int cmd_help(int argc, char **argv, struct err *err);

/* Prints the error's line on stderr, once: err->msg is empty afterwards. Of the ranks of a job only
   the first says anything. */
void report_error(struct err *err);

/* Prints each problem as "WHERE: what" on stderr; ERR_CONFIG with a count if there is any. */
int report_problems(const struct problems *p, struct err *err);

/* The value of an option that takes a number in [lo, hi]. */
int parse_number(const char *option, const char *text, int64_t lo, int64_t hi, int64_t *v,
                 struct err *err);

/* For getopt_long's '?' and ':' : one line that names the option. */
int bad_option(const char *command, char **argv, struct err *err);

/* For commands that take one argument and no option: 0 if that is what argv has. */
int one_argument(const char *command, int argc, char **argv, struct err *err);

/* ERR_CONFIG "NAME takes ..., found N arguments; usage: lensweep NAME ..." */
int usage_error(const char *command, struct err *err);

/* The summary of a finished result file on standard output: after a run, and as a command. */
int print_summary(const char *path, struct err *err);

#endif
