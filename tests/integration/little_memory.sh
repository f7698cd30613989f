#!/usr/bin/env bash
# Little address space, as batch systems set it (ulimit -v): a run either ends with the bytes that it
# has without a limit, or with status 5 and one line before any work, within seconds; by itself and
# on two ranks, with more threads than there is room for, on a machine of many cores.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

(ulimit -v 4000000 && "$program" --version >/dev/null 2>&1) || skip "this build needs more address space than any limit leaves (sanitizers)"
export OMP_WAIT_POLICY=passive

queries 2 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/whole" 'name: decode, kind: decode' 'name: heads, kind: heads'
set_threads=(--set run.threads=1 --set statistics.bootstrap=20)
ends 0 "$program" run "$work/c.yaml" "${set_threads[@]}"

# limited KBYTES COMMAND...: within seconds; sets $status, output goes to $work/err and $work/out.
limited() {
    local kbytes=$1
    shift
    status=0
    (ulimit -c 0 && ulimit -v "$kbytes" && exec timeout -s KILL 60 "$@") >"$work/out" 2>"$work/err" </dev/null || status=$?
}

# refused WHAT: with 5 and one line.
refused() {
    [ "$status" = 5 ] || wrong "$1: status $status"
    [ "$(grep -c '^lensweep: ' "$work/err")" = 1 ] || { wrong "$1: not one line" && cat "$work/err"; }
}

finished=0
for mbytes in 100 200 300 400 500 700 1000 4000; do
    for ranks in 1 2; do
        rm -rf "$work/run"
        run=("$program" run "$work/c.yaml" --set output="$work/run" "${set_threads[@]}")
        [ $ranks = 1 ] || run=("${mpirun[@]}" -n 2 "${run[@]}")
        limited $((mbytes * 1000)) "${run[@]}"
        if [ "$status" = 0 ]; then
            same "$work/whole/result.h5" "$work/run/result.h5" "$ranks ranks in $mbytes MB"
            finished=$((finished + 1))
        else
            refused "$ranks ranks in $mbytes MB"
            [ ! -e "$work/run" ] || wrong "$ranks ranks in $mbytes MB: an output folder was made"
        fi
    done
done
[ $finished -ge 4 ] || wrong "only $finished runs of 16 ended well"

# Threads that cannot be had, by run and by a command without ranks.
limited 700000 "$program" run "$work/c.yaml" --set output="$work/run" --set run.threads=64
refused "64 threads in 700 MB" && has 'lower run.threads'
limited 400000 "$program" logits "$small" --ids "1 2" --threads 64
refused "logits of 64 threads in 400 MB"

# What OpenBLAS would start by itself.
OPENBLAS_NUM_THREADS=64 limited 200000 "$program" --version
[ "$status" = 0 ] || wrong "--version beside 64 threads of OpenBLAS: status $status"
finish
