/*
 * The section `curate` of a config, with facts behind a NUL: what has no problems has prompts, and
 * what the model says to them is the facts' own bytes.
 */
#include "fuzz.h"

#include "curation/curation.h"

#include <string.h>

static const char usual[] = "subject,object,object_aliases\nA,Ada,\"ad|a\"\nB,Bel,\nA,Cor,\n";

static const char *write_config(const uint8_t *data, size_t n, const char *facts)
{
    struct buf b = {0};
    struct err err = {0};
    const char *path;

    fuzz_need(!buf_printf(&b, &err,
                          "model: {path: \"%s\"}\noutput: \"%s/out\"\ncurate:\n"
                          "  facts: \"%s\"\n",
                          FUZZ_MODEL, fuzz_folder(), facts) &&
              !buf_put(&b, n ? (const void *)data : "", n, &err));
    path = fuzz_file("c.yaml", b.data, b.len);
    buf_release(&b);
    return path;
}

/* Rows as a worker sends them: each byte is a token; or (the last is 0xff) the bytes themselves. */
static void say(struct curation *c, uint64_t unit, const uint8_t *text, size_t n)
{
    uint32_t most = (uint32_t)(n < (size_t)c->tokens ? n : (size_t)c->tokens);
    struct buf rows = {0};
    struct err err = {0};

    if (n && text[n - 1] == 0xff) {
        curation_take(c, unit, text, n - 1, &err);
        return;
    }
    for (size_t i = unit * c->block; i < (unit + 1) * c->block && i < c->n; i++) {
        uint32_t count = c->attempt[i].reason ? 0 : most;

        fuzz_need(!buf_u32(&rows, (uint32_t)(i % 3), &err) && !buf_u32(&rows, count, &err));
        for (uint32_t t = 0; t < count; t++)
            fuzz_need(!buf_u32(&rows, text[t], &err));
    }
    curation_take(c, unit, rows.data, rows.len, &err);
    buf_release(&rows);
}

static void check_attempts(struct curation *c, const uint8_t *text, size_t size)
{
    struct err err = {0};

    for (size_t u = 0; u < c->n_units; u++)
        say(c, u, text, size);
    for (size_t i = 0; i < c->n; i++) {
        const struct attempt *a = &c->attempt[i];

        fuzz_need(a->reason || (a->n >= 0 && a->prompt >= 0 && a->text));
        fuzz_need(a->reason || a->at_subject.begin + a->at_subject.n <= strlen(a->text));
    }
    fuzz_need(!curation_select(c, &err) || (err.code != ERR_BUG && err.msg[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    const char *facts = nul ? fuzz_file("facts.csv", nul + 1, size - n - 1)
                            : fuzz_file("facts.csv", usual, sizeof usual - 1);
    struct problems problems = {0};
    struct curation c = {0};
    struct err err = {0};

    curation_open(&c, write_config(data, n, facts), NULL, 0, true, &problems, &err);
    fuzz_need(!err.code || (err.code != ERR_BUG && err.msg[0]));
    if (!err.code && !problems.count)
        check_attempts(&c, data + n, size - n);
    curation_close(&c);
    return 0;
}
