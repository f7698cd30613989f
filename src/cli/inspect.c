#include "cli/command.h"

#include "base/team.h"
#include "model/identity.h"

struct inspect_options {
    const char *path;
};

static const struct argument_row arguments[] = {{ARGUMENT_ONE(struct inspect_options, path), "PATH",
                                                 "a Hugging Face directory or a .gguf file"}};

static int inspect(const struct call *call, struct err *err)
{
    const struct inspect_options *o = call->options;
    struct model *m;
    struct buf b = {0};

    if (model_open(&m, o->path, err))
        return err->code;
    if (!identity_make(m, team_cores(), err))
        model_describe(m, &b, err);
    model_close(m);
    return print_buf(&b, err);
}

const struct command command_inspect = {
    .name = "inspect",
    .summary = "show what a model file or directory holds",
    .size = sizeof(struct inspect_options),
    .run = inspect,
    ARGUMENTS(arguments),
};
