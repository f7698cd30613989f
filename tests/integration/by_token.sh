#!/usr/bin/env bash
# Averages about a target count queries that share its token as one observation: all of a sweep, of pairs
# of heads, of edges and of faithfulness, but for KL, which is about none. Metrics that name no target are about the right one.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with h5py"

# Twelve items, whose right targets have three tokens.
awk 'BEGIN {
    for (i = 0; i < 12; i++)
        printf "{\"ids\": [%d, %d, %d, %d], \"item\": \"i%d\", \"step\": 2, \"targets\": {\"answer_1\": %d, \"answer_2\": %d}, \"target\": \"answer_2\"}\n",
            i * 7 % 40, i * 11 % 37, 3 + i * 5 % 31, 2 + i * i % 29, i, 50 + i, 5 + i % 3
}' >"$work/q.jsonl"
metrics='[logit, logit_difference, recall_mass, repetition_mass, kl]'
config "$work/sweep.yaml" "$work/q.jsonl" "$work/sweep" \
    "name: sweep, kind: ablation, site: head, operation: {kind: zero}, metrics: $metrics"
ends 0 "$program" run "$work/sweep.yaml" --set run.threads=1
config "$work/more.yaml" "$work/q.jsonl" "$work/more" \
    "name: pairs, kind: ablation, site: head, operation: {kind: zero}, metrics: $metrics, heads: {pairs: \"$work/sweep\", top: 3}" \
    "name: map, kind: edges, operation: {kind: zero}, senders: {kinds: [mlp]}, receivers: {kinds: [mlp, logits]}, metrics: $metrics"
ends 0 "$program" run "$work/more.yaml" --set run.threads=1
config "$work/circuits.yaml" "$work/q.jsonl" "$work/circuits" \
    "name: logit, kind: faithfulness, from: \"$work/sweep\", metric: logit, groups: [sweep], shares: [0.2, 0.6]" \
    "name: kl, kind: faithfulness, from: \"$work/sweep\", metric: kl, groups: [sweep], shares: [0.2, 0.6]"
ends 0 "$program" run "$work/circuits.yaml" --set run.threads=1

"$LENSWEEP_PYTHON" - "$work/sweep/result.h5" "$work/more/result.h5" "$work/circuits/result.h5" <<'END' || wrong 'observations are not those of tokens'
import sys

import h5py

sweep, more, circuits = (h5py.File(path) for path in sys.argv[1:])
averages = [(sweep["sweep"], "stats/n_clusters"), (more["pairs"], "stats/n_clusters"), (more["map"], "stats/n_clusters"),
            (more["pairs"], "joint_effect_n_clusters"), (more["map"], "mean_layer_effect_n_clusters")]  # fmt: skip
expected = {"logit.answer_1": 12, "kl": 12}  # all others are about the right token
for group, name in averages:
    metrics = (group["stats/metric"] if "metric" in group["stats"] else group["metric"]).asstr()[()]
    for i, metric in enumerate(metrics):
        most = group[name][..., i].max()
        assert most == expected.get(metric, 3), (group.name, name, metric, most)
for metric, group in circuits.items():
    for name in ("recovered", "mean_metric", "mean_metric_none", "cpr", "cmd") if metric in ("logit", "kl") else ():
        most = group[f"{name}_n_clusters"][...].max()
        assert most == expected.get(metric, 3), (group.name, name, most)
END
finish
