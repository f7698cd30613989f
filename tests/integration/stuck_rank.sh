#!/usr/bin/env bash
# A rank that stands still (a stopped process stands for a node that hangs): run.max_time and SIGTERM end the run all
# the same after run.grace, with status 10; the rank is named, the journal is kept, the same command resumes. That an
# error while a rank stands still keeps its own status is in unit/test_cluster.c. A status that is settled stays.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

slow_run --set run.grace=2s

# in_time COMMAND...: one that starts a run ($job) and stops a rank of it ($pid), with status 1 if the run was over before
# that, as it may be on a busy machine: then once more, slower. $pace: how many times slower its writes are, and later
# its end.
in_time() {
    pace=1
    until "$@"; do
        wait "$job" || true
        pace=$((4 * pace))
        [ "$pace" -le 16 ] || { wrong "the run was over too early" && cat "$work/err" && return 1; }
    done
}

# stop_rank NUMBER: of 3, in the middle, far enough for every rank to have units in hand.
# shellcheck disable=SC2317 # in_time calls it
stop_rank() {
    local time=()
    rm -rf "$work/cut"
    [ -z "$limited" ] || time=(--set "run.max_time=$((5 * pace))s")
    timeout -s KILL 250 "${mpirun[@]}" -n 3 env LD_PRELOAD="$slow" LENSWEEP_SLOW_WRITE=$((10000 * pace)) "$program" \
        "${slow_command[@]}" "${time[@]}" </dev/null >"$work/out" 2>"$work/err" &
    job=$!
    until [ "$(cat "$work/cut/journal/"* 2>/dev/null | wc -c)" -gt 10000 ]; do
        kill -0 "$job" 2>/dev/null || return 1
        sleep 0.05
    done
    pid=$(rank "$1" "--set output=$work/cut")
    kill -STOP "$pid" 2>/dev/null || return 1
    until grep -q '^State:.T' "/proc/$pid/status" 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || return 1
    done
}

# stuck NUMBER [SIGNAL]: rank NUMBER of 3 stops in the middle, then rank 0 gets the signal, or is at its time's limit;
# the run has to end with status 10.
stuck() {
    local number=$1 signal=${2:-} limited='' status=0 pace job pid
    [ -n "$signal" ] || limited=1
    in_time stop_rank "$number" || return
    [ -z "$signal" ] || kill -s "$signal" "$(rank 0 "--set output=$work/cut")"
    wait "$job" || status=$?
    kill -CONT "$pid" 2>/dev/null
    [ "$status" = 10 ] || wrong "rank $number stood still: status $status, expected 10"
    # After run.grace if it holds units; if all that it computed has arrived, at the end, where all meet. One that is
    # only slow may be named beside it.
    grep -qE "ranks? ([12], )?$number(, 2)? did not answer within (2|10) s: stopped" "$work/err" ||
        { wrong "nothing is said of rank $number" && cat "$work/err"; }
    has "  next    mpirun -n 3 lensweep $(typed "${slow_command[@]}")"
    [ ! -e "$work/cut/result.h5" ] || wrong "a result without rank $number's units"
    ends 0 ranks 3 "$program" "${slow_command[@]}"
    has 'of them from earlier starts'
    same "$work/whole/result.h5" "$work/cut/result.h5" "resumed after rank $number stood still"
}

# stop_at_end OPTION...: rank 1 of 2, while the first result is written; rank 0 is told to stop.
# shellcheck disable=SC2317 # in_time calls it
stop_at_end() {
    local first=''
    pid=''
    rm -rf "$work/cut"
    timeout -s KILL 250 "${mpirun[@]}" -n 2 env LD_PRELOAD="$slow" LENSWEEP_SLOW_WRITE=$((200000 * pace)) "$program" run "$work/few.yaml" \
        --set run.grace=2s --set "output=$work/cut" "$@" </dev/null >"$work/out" 2>"$work/err" &
    job=$!
    until [ -n "$(find "$work/cut" -name 'result.h5*' 2>/dev/null)" ]; do
        kill -0 "$job" 2>/dev/null || return 1
        first=${first:-$(rank 0 "--set output=$work/cut")}
        pid=${pid:-$(rank 1 "--set output=$work/cut")}
        sleep 0.02
    done
    kill -STOP "$pid" 2>/dev/null && kill -TERM "$first" 2>/dev/null
}

# at_end STATUS TEXT OPTION...: what was to be done is done when rank 1 stops, so that the status is 0 if it was the
# last result, and 10 if another would follow.
at_end() {
    local expected=$1 text=$2 status=0 pace job pid
    in_time stop_at_end "${@:3}" || return
    wait "$job" || status=$?
    kill -CONT "$pid" 2>/dev/null
    [ "$status" = "$expected" ] || wrong "rank 1 stood still at the end: status $status, expected $expected"
    tail -n 1 "$work/err" | grep -qE "^lensweep: (rank 1|other ranks) did not answer within 10 s: $text" ||
        { wrong "the last line, where '$text' is due" && cat "$work/err"; }
}

stuck 1
stuck 2 TERM
config "$work/few.yaml" "$work/lands.jsonl" "$work/few" 'name: decode, kind: decode'
at_end 0 'nothing was left to do but to end$'
at_end 10 'stopped after result 1 of 2; run the same command again$' --set 'data.null=[none, shuffled_targets]'
ends 0 "$program" run "$work/few.yaml" --set "output=$work/cut" --set 'data.null=[none, shuffled_targets]'
finish
