#!/usr/bin/env bash
# An array of four jobs, one of which has to requeue itself, then the job that collects.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

long_run 24
submit array '--array=0-3 --nodes=1 --ntasks=1 --cpus-per-task=2 --time=10'
array=$job
submit collect '--nodes=1 --ntasks=1 --time=10' --dependency=afterok:"$array"
grown 200000
scancel --batch --signal=USR1 "${array}_2"
await "$job" COMPLETED 150
for i in 0 1 2 3; do
    state=$(property "${array}_$i" JobState)
    [ "$state" = COMPLETED ] || wrong "shard $i is $state"
done
job=${array}_2 log=$work/array.log
restarted 1
# "units   24048, 6012 to do in shard 2 of 4": less at the second start.
mapfile -t todo < <(sed -n 's/.* \([0-9]*\) to do in shard 2 of 4.*/\1/p' "$log")
[ "${todo[1]:-0}" -lt "${todo[0]:-0}" ] || wrong "shard 2 had to do: ${todo[*]}"
undisturbed "an array of 4"
finish
