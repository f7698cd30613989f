#!/usr/bin/env bash
# The main job on the real model and the demo's queries against float64 NumPy, every seventh query.
set -euo pipefail

if [ -z "${LENSWEEP_MODEL:-}" ]; then
    echo "skip: no model SmolLM2-135M-Instruct"
    exit 77
fi
if [ -z "${LENSWEEP_PYTHON:-}" ]; then
    echo "skip: no Python with the packages of requirements.txt"
    exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# The demo's other experiments, which no line below looks at, only with LENSWEEP_LONG=1.
awk -v long="${LENSWEEP_LONG:-0}" '/^  - name:/ && n++ && long != 1 { exit } { print }' configs/demo.yaml >"$dir/c.yaml"
"$LENSWEEP" run "$dir/c.yaml" --set "model.path=$LENSWEEP_MODEL" --set "output=$dir/out"
"$LENSWEEP_PYTHON" tests/reference/check_decode.py "$dir/out/result.h5" "$LENSWEEP_MODEL" \
    data/cities --every 7
