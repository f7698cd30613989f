#!/usr/bin/env bash
# SIGKILL in the middle of a run, of mpirun or of a rank: the same command resumes what was done, and
# the result has the bytes of an undisturbed run.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 8 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/whole" 'name: decode, kind: decode' \
    'name: load, kind: noop, cells: 4000, values: 64'
run=("$program" run "$work/c.yaml")
ends 0 "${run[@]}"
[ "$wrong" = 0 ] || finish

journal_bytes() { cat "$work/cut/journal/"* 2>/dev/null | wc -c; }

# kill_midway WHOM: starts 3 ranks and kills mpirun, or rank 0, when the journal has grown.
kill_midway() {
    local whom=$1 job pids at tries=0
    at=$(journal_bytes)
    "${mpirun[@]}" -n 3 "${run[@]}" --set output="$work/cut" </dev/null >/dev/null 2>&1 &
    job=$!
    until [ "$(journal_bytes)" -gt $((at + 300000)) ]; do
        kill -0 "$job" 2>/dev/null || return 1
        sleep 0.01
    done
    mapfile -t pids < <(pgrep -P "$job")
    if [ "$whom" = mpirun ]; then kill -9 "$job"; else kill -9 "${pids[0]}"; fi
    { wait "$job"; } 2>/dev/null
    # The ranks notice that mpirun is gone.
    while kill -0 "${pids[@]}" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || { wrong "ranks outlive mpirun by 20 s" && kill -9 "${pids[@]}"; }
        sleep 0.1
    done
    [ ! -e "$work/cut/result.h5" ] || return 1
}

for whom in mpirun rank; do
    kill_midway $whom || wrong "the run was over before it could be killed ($whom)"
done
[ ! -e "$work/cut/result.h5" ] || wrong "a killed run left a result.h5"
ends 0 ranks 2 "${run[@]}" --set output="$work/cut"
has 'of them from earlier starts'
same "$work/whole/result.h5" "$work/cut/result.h5" "killed twice and resumed"
left=$(find "$work/cut" -type f \( -name '*.tmp*' -o -name '.*' \))
[ -z "$left" ] || wrong "left behind: $left"

# A torn tail, as a power cut leaves it, is cut off and said.
segment=$(find "$work/cut/journal" -type f | sort | tail -n 1)
truncate -s -7 "$segment"
rm "$work/cut/result.h5"
ends 0 "${run[@]}" --set output="$work/cut"
has 'torn bytes of the journal'
same "$work/whole/result.h5" "$work/cut/result.h5" "a torn journal"
finish
