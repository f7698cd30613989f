#define _XOPEN_SOURCE 700
#include "report/diff.h"
#include "cli/command.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>

static int parse_tolerance(const char *option, const char *text, double *v, struct err *err)
{
    char *end;

    *v = strtod(text, &end);
    if (end == text || *end || !isfinite(*v) || *v < 0)
        return err_set(err, ERR_CONFIG, "%s is \"%s\", expected a number from 0 up", option, text);
    return 0;
}

int cmd_diff(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {
        {"rtol", required_argument, NULL, 'r'}, {"atol", required_argument, NULL, 'a'}, {0}};
    struct diff d = {0};
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c != 'r' && c != 'a')
            return bad_option("diff", argv, err);
        d.tolerant = true;
        if (parse_tolerance(c == 'r' ? "--rtol" : "--atol", optarg, c == 'r' ? &d.rtol : &d.atol,
                            err))
            return err->code;
    }
    if (argc - optind != 2)
        return usage_error("diff", err);
    return diff_files(&d, argv[optind], argv[optind + 1], err);
}
