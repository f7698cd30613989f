#!/usr/bin/env bash
# A run that is at work: how far it is, who else may not have its directory, and how signals and run.max_time
# end it with status 10 and the next command to type; the same command then goes on.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 4 >"$work/lands.jsonl"
echo '{"ids": [700], "targets": {"answer_1": 4}, "item": "bad"}' >>"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/whole" 'name: decode, kind: decode' \
    'name: load, kind: noop, cells: 10000, values: 4'
out=$work/output
arguments=(run "$work/c.yaml" --set run.threads=1 --set "output=$out")
ends 0 "$program" run "$work/c.yaml"
has 'next: lensweep report' "$work/out"
[ "$wrong" = 0 ] || finish

# start COMMAND...: in the background ($job), until its journal has grown; then $pid is rank 0's process.
start() {
    local before tries=0
    before=$(cat "$out/journal/"* 2>/dev/null | wc -c)
    "$@" </dev/null >"$work/out1" 2>"$work/err1" &
    job=$!
    until [ "$(cat "$out/journal/"* 2>/dev/null | wc -c)" -gt $((before + 20000)) ]; do
        if ! kill -0 $job 2>/dev/null || [ $((tries += 1)) -gt 2000 ]; then
            wrong "the run was over too early" && return 1
        fi
        sleep 0.01
    done
    pid=$(sed -n 's/.*"pid": \([0-9]*\).*/\1/p' "$out/lock")
}

# ended STATUS: what the run in the background ended with.
ended() {
    local status=0
    wait "$job" || status=$?
    [ "$status" = "$1" ] || { wrong "status $status, expected $1" && tail -n 3 "$work/err1"; }
}

# Another job meets it, and is told whom; status counts it.
start "$program" "${arguments[@]}"
kill -STOP "$pid"
ends 2 ranks 2 "$program" "${arguments[@]}"
has "lock is held by process $pid on $(hostname) since"
has 'takes over a lock without a sign of life for 90 s' && hasnt 'remove the file'
ends 0 "$program" status "$out"
has "process $pid on $(hostname)" "$work/out" && has 'of 1 rank, ETA' "$work/out" && has 'bad      1 of 13 queries' "$work/out"
kill -TERM "$pid"
kill -CONT "$pid"
ended 10
has "  next    lensweep $(typed "${arguments[@]}")" "$work/err1" && has '1 bad query' "$work/err1"
tail -n 1 "$work/err1" | grep -q '^lensweep: stopped by a signal: .*; run the same command again$' || wrong "the last line"
if [ -e "$out/result.h5" ] || [ -e "$out/lock" ]; then wrong "a result, or a lock, of a run that was stopped"; fi
ends 0 "$program" status "$out"
has 'lock     none: it is not running' "$work/out" && has 'run the same command again' "$work/out"
tail -n 1 "$out/run.jsonl" | grep -q '"event":"stopped"' || wrong "run.jsonl does not say that it was stopped"

# Two ranks; the signal reaches the first alone.
start ranks 2 "$program" "${arguments[@]}"
kill -USR1 "$pid"
ended 10
has "  next    mpirun -n 2 lensweep $(typed "${arguments[@]}")" "$work/err1"
ends 10 "$program" "${arguments[@]}" --set run.max_time=0.001s
has 'stopped at run.max_time' && has 'run the same command again'

# What is over before run.max_time is not stopped, however long run.grace is.
ends 0 "$program" "${arguments[@]}" --set "output=$work/limited" --set run.max_time=100s --set run.grace=200s

# A run that stands still is taken for dead once its lock is old: another goes on, and the first leaves it the work.
ends 0 "$program" "${arguments[@]}"
same "$work/whole/result.h5" "$out/result.h5" "stopped three times"
rm -rf "$out"
start "$program" "${arguments[@]}"
kill -STOP "$pid"
touch -d '2 minutes ago' "$out/lock"
ends 0 "$program" status "$out"
has ': gone' "$work/out"
first=$job
mv "$work/err1" "$work/first" # still written to
start "$program" "${arguments[@]}"
second=$job
kill -STOP "$second"
kill -CONT "$first"
job=$first
ended 3
has "process $second on $(hostname) goes on with its work since" "$work/first"
kill -CONT "$second"
job=$second
ended 0
same "$work/whole/result.h5" "$out/result.h5" "taken over"
left=$(find "$out" \( -name '*.tmp*' -o -name 'lock*' \))
[ -z "$left" ] || wrong "left behind: $left"

# On a terminal one live line.
if command -v script >/dev/null; then
    printf -v line '%q ' "$program" "${arguments[@]}" --restart
    SHELL=$BASH TERM=xterm script -qec "$line" "$work/typescript" >/dev/null </dev/null
    tr '\r' '\n' <"$work/typescript" >"$work/lines"
    grep -qE '^ *[0-9.]+ %  .*FLOP of .*FLOP  .*FLOP/s  ETA [0-9.]+ m?s  1 bad' "$work/lines" ||
        { wrong "no live line" && head -c 3000 "$work/typescript"; }
    if sed -n '/ETA/s/ bad.*//p' "$work/lines" | grep -E '.{72}'; then wrong "a live line too long for 80 columns"; fi
fi

# Two ranks that are bound to the same core are told so; of their own cores, or alone, they are not.
if command -v taskset >/dev/null; then
    core=$(taskset -pc $$ | sed 's/.*: \([0-9]*\).*/\1/')
    ends 0 taskset -c "$core" "${mpirun[@]}" -n 2 "$program" "${arguments[@]}"
    has 'warning: 2 threads share 1 core of'
    ends 0 taskset -c "$core" "$program" "${arguments[@]}"
    hasnt 'warning'
fi
finish
