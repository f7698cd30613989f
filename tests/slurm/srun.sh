#!/usr/bin/env bash
# Four nodes with two ranks each, started by srun: the bytes are those of one rank.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

long_run 8
submit many-nodes '--nodes=4 --ntasks-per-node=2 --cpus-per-task=1 --time=10'
await "$job" COMPLETED 120
has 'ranks   8 on 4 nodes' "$log"
undisturbed "8 ranks on 4 nodes"
finish
