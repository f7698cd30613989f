#!/usr/bin/env bash
# The main job on the small model of the clone, every variable against float64 NumPy; and that the
# comparison sees a wrong number.
set -euo pipefail

if [ -z "${LENSWEEP_PYTHON:-}" ]; then
    echo "skip: no Python with the packages of requirements.txt"
    exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tiny=tests/fixtures/tiny
cat >"$dir/tiny.yaml" <<EOF
model: {path: $tiny/model}
data: {path: $tiny/queries.jsonl}
output: $dir/out
experiments:
  - {name: early, kind: decode, logprob: true, rank: true}
EOF
"$LENSWEEP" run "$dir/tiny.yaml"

check=("$LENSWEEP_PYTHON" tests/reference/check_decode.py "$dir/out/result.h5" "$tiny/model"
    "$tiny/queries.jsonl" --atol 5e-5 --rtol 1e-5)
"${check[@]}"

"$LENSWEEP_PYTHON" - "$dir/out/result.h5" <<'EOF'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    f["early/vocab_std"][17, 1, 2] += 1e-3
EOF
status=0
"${check[@]}" >"$dir/wrong" || status=$?
if [ "$status" != 1 ] || ! grep -q 'early/vocab_std.*FAILED' "$dir/wrong"; then
    echo "a wrong number was not seen (status $status)"
    cat "$dir/wrong"
    exit 1
fi
# Text and ids of the queries agree: the model's own tokenizer gives what the file says.
"$LENSWEEP_PYTHON" - "$LENSWEEP" $tiny <<'EOF'
import json, subprocess, sys
program, tiny = sys.argv[1:]
for line in open(f"{tiny}/queries.jsonl", encoding="utf-8"):
    q = json.loads(line)
    got = subprocess.run([program, "tokenize", f"{tiny}/model", "--text", q["text"]],
                         check=True, capture_output=True, text=True).stdout
    assert [int(i) for i in got.split()] == q["ids"], (q["text"], got)
EOF
