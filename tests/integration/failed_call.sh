#!/usr/bin/env bash
# A call of all ranks that fails on one of them ends the job, and is not taken for done.
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
    has "lensweep: rank 1: a call that all ranks share failed: "
    [ ! -e "$work/result/result.h5" ] || wrong "there is a result"
done
ends 0 ranks 3 "$program" run "$work/c.yaml" --set run.threads=1
finish
