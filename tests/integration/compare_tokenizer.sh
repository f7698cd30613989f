#!/usr/bin/env bash
# Ids and decoded text of generated strings are those of the `tokenizers` package, on tokenizers of every
# form trained here, on the real model's vocabulary and on Llama-3's and Llama-2's where they are to be
# had; and those of the package `sentencepiece`, on a small vocabulary and on Mistral's, which gives the
# released prompts' ids too. LENSWEEP_LONG: 10,000 strings each; LENSWEEP_VOCABULARIES: a folder of
# GGUF files of byte-level vocabularies, compared as well.
set -euo pipefail

encode="$LENSWEEP_BUILD/tests/encode_lines"

compare() {
    local status=0

    "$LENSWEEP_PYTHON" tests/compare_tokenizer.py "$encode" "$@" || status=$?
    [ "$status" -ne 77 ] || exit 77
    [ "$status" -eq 0 ] || exit 1
}

if [ -z "${LENSWEEP_PYTHON:-}" ]; then
    echo "skip: no Python with the packages of requirements.txt"
    exit 77
fi
few=$([ -n "${LENSWEEP_LONG:-}" ] && echo 10000 || echo 100)
many=$([ -n "${LENSWEEP_LONG:-}" ] && echo 10000 || echo 2000)
compare --made --count "$few"
compare tests/fixtures/tokenizers/spm.model --direct --count "$many"
compare tests/fixtures/tokenizers/spm.model --count "$many"
compare tests/fixtures/tokenizers/spm.model --bare --count 1000
[ -z "${LENSWEEP_MODEL:-}" ] || compare "$LENSWEEP_MODEL" --count "$many"
if [ -n "${LENSWEEP_TOKENIZERS:-}" ]; then
    compare "$LENSWEEP_TOKENIZERS/llama3" --count "$many"
    compare "$LENSWEEP_TOKENIZERS/llama2" --count "$many"
fi
for file in "${LENSWEEP_VOCABULARIES:-/nonexistent}"/*.gguf; do
    [ ! -e "$file" ] || compare "$file" --count "$many"
done
# The vendor's file is data of a package (tests/requirements-data.txt).
mistral=$("$LENSWEEP_PYTHON" -c 'import importlib.util as u
spec = u.find_spec("mistral_common")
print(spec.submodule_search_locations[0] + "/data/tokenizer.model.v1" if spec else "")')
if [ -z "$mistral" ]; then
    echo "skip: Mistral's vocabulary (the package mistral-common) is not to be had; the others are equal"
    exit 77
fi
if [ -n "${LENSWEEP_PAPER_DATA:-}" ]; then
    compare "$mistral" --count "$many" --prompts "$LENSWEEP_PAPER_DATA"/*/mistralai
else
    compare "$mistral" --count "$many"
fi
compare "$mistral" --direct --count "$many"
