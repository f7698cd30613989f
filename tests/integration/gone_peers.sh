#!/usr/bin/env bash
# A run whose peers are gone ends by itself, also if mpirun does not end it (a stopped one stands for one that hangs):
# the first rank and another are killed, the rest say which rank is gone and end; the same command resumes.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -e /proc/self/ns/pid ] || skip "no namespaces of processes to tell peers by"
slow_run --set run.grace=60s

# ranks_left: the processes of the ranks but for those that are dead and not asked for, "RANK PID" a line.
ranks_left() {
    local pid rank
    for pid in $(pgrep -f -- "--set output=$work/cut"); do
        rank=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | sed -n 's/^OMPI_COMM_WORLD_RANK=//p')
        [ -n "$rank" ] && echo "$rank $pid"
    done | sort
}

LD_PRELOAD=$slow LENSWEEP_SLOW_WRITE=10000 timeout -s KILL 120 "${mpirun[@]}" -n 4 "$program" "${slow_command[@]}" \
    </dev/null >"$work/out" 2>"$work/err" &
job=$!
until [ "$(cat "$work/cut/journal/"* 2>/dev/null | wc -c)" -gt 2000 ]; do
    kill -0 $job 2>/dev/null || { wrong "the run was over too early" && cat "$work/err" && finish; }
    sleep 0.05
done
launcher=$(pgrep -P "$job" | head -n 1)
kill -STOP "$launcher"
while read -r rank pid; do
    case $rank in 0 | 1) kill -KILL "$pid" ;; esac
done < <(ranks_left)
for ((i = 0; i < 600; i++)); do # they have some seconds' patience, and a minute here
    [ -n "$(ranks_left)" ] || break
    sleep 0.1
done
[ -z "$(ranks_left)" ] || wrong "ranks that wait for those that are gone: $(ranks_left | tr '\n' ' ')"
kill -CONT "$launcher" # passes on what they have said
wait $job && wrong "status 0"
for rank in 2 3; do has "lensweep: rank $rank: rank 0 is gone, and nobody has ended this job"; done
ends 0 ranks 3 "$program" "${slow_command[@]}"
has 'of them from earlier starts'
same "$work/whole/result.h5" "$work/cut/result.h5" "resumed after ranks were gone"
finish
