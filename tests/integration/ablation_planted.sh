#!/usr/bin/env bash
# Sweeps over all heads of a model whose circuit is known find it, and nothing else; of a random
# model whose targets are drawn anew they find nothing.
# shellcheck source=SCRIPTDIR/lib.bash
. tests/integration/lib.bash
[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
export OPENBLAS_NUM_THREADS=1

judge() { "$LENSWEEP_PYTHON" tests/reference/check_planted.py "$@" || wrong "$(basename "$(dirname "$1")")"; }

"$LENSWEEP_PYTHON" tests/reference/make_planted.py "$work" || wrong "make_planted.py"
signed='logit, logit_difference, recall_mass, repetition_mass'
cat >"$work/planted.yaml" <<END
model: {path: "$work/model"}
data: {path: "$work/planted.jsonl"}
output: "$work/planted"
run: {threads: 1}
statistics: {by_token: false} # the few words are many items'
experiments:
  - {name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [$signed, kl, direct]}
  - name: resample
    kind: ablation
    site: head
    operation: {kind: resample, draws: 4}
    metrics: [$signed]
END
ends 0 "$program" run "$work/planted.yaml"
judge "$work/planted/result.h5"

# A second head does what the ENABLER does: only both together are missed. Where the sweep lies does
# not count.
"$LENSWEEP_PYTHON" tests/reference/make_planted.py "$work/twice" --redundant || wrong "make_planted.py"
swept="$work/swept"
pairs() { printf '%s' "name: pairs, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, kl], heads: {pairs: \"$1\", top: ${2:-16}}"; }
twice() { config "$work/twice.yaml" "$work/twice/planted.jsonl" "$@" && printf '%s\n' 'run: {threads: 1}' 'statistics: {by_token: false}' >>"$work/twice.yaml"; }
twice "$swept" 'name: alone, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, kl]'
ends 0 "$program" run "$work/twice.yaml" --set "model.path=$work/twice/model"
twice "$work/pairs" "$(pairs "$swept")"
ends 0 "$program" plan "$work/twice.yaml" --json --set "model.path=$work/twice/model"
has "\"cells\": $(($(wc -l <"$work/twice/planted.jsonl") * 136))" "$work/out" # 16 alone, 120 together
ends 0 "$program" run "$work/twice.yaml" --set "model.path=$work/twice/model"
judge "$work/pairs/result.h5" --redundant
"$LENSWEEP_PYTHON" tests/reference/check_ablation.py "$work/pairs/result.h5" "$work/twice/model" --atol 5e-5 --rtol 1e-5 --cells 40 ||
    wrong 'pairs differ from NumPy'
ends 0 "$program" top "$work/pairs" pairs -n 1 && has 'logit.answer_2' "$work/out"
grep -qE '^ +1 +0\.[01] +0\.[01] +last +-5' "$work/out" || wrong 'top does not begin with the planted pair'
mv "$swept" "$swept, elsewhere"
twice "$work/pairs" "$(pairs "$swept, elsewhere")"
ends 0 "$program" run "$work/twice.yaml" --set "model.path=$work/twice/model"
has '0 ms for 0 of 257 units' "$work/out"
twice "$work/bad" "$(pairs "$work/pairs")"
ends 2 "$program" run "$work/twice.yaml" --set "model.path=$work/twice/model" && has 'has no sweep of heads'
twice "$work/bad" "$(pairs "$swept, elsewhere"), layers: [1]"
ends 2 "$program" run "$work/twice.yaml" --set "model.path=$work/twice/model" && has 'leave this key out'
twice "$work/bad" "name: cut, kind: knockout, sets: [last], heads: {pairs: \"$swept, elsewhere\"}"
ends 2 "$program" run "$work/twice.yaml" --set "model.path=$work/twice/model" && has 'only the heads of kind ablation'

# 100 datasets of the same 20 prompts; in each the targets and foils are dealt to them anew.
# Whatever a head does to a prompt, it favours neither: what is found is found by chance.
"$LENSWEEP_PYTHON" - >"$work/shuffled.jsonl" <<'END'
import json
import numpy as np
rng = np.random.default_rng(4)
prompts = rng.integers(0, 128, (20, 7)).tolist()
for seed in range(100):
    dealt = rng.permutation(128)[:40].reshape(20, 2).tolist()
    for item, (ids, (foil, target)) in enumerate(zip(prompts, dealt)):
        print(json.dumps({
            "ids": ids, "item": f"item {item}", "dataset": f"seed {seed:02}", "template": 1,
            "step": 2, "targets": {"answer_1": foil, "answer_2": target}, "target": "answer_2",
        }))
END
config "$work/shuffled.yaml" "$work/shuffled.jsonl" "$work/shuffled" \
    "name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit_difference]" \
    "name: resample, kind: ablation, site: head, operation: {kind: resample, draws: 2}, metrics: [logit_difference]"
echo 'run: {threads: 1}' >>"$work/shuffled.yaml"
ends 0 "$program" run "$work/shuffled.yaml"
judge "$work/shuffled/result.h5" --shuffled
mkdir "$work/split" # the same cells, with other statistics
cp -r "$work/shuffled/journal" "$work/split"
ends 0 "$program" run "$work/shuffled.yaml" --set output="$work/split" --set statistics.split=half
judge "$work/split/result.h5" --split
finish
