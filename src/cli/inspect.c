#include "cli/command.h"

#include "base/buf.h"
#include "model/model.h"

int cmd_inspect(int argc, char **argv, struct err *err)
{
    struct model *m;
    struct buf b = {0};
    int code;

    if (argc != 2 || argv[1][0] == '-')
        return usage_error("inspect", err);
    if (model_open(&m, argv[1], err))
        return err->code;
    code = model_describe(m, &b, err);
    if (!code)
        code = out_write(b.data, b.len, err);
    buf_release(&b);
    model_close(m);
    return code;
}
