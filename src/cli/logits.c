#include "base/real.h"
#include "cli/command.h"

#include "base/npy.h"
#include "cli/prompt.h"
#include "engine/lens.h"

struct logits_options {
    const char *model;
    struct prompt_options prompt;
    int64_t top;
    const char *npy;
};

static const struct argument_row arguments[] = {ARGUMENT_MODEL(struct logits_options, model)};

static const struct option_row options[] = {
    {OPTION_INTO(text, struct logits_options, prompt.text), .name = "prompt", .value = "TEXT",
     .need = ONE_OF, .doc = "with the tokenizer's own special tokens, unless --no-bos"},
    {OPTION_INTO(text, struct logits_options, prompt.ids), .name = "ids", .value = "\"1 2 3\"",
     .need = ONE_OF, .doc = "token ids, as they are"},
    {OPTION_INTO(int, struct logits_options, top), .name = "top", .value = "K", .fallback = "10",
     .hi = 1000000, .doc = "the K most probable tokens after the last one"},
    {OPTION_INTO(path, struct logits_options, npy), .name = "npy", .value = "FILE",
     .doc = "logits of all positions, float32 (tokens, vocabulary)"},
    OPTION_NO_BOS(struct logits_options, prompt.no_bos),
    OPTION_THREADS(struct logits_options, prompt.threads)};

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
        code = (p->tokenizer && quote_token(p->tokenizer, best, &text, err)) ||
               out_printf(err, "%4d %8d %10.4f %9.6f  %.*s\n", r, best, (double)logit[best],
                          real_exp((double)logit[best] - log_z), (int)text.len, text.data);
        buf_release(&text);
    }
    mem_free(taken);
    return err_if(err, code);
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
    engine_logits(&p->engine, run->n, row, out);
    return npy_write(npy, out, (size_t[]){n, (size_t)s->vocab}, 2, err);
}

static int show(struct prompt *p, const char *npy, int top, struct err *err)
{
    struct run run;

    return err_if(err, prompt_run(p, &run, err) || (npy && all_positions(p, &run, npy, err)) ||
                           print_top(p, run_said(&run), run.log_z, top, err));
}

static int logits(const struct call *call, struct err *err)
{
    const struct logits_options *o = call->options;
    struct prompt p;

    if (!prompt_open(&p, o->model, &o->prompt, 0, err))
        show(&p, o->npy, (int)o->top, err);
    prompt_close(&p);
    return err->code;
}

const struct command command_logits = {
    .name = "logits",
    .summary = "next-token logits of a prompt",
    .size = sizeof(struct logits_options),
    .run = logits,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
