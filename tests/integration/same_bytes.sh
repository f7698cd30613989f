#!/usr/bin/env bash
# result.h5 has the same bytes for 1, 2, 3 and 5 ranks, 1, 2 and 3 threads, from another working
# directory; and a second start computes nothing.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 8 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/first" \
    'name: decode, kind: decode, logprob: true, rank: true' 'name: load, kind: noop, cells: 20, values: 3'
run=("$program" run "$work/c.yaml")

ends 0 "${run[@]}"
[ -s "$work/first/result.h5" ] || wrong "no result.h5"
for n in 2 3 5; do
    ends 0 ranks "$n" "${run[@]}" --set output="$work/ranks $n" --set run.threads=1
    same "$work/first/result.h5" "$work/ranks $n/result.h5" "$n ranks"
done
for n in 1 2 3; do
    ends 0 "${run[@]}" --set output="$work/threads $n" --set run.threads="$n"
    same "$work/first/result.h5" "$work/threads $n/result.h5" "$n threads"
done
ends 0 ranks 2 "${run[@]}" --set output="$work/both" --set run.threads=3
same "$work/first/result.h5" "$work/both/result.h5" "2 ranks of 3 threads"

mkdir "$work/elsewhere"
cp -r "$small" "$work/elsewhere/model"
cp "$work/lands.jsonl" "$work/elsewhere/lands.jsonl"
ends 0 env -C "$work/elsewhere" "$program" run ../c.yaml --set output=here --set model.path=model \
    --set data.path=lands.jsonl
same "$work/first/result.h5" "$work/elsewhere/here/result.h5" "another working directory"

# Again: nothing is computed, whatever the number of ranks, and it says so.
cp -r "$work/first/journal" "$work/before"
ends 0 ranks 3 "${run[@]}"
units=$(awk '$1 == "units" { print $2 + 0 }' "$work/err")
has "units   $units, $units of them from earlier starts"
diff -r "$work/before" "$work/first/journal" || wrong "a start with nothing to do changed the journal"
ends 0 "${run[@]}" --set output="$work/threads 1"
same "$work/first/result.h5" "$work/threads 1/result.h5" "a second start"
finish
