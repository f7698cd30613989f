#!/usr/bin/env bash
# Kind dump: every value against float64 NumPy; what a config may not ask of it.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

dump() { config "$work/c.yaml" "$1" "$work/$2" "${@:3}"; }

queries 3 >"$work/lands.jsonl"
dump "$work/lands.jsonl" bad 'name: bad, kind: dump, sites: [mlp], layers: {window: 2}'
ends 2 "$program" run "$work/c.yaml" && has 'a dump has layers one by one'
dump "$work/lands.jsonl" bad 'name: bad, kind: dump, sites: [mlps]'
ends 2 "$program" run "$work/c.yaml" && has '"mlps"'
dump "$work/lands.jsonl" bad 'name: bad, kind: dump, sites: mlp, positions: [subjekt]'
ends 2 "$program" run "$work/c.yaml" && has 'the data has no span "subjekt"'

[ -n "${LENSWEEP_PYTHON:-}" ] || { [ "$wrong" = 0 ] && skip "the values: no Python with the packages of requirements.txt"; }
model=$models/llama3-sharded-bf16
"$LENSWEEP_PYTHON" tests/reference/make_queries.py "$model" >"$work/queries.jsonl"
dump "$work/queries.jsonl" run 'name: last, kind: dump, sites: [mlp, residual]' \
    'name: places, kind: dump, sites: [residual, attn, mlp, head], layers: [2, 0], positions: [first, subject, answer_1, "1", {each_token: subject}]' \
    'name: together, kind: dump, sites: [head, mlp], positions: {together: [subject, last]}' \
    'name: windows, kind: dump, sites: attn, layers: [1], positions: {window: 3, stride: 2}' \
    'name: all, kind: dump, sites: head, layers: [1], positions: all' \
    'name: inside, kind: dump, sites: [k, neurons, q, v], layers: [2, 1], positions: [subject, last]' \
    'name: keys, kind: dump, sites: k'
ends 0 "$program" run "$work/c.yaml" --set "model.path=$model"
"$LENSWEEP_PYTHON" tests/reference/check_dump.py "$work/run/result.h5" "$model" || wrong 'it differs from NumPy'

# that the comparison sees a wrong number
"$LENSWEEP_PYTHON" - "$work/run/result.h5" <<'END' || wrong 'nothing is planted'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    f["places/head_output"][2, 1, 3, 1, 0] += 1e-3
END
"$LENSWEEP_PYTHON" tests/reference/check_dump.py "$work/run/result.h5" "$model" >"$work/table" && wrong 'a wrong number was not seen'
grep -q '^places/head_output .*FAILED' "$work/table" || wrong 'another variable failed'
finish
