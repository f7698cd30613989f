#!/usr/bin/env bash
# The same by mpirun; and Slurm's warning, sent by hand, makes the job requeue itself.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

long_run 12
submit many-nodes-mpirun '--nodes=4 --ntasks-per-node=2 --cpus-per-task=1 --time=10'
grown 300000
scancel --batch --signal=USR1 "$job"
await "$job" COMPLETED 120
has 'ranks   8 on 4 nodes' "$log"
has 'stopped by a signal' "$log"
restarted 1
has 'of them from earlier starts' "$log"
undisturbed "8 ranks on 4 nodes, warned"
finish
