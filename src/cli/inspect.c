#include "cli/command.h"

#include "base/buf.h"
#include "model/model.h"

int cmd_inspect(int argc, char **argv, struct err *err)
{
    struct model *m;
    struct buf b = {0};
    int code;

    if (one_argument("inspect", argc, argv, err))
        return err->code;
    if (model_open(&m, argv[1], err))
        return err->code;
    code = model_describe(m, &b, err);
    if (!code)
        code = out_write(b.data, b.len, err);
    buf_release(&b);
    model_close(m);
    return code;
}
