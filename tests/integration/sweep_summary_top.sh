#!/usr/bin/env bash
# What a user sees of a sweep: the summary of its run, `top` and `top --classes`, against the result
# file as h5py reads it (tests/integration/sweep_summary_top.py).
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

{
    queries 14
    queries 12 | sed 's/"template": 1/"template": 2/'
    queries 10 | sed 's/"lands"/"seas"/'
} >"$work/lands.jsonl"
metrics='metrics: [logit, logit_difference, kl, direct]'
config "$work/c.yaml" "$work/lands.jsonl" "$work/a" 'name: heads, kind: heads' \
    'name: authors, kind: heads, classify: authors' \
    "name: zero, kind: ablation, site: head, operation: {kind: zero}, $metrics" \
    "name: resample, kind: ablation, site: head, positions: [subject, last], operation: {kind: resample, draws: 2}, $metrics" \
    "name: some, kind: ablation, site: head, heads: [1, 0, 2, 3], layers: [2, 0], operation: {kind: zero}, metrics: [logit]" \
    'name: noised, kind: ablation, site: mlp, layers: {window: 2}, operation: {kind: noise, draws: 2}, metrics: [logprob, recall_mass]' \
    'name: cut, kind: ablation, site: edge, from: [subject, first], operation: {kind: zero}, metrics: [kl]' \
    'name: ranks, kind: ablation, site: attn, operation: {kind: zero}, metrics: [rank]'
run=("$program" run "$work/c.yaml" --set statistics.bootstrap=50 --set run.threads=1
    --set statistics.by_token=false) # the data has few words

# With an fdr of 0.05 there is little to find, with 0.6 there is.
ends 0 "${run[@]}" && cp "$work/out" "$work/summary"
has '(off-distribution: read it beside resample)' "$work/summary"
has 'cut: what changes with attention edges set to zero (off-distribution); 24 configurations, ' "$work/summary"
has 'nothing is tested' "$work/summary"
has ' differs from zero after correction' "$work/summary"
hasnt 'ranks:' "$work/summary"
ends 0 "${run[@]}" --set output="$work/b" --set statistics.fdr=0.6 && cp "$work/out" "$work/summary_b"
ends 0 "${run[@]}" --set output="$work/h" --set statistics.split=half --set 'statistics.family=[stratum, layer, metric]' &&
    cp "$work/out" "$work/summary_h"
ends 0 "$program" top "$work/a" -n 1000 && cp "$work/out" "$work/top"
ends 0 "$program" top "$work/a" --classes -n 5 --layers-from 1 && cp "$work/out" "$work/from_1"
ends 0 "$program" top "$work/a" --classes -n 5 && cp "$work/out" "$work/classes"
diff <(awk '$1 ~ /^[0-9]+\.[0-9]+$/ {split($1, at, "."); print at[1] + 1 "." at[2]}' "$work/classes") \
    <(awk '$1 ~ /^[0-9]+\.[0-9]+$/ {print $1}' "$work/from_1") || wrong "layers of --classes do not begin with 1"
ends 0 "$program" top "$work/a" --classes --step 2 --dataset seas && has '; step 2; seas, template 1' "$work/out"
[ "$(grep -c ': how often' "$work/out")" = 2 ] || wrong "not a table for each of the two groups of heads"

ends 2 "$program" top "$work/a" heads --classes && says usage
ends 2 "$program" top "$work/a" --classes --step 9 && says 'averages of that dataset and step of an experiment that says which heads promote'
config "$work/d.yaml" "$work/lands.jsonl" "$work/d" 'name: heads, kind: heads'
ends 0 "$program" run "$work/d.yaml" --set run.threads=1
ends 2 "$program" top "$work/d" --classes && says 'of a sweep over site head'

[ -n "${LENSWEEP_PYTHON:-}" ] || { [ "$wrong" = 0 ] && skip "the values: no Python with the packages of requirements.txt"; }
check() { "$LENSWEEP_PYTHON" tests/integration/sweep_summary_top.py "$@" || wrong "$1 of $(basename "$3") differs from the file"; }
check summary "$work/a/result.h5" "$work/summary"
check summary "$work/b/result.h5" "$work/summary_b" found
check summary "$work/h/result.h5" "$work/summary_h"
check top "$work/a/result.h5" "$work/top"
check classes "$work/a/result.h5" "$work/classes"
finish
