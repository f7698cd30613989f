#!/usr/bin/env bash
# A run costs work that grows with the number of experiments, not with its square, to its end: the result file and
# the summary. 48 experiments may take at most 5 times the allocations of 12. (Seconds would say something of the machine; each access of the result file allocates.)
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

library=${LENSWEEP_BUILD:?}/tests/count_mallocs.so
[ -e "$library" ] || skip "no library to count allocations with (it is for Linux, without sanitizers)"
folder=$(mktemp -d)
trap 'rm -rf "$work" "$folder"' EXIT
cp "$library" "$folder" && library=$folder/count_mallocs.so # LD_PRELOAD knows no path with a space

queries 2 >"$work/lands.jsonl"
# finish N: how many allocations a run of N experiments takes.
finish_of() {
    local list=() i
    for ((i = 0; i < $1; i++)); do list+=("name: sweep_$i, kind: ablation, site: head, operation: {kind: zero}, layers: [0]"); done
    config "$work/$1.yaml" "$work/lands.jsonl" "$work/$1" "${list[@]}"
    ends 0 env LD_PRELOAD="$library" LENSWEEP_MALLOCS="$work/$1.count" "$program" run "$work/$1.yaml" --set statistics.bootstrap=20
    [ -e "$work/$1/result.h5" ] || wrong "no result of $1 experiments"
    cat "$work/$1.count"
}
few=$(finish_of 12)
many=$(finish_of 48)
echo "allocations: $few for 12 experiments, $many for 48"
[ "$many" -le $((5 * few)) ] || wrong "48 experiments take $many allocations, more than 5 times the $few of 12"
finish
