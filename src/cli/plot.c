#define _XOPEN_SOURCE 700
#include "report/figures/plot.h"

#include "cli/command.h"

#include <getopt.h>

int cmd_plot(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"format", required_argument, NULL, 'f'}, {0}};
    struct plot_options o = {.format = "png"};
    struct buf said = {0};
    struct err trouble;
    int c, code;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        if (c == 'o')
            o.dir = optarg;
        else if (c == 'f')
            o.format = optarg;
        else
            return bad_option("plot", argv, err);
    }
    if (optind == argc)
        return usage_error("plot", err);
    err_clear(&trouble);
    code = plot_results(&o, argv + optind, (size_t)(argc - optind), &said, err);
    /* What was drawn is said before the error. */
    if ((said.len && out_write(said.data, said.len, code ? &trouble : err)) ||
        out_flush(code ? &trouble : err))
        code = code ? code : err->code;
    buf_release(&said);
    return code;
}
