#include "cli/command.h"

#include "model/tokenizer/tokenizer.h"

#include <getopt.h>
#include <string.h>

static int print_ids(const struct tokenizer *t, const char *text, bool special, struct err *err)
{
    struct ids ids = {0};
    int code = tokenizer_encode(t, text, strlen(text), special, &ids, err);

    for (size_t i = 0; !code && i < ids.n; i++)
        code = out_printf(err, "%s%d", i ? " " : "", (int)ids.v[i]);
    if (!code)
        code = out_printf(err, "\n");
    ids_release(&ids);
    return code;
}

int cmd_tokenize(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {
        {"text", required_argument, NULL, 't'}, {"no-bos", no_argument, NULL, 'b'}, {0}};
    const char *text = NULL;
    bool special = true;
    struct tokenizer *t;
    int o, code;

    opterr = 0;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == 't')
            text = optarg;
        else if (o == 'b')
            special = false;
        else
            return bad_option("tokenize", argv, err);
    }
    if (argc - optind != 1 || !text)
        return usage_error("tokenize", err);
    if (tokenizer_open(&t, argv[optind], err))
        return err->code;
    code = print_ids(t, text, special, err);
    tokenizer_close(t);
    return code;
}
