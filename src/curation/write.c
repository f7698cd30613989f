/* The files: queries of each step, every attempt with its reason, and the card. */
#include "curation/pick.h"

#include "base/file.h"
#include "base/json.h"
#include "base/outdir.h"
#include "base/utf8.h"
#include "base/writer.h"

#include <stdio.h>

/* v is taken, also on failure; NULL is what could not be made. */
static void set(json_t *to, const char *key, json_t *v, struct err *err)
{
    if (json_object_set_new(to, key, v) && !err->code)
        err_set(err, ERR_MEMORY, "out of memory for the \"%s\" of a prompt", key);
}

static json_t *ids_of(const int32_t *ids, int n)
{
    json_t *v = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(v, json_integer(ids[i]));
    return v;
}

/* "answer_1", and so on. */
static const char *answer_name(char out[24], int i)
{
    snprintf(out, 24, "answer_%d", i + 1);
    return out;
}

static json_t *spans_of(const struct attempt *a, int step, struct err *err)
{
    json_t *v = json_object();
    char name[24];

    set(v, "subject", json_pack("[i, i]", a->subject_at.lo, a->subject_at.hi), err);
    if (!span_empty(a->relation_at))
        set(v, "relation", json_pack("[i, i]", a->relation_at.lo, a->relation_at.hi), err);
    for (int i = 0; i + 1 < step; i++)
        set(v, answer_name(name, i), json_pack("[i, i]", a->answer[i].lo, a->answer[i].hi), err);
    return v;
}

static json_t *targets_of(const struct attempt *a, struct err *err)
{
    json_t *v = json_object();
    char name[24];

    for (int i = 0; i < a->n_answers; i++)
        set(v, answer_name(name, i), json_integer(a->ids[a->answer[i].lo]), err);
    set(v, "subject", json_integer(a->ids[a->subject_at.lo]), err);
    return v;
}

/* All tokens of each answer. */
static json_t *answers_of(const struct attempt *a, struct err *err)
{
    json_t *v = json_object();
    char name[24];

    for (int i = 0; i < a->n_answers; i++)
        set(v, answer_name(name, i), ids_of(a->ids + a->answer[i].lo, span_len(a->answer[i])), err);
    return v;
}

/* The first n tokens as text. */
static const char *text_of(struct curation *c, const struct attempt *a, int n, struct err *err)
{
    struct buf b = {0};
    const char *s = NULL;

    if (!tokenizer_decode(c->tokenizer, a->ids, (size_t)n, &b, err))
        s = utf8_clean(&c->unit_arena, b.len ? b.data : "", b.len, err);
    buf_release(&b);
    return s;
}

static int put_line(struct buf *out, json_t *v, struct err *err)
{
    if (err->code)
        return json_decref(v), err->code;
    json_put(out, v, 0, err);
    return buf_puts(out, "\n", err);
}

static int put_query(struct curation *c, const struct attempt *a, int step, struct buf *out,
                     struct err *err)
{
    const struct curate_config *o = &c->config.curate;
    int n = a->answer[step - 1].lo, n_controls;
    const struct attempt *cf = o->counterfactual ? pick_counterfactual(c, a, step) : NULL;
    json_t *v = json_object();
    const char *text;
    int32_t *controls;

    arena_reset(&c->unit_arena);
    text = text_of(c, a, n, err);
    controls = arena_alloc(&c->unit_arena, (size_t)o->controls, sizeof *controls, err);
    if (!text || !controls) {
        json_decref(v);
        return err->code;
    }
    set(v, "ids", ids_of(a->ids, n), err);
    set(v, "text", json_string(text), err);
    set(v, "item", json_string(a->subject->name), err);
    set(v, "subject", json_string(a->subject->name), err);
    set(v, "dataset", json_string(o->dataset), err);
    set(v, "template", json_integer(a->template), err);
    set(v, "step", json_integer(step), err);
    set(v, "spans", spans_of(a, step, err), err);
    set(v, "targets", targets_of(a, err), err);
    set(v, "answers", answers_of(a, err), err);
    n_controls = pick_controls(c, a, controls, (size_t)o->controls, &c->unit_arena, err);
    if (n_controls)
        set(v, "controls", ids_of(controls, n_controls), err);
    c->without_counterfactual += !cf && o->counterfactual;
    if (cf)
        set(v, "counterfactual",
            json_pack("{s: o, s: o}", "ids", ids_of(cf->ids, n), "spans", spans_of(cf, step, err)),
            err);
    return put_line(out, v, err);
}

static const char *queries_path(struct curation *c, const char *dir, size_t split, int step,
                                struct err *err)
{
    const struct curate_config *o = &c->config.curate;
    const char *folder = o->splits.n ? file_join(&c->arena, dir, o->splits.name[split], err) : dir;

    if (!folder || file_make_dirs(folder, err))
        return NULL;
    return arena_printf(&c->arena, err, "%s/%s_%d.jsonl", folder, o->dataset, step);
}

static int write_queries(struct curation *c, const char *dir, struct err *err)
{
    size_t splits = c->config.curate.splits.n ? c->config.curate.splits.n : 1;
    struct buf out = {0};

    for (size_t s = 0; s < splits && !err->code; s++)
        for (int step = 1; step <= (int)c->config.curate.answers && !err->code; step++) {
            const char *path = queries_path(c, dir, s, step, err);

            buf_clear(&out);
            for (size_t i = 0; i < c->n && !err->code; i++)
                if (!c->attempt[i].reason && (size_t)c->attempt[i].split == s)
                    put_query(c, &c->attempt[i], step, &out, err);
            if (!err->code && path)
                file_replace(path, out.len ? out.data : "", out.len, err);
        }
    buf_release(&out);
    return err->code;
}

static int put_attempt(const struct curation *c, const struct attempt *a, struct buf *out,
                       struct err *err)
{
    json_t *v = json_object(), *answers = json_array();

    for (int i = 0; i < a->n_answers; i++)
        json_array_append_new(answers, json_string(a->answer_text[i]));
    set(v, "subject", json_string(a->subject->name), err);
    set(v, "template", json_integer(a->template), err);
    set(v, "prompt", json_string(a->text ? a->text : ""), err);
    set(v, "said", json_string(a->said ? a->said : ""), err);
    set(v, "answers", answers, err);
    set(v, "status", json_string(a->reason ? "dropped" : "kept"), err);
    if (a->reason)
        set(v, "reason", json_string(a->reason), err);
    if (!a->reason && c->config.curate.splits.n)
        set(v, "split", json_string(c->config.curate.splits.name[a->split]), err);
    return put_line(out, v, err);
}

static int write_attempts(const struct curation *c, const char *path, struct err *err)
{
    struct buf out = {0};

    for (size_t i = 0; i < c->n && !err->code; i++)
        put_attempt(c, &c->attempt[i], &out, err);
    if (!err->code)
        file_replace(path, out.len ? out.data : "", out.len, err);
    buf_release(&out);
    return err->code;
}

int curation_write(struct curation *c, const char *dir, struct err *err)
{
    const char *attempts = file_join(&c->arena, dir, OUTDIR_ATTEMPTS, err);
    const char *card = attempts ? file_join(&c->arena, dir, OUTDIR_CARD, err) : NULL;
    struct buf text = {0};

    c->without_counterfactual = 0;
    if (!card || pick_splits(c, err) || file_make_dirs(dir, err) || write_queries(c, dir, err) ||
        write_attempts(c, attempts, err) || curation_card(c, &text, err))
        goto out;
    file_replace(card, text.data, text.len, err);
out:
    buf_release(&text);
    return err->code;
}
