#!/usr/bin/env bash
# The example of README.md works as it stands there: its config and its one query, on the real model.
set -euo pipefail

if [ -z "${LENSWEEP_MODEL:-}" ]; then
    echo "skip: no real model"
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/read me.XXXXXX")
trap 'rm -rf "$work"' EXIT
sed -n 's/^    \({"text":.*\)/\1/p' README.md >"$work/queries.jsonl"
sed -n '/^    model:/,/^    *- {name:/s/^    //p' README.md >"$work/mine.yaml"
[ "$(wc -l <"$work/queries.jsonl")" = 1 ]
"$LENSWEEP" run "$work/mine.yaml" --set "model.path=$LENSWEEP_MODEL" \
    --set "data.path=$work/queries.jsonl" --set "output=$work/out" | tee "$work/said"
grep -q '^1 query ok, 0 bad' "$work/said"
[ -s "$work/out/result.h5" ]
