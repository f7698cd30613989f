/* What the targets of tokenizers do with one that they could open. */
#ifndef LENSWEEP_TESTS_FUZZ_TEXT_H
#define LENSWEEP_TESTS_FUZZ_TEXT_H

#include "fuzz.h"

#include "base/buf.h"
#include "model/tokenizer/tokenizer.h"

/* A text into ids and back: its own ids are in the vocabulary. */
static inline void fuzz_encode(const struct tokenizer *t, const char *text, size_t n)
{
    struct err err = {0};
    struct ids ids = {0};
    struct buf out = {0};

    if (!tokenizer_encode(t, text, n, true, &ids, &err))
        fuzz_need(!tokenizer_decode(t, ids.v, ids.n, &out, &err));
    ids_release(&ids);
    buf_release(&out);
}

#endif
