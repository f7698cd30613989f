/* The card: what was tried, what fell out and why, examples, and what all of it was made from. */
#include "curation/curation.h"

#include "base/str.h"

static void put_counts(const struct curation *c, struct buf *out, struct err *err)
{
    size_t left = c->n;

    buf_printf(out, err,
               "| filter | dropped | left |\n|---|---:|---:|\n"
               "| prompts: %zu %s x %zu %s | | %zu |\n",
               c->facts.n, str_noun(c->facts.n, "subject", "subjects"),
               c->config.curate.templates.n,
               str_noun(c->config.curate.templates.n, "template", "templates"), c->n);
    for (int i = 0; i < DROPS; i++) {
        left -= c->dropped[i];
        if (c->dropped[i])
            buf_printf(out, err, "| %s | %zu | %zu |\n", drop_words[i], c->dropped[i], left);
    }
    buf_printf(out, err, "| kept | | %zu |\n", c->kept);
}

/* One line of Markdown: line breaks spelled, so that a list stays a list. */
static void put_words(struct buf *out, const char *s, struct err *err)
{
    for (; s && *s; s++)
        if (*s == '\n')
            buf_puts(out, "\\n", err);
        else
            buf_printf(out, err, "%c", *s == '`' ? '\'' : *s);
}

/* The first few that were kept, or dropped. */
static void put_examples(const struct curation *c, bool kept, struct buf *out, struct err *err)
{
    enum { SHOWN = 5 };
    int n = 0;

    for (size_t i = 0; i < c->n && n < SHOWN; i++) {
        const struct attempt *a = &c->attempt[i];

        if (!a->reason != kept)
            continue;
        if (!n++)
            buf_printf(out, err, "\n%s:\n\n", kept ? "Kept" : "Dropped");
        buf_puts(out, "- `", err);
        put_words(out, a->text, err);
        buf_puts(out, "` `", err);
        put_words(out, a->said, err);
        buf_puts(out, a->reason ? "`: " : "`", err);
        put_words(out, a->reason, err);
        buf_puts(out, "\n", err);
    }
}

/* Of all tokens, by what they spell. */
static int hash_tokenizer(const struct curation *c, struct hash *h, struct err *err)
{
    struct buf b = {0};

    for (size_t id = 0; id < tokenizer_vocab(c->tokenizer) && !err->code; id++) {
        size_t n = 0;
        const char *s = tokenizer_bytes(c->tokenizer, (int32_t)id, &n);

        if (!buf_u32(&b, (uint32_t)n, err) && s)
            buf_put(&b, s, n, err);
    }
    *h = hash_bytes(b.len ? b.data : "", b.len);
    buf_release(&b);
    return err->code;
}

static int put_origin(const struct curation *c, struct buf *out, struct err *err)
{
    char model[HASH_HEX], facts[HASH_HEX], tokens[HASH_HEX];
    struct hash h;

    err_clear(err);
    if (hash_tokenizer(c, &h, err))
        return err->code;
    hash_hex(tokens, h);
    hash_hex(model, c->model->fingerprint);
    hash_hex(facts, c->facts.fingerprint);
    buf_printf(out, err,
               "\n## Made from\n\n- model: %s (%s, %d %s), fingerprint %s\n- tokenizer: %zu "
               "tokens, fingerprint %s\n- facts: %zu %s in %zu %s, fingerprint %s",
               c->model->name, c->model->arch, c->model->shape.n_layers,
               str_noun(c->model->shape.n_layers, "layer", "layers"), model,
               tokenizer_vocab(c->tokenizer), tokens, c->facts.n,
               str_noun(c->facts.n, "subject", "subjects"), c->facts.n_rows,
               str_noun(c->facts.n_rows, "row", "rows"), facts);
    if (c->facts.n_duplicates)
        buf_printf(out, err, "; %zu %s left out, since the facts say the same twice",
                   c->facts.n_duplicates, str_noun(c->facts.n_duplicates, "row was", "rows were"));
    buf_puts(out, "\n- what the facts say of themselves:", err);
    return *c->facts.notes ? buf_printf(out, err, "\n\n```\n%s```\n", c->facts.notes)
                           : buf_puts(out,
                                      " nothing (lines `# source: ...` and `# licence: ...` "
                                      "before the header of a CSV file would stand here)\n",
                                      err);
}

int curation_card(const struct curation *c, struct buf *out, struct err *err)
{
    const struct curate_config *o = &c->config.curate;
    size_t queries = c->kept * (size_t)o->answers;

    buf_printf(out, err, "# %s\n\nQueries made by `lensweep curate` from %s.\n\n", o->dataset,
               o->from == ANSWERS_OF_FACTS ? "facts, with the facts' own answers"
                                           : "facts, with the model's own greedy answers");
    put_counts(c, out, err);
    buf_printf(out, err, "\n%zu %s: %zu %s at %lld %s.", queries,
               str_noun(queries, "query", "queries"), c->kept,
               str_noun(c->kept, "prompt", "prompts"), (long long)o->answers,
               str_noun(o->answers, "step", "steps"));
    if (o->counterfactual)
        buf_printf(out, err, " %zu of them have a counterfactual prompt.",
                   queries - c->without_counterfactual);
    buf_puts(out, "\n\n## Templates\n\n", err);
    for (size_t i = 0; i < o->templates.n; i++) {
        buf_printf(out, err, "%zu. `", i + 1);
        put_words(out, o->templates.v[i], err);
        buf_printf(out, err, "`: %zu of %zu kept\n", curation_kept(c, i), c->facts.n);
    }
    buf_puts(out, "\n## Examples\n", err);
    put_examples(c, true, out, err);
    put_examples(c, false, out, err);
    return err_if(err, err->code || put_origin(c, out, err));
}
