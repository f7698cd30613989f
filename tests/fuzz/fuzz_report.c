/*
 * An edited result file (fuzz_edits.h), for all that shows what it says: refused in one line, or
 * read. Bit 7 of the first byte: `diff`, too.
 */
#include "fuzz.h"
#include "fuzz_edits.h"

#include "report/compare.h"
#include "report/diff.h"
#include "report/summary.h"
#include "report/top.h"
#include "report/web/web.h"

static void check(struct buf *out, struct err *err)
{
    fuzz_check(err);
    buf_release(out);
}

static void read_all(const char *path, bool diffs)
{
    const char *const both[] = {fuzz_path("whole.h5"), path};
    int (*const parts[])(struct result *, struct buf *, struct err *) = {
        summary_text, web_asked, web_card, web_left_out, web_checks, web_provenance};
    struct buf out = {0};
    struct err err = {0};
    struct json_out json = {.out = &out};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct result r;

        if (!result_open(&r, path, &err))
            parts[i](&r, &out, &err);
        result_close(&r);
        check(&out, &err);
    }
    top_text(&(struct top){.n = 5, .step = -1}, path, &out, &err);
    check(&out, &err);
    top_text(&(struct top){.n = 5, .step = -1, .classes = true}, path, &out, &err);
    check(&out, &err);
    json_begin(&json, NULL, '[', &err);
    top_text(&(struct top){.n = 5, .step = -1, .json = &json}, path, &out, &err);
    check(&out, &err);
    compare_text(&(struct compare){.n = 5, .step = -1}, both, 2, &out, &err);
    check(&out, &err);
    if (diffs) { /* slow under the sanitizer */
        diff_text(&(struct diff){0}, both[0], both[1], &out, &err);
        check(&out, &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_all(fuzz_edits("  - {name: zero, kind: ablation, site: head, operation: {kind: zero}}\n"
                        "  - {name: cut, kind: knockout, sets: [subject, last]}\n",
                        data, size),
             size && data[0] & 0x80);
    return 0;
}
