/*
 * The data loader on any bytes, as a file. Whatever it takes, a query that is not bad must keep
 * what the header promises: spans inside the prompt, ids and targets inside the vocabulary. The
 * first byte chooses the options, unless it begins a line of JSON or the file is empty.
 */
#include "fuzz.h"

#include "data/dataset.h"

#include <stdlib.h>

enum { VOCABULARY = 300 };

/* A tokenizer of bytes; 256 = BOS. */
static int encode(void *ctx, const char *text, size_t n, bool special, struct arena *a,
                  int32_t **ids, size_t *n_ids, struct err *err)
{
    int32_t *v = arena_alloc(a, n + 1, sizeof *v, err);

    (void)ctx;
    if (!v)
        return err->code;
    v[0] = 256;
    for (size_t i = 0; i < n; i++)
        v[i + special] = (unsigned char)text[i];
    *ids = v;
    *n_ids = n + special;
    return 0;
}

static const char *spell(void *ctx, int32_t id, size_t *n)
{
    static char byte[256];

    (void)ctx;
    *n = id == 256 ? 3 : 1;
    if (id < 0 || id > 256)
        return NULL;
    if (id == 256)
        return "<s>";
    byte[id] = (char)id;
    return &byte[id];
}

static int chat(void *ctx, const struct codec_message *m, size_t n, bool prompt, struct buf *out,
                struct err *err)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        if (buf_puts(out, m[i].content, err))
            return err->code;
    return prompt ? buf_puts(out, ":", err) : 0;
}

/* NULL: by the keys of the first record. */
static const char *const formats[16] = {NULL,       "native",        "one_to_many", "counterfact",
                                        "known",    "relation",      "eap_csv",     "mib_ioi",
                                        "mib_mcqa", "mib_arithmetic"};

static const struct codec codec = {NULL, encode, spell, 256, chat};

static void check_spans(const struct dataset *ds, const struct query *q, const struct span *span)
{
    for (size_t i = 0; i < ds->n_spans; i++)
        fuzz_need(span_empty(span[i]) || (span[i].lo >= 0 && span[i].hi <= q->n));
    fuzz_need(span[0].lo == 0 && span_len(span[0]) == 1 && span[1].hi == q->n);
}

static void check_ids(const int32_t *ids, size_t n, int lowest)
{
    for (size_t i = 0; i < n; i++)
        fuzz_need(ids[i] >= lowest && ids[i] < VOCABULARY);
}

static void check_query(const struct dataset *ds, const struct query *q)
{
    fuzz_need(q->item && q->subject && q->dataset && q->text && q->answer_prefix);
    fuzz_need(q->n <= ds->max_tokens && q->right < (int)ds->n_targets);
    if (q->status)
        return;
    fuzz_need(q->n > 0);
    check_ids(q->ids, (size_t)q->n, 0);
    check_ids(q->target, ds->n_targets, -1);
    check_ids(q->control, ds->n_controls, -1);
    check_ids(q->s_control, ds->n_controls, -1);
    check_spans(ds, q, q->span);
    if (q->cf_ids) {
        check_ids(q->cf_ids, (size_t)q->n, 0);
        check_spans(ds, q, q->cf_span);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct data_options opt = {.vocab = VOCABULARY, .max_tokens = 64, .seed = 1, .n_controls = 3};
    struct problems problems = {0};
    struct err err = {0};
    struct dataset ds;
    const char *path;
    uint8_t bits = size && data[0] != '{' ? *data : 0;

    opt.add_bos = bits & 1;
    opt.first_distinct = bits & 2;
    opt.format = formats[bits >> 3 & 15];
    path = fuzz_file("cities_1.jsonl", data + !!bits, size - !!bits); /* as the released ones */
    if (dataset_load(&ds, &path, 1, &opt, bits & 4 ? NULL : &codec, &problems, &err))
        abort();
    fuzz_need(ds.n || problems.count);
    for (size_t i = 0; i < ds.n; i++)
        check_query(&ds, &ds.query[i]);
    dataset_release(&ds);
    return 0;
}
