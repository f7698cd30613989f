#!/usr/bin/env bash
# Kind edges on a small random model with grouped attention: every sort of sender, receiver,
# position and operation against float64 NumPy, by the definition; and that the comparison sees a
# wrong number. The model of plain attention and the naive executor only with LENSWEEP_LONG=1.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

edges() { config "$work/c.yaml" "$1" "$work/$2" "${@:3}"; }

queries 3 >"$work/lands.jsonl"
edges "$work/lands.jsonl" bad 'name: bad, kind: edges, operation: {kind: add, vector: README.md}'
ends 2 "$program" run "$work/c.yaml" && has 'add cannot be used with edges'
edges "$work/lands.jsonl" bad 'name: bad, kind: edges, operation: {kind: zero}, senders: {layers: all}'
ends 2 "$program" run "$work/c.yaml" && has 'an edge has one sender and one receiver'
edges "$work/lands.jsonl" bad 'name: bad, kind: edges, operation: {kind: zero}, senders: {layers: [2], kinds: mlp}, receivers: {kinds: [q, v, mlp]}'
ends 2 "$program" run "$work/c.yaml" && has 'there is no edge'

# of a finished sweep the strongest heads and MLPs alone, beside the embedding and the logits
config "$work/s.yaml" "$work/lands.jsonl" "$work/sweep" \
    'name: heads, kind: ablation, site: head, operation: {kind: zero}' 'name: mlps, kind: ablation, site: mlp, operation: {kind: zero}'
ends 0 "$program" run "$work/s.yaml" --set run.threads=1
edges "$work/lands.jsonl" some "name: some, kind: edges, operation: {kind: zero}, from: \"$work/sweep\", groups: [heads, mlps], top: 3"
ends 0 "$program" run "$work/c.yaml" --set run.threads=1
config "$work/s.yaml" "$work/lands.jsonl" "$work/curve" "name: all, kind: faithfulness, from: \"$work/sweep\", groups: [heads, mlps], operation: {draws: 1}"
ends 0 "$program" run "$work/s.yaml" --set run.threads=1
[ -z "${LENSWEEP_PYTHON:-}" ] || "$LENSWEEP_PYTHON" - "$work/some/result.h5" "$work/curve/result.h5" <<'END' || wrong 'other ends than the strongest of the sweep'
import sys, h5py
with h5py.File(sys.argv[1]) as f, h5py.File(sys.argv[2]) as ranked:
    g = ranked["all"]
    top = list(zip(g["node_site"].asstr(), g["node_layer"], g["node_head"]))[:3]
    want = {f"head {l}.{h}" if s == "head" else f"mlp {l}" for s, l, h in top}
    have = set(f["some/sender"].asstr()) - {"embedding"}
    assert have <= want and len(have) >= 1 and set(f["some/receiver"].asstr()) >= {"logits"}, (have, want)
    assert all(f"{s} > logits" in set(f["some/edge"].asstr()) for s in want | {"embedding"}), want
END

[ -n "${LENSWEEP_PYTHON:-}" ] || { [ "$wrong" = 0 ] && skip "the values: no Python with the packages of requirements.txt"; }
reference() { "$LENSWEEP_PYTHON" "tests/reference/$1.py" "${@:2}"; }

# compare MODEL EXECUTOR: all groups, a drawn part of their cells
compare() {
    local model=$models/$1
    reference make_queries "$model" >"$work/queries.jsonl"
    edges "$work/queries.jsonl" "$2" \
        'name: zero, kind: edges, operation: {kind: zero}, metrics: [logit, logprob, logit_difference, recall_mass, repetition_mass, kl]' \
        'name: resample, kind: edges, operation: {kind: resample, draws: 2, match: [template]}, positions: [last, subject, first]' \
        'name: mean, kind: edges, operation: {kind: mean}, positions: all, metrics: kl' \
        'name: scale, kind: edges, operation: {kind: scale, factor: -0.5}, positions: [{each_token: subject}], receivers: {kinds: [k, v, mlp]}' \
        'name: some, kind: edges, operation: {kind: patch}, source: {run: counterfactual}, positions: [last, subject], senders: {kinds: [head, embedding], layers: [1, 0], heads: [3, 1]}, receivers: {kinds: [q, k, logits], layers: [2, 1], heads: [0, 3]}'
    ends 0 "$program" run "$work/c.yaml" --set "model.path=$model" --set "run.executor=$2" --set statistics.bootstrap=100 --set run.audit=all
    echo "== $1, $2"
    reference check_edges "$work/$2/result.h5" "$model" --atol 5e-5 --rtol 1e-5 --cells "$3" \
        --data "$work/queries.jsonl" || wrong 'it differs from NumPy'
}

if [ "${LENSWEEP_LONG:-0}" = 1 ]; then
    compare mistral-mha-f16 naive 60
    compare mistral-mha-f16 forked 60
    "$program" diff "$work"/{naive,forked}/result.h5 --rtol 1e-4 --atol 2e-5 | grep -v '^provenance@config' && wrong 'naive and forked do not agree'
fi
compare llama3-sharded-bf16 forked 25

"$LENSWEEP_PYTHON" - "$work/forked/result.h5" <<'END' || wrong 'nothing is planted'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    f["zero/effect"][2, :, 0, 1] += 1e-3
END
reference check_edges "$work/forked/result.h5" "$models/llama3-sharded-bf16" --atol 5e-5 --rtol 1e-5 \
    --cells 25 --only zero >"$work/table" && wrong 'a wrong number was not seen'
grep -q '^zero/effect .*FAILED' "$work/table" || wrong 'another variable failed'
finish
