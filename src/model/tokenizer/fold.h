/* Names as they compare: without case, accents, quotes, articles and a year behind them. */
#ifndef LENSWEEP_MODEL_TOKENIZER_FOLD_H
#define LENSWEEP_MODEL_TOKENIZER_FOLD_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

/*
 * Appends s[0..n) folded: compatibility forms and marks taken apart and dropped, case folded,
 * quotes dropped, other punctuation and white space one space, "&" as "and", without "the", "a" or
 * "an" in front, and without "(...)" behind. "The Lom\u00e9 (2019)" -> "lome". Empty for a text
 * that is not UTF-8.
 */
int text_fold(const char *s, size_t n, struct buf *out, struct err *err);

#endif
