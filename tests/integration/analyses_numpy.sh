#!/usr/bin/env bash
# The five analyses on two small random models (grouped and plain attention), by both executors,
# every variable against float64 NumPy; and that the comparisons see a wrong number.
set -euo pipefail

if [ -z "${LENSWEEP_PYTHON:-}" ]; then
    echo "skip: no Python with the packages of requirements.txt"
    exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export OPENBLAS_NUM_THREADS=1
reference() { "$LENSWEEP_PYTHON" "tests/reference/$1.py" "${@:2}"; }

# run MODEL EXECUTOR EVERY CELLS: into $dir/MODEL-EXECUTOR; of the result it checks each EVERY-th
# query of the knockouts and so many CELLS of each trace.
run() {
    local model=tests/fixtures/models/$1 data=$dir/$1.jsonl out=$dir/$1-$2
    cat >"$out.yaml" <<END
model: {path: $model}
data: {path: $data}
output: $out
run: {executor: $2}
experiments:
  - {name: early, kind: decode, logprob: true, rank: true}
  - name: cut
    kind: knockout
    sets: [subject, relation, answer_1, answer_2, first, last, other, random_subject, random_subject_2]
  - {name: masked, kind: knockout, sets: [subject, last, other], renormalise: true}
  - name: cut_one
    kind: knockout
    sets: [subject, first, last]
    layers: {window: 2, stride: 1}
    heads: each
    mlp_logit: true
  - {name: masked_one, kind: knockout, sets: [answer_1, last], layers: each, renormalise: true}
  - name: restored
    kind: causal_trace
    corrupt: [subject, answer_1, answer_2]
    sites: [attn, mlp, residual]
    window: [1, 3]
    samples: 3
    noise: 0.5
    logit: true
    logprob: true
  - name: broken
    kind: causal_trace
    corrupt: [subject, answer_1]
    direction: noise
    sites: [attn, mlp, residual]
    window: [1, 3]
    samples: 2
    noise: 0.7
  - name: replaced
    kind: causal_trace
    corrupt: [subject, answer_1]
    corruption: counterfactual
    sites: [attn, mlp, residual]
    window: [1, 3]
  - name: replaced_in
    kind: causal_trace
    corrupt: [subject, answer_2]
    corruption: counterfactual
    direction: noise
    sites: [attn, mlp, residual]
    window: [2]
END
    "$LENSWEEP" run "$out.yaml" >"$out.log" 2>&1 || { cat "$out.log" && exit 1; }
    echo "== $1, $2"
    reference check_decode "$out/result.h5" "$model" "$data" --atol 5e-5 --rtol 1e-5
    reference check_knockout "$out/result.h5" "$model" --atol 5e-5 --rtol 1e-5 --every "$3"
    reference check_trace "$out/result.h5" "$model" --atol 5e-5 --rtol 1e-5 --data "$data" \
        --cells "$4"
    reference check_averages "$out/result.h5"
}

# run_strata MODEL EXECUTOR: what is averaged, or depends on which queries there are, on several
# datasets and templates. The authors' projection needs heads x head width = width.
run_strata() {
    local model=tests/fixtures/models/$1 data=$dir/$1-strata.jsonl out=$dir/$1-$2-strata
    reference make_strata "$dir/$1.jsonl" >"$data"
    cat >"$out.yaml" <<END
model: {path: $model}
data: {path: $data}
output: $out
run: {executor: $2}
statistics: {bootstrap: 200}
experiments:
  - {name: sets, kind: token_lens, head_logit: true}
  - {name: sets_some, kind: token_lens, where: {target_collision: false}}
  - {name: heads, kind: heads}
  - name: heads_some
    kind: heads
    k: 0.5
    vocab_stats: false
    where: {target_collision: false}
  - {name: layer, kind: heads, classify: authors}
  - {name: layer_some, kind: heads, classify: authors, k: 1.5, where: {target_collision: false}}
END
    if [ "$1" = mistral-mha-f16 ]; then
        echo "  - {name: rows, kind: heads, head_projection: authors}" >>"$out.yaml"
    fi
    "$LENSWEEP" run "$out.yaml" >"$out.log" 2>&1 || { cat "$out.log" && exit 1; }
    echo "== $1, $2, strata"
    reference check_averages "$out/result.h5"
    reference check_lens "$out/result.h5" "$model" --atol 5e-5 --rtol 1e-5
    reference check_heads "$out/result.h5" "$model" --atol 5e-5 --rtol 1e-5
}

for model in llama3-sharded-bf16 mistral-mha-f16; do
    reference make_queries tests/fixtures/models/$model >"$dir/$model.jsonl"
    run $model forked 1 300
    run_strata $model forked
done
run llama3-sharded-bf16 naive 3 60
run_strata mistral-mha-f16 naive

# wrong CHECKER VARIABLE INDEX: with 0.001 more at this place of the $result, the checker fails
result=mistral-mha-f16-forked
wrong() {
    cp "$dir/$result/result.h5" "$dir/wrong.h5"
    "$LENSWEEP_PYTHON" - "$dir/wrong.h5" "$2" "$3" <<'END'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    f[sys.argv[2]][tuple(map(int, sys.argv[3].split(",")))] += 1e-3
END
    local status=0
    reference "$1" "$dir/wrong.h5" tests/fixtures/models/mistral-mha-f16 --atol 5e-5 --every 5 \
        "${@:4}" >"$dir/table" || status=$?
    if [ $status != 1 ] || ! grep -q "^$2 .*FAILED" "$dir/table"; then
        echo "a wrong number in $2 was not seen (status $status)"
        cat "$dir/table"
        exit 1
    fi
}
wrong check_knockout cut/kl 5,0
wrong check_knockout masked_one/final_rms 5,1,1
wrong check_trace restored/low 5,1 --data "$dir/mistral-mha-f16.jsonl" --cells 10
wrong check_trace replaced_in/high 5 --data "$dir/mistral-mha-f16.jsonl" --cells 10
result=mistral-mha-f16-forked-strata
wrong check_lens sets/attention 5,1,2,0
wrong check_heads heads/promotion_chance 1,0,3,3
wrong check_heads layer/threshold_std 1,0
