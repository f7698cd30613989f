#include "cli/command.h"

#include "base/buf.h"
#include "cli/prompt.h"

#include <getopt.h>

static int print_line(const struct tokenizer *t, int32_t id, struct err *err)
{
    struct buf text = {0};
    int code = quote_token(t, id, &text, err);

    if (!code)
        code = out_printf(err, "%d\t%.*s\n", (int)id, (int)text.len, text.data);
    buf_release(&text);
    return code;
}

static int print_ids(const struct tokenizer *t, const struct prompt_options *o, bool lines,
                     struct err *err)
{
    struct ids ids = {0};
    int code = encode_prompt(t, o, &ids, err);

    for (size_t i = 0; !code && i < ids.n; i++)
        code = lines ? print_line(t, ids.v[i], err)
                     : out_printf(err, "%s%d", i ? " " : "", (int)ids.v[i]);
    if (!code && !lines)
        code = out_printf(err, "\n");
    ids_release(&ids);
    return code;
}

int cmd_tokenize(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {
        {"text", required_argument, NULL, 't'},   {"no-bos", no_argument, NULL, 'b'},
        {"tokens", no_argument, NULL, 'l'},       {"chat", no_argument, NULL, 'c'},
        {"system", required_argument, NULL, 's'}, {0}};
    struct prompt_options po = {0};
    struct tokenizer *t;
    bool lines = false;
    int o, code;

    opterr = 0;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == 't')
            po.text = optarg;
        else if (o == 'b')
            po.no_bos = true;
        else if (o == 'l')
            lines = true;
        else if (o == 'c')
            po.chat = true;
        else if (o == 's')
            po.system = optarg;
        else
            return bad_option("tokenize", argv, err);
    }
    if (argc - optind != 1 || !po.text)
        return usage_error("tokenize", err);
    if (tokenizer_open(&t, argv[optind], err))
        return err->code;
    code = print_ids(t, &po, lines, err);
    tokenizer_close(t);
    return code;
}
