#!/usr/bin/env bash
# A call of all ranks that fails on one of them, or to which one never comes, ends the job, and is not
# taken for done.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 2 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/result" 'name: decode, kind: decode'
plain=$(mktemp -d) # LD_PRELOAD knows no path with a space
trap 'rm -rf "$work" "$plain"' EXIT
cp "$LENSWEEP_BUILD/tests/failing_call.so" "$plain"
for when in begin end; do
    ends 7 ranks 3 env LD_PRELOAD="$plain/failing_call.so" LENSWEEP_FAIL=$when \
        "$program" run "$work/c.yaml" --set run.threads=1
    has "lensweep: rank 1: a call for which other ranks wait failed: "
    [ ! -e "$work/result/result.h5" ] || wrong "there is a result"
done

# An error is not kept back for ever by a rank that never comes to agree on it, whoever has it.
hang=(env LD_PRELOAD="$plain/failing_call.so" LENSWEEP_FAIL=hang "$program" run "$work/c.yaml" --set run.threads=1
    --set run.grace=1s)
bad=(--set run.rows=0)
must='run.rows: must be 1 to 65536, not 0'
ends 2 timeout -s KILL 100 "${mpirun[@]}" -n 3 "${hang[@]}" "${bad[@]}"
has "$must" && has 'lensweep: rank 1 did not answer within 10 s: 1 problem; nothing was run'
ends 2 timeout -s KILL 100 "${mpirun[@]}" -n 2 "${hang[@]}" : -n 1 "${hang[@]}" "${bad[@]}"
has "lensweep: rank 1 did not answer within 10 s: rank 2 on $(hostname): --set run.rows: $must (1 problem); nothing was run"
ends 0 ranks 3 "$program" run "$work/c.yaml" --set run.threads=1
finish
