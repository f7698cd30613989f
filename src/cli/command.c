#define _XOPEN_SOURCE 700
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rank in a job that MPI_Init has not told of yet (Open MPI, PMIx, SLURM); 0 without one. */
static int launched_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]))
            return (int)strtol(getenv(names[i]), NULL, 10);
    return 0;
}

void report_error(struct err *err)
{
    if (err->msg[0] && launched_rank() == 0) {
        fflush(stdout);
        fprintf(stderr, "lensweep: %s%s\n", err->code == ERR_BUG ? "bug: " : "", err->msg);
        fflush(stderr);
    }
    err->msg[0] = '\0';
}

int report_problems(const struct problems *p, struct err *err)
{
    int shown = p->count < PROBLEMS_MAX ? p->count : PROBLEMS_MAX;

    if (!p->count)
        return 0;
    for (int i = 0; i < shown; i++)
        fprintf(stderr, "%s: %s\n", p->item[i].where, p->item[i].msg);
    if (p->count > shown)
        fprintf(stderr, "... and %d more\n", p->count - shown);
    return err_set(err, ERR_CONFIG, "%d problem%s; nothing was run", p->count,
                   p->count == 1 ? "" : "s");
}

int parse_number(const char *option, const char *text, int64_t lo, int64_t hi, int64_t *v,
                 struct err *err)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(text, &end, 10);
    if (errno || end == text || *end || n < lo || n > hi)
        return err_set(err, ERR_CONFIG, "%s is \"%s\", expected a number from %lld to %lld", option,
                       text, (long long)lo, (long long)hi);
    *v = n;
    return 0;
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < n_commands; i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

int bad_option(const char *command, char **argv, struct err *err)
{
    const char *option = argv[optind - 1];

    return err_set(err, ERR_CONFIG,
                   "%s: option \"%s\" is unknown or lacks its value; usage: "
                   "lensweep %s %s",
                   command, option, command, find(command)->usage);
}

int one_argument(const char *command, int argc, char **argv, struct err *err)
{
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-') {
            optind = i + 1;
            return bad_option(command, argv, err);
        }
    return argc == 2 ? 0 : usage_error(command, err);
}

int usage_error(const char *command, struct err *err)
{
    return err_set(err, ERR_CONFIG, "usage: lensweep %s %s", command, find(command)->usage);
}
