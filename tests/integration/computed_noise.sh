#!/usr/bin/env bash
# noise: computed in both layouts of the data, against NumPy and the tokenizers package; and that a
# query added to the data moves the level of those computed before.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
tiny=tests/fixtures/tiny/model
noise() { "$LENSWEEP_PYTHON" tests/integration/computed_noise.py "$@"; }
noise make $tiny tests/fixtures/tiny/queries.jsonl "$work" || wrong "the data"

# trace DATA OUTPUT [MORE]
trace() {
    cat >"$work/c.yaml" <<END_OF_CONFIG
model: {path: $tiny}
data: {path: "$1"}
output: "$2"
statistics: {bootstrap: 10}
experiments:
  - {name: trace, kind: causal_trace, corrupt: [subject, answer_1, relation], sites: [mlp],
     window: [1], samples: 2, noise: computed${3:-}}
END_OF_CONFIG
    ends 0 "$program" run "$work/c.yaml"
}

trace "$work/layout" "$work/o1"
ends 0 noise check $tiny "$work/o1/result.h5" "$work/layout"
trace "$work/layout" "$work/o2" ", limit: 3"
ends 0 noise check $tiny "$work/o2/result.h5" "$work/layout" 3
trace "$work/native.jsonl" "$work/o3"
ends 0 noise check $tiny "$work/o3/result.h5" "$work/native.jsonl"
ends 0 "$LENSWEEP_PYTHON" tests/reference/check_trace.py "$work/o3/result.h5" $tiny --atol 5e-5 --cells 60

# with queries added, what was computed under the old level counts no more
cp "$work/native.jsonl" "$work/all.jsonl"
head -n 12 "$work/all.jsonl" >"$work/native.jsonl"
trace "$work/native.jsonl" "$work/o4"
cp "$work/all.jsonl" "$work/native.jsonl"
trace "$work/native.jsonl" "$work/o4"
cmp "$work/o3/result.h5" "$work/o4/result.h5" || wrong "added queries give other bytes"

# a plan needs neither weights nor a tokenizer
mkdir "$work/shape" && cp $tiny/config.json "$work/shape"
ends 0 "$program" plan "$work/c.yaml" --set model.path="$work/shape"
# a run on strings needs the tokenizer
cp $tiny/*.safetensors "$work/shape"
trace "$work/layout" "$work/o5"
ends 2 "$program" run "$work/c.yaml" --set model.path="$work/shape" --set output="$work/o6"
has "computed needs the model's tokenizer"
finish
