#include "cli/prompt.h"

#include "base/buf.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int parse_ids(struct ids *out, const char *text, int vocab, struct err *err)
{
    const char *s = text;

    for (;;) {
        size_t n;
        char *end;
        long id;

        s += strspn(s, " ,\t\n");
        n = strcspn(s, " ,\t\n");
        if (!*s)
            return 0;
        errno = 0;
        id = strtol(s, &end, 10);
        if (end != s + n || errno || id < 0 || id >= vocab)
            return err_set(err, ERR_CONFIG, "\"%.*s\" is not a token id: it must be 0 to %d",
                           (int)(n < 20 ? n : 20), s, vocab - 1);
        if (ids_push(out, (int32_t)id, err))
            return err->code;
        s = end;
    }
}

int encode_prompt(const struct tokenizer *t, const struct prompt_options *o, struct ids *ids,
                  struct err *err)
{
    struct chat_message said[] = {{"system", o->system}, {"user", o->text}};
    size_t first = o->system ? 0 : 1;
    struct buf text = {0};
    int code;

    if (!o->chat)
        return o->system ? err_set(err, ERR_CONFIG, "--system needs --chat")
                         : tokenizer_encode(t, o->text, strlen(o->text), !o->no_bos, ids, err);
    code = tokenizer_chat(t, said + first, 2 - first, true, &text, err);
    if (!code)
        code = tokenizer_encode(t, text.data, text.len, false, ids, err);
    buf_release(&text);
    return code;
}

static int read_prompt(struct prompt *p, const struct prompt_options *o, struct err *err)
{
    int code = o->ids ? parse_ids(&p->ids, o->ids, p->model->shape.vocab, err)
                      : encode_prompt(p->tokenizer, o, &p->ids, err);

    if (code)
        return code;
    return p->ids.n ? 0 : err_set(err, ERR_CONFIG, "the prompt has no tokens");
}

static int check_length(const struct prompt *p, int more, struct err *err)
{
    const struct shape *s = &p->model->shape;
    size_t n = p->ids.n + (size_t)more;

    if (n > (size_t)s->max_positions)
        return err_set(err, ERR_CONFIG, "%zu tokens are more than the model's %d positions", n,
                       s->max_positions);
    return 0;
}

int prompt_open(struct prompt *p, const char *model, const struct prompt_options *o, int more,
                struct err *err)
{
    struct err no_tokenizer = ERR_CLEAR;
    int n;

    memset(p, 0, sizeof *p);
    if (model_open(&p->model, model, err))
        return err->code;
    if (tokenizer_open(&p->tokenizer, model, &no_tokenizer)) {
        p->tokenizer = NULL;
        if (!o->ids)
            return *err = no_tokenizer, err->code;
    } else {
        tokenizer_limit(p->tokenizer, p->model->shape.vocab);
    }
    if (read_prompt(p, o, err) || check_length(p, more, err))
        return err->code;
    n = (int)p->ids.n + more;
    return engine_open(&p->engine, p->model, n, n, (int)o->threads, err);
}

void prompt_close(struct prompt *p)
{
    if (p->engine.model)
        engine_close(&p->engine);
    tokenizer_close(p->tokenizer);
    ids_release(&p->ids);
    arena_release(&p->arena);
    model_close(p->model);
}

int prompt_run(struct prompt *p, struct run *run, struct err *err)
{
    int n = (int)p->ids.n;
    struct variant v = {.ids = p->ids.v, .n = n, .rows = {0, n}, .into = run};

    if (run_alloc(run, &p->model->shape, n, 0, &p->arena, err))
        return err->code;
    engine_run(&p->engine, &v, 1);
    return isfinite(run->log_z)
               ? 0
               : err_set(err, ERR_NUMERIC, "the model's output is not finite at token %d", n);
}

int prompt_text(const struct prompt *p, size_t from, struct buf *out, struct err *err)
{
    size_t len;

    for (size_t i = from, end; i < p->ids.n; i = end) {
        for (end = i; end < p->ids.n && tokenizer_bytes(p->tokenizer, p->ids.v[end], &len); end++)
            ;
        if (end == i ? buf_printf(out, err, "<%d>", (int)p->ids.v[end++])
                     : tokenizer_decode(p->tokenizer, p->ids.v + i, end - i, out, err))
            return err->code;
    }
    return 0;
}

int quote_token(const struct tokenizer *t, int32_t id, struct buf *out, struct err *err)
{
    struct buf text = {0};
    size_t n;
    int code;

    if (!tokenizer_bytes(t, id, &n)) /* the model has more rows than the tokenizer ids */
        return buf_printf(out, err, "<%d>", (int)id);
    code = tokenizer_decode(t, &id, 1, &text, err) || buf_puts(out, "\"", err);
    for (size_t i = 0; !code && i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        code = c < ' ' || c == '"' || c == '\\' || c == 127 ? buf_printf(out, err, "\\x%02x", c)
                                                            : buf_put(out, &c, 1, err);
    }
    code = code || buf_puts(out, "\"", err);
    buf_release(&text);
    return err_if(err, code);
}
