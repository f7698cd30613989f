#!/usr/bin/env bash
# Kind attention against float64 NumPy, on prompts and on repeated random tokens longer than any of
# them; and circuits of the benchmark from a result of kind edges.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
model=$models/llama3-sharded-bf16
"$LENSWEEP_PYTHON" tests/reference/make_queries.py "$model" >"$work/queries.jsonl"
config "$work/c.yaml" "$work/queries.jsonl" "$work/run" \
    'name: all, kind: attention, repeated: 20' \
    'name: some, kind: attention, repeated: 0, positions: [last, subject, {each_token: answer_1}]' \
    'name: map, kind: edges, operation: {kind: zero}'
ends 0 "$program" run "$work/c.yaml" --set "model.path=$model"
"$LENSWEEP_PYTHON" tests/reference/check_attention.py "$work/run/result.h5" "$model" || wrong 'it differs from NumPy'

ends 0 "$program" export "$work/run" --format mib
"$LENSWEEP_PYTHON" - "$work/run" <<'END' || wrong 'the circuit is not the edges'
import json, sys, h5py
with h5py.File(sys.argv[1] + "/result.h5") as f:
    g = f["map"]
    text = lambda name: [v.decode() for v in g[name][()]]
    stratum = [i for i, s in enumerate(g["stats/stratum_step"][()]) if s == 1][-1]
    mean = g["stats/mean"][stratum, :, 0, text("metric").index("kl")]
    want = dict(zip(zip(text("sender"), text("receiver")), mean.tolist()))
c = json.load(open(sys.argv[1] + "/mib/map.kl.step_1.json"))
assert c["cfg"] == {"n_layers": 3, "n_heads": 4, "parallel_attn_mlp": False, "d_model": 48}, c["cfg"]
assert list(c["nodes"]) == ["input", *(f"{k}" for l in range(3) for k in [*(f"a{l}.h{h}" for h in range(4)), f"m{l}"]), "logits"]
edges = {}
for name, e in c["edges"].items():
    edges[name] = e["score"]
assert len(edges) == sum(2 if r[0] in "kv" else 1 for _, r in want), len(edges)
near = lambda a, b: abs(a - b) <= 1e-6 * abs(b)
assert near(edges["a0.h3->m1"], want["head 0.3", "mlp 1"])
assert near(edges["input->a2.h1<q>"], want["embedding", "q 2.1"])
assert near(edges["m0->a2.h3<k>"], want["mlp 0", "k 2.1"]) and near(edges["m0->a2.h2<k>"], want["mlp 0", "k 2.1"])
assert near(edges["m2->logits"], want["mlp 2", "logits"])
assert abs(c["nodes"]["m2"]["score"]) == abs(edges["m2->logits"])
END
finish
