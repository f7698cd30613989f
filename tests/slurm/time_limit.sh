#!/usr/bin/env bash
# A time limit shorter than the run: Slurm warns, lensweep stops, the job requeues itself
# and goes on, until all is done.   time_limit.sh [AT LEAST SO MANY REQUEUES]
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

# Slurm looks at time limits twice a minute: the first start has half a minute, the next a quarter.
long_run $((20 + 15 * ${1:-1}))
submit many-nodes '--nodes=4 --ntasks-per-node=2 --cpus-per-task=1 --time=1'
await "$job" COMPLETED 240
has 'stopped by a signal' "$log"
restarted "${1:-1}"
has 'of them from earlier starts' "$log"
undisturbed "stopped by time limits"
finish
