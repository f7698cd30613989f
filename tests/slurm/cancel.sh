#!/usr/bin/env bash
# scancel in mid-run: the job stays cancelled and leaves no result; submitted again, it goes on.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

long_run 10
for script in many-nodes many-nodes-mpirun single-node; do
    submit $script '--nodes=1 --ntasks-per-node=2 --cpus-per-task=1 --time=10'
    grown 150000
    scancel "$job"
    await "$job" CANCELLED 30
    until [ -z "$(squeue -h -j "$job" -o %T)" ]; do sleep 0.2; done
    [ ! -e "$work/run/result.h5" ] || wrong "a cancelled job left a result.h5"
done
sleep 12 # none of them comes back
[ -z "$(squeue -h)" ] || wrong "a cancelled job came back: $(squeue -h)"
submit many-nodes '--nodes=4 --ntasks-per-node=2 --cpus-per-task=1 --time=10'
await "$job" COMPLETED 120
has 'of them from earlier starts' "$log"
undisturbed "cancelled and submitted again"
finish
