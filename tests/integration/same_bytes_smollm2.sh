#!/usr/bin/env bash
# On the real model, whose matrices are many panels, result.h5 has the same bytes for 1 and 3 ranks
# and for 1, 2 and 3 threads.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_MODEL:-}" ] || skip "the real model is not to be had"
head -n 2 data/cities/cities_3.jsonl >"$work/cities_3.jsonl"
small=$LENSWEEP_MODEL
config "$work/c.yaml" "$work/cities_3.jsonl" "$work/first" \
    'name: decode, kind: decode, rank: true, vocab_stats: false'
run=("$program" run "$work/c.yaml")
ends 0 "${run[@]}" --set run.threads=1
has '2 queries ok, 0 bad' "$work/out"
for n in 2 3; do
    ends 0 "${run[@]}" --set output="$work/threads $n" --set run.threads=$n
    same "$work/first/result.h5" "$work/threads $n/result.h5" "$n threads"
done
ends 0 ranks 3 "${run[@]}" --set output="$work/ranks" --set run.threads=1
same "$work/first/result.h5" "$work/ranks/result.h5" "3 ranks"
finish
