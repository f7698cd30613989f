#!/usr/bin/env bash
# What every analysis says of one tiny model of each architecture, against float64 NumPy written by
# definition (tests/reference/numpy_families.py): token lens, heads, decode, ablations with their direct
# effects, knockouts, traces, edges, faithfulness, scores of weights. With LENSWEEP_LONG=1 all of them with both executors
# and more cells; else four that have among them all that Llama has not.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with h5py"
export OPENBLAS_NUM_THREADS=1
cells=10 every=5 executors=forked families='gemma2 gpt2 gptj olmo2'
if [ -n "${LENSWEEP_LONG:-}" ]; then
    cells=300 every=1 executors='forked naive' families=$(ls tests/fixtures/families)
fi

# checked CHECKER ARGUMENT...: it finds nothing wrong.
checked() {
    ends 0 "$LENSWEEP_PYTHON" "tests/reference/$1.py" "${@:2}"
    cat "$work/out" >>"$work/tables"
    grep -E -A2 FAILED "$work/out" | head -n 12
}

# head_of OUTPUT: a config's, on stdout.
head_of() {
    printf 'model: {path: "%s"}\ndata: {path: "%s"}\noutput: "%s"\n' "$model" "$work/q.jsonl" "$1"
    printf 'run: {threads: 1, executor: %s}\nstatistics: {bootstrap: 100}\nexperiments:\n' "$executor"
}

for family in $families; do
    model=tests/fixtures/families/$family
    : >"$work/tables"
    "$LENSWEEP_PYTHON" tests/reference/make_queries.py "$model" >"$work/q.jsonl" || wrong "no queries of $model"
    for executor in $executors; do
        out=$work/$family-$executor
        {
            head_of "$out"
            cat <<'END'
  - {name: decode, kind: decode, rank: true, logprob: true}
  - {name: wide, kind: decode, positions: [last, subject], top: 5}
  - {name: sets, kind: token_lens, head_logit: true}
  - {name: heads, kind: heads}
  - {name: cut, kind: knockout, sets: [subject, first]}
  - {name: trace, kind: causal_trace, corrupt: [subject], sites: [attn, mlp, residual], window: [2], samples: 2, noise: 0.5, logit: true, logprob: true}
  - {name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, logprob, rank, kl, argmax, direct]}
  - {name: mean, kind: ablation, site: head, layers: all, positions: all, operation: {kind: mean}, metrics: [logit, kl, direct]}
  - {name: attn, kind: ablation, site: attn, positions: [last, subject], operation: {kind: scale, factor: 0.5}, metrics: [logit, kl, direct]}
  - {name: mlp, kind: ablation, site: mlp, operation: {kind: resample, draws: 2}, metrics: [logit, logit_difference, kl, direct]}
  - {name: residual, kind: ablation, site: residual, positions: [subject], operation: {kind: zero}, metrics: [logit, kl]}
  - {name: q, kind: ablation, site: q, positions: [last], operation: {kind: zero}, metrics: [logit, kl]}
  - {name: k, kind: ablation, site: k, positions: [subject], operation: {kind: scale, factor: 2}, metrics: [logit, kl]}
  - {name: v, kind: ablation, site: v, positions: [subject], operation: {kind: zero}, metrics: [logit, kl]}
  - {name: neurons, kind: ablation, site: neurons, neurons: {window: 8}, operation: {kind: zero}, metrics: [logit, kl]}
  - {name: keys, kind: ablation, site: edge, from: [subject, first], operation: {kind: zero, renormalise: true}, metrics: [logit, kl]}
  - {name: weights, kind: attention, weights: true}
  - {name: edges, kind: edges, receivers: {kinds: [v, mlp, logits]}, operation: {kind: zero}}
END
        } >"$out.yaml"
        ends 0 "$program" run "$out.yaml"
        result=("$out/result.h5" "$model")
        bounds=(--atol 5e-5 --rtol 1e-5)
        checked check_decode "${result[@]}" "$work/q.jsonl" "${bounds[@]}"
        checked check_heads "${result[@]}" "${bounds[@]}"
        checked check_lens "${result[@]}" "${bounds[@]}"
        checked check_decode_wide "${result[@]}"
        checked check_weights "${result[@]}"
        checked check_knockout "${result[@]}" "${bounds[@]}" --every "$every"
        for kind in trace ablation edges; do
            checked check_$kind "${result[@]}" "${bounds[@]}" --data "$work/q.jsonl" --cells "$cells"
        done
        {
            head_of "$out-curve"
            printf '  - {name: curve, kind: faithfulness, from: "%s", groups: [zero], operation: {draws: 2}}\n' "$out"
        } >"$work/curve.yaml"
        ends 0 "$program" run "$work/curve.yaml"
        checked check_faithfulness "$out-curve/result.h5" "${result[@]}" --every "$every"
    done
    printf '%-10s %s variables, worst relative difference %s\n' "$family" \
        "$(grep -c / "$work/tables")" "$(awk '/\// {print $4}' "$work/tables" | sort -g | tail -n 1)"
done
finish
