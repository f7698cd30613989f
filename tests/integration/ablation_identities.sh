#!/usr/bin/env bash
# What must hold of ablations whatever the model: an edit that is none changes no bit, all heads
# together are their layer's attention, parts are what decode and heads say they are, and both
# executors agree.
# shellcheck source=SCRIPTDIR/lib.bash
. tests/integration/lib.bash
[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"

all='metrics: [logit, logprob, rank, logit_difference, recall_mass, repetition_mass, kl, argmax]'
places='positions: [last, subject, first, {each_token: subject}]'
queries 5 >"$work/data.jsonl"
config "$work/config.yaml" "$work/data.jsonl" "$work/forked" \
    "name: early, kind: decode" \
    "name: parts, kind: heads, vocab_stats: false" \
    "name: zero_head, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, direct]" \
    "name: zero_heads, kind: ablation, site: head, heads: all, operation: {kind: zero}, $places, $all" \
    "name: zero_attn, kind: ablation, site: attn, operation: {kind: zero}, $places, $all" \
    "name: zero_mlp, kind: ablation, site: mlp, operation: {kind: zero}, metrics: [logit, direct]" \
    "name: zero_both, kind: ablation, site: attn, operation: {kind: zero}, metrics: [direct]" \
    "name: noise, kind: ablation, site: residual, operation: {kind: noise, draws: 3}, $places, $all" \
    "name: noise_z, kind: ablation, site: head, operation: {kind: noise, draws: 2, scale: 2}, $all"
for site in head attn mlp residual; do
    for none in 'patch}, source: {run: clean' 'scale, factor: 1' 'noise, draws: 2, scale: 0'; do
        printf '  - {name: %s_%s, kind: ablation, site: %s, operation: {kind: %s}, %s, %s}\n' \
            "$site" "${none%%[,\}]*}" "$site" "$none" "$places" "$all"
    done
done >>"$work/config.yaml"
printf 'run: {threads: 1}\n' >>"$work/config.yaml"
ends 0 "$program" run "$work/config.yaml"
ends 0 "$program" run "$work/config.yaml" --set run.executor=naive --set output="$work/naive"
"$LENSWEEP_PYTHON" tests/reference/agree.py --least 400 "$work/forked/result.h5" "$work/naive/result.h5" >"$work/agree" ||
    wrong "naive and forked: $(cat "$work/agree")"

# One query: the mean of each role is its own, where a role has one token.
queries 3 | tail -n 1 >"$work/one.jsonl"
for site in head attn mlp residual; do
    echo "name: $site, kind: ablation, site: $site, operation: {kind: mean}, positions: [last, first, {each_token: subject}], $all"
done >"$work/means"
mapfile -t means <"$work/means"
config "$work/mean.yaml" "$work/one.jsonl" "$work/mean" "${means[@]}"
ends 0 "$program" run "$work/mean.yaml"

"$LENSWEEP_PYTHON" - "$work" <<'END' || wrong "identities"
import sys
import h5py
import numpy as np

folder, bad = sys.argv[1], 0
METRICS = ("logit", "logprob", "logit_difference", "recall_mass", "repetition_mass")

def hold(what, a, b, tolerance=0):
    global bad
    a, b = np.broadcast_arrays(np.float64(a), np.float64(b))
    both = ~np.isnan(a)
    worst = np.abs(a - b)[both].max(initial=0)
    size = np.abs(b)[both].max(initial=0)
    if not both.any() or np.any(np.isnan(a) != np.isnan(b)) or worst > tolerance * size:
        print(f"{what}: {worst:.2e} of {size:.2e}, {both.sum()} numbers")
        bad += 1

def unchanged(what, group, queries):
    """All metrics are the clean run's, bit by bit."""
    for name in METRICS:
        clean, got = group["clean_" + name][()], group[name][()]
        here = ~np.isnan(got)
        cells = got.ndim - clean.ndim  # between query and target
        clean = clean.reshape(clean.shape[:1] + (1,) * cells + clean.shape[1:])
        clean = np.broadcast_to(clean, got.shape)
        hold(f"{what}, {name}", got[here], clean[here])
    there = ~np.isnan(group["kl"][()])
    hold(f"{what}, kl", group["kl"][()][there], 0)
    argmax = queries["clean_argmax"][()].reshape((-1,) + (1,) * (group["argmax"].ndim - 1))
    hold(f"{what}, argmax", group["argmax"][()][there], np.broadcast_to(argmax, there.shape)[there])
    rank = np.moveaxis(group["rank"][()], -1, 0)[:, there]
    want = queries["clean_rank"][()].reshape((-1,) + (1,) * (there.ndim - 1) + (rank.shape[0],))
    want = np.moveaxis(np.broadcast_to(want, there.shape + (rank.shape[0],)), -1, 0)[:, there]
    hold(f"{what}, rank", rank, want)

with h5py.File(f"{folder}/forked/result.h5") as f:
    queries = f["queries"]
    for site in ("head", "attn", "mlp", "residual"):
        for none in ("patch", "scale", "noise"):
            unchanged(f"{site}_{none}", f[f"{site}_{none}"], queries)
    for name in (*METRICS, "kl"):
        hold(f"all heads = attn, {name}", f["zero_heads"][name][:, :, 0], f["zero_attn"][name], 1e-5)
    heads = f["zero_head/direct_frozen"][:, :, :, 0]  # (query, layer, head, target)
    attn, mlp = f["zero_both/direct_frozen"][:, :, 0], f["zero_mlp/direct_frozen"][:, :, 0]
    decoded = f["early/logit"][()]  # (query, layer, component, target)
    hold("direct of a head = -decode", heads, -f["parts/logit"][()], 1e-5)
    hold("direct of attn = -decode", attn, -decoded[:, :, 0], 1e-5)
    hold("direct of mlp = -decode", mlp, -decoded[:, :, 1], 1e-5)
    hold("sum over heads", heads.sum(axis=2), attn, 1e-5)
    total = attn.sum(axis=1) + mlp.sum(axis=1)
    clean = queries["clean_logit"][()] - f["early/embed_logit"][()]
    hold("sum over layers", -total, clean, 1e-5)
    mlp, logit = f["zero_mlp/direct"][()], f["zero_mlp/logit"][()]
    change = logit[:, -1, 0] - f["zero_mlp/clean_logit"][()]
    hold("nothing but the norm follows the last MLP: total = direct", change, mlp[:, -1, 0], 1e-5)
    if np.allclose(mlp, f["zero_mlp/direct_frozen"][()]):
        print("direct and direct_frozen are the same")
        bad += 1
with h5py.File(f"{folder}/mean/result.h5") as f:
    for site in ("head", "attn", "mlp", "residual"):
        unchanged(f"mean of one query, {site}", f[site], f["queries"])
sys.exit(bad > 0)
END
finish
