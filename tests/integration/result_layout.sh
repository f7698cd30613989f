#!/usr/bin/env bash
# result.h5 of a run: groups, variables, dimensions, types and attributes as docs/results.md has them,
# the values that follow from the data alone, and named dimensions in xarray.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
queries 12 >"$work/lands.jsonl"
# One with what the data may leave out, one that collides, one whose target stands in the prompt, a bad one.
cat >>"$work/lands.jsonl" <<'END'
{"ids": [5, 6, 7], "targets": {"answer_1": 9}}
{"ids": [5, 6, 7], "targets": {"answer_1": 9, "subject": 9}, "target": "answer_1", "item": "twice"}
{"ids": [5, 9, 7], "targets": {"answer_1": 9, "subject": 8}, "target": "answer_1", "item": "there"}
{"ids": [5, 900], "targets": {"answer_1": 9}, "item": "bad"}
END
config "$work/c.yaml" "$work/lands.jsonl" "$work/output" \
    'name: early, kind: decode, logprob: true, rank: true' \
    'name: plain, kind: decode, vocab_stats: false' 'name: load, kind: noop, cells: 3, values: 2'
ends 0 ranks 2 "$program" run "$work/c.yaml"
"$LENSWEEP_PYTHON" tests/check_result.py "$work/output/result.h5" || wrong "the file's conventions"
"$LENSWEEP_PYTHON" tests/integration/result_layout.py "$work/output/result.h5" "$work/lands.jsonl" || wrong "the layout"
ends 0 "$program" run "$work/c.yaml" --set output="$work/none" --set data.controls=0
"$LENSWEEP_PYTHON" tests/check_result.py "$work/none/result.h5" || wrong "the conventions of a file without controls"
finish
