#!/usr/bin/env bash
# The examples of README.md work as they stand there, on the real model: facts become queries, a run on them finds
# something, and the query written by hand is one.
set -euo pipefail

if [ -z "${LENSWEEP_MODEL:-}" ]; then
    echo "skip: no real model"
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/read me.XXXXXX")
trap 'rm -rf "$work"' EXIT

# config N: the Nth config of the page, from `model:` to the empty line behind it.
config() {
    awk -v n="$1" '/^    model:/ { k++ } k == n && /^ *$/ { exit } k == n { sub(/^    /, ""); print }' README.md
}
config 1 >"$work/facts.yaml"
config 2 >"$work/mine.yaml"
"$LENSWEEP" curate "$work/facts.yaml" --set "model.path=$LENSWEEP_MODEL" --set "output=$work/capitals" --set run.threads=1
"$LENSWEEP" run "$work/mine.yaml" --set "model.path=$LENSWEEP_MODEL" --set "data.path=$work/capitals" \
    --set "output=$work/found" --set run.threads=1 | tee "$work/said"
grep -q '^what stands out' "$work/said"
grep -q 'the model is right in \([0-9]*\) of \1 queries' "$work/said"

sed -n 's/^    \({"text":.*\)/\1/p' README.md >"$work/queries.jsonl"
[ "$(wc -l <"$work/queries.jsonl")" = 1 ]
"$LENSWEEP" run "$work/mine.yaml" --set "model.path=$LENSWEEP_MODEL" --set "data.path=$work/queries.jsonl" \
    --set "experiments.cut.sets=[subject]" --set "output=$work/out" --set run.threads=1 | tee "$work/said"
grep -q '^1 query ok, 0 bad' "$work/said"
[ -s "$work/out/result.h5" ]

# What it finds: both shares are those of its config.
"$LENSWEEP" run configs/repeats.yaml --set "model.path=$LENSWEEP_MODEL" --set "output=$work/repeats" --set run.threads=1 >"$work/said"
for pair in '89 % [67, 99]=answer_1           0.053  0.053  0.895 [0.669, 0.987]' '63 % [38, 84]=0.632 [0.384, 0.837]  23.3'; do
    grep -qF "${pair%%=*}" README.md
    grep -qF "${pair#*=}" "$work/said"
done
