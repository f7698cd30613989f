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
ends 2 "${run[@]}" --set run.gemm=openblas && has 'run.gemm' && has '--restart'
same "$work/before.h5" "$work/output/result.h5" "a refused start"
ends 0 "${run[@]}" --set run.threads=1 --set run.rows=64
# Products of OpenBLAS differ between processors: its core type is recorded, and another is refused.
blas=("${run[@]}" --set run.gemm=openblas)
ends 0 "${blas[@]}" --restart
if [ "$(uname -m)" = x86_64 ]; then # every such CPU can be a Prescott
    ends 2 env OPENBLAS_CORETYPE=Prescott "${blas[@]}" && has 'whose last bits differ'
    ends 0 env OPENBLAS_CORETYPE=Prescott "${blas[@]}" --restart
fi
ends 0 "${run[@]}" --restart
same "$work/before.h5" "$work/output/result.h5" "begun anew with products of our own"
queries 5 >"$work/lands.jsonl"
ends 0 "${run[@]}" && has 'of them from earlier starts'
finish
