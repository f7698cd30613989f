#!/usr/bin/env bash
# Four nodes with two ranks each: the bytes are the same whether each rank maps the weights or rank 0
# reads them for all.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

long_run 2
for load in map broadcast auto; do
    rm -rf "$work/run"
    sed -i "s,^model: .*,model: {path: \"$root/tests/fixtures/tiny/model\"\, load: $load}," "$work/c.yaml"
    submit many-nodes '--nodes=4 --ntasks-per-node=2 --cpus-per-task=1 --time=10'
    await "$job" COMPLETED 120
    has 'ranks   8 on 4 nodes' "$log"
    [ "$load" != broadcast ] || has 'load    broadcast' "$log"
    undisturbed "8 ranks on 4 nodes, model.load: $load"
done
finish
