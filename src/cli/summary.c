#include "report/summary.h"
#include "cli/command.h"

int print_summary(const char *path, struct err *err)
{
    struct result r;
    struct buf out = {0};

    if (!result_open(&r, path, err) && summary_text(&r, &out, err))
        err_wrap(err, "%s", r.path);
    if (!err->code && !out_write(out.data, out.len, err))
        out_flush(err);
    result_close(&r);
    buf_release(&out);
    return err->code;
}

int cmd_summary(int argc, char **argv, struct err *err)
{
    return one_argument("summary", argc, argv, err) ? err->code : print_summary(argv[1], err);
}
