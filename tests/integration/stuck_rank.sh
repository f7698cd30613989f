#!/usr/bin/env bash
# A rank that stands still (a stopped process stands for a node that hangs): run.max_time and SIGTERM end the run all
# the same after run.grace, with status 10; the rank is named, the journal is kept, the same command resumes.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

slow_run --set run.grace=2s

# rank N: its process.
rank() {
    local pid
    for pid in $(pgrep -f -- "--set output=$work/cut"); do
        grep -qzx "OMPI_COMM_WORLD_RANK=$1" "/proc/$pid/environ" 2>/dev/null && echo "$pid" && return
    done
}

# stuck NUMBER [SIGNAL]: rank NUMBER of 3 stops in the middle, then rank 0 gets the signal; the run has to end with
# status 10.
stuck() {
    local number=$1 signal=${2:-} status=0 job pid
    rm -rf "$work/cut"
    timeout -s KILL 90 "${mpirun[@]}" -n 3 env LD_PRELOAD="$slow" LENSWEEP_SLOW_WRITE=10000 "$program" \
        "${slow_command[@]}" "${more[@]}" </dev/null >"$work/out" 2>"$work/err" &
    job=$!
    # Far enough for every rank to have units in hand.
    until [ "$(cat "$work/cut/journal/"* 2>/dev/null | wc -c)" -gt 10000 ]; do
        kill -0 $job 2>/dev/null || { wrong "the run was over too early" && cat "$work/err" && return; }
        sleep 0.05
    done
    pid=$(rank "$number")
    kill -STOP "$pid"
    until grep -q '^State:.T' "/proc/$pid/status"; do sleep 0.01; done
    [ -z "$signal" ] || kill -s "$signal" "$(rank 0)"
    wait $job || status=$?
    kill -CONT "$pid" 2>/dev/null
    [ "$status" = 10 ] || wrong "rank $number stood still: status $status, expected 10"
    # After run.grace if it holds units; if all that it computed has arrived, at the end, where all meet.
    grep -qE "rank $number did not answer within (2|10) s: stopped" "$work/err" ||
        { wrong "nothing is said of rank $number" && cat "$work/err"; }
    has "  next    mpirun -n 3 lensweep ${slow_command[*]}"
    [ ! -e "$work/cut/result.h5" ] || wrong "a result without rank $number's units"
    ends 0 ranks 3 "$program" "${slow_command[@]}"
    has 'of them from earlier starts'
    same "$work/whole/result.h5" "$work/cut/result.h5" "resumed after rank $number stood still"
}

more=(--set run.max_time=5s)
stuck 1
more=()
stuck 2 TERM
finish
