#include "cli/command.h"

#include "base/buf.h"
#include "cli/prompt.h"

#include <getopt.h>

/* Greedy decoding: a whole forward pass per token. Prompts here are short; what is exact comes
   before what is fast. */
static int generate(struct prompt *p, int n, struct err *err)
{
    int32_t eos = p->tokenizer ? tokenizer_eos(p->tokenizer) : -1;

    for (int i = 0; i < n; i++) {
        struct run run;

        arena_reset(&p->arena);
        if (prompt_run(p, &run, err))
            return err->code;
        if (run.argmax < 0)
            return err_set(err, ERR_NUMERIC, "the model's output is not finite at token %zu",
                           p->ids.n);
        if (ids_push(&p->ids, run.argmax, err))
            return err->code;
        if (run.argmax == eos)
            break;
    }
    return 0;
}

static int print(const struct prompt *p, size_t from, bool as_ids, struct err *err)
{
    struct buf text = {0};
    int code = 0;

    if (!as_ids) {
        code = prompt_text(p, from, &text, err);
        if (!code)
            code = out_write(text.data, text.len, err);
        buf_release(&text);
    }
    for (size_t i = from; as_ids && !code && i < p->ids.n; i++)
        code = out_printf(err, "%s%d", i > from ? " " : "", (int)p->ids.v[i]);
    return code ? code : out_printf(err, "\n");
}

int cmd_generate(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {{"prompt", required_argument, NULL, 'p'},
                                            {"ids", no_argument, NULL, 'i'},
                                            {"no-bos", no_argument, NULL, 'b'},
                                            {"chat", no_argument, NULL, 'c'},
                                            {"system", required_argument, NULL, 's'},
                                            {"threads", required_argument, NULL, 'j'},
                                            {0}};
    struct prompt_options po = {0};
    bool as_ids = false;
    struct prompt p;
    int64_t n = 32;
    int o, code = 0;
    size_t from;

    opterr = 0;
    while (!code && (o = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
        if (o == 'p')
            po.text = optarg;
        else if (o == 'n')
            code = parse_number("-n", optarg, 0, 100000, &n, err);
        else if (o == 'i')
            as_ids = true;
        else if (o == 'b')
            po.no_bos = true;
        else if (o == 'c')
            po.chat = true;
        else if (o == 's')
            po.system = optarg;
        else if (o == 'j')
            code = parse_number("--threads", optarg, 1, 4096, &po.threads, err);
        else
            code = bad_option("generate", argv, err);
    }
    if (code)
        return code;
    if (argc - optind != 1 || !po.text)
        return usage_error("generate", err);
    code = prompt_open(&p, argv[optind], &po, (int)n, err);
    from = p.ids.n;
    code = code || generate(&p, (int)n, err) || print(&p, from, as_ids, err);
    prompt_close(&p);
    return code ? err->code : 0;
}
