#!/usr/bin/env bash
# Ids and decoded text of 10,000 generated strings are those of the `tokenizers` package: on the
# real model's vocabulary, and on Llama-3's and Llama-2's where they are to be had.
set -euo pipefail

encode="$LENSWEEP_BUILD/tests/encode_lines"
compared=0

compare() {
    local status=0

    "$LENSWEEP_PYTHON" tests/compare_tokenizer.py "$encode" "$1" || status=$?
    [ "$status" -ne 77 ] || exit 77
    [ "$status" -eq 0 ] || exit 1
    compared=1
}

if [ -z "${LENSWEEP_PYTHON:-}" ]; then
    echo "skip: no Python with the packages of requirements.txt"
    exit 77
fi
[ -z "${LENSWEEP_MODEL:-}" ] || compare "$LENSWEEP_MODEL"
if [ -n "${LENSWEEP_TOKENIZERS:-}" ]; then
    compare "$LENSWEEP_TOKENIZERS/llama3"
    compare "$LENSWEEP_TOKENIZERS/llama2"
fi
if [ "$compared" -eq 0 ]; then
    echo "skip: neither the real model nor LENSWEEP_TOKENIZERS"
    exit 77
fi
