#!/usr/bin/env bash
# One tiny model of every architecture against float32 transformers (tests/reference/make_families.py):
# logits of all positions, greedy continuations; and what the analyses must mean for each: parts and
# shares sum up, with the biases that are not a head's, and the run's own audit passes.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with h5py"
ends 0 "$LENSWEEP_PYTHON" tests/reference/check_families.py "$program" tests/fixtures/families
cat "$work/out"
ends 0 "$LENSWEEP_PYTHON" tests/reference/numpy_families.py tests/fixtures/families
queries 4 | "$LENSWEEP_PYTHON" -c 'import json, sys
for line in sys.stdin:
    q = json.loads(line)
    q["ids"] = [i % 40 for i in q["ids"]]
    q["targets"] = {k: v % 40 for k, v in q["targets"].items()}
    print(json.dumps(q))' >"$work/q.jsonl"
for model in tests/fixtures/families/*/; do
    name=$(basename "$model")
    cat >"$work/c.yaml" <<EOF
model: {path: "$model"}
data: {path: "$work/q.jsonl"}
output: "$work/$name"
experiments:
  - {name: decode, kind: decode, rank: true, logprob: true}
  - {name: lens, kind: token_lens, head_logit: true}
  - {name: heads, kind: heads}
  - {name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, kl, direct]}
  - {name: cut, kind: knockout, sets: [subject, first]}
  - {name: edges, kind: edges, receivers: {kinds: [v, mlp, logits]}, operation: {kind: zero}}
EOF
    ends 0 "$program" run "$work/c.yaml" --set run.threads=1
    ends 0 "$LENSWEEP_PYTHON" tests/check_identities.py "$work/$name/result.h5"
    mv "$work/out" "$work/identities"
    ends 0 "$LENSWEEP_PYTHON" tests/reference/numpy_families.py "$model" "$work/$name/result.h5"
    cat "$work/out" >>"$work/identities"
    printf '%-10s %s\n' "$name" "$(awk '{print $NF}' "$work/identities" | sort -g | tail -n 1)"
done
finish
