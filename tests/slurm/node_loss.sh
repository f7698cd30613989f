#!/usr/bin/env bash
# A node is lost in mid-run: Slurm requeues the job, which finishes on those that are left.
#   node_loss.sh [SCRIPT [NODE]]    n1 is where the batch script and rank 0 run
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

script=${1:-many-nodes} node=${2:-n2}
long_run 12
submit "$script" '--nodes=3 --ntasks-per-node=2 --cpus-per-task=1 --time=10'
grown 300000
lose "$node"
await "$job" COMPLETED 200
has "requeue job JobId=$job due to failure of node $node" "$LENSWEEP_LAB/log/slurmctld"
restarted 1
has 'of them from earlier starts' "$log"
undisturbed "$node lost"
finish
