/*
 * Units of a journal that somebody else has written, with the right names: their rows are refused,
 * or they are numbers, and the result with them is one that opens. The first byte chooses the
 * experiment; the rest is what fuzz_run edits.
 */
#include "fuzz.h"
#include "fuzz_edits.h"

#include "report/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *kind = fuzz_kind(size ? data[0] % FUZZ_KINDS : 0), *path = fuzz_path("result.h5");
    struct buf out = {0};
    struct err err = {0};
    struct result r;

    if (!fuzz_run(kind, path, data + !!size, size - !!size, &err)) {
        fuzz_need(!result_open(&r, path, &err) && !summary_text(&r, &out, &err));
        result_close(&r);
        buf_release(&out);
    }
    fuzz_check(&err);
    return 0;
}
