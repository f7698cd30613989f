/*
 * An edited result file (fuzz_edits.h) that is compared with its model and data: it is refused, or
 * each value that differs is named, with its place. The first byte chooses the experiment.
 */
#include "fuzz.h"
#include "fuzz_edits.h"

#include "campaign/verify.h"

static void check_named(const struct verified *v)
{
    for (size_t i = 0; i < v->differ && i < VERIFY_NAMED; i++) {
        const struct difference *d = &v->difference[i];

        fuzz_need(d->variable && d->item && d->place && d->file && d->anew);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *kind = fuzz_kind(size ? data[0] % FUZZ_KINDS : 0);
    const char *path = fuzz_edits(kind, data + !!size, size - !!size);
    struct campaign *c = fuzz_computed(kind);
    struct verified v;
    struct err err = {0};

    engine_close(&c->engine); /* verify_result begins its own */
    if (!verify_result(&v, c, path, 4, 1, &err)) {
        fuzz_need(size > 1 || (v.values && !v.differ));
        check_named(&v);
    }
    fuzz_check(&err);
    verify_release(&v);
    return 0;
}
