#!/usr/bin/env bash
# A unit needs nothing that another one keeps: on every architecture experiments are computed one unit at
# a time (units of their own, then verify, then more of them beside a finished run), with whole answers
# and texts, by both executors, which agree. And queries share a plan only where their costs are equal.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with h5py"

# conf MODEL DATA OUTPUT EXPERIMENT...
conf() {
    small=$1 config "$work/c.yaml" "$work/$2.jsonl" "$work/$3" "${@:4}"
    printf 'statistics: {bootstrap: 100}\nrun: {threads: 1}\n' >>"$work/c.yaml"
}

printf '{"ids": [1, 2, 3%s], "item": "%s", "answers": {"answer_1": [%s]}}\n' \
    '' a '5, 6' ', 4' b '5, 7, 8' >"$work/whole.jsonl"
zero='operation: {kind: zero}, metrics: [logit]'
for model in tests/fixtures/families/*/; do
    name=$(basename "$model")
    conf "$root/$model" whole "$name" "name: z, kind: ablation, site: head, $zero, answer_logprob: true" \
        "name: r, kind: ablation, site: residual, $zero, answer_logprob: true" \
        'name: k, kind: knockout, layers: [0], sets: [first], answer_logprob: true, generate: {tokens: 2}' \
        "name: m, kind: ablation, site: mlp, $zero, generate: {tokens: 2}"
    ends 0 "$program" run "$work/c.yaml" --set run.audit=none
    ends 0 "$program" verify "$work/$name" --cells 1
    ends 0 "$program" run "$work/c.yaml" --set run.audit=none --set run.executor=naive --set output="$work/naive"
    ends 0 reference agree "$work/$name/result.h5" "$work/naive/result.h5" --least 50
    [ "$wrong" = 0 ] || cat "$work/out"
    rm -r "$work/naive" "${work:?}/$name"
    conf "$root/$model" whole "$name" "name: m, kind: ablation, site: mlp, $zero"
    ends 0 "$program" run "$work/c.yaml"
    echo '  - {name: k, kind: knockout, layers: [0], sets: [first]}' >"$work/more"
    sed -i "/name: m/r $work/more" "$work/c.yaml"
    ends 0 "$program" run "$work/c.yaml"
done

# Two steps of one prompt length: one is its own source, and has nothing to do.
printf '{"ids": [%s], "item": "a", "step": %d, "targets": {"answer_1": 5}}\n' '1, 2, 3' 1 '4, 5, 6' 2 \
    >"$work/steps.jsonl"
# Counterfactuals with and without spans of their own.
like='"ids": [5, 6, 7, 8, 9], "spans": {"subject": [1, 4]}, "targets": {"answer_1": 1}'
printf '{"item": "%s", %s, "counterfactual": {"ids": [1, 2, 3, 4, 5]%s}}\n' a "$like" '' \
    b "$like" ', "spans": {"subject": [2, 3]}' >"$work/pairs.jsonl"
# Partners of two queries, one of each a token longer and one 31 shorter than the other query's.
awk 'BEGIN {
    srand(1); split("5 5 5 10 11 41 42 10", n, " ")
    for (i = 0; i < 60; i++) {
        ids = "7"; for (k = n[1 + i % 8]; k > 1; k--) ids = ids ", " int(40 * rand())
        printf "{\"ids\": [%s], \"item\": \"%d\", \"targets\": {\"answer_1\": 5}}\n", ids, i
    }
}' >"$work/partners.jsonl"
# The rows of a corrupted run that its noise does not reach are the clean run's: all of them must be there.
printf '{"ids": [1, 2, 3, 4], "item": "a", "spans": {"subject": [1, 2]}, "targets": {"answer_1": 5}}\n' \
    >"$work/reach.jsonl"
# One answer fits the model's 64 positions, another's has room behind its own prompt.
awk 'BEGIN { ids = 1; for (i = 1; i < 60; i++) ids = ids ", 1"
    printf "{\"ids\": [%s], \"item\": \"a\", \"answers\": {\"answer_1\": [5, 6]}}\n", ids
    print "{\"ids\": [1], \"item\": \"b\", \"answers\": {\"answer_1\": [5, 6, 7, 8, 9, 10, 11, 12]}}" }' \
    >"$work/room.jsonl"
llama=$root/tests/fixtures/families/llama
sweep='name: m, kind: ablation, site: mlp, metrics: [logit]'
conf "$llama" steps steps "$sweep, operation: {kind: patch}, source: {run: step_1}"
ends 0 "$program" run "$work/c.yaml"
conf "$llama" pairs pairs \
    "$sweep, positions: [subject, last], operation: {kind: patch}, source: {run: counterfactual}"
ends 0 "$program" run "$work/c.yaml"
for site in mlp head; do
    from='source: {run: corrupted, span: last, noise: 0.2, position: subject}'
    conf "$llama" reach "reach-$site" \
        "name: m, kind: ablation, site: $site, metrics: [logit], operation: {kind: patch}, $from"
    ends 0 "$program" run "$work/c.yaml" --set run.audit=none
    ends 0 "$program" run "$work/c.yaml" --set run.executor=naive --set output="$work/reach-naive"
    ends 0 reference agree "$work/reach-$site/result.h5" "$work/reach-naive/result.h5" --least 50
    rm -r "$work/reach-naive"
done
conf "$llama" room room 'name: k, kind: knockout, sets: [first], answer_logprob: true'
ends 0 "$program" run "$work/c.yaml"
hasnt "longer than the model's positions" "$work/out"
conf "$llama" partners partners "$sweep, operation: {kind: resample, draws: 2}"
ends 0 "$program" run "$work/c.yaml"
finish
