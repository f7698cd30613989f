#!/usr/bin/env bash
# A change of what affects results is refused by name, --restart begins anew; queries
# appended to the data are all that is computed.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 4 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/output" 'name: decode, kind: decode'
run=("$program" run "$work/c.yaml" --set data.controls=0)
ends 0 "${run[@]}"
cp "$work/output/result.h5" "$work/before.h5"
ends 2 "${run[@]}" --set run.rows=64 && has 'run.rows' && has '--restart'
same "$work/before.h5" "$work/output/result.h5" "a refused start"
ends 0 "${run[@]}" --set run.threads=1
core=$(sed -n '1s/.* \([^ ]*\), 2.*/\1/p' "$work/err")
if [ "$(uname -m)" = x86_64 ] && [ "$core" != Prescott ]; then # every such CPU can be one
    ends 2 ranks 2 "${run[@]}" --set run.blas_core=Prescott && has "run.blas_core to the former's core type"
    same "$work/before.h5" "$work/output/result.h5" "a start on another core type"
    ends 0 ranks 2 "${run[@]}" --set run.blas_core=Prescott --restart && has ' Prescott, 2'
    ends 2 "${run[@]}" && has "run.blas_core to the former's core type"
    ends 0 "${run[@]}" --restart
    same "$work/before.h5" "$work/output/result.h5" "begun anew on the first core type"
fi
queries 5 >"$work/lands.jsonl"
ends 0 "${run[@]}" && has 'of them from earlier starts'
finish
