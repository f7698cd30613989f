#!/usr/bin/env bash
# result.h5 has the same bytes for 8 ranks and for any order in which rows arrive.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 8 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/first" 'name: decode, kind: decode' \
    'name: cut, kind: knockout, sets: [first, last], heads: each' \
    'name: load, kind: noop, cells: 40, values: 3'
run=("$program" run "$work/c.yaml" --set run.threads=1)

ends 0 "${run[@]}"
plain=$(mktemp -d) # LD_PRELOAD knows no path with a space
trap 'rm -rf "$work" "$plain"' EXIT
cp "$LENSWEEP_BUILD/tests/slow_send.so" "$plain"
for seed in 1 2 3; do
    ends 0 ranks 8 env LD_PRELOAD="$plain/slow_send.so" LENSWEEP_SHUFFLE=$seed \
        "${run[@]}" --set output="$work/shuffled $seed"
    same "$work/first/result.h5" "$work/shuffled $seed/result.h5" "8 ranks, order $seed"
done
# The rows really came in different orders: the journals differ.
cmp -s "$work/shuffled 1/journal/0001" "$work/shuffled 2/journal/0001" && wrong "nothing was shuffled"
finish
