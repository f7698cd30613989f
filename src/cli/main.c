/* The one place that prints errors and exits. */
#include "cli/command.h"

#include "base/blas.h"
#include "base/isa.h"
#include "base/str.h"
#include "results/h5read.h"
#include "version.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

extern const struct command command_run, command_plan, command_collect, command_status,
    command_inspect, command_logits, command_tokenize, command_generate, command_export,
    command_summary, command_top, command_verify, command_plot, command_report, command_compare,
    command_diff, command_bench, command_help, command_curate;

const struct command *const commands[] = {
    &command_run,     &command_curate, &command_plan,     &command_collect,  &command_status,
    &command_inspect, &command_logits, &command_tokenize, &command_generate, &command_export,
    &command_summary, &command_top,    &command_verify,   &command_plot,     &command_report,
    &command_compare, &command_diff,   &command_bench,    &command_help};

const size_t n_commands = sizeof commands / sizeof *commands;

static int print_version(struct err *err)
{
    return out_printf(err, "lensweep %s (commit %s)\n%s, %s\n", LENSWEEP_VERSION, LENSWEEP_COMMIT,
                      blas_library(), h5_version());
}

static int print_help(const struct command *c, struct err *err)
{
    struct buf b = {0};

    usage_text(c, &b, err);
    return print_buf(&b, err);
}

/* argv from the command's name on. */
static int run_command(int argc, char **argv, struct err *err)
{
    const struct command *c = command_find(argv[0], err);
    struct arena arena = {0};
    struct call call;

    if (c && !command_parse(c, argc, argv, &call, &arena, err)) {
        if (call.help)
            print_help(c, err);
        else
            c->run(&call, err);
    }
    arena_release(&arena);
    return err->code;
}

static int dispatch(int argc, char **argv, struct err *err)
{
    char *help[] = {"help", NULL};

    if (argc < 2 || str_eq(argv[1], "--help") || str_eq(argv[1], "-h"))
        return run_command(1, help, err);
    if (str_eq(argv[1], "--version"))
        return print_version(err);
    return run_command(argc - 1, argv + 1, err);
}

static void warn_unsealed(const char *path)
{
    fprintf(
        stderr,
        "lensweep: warning: %s has no checksum (an earlier version wrote it, or another program "
        "changed it): it is read as it stands\n",
        path);
}

/* The weights are read through a map of their file: what is not there any more is a signal. */
static void map_failed(int number)
{
    static const char text[] =
        "lensweep: a file that is in use (the model's) was cut short, or cannot be read any more; "
        "put it back and run the same command again\n";

    (void)number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(ERR_IO);
    _exit(ERR_IO);
}

/* Of standard descriptors that are closed the next file would get the number, and what is printed
   would go into it. Nobody can write to these: it is told as it was. */
static void hold_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
            return;
}

int main(int argc, char **argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, bus = {.sa_handler = map_failed};
    struct err err = ERR_CLEAR;

    hold_standard();
    sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe and a full quota are errors of the write */
    sigaction(SIGXFSZ, &ignore, NULL);
    sigaction(SIGBUS, &bus, NULL); /* before MPI's own, which leaves others' alone */
    h5_on_unsealed(warn_unsealed);
    if (!isa_init(&err) && !dispatch(argc, argv, &err))
        out_flush(&err);
    report_error(&err);
    return err.code;
}
