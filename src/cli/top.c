#define _XOPEN_SOURCE 700
#include "report/top.h"
#include "cli/command.h"

#include "base/buf.h"

#include <getopt.h>

int cmd_top(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {{"step", required_argument, NULL, 's'},
                                            {"dataset", required_argument, NULL, 'd'},
                                            {"classes", no_argument, NULL, 'c'},
                                            {0}};
    struct top t = {.step = -1};
    struct buf out = {0};
    int64_t n = 20;
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
        if (c == 'd')
            t.dataset = optarg;
        else if (c == 'c')
            t.classes = true;
        else if (c != 'n' && c != 's')
            return bad_option("top", argv, err);
        else if (parse_number(c == 'n' ? "-n" : "--step", optarg, c == 'n', 10000,
                              c == 'n' ? &n : &t.step, err))
            return err->code;
    }
    if (argc - optind < 1 || argc - optind > 2 - t.classes)
        return usage_error("top", err);
    t.n = (size_t)n;
    t.group = argv[optind + 1];
    if (!top_text(&t, argv[optind], &out, err) && !out_write(out.data, out.len, err))
        out_flush(err);
    buf_release(&out);
    return err->code;
}
