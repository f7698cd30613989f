#!/usr/bin/env bash
# The five analyses on the paper's own prompts, by small random models of both families, every variable
# against float64 NumPy; averages also as the authors make them.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
[ -n "${LENSWEEP_PAPER_DATA:-}" ] || skip "LENSWEEP_PAPER_DATA is not set"
export OPENBLAS_NUM_THREADS=1

# compare FAMILY AVERAGE ROLE_AVERAGE
compare() {
    local dir="$work/$1" digits
    digits=$(reference make_paper "$1" "$dir") || wrong "the data of $1"
    cat >"$dir/c.yaml" <<END_OF_CONFIG
model: {path: "$dir/model"}
data: {path: "$dir/data"}
output: "$dir/results"
statistics: {bootstrap: 200, average: $2}
experiments:
  - {name: early, kind: decode, logprob: true, rank: true}
  - {name: lens, kind: token_lens, head_logit: true}
  - {name: cut, kind: knockout, sets: [subject, answer_1, answer_2, first, last]}
  - {name: heads, kind: heads}
  - {name: all_logits, kind: heads, classify: authors}
  - {name: restored, kind: causal_trace, corrupt: [subject, answer_1, answer_2], sites: [attn, mlp, residual],
     window: [1, 2], samples: 2, noise: 0.6, logit: true, logprob: true, role_average: $3}
  - {name: broken, kind: causal_trace, corrupt: [answer_1], direction: noise, sites: [mlp], window: [2],
     samples: 2, noise: 0.6, where: {step: 3}}
END_OF_CONFIG
    ends 0 "$program" run "$dir/c.yaml"
    local files=() result="$dir/results/result.h5" tolerances=(--atol 5e-5 --rtol 1e-5) model="$dir/model"
    mapfile -d '' -t files < <(find "$dir/data" -name '*.jsonl' -print0 | LC_ALL=C sort -z)
    ends 0 reference check_decode "$result" "$model" "${files[@]}" "${tolerances[@]}"
    for kind in lens knockout heads; do
        ends 0 reference check_$kind "$result" "$model" "${tolerances[@]}"
        tail -n 1 "$work/out"
    done
    ends 0 reference check_trace "$result" "$model" "${tolerances[@]}" --cells 500
    tail -n 1 "$work/out"
    ends 0 reference check_averages "$result" --digits "$digits"
    grep 'averaged' "$work/out"
    digits_of="$digits"
}

compare llama means mean_present
compare mistral authors authors

# the checkers see a wrong number
for place in lens/mean_centred_logit_n restored/role_effect cut/mean_mlp_logit_drop restored/token_role; do
    cp "$work/mistral/results/result.h5" "$work/wrong.h5"
    "$LENSWEEP_PYTHON" -c 'import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    v = f[sys.argv[2]]
    a = v[()]
    at = [i for i in range(a.size) if a.flat[i] == a.flat[i] and a.flat[i] != -1][0]
    a.flat[at] += 1
    v[()] = a' "$work/wrong.h5" "$place"
    ends 1 reference check_averages "$work/wrong.h5" --digits "$digits_of"
    grep -q "^$place .*FAILED" "$work/out" || wrong "a wrong number in $place was not seen"
done
finish
