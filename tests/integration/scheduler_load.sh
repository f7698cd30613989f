#!/usr/bin/env bash
# The scheduler under load: 4 ranks, 48,000 units of no work, each cell's numbers in their place.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 8 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/output" 'name: load, kind: noop, cells: 2000, values: 16'
ends 0 ranks 4 "$program" run "$work/c.yaml" --set run.threads=1
has 'units   48026'
has '24 queries ok, 0 bad' "$work/out"
seconds=$(sed -n 's/.*"event":"end".*"seconds":\([0-9.]*\).*/\1/p' "$work/output/run.jsonl")
awk -v s="$seconds" 'BEGIN { printf "%.0f units/s\n", 48026 / s }' # to look at: seconds say more of the machine
if [ -n "${LENSWEEP_PYTHON:-}" ]; then
    "$LENSWEEP_PYTHON" - "$work/output/result.h5" <<'PYTHON' || wrong "numbers"
import sys
import h5py
import numpy as np
with h5py.File(sys.argv[1]) as f:
    assert (f["load/number"][()] == np.arange(2000)[:, None] + np.arange(16)).all()
PYTHON
fi
finish
