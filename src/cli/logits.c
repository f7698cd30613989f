#include "base/real.h"
#include "cli/command.h"

#include "base/npy.h"
#include "cli/prompt.h"
#include "engine/lens.h"

#include <getopt.h>
#include <math.h>
#include <string.h>

static int print_top(const struct prompt *p, const float *logit, double log_z, int k,
                     struct err *err)
{
    int vocab = p->model->shape.vocab;
    unsigned char *taken = mem_alloc((size_t)vocab, 1, err);
    int code =
        taken ? out_printf(err, "%4s %8s %10s %9s  %s\n", "rank", "id", "logit", "prob", "token")
              : err->code;

    for (int r = 0; !code && r < k && r < vocab; r++) {
        struct buf text = {0};
        int best = -1;

        for (int i = 0; i < vocab; i++)
            if (!taken[i] && (best < 0 || logit[i] > logit[best]))
                best = i;
        taken[best] = 1;
        code = prompt_quote(p, best, &text, err);
        if (!code)
            code = out_printf(err, "%4d %8d %10.4f %9.6f  %.*s\n", r, best, (double)logit[best],
                              real_exp((double)logit[best] - log_z), (int)text.len, text.data);
        buf_release(&text);
    }
    mem_free(taken);
    return code ? err->code : 0;
}

static int all_positions(struct prompt *p, const struct run *run, const char *npy, struct err *err)
{
    const struct shape *s = &p->model->shape;
    size_t n = (size_t)run->n;
    const float **row = arena_alloc(&p->arena, n, sizeof *row, err);
    float *out = arena_alloc(&p->arena, n * (size_t)s->vocab, sizeof *out, err);

    if (!row || !out)
        return err->code;
    for (int t = 0; t < run->n; t++)
        row[t] = run_row(run, s, SITE_RESID, s->n_layers, t);
    engine_logits(&p->engine, run->n, row, out, NULL);
    return npy_write(npy, out, (size_t[]){n, (size_t)s->vocab}, 2, err);
}

static int show(struct prompt *p, const char *npy, int top, struct err *err)
{
    struct run run;

    if (prompt_run(p, &run, err) || (npy && all_positions(p, &run, npy, err)))
        return err->code;
    return print_top(p, run.logits, run.log_z, top, err);
}

int cmd_logits(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {{"prompt", required_argument, NULL, 'p'},
                                            {"ids", required_argument, NULL, 'i'},
                                            {"top", required_argument, NULL, 'k'},
                                            {"npy", required_argument, NULL, 'f'},
                                            {"no-bos", no_argument, NULL, 'b'},
                                            {"threads", required_argument, NULL, 'j'},
                                            {0}};
    struct prompt_options po = {0};
    const char *npy = NULL;
    int64_t top = 10;
    struct prompt p;
    int o, code = 0;

    opterr = 0;
    while (!code && (o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == 'p')
            po.text = optarg;
        else if (o == 'i')
            po.ids = optarg;
        else if (o == 'k')
            code = parse_number("--top", optarg, 0, 1000000, &top, err);
        else if (o == 'f')
            npy = optarg;
        else if (o == 'b')
            po.no_bos = true;
        else if (o == 'j')
            code = parse_number("--threads", optarg, 1, 4096, &po.threads, err);
        else
            code = bad_option("logits", argv, err);
    }
    if (code)
        return code;
    if (argc - optind != 1 || !po.text == !po.ids)
        return usage_error("logits", err);
    code = prompt_open(&p, argv[optind], &po, 0, err) || show(&p, npy, (int)top, err);
    prompt_close(&p);
    return code ? err->code : 0;
}
