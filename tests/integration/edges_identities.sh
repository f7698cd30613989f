#!/usr/bin/env bash
# What must hold of edges whatever the model: a sender that says what it said changes no bit, edges
# into the logits are the sweep's direct effects, both executors agree. And in a model whose circuit
# is known the edges from heads that are found are those that were planted, and the one by which the
# ENABLER, which no token's unembedding reads, acts on the final norm.
# shellcheck source=SCRIPTDIR/lib.bash
. tests/integration/lib.bash
[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
export OPENBLAS_NUM_THREADS=1

queries 4 >"$work/data.jsonl"
config "$work/config.yaml" "$work/data.jsonl" "$work/run" \
    "name: none, kind: edges, operation: {kind: patch}, source: {run: clean}, positions: [last, subject], metrics: [logit, logprob, kl]" \
    "name: zero, kind: edges, operation: {kind: zero}, receivers: {kinds: logits}, metrics: [logit]" \
    "name: head, kind: ablation, site: head, operation: {kind: zero}, metrics: [direct]" \
    "name: mlp, kind: ablation, site: mlp, operation: {kind: zero}, metrics: [direct]"
ends 0 "$program" run "$work/config.yaml" --set run.audit=all --set statistics.bootstrap=20
"$LENSWEEP_PYTHON" - "$work/run/result.h5" <<'END' || wrong 'an identity does not hold'
import sys, h5py, numpy as np
with h5py.File(sys.argv[1]) as f:
    none = f["none/effect"][()]
    assert none.size and not np.nanmax(np.abs(none)) > 0, np.nanmax(np.abs(none))
    sender = [v.decode() for v in f["zero/sender"][()]]
    for e, name in enumerate(sender):
        if name != "embedding":
            site, place = name.split()
            at = tuple(map(int, place.split("."))) + (0,)
            direct = f[f"{site}/direct"][()][(slice(None), *at)]
            assert np.nanmax(np.abs(f["zero/effect"][:, e, 0] - direct)) < 2e-5, name
END

"$LENSWEEP_PYTHON" tests/reference/make_planted.py "$work" || wrong "make_planted.py"
cat >"$work/planted.yaml" <<END
model: {path: "$work/model"}
data: {path: "$work/planted.jsonl"}
output: "$work/planted"
statistics: {by_token: false} # the few words are many items'
run: {threads: 1}
experiments:
  - {name: heads, kind: edges, senders: {kinds: head}, operation: {kind: zero}, metrics: [logit_difference]}
END
ends 0 "$program" run "$work/planted.yaml"
"$LENSWEEP_PYTHON" - "$work/planted/result.h5" <<'END' || wrong 'other edges than those that were planted'
import sys, h5py, numpy as np
with h5py.File(sys.argv[1]) as f:
    g = f["heads"]
    found = set()
    for s, step in enumerate(g["stats/stratum_step"][()]):
        q, mean = g["stats/q_min"][s, :, 0, 0], g["stats/mean"][s, :, 0, 0]
        found |= {g["edge"][e].decode() for e in np.flatnonzero((q <= 0.05) & (np.abs(mean) > 0.05))}
    print(sorted(found))
    by_norm = {"head 0.1 > logits"}
    assert found == by_norm | {"head 0.1 > q 2.2", "head 2.2 > logits", "head 3.0 > logits"}, found
END
finish
