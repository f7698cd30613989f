#!/usr/bin/env bash
# Kind attention against float64 NumPy, on prompts and on repeated random tokens longer than any of
# them; what weights alone say, of heads that copy by construction as well, and beside what ablating
# heads changes; without data; and circuits of the benchmark from a result of kind edges.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
model=$models/llama3-sharded-bf16
"$LENSWEEP_PYTHON" tests/reference/make_queries.py "$model" >"$work/queries.jsonl"
config "$work/c.yaml" "$work/queries.jsonl" "$work/run" \
    'name: all, kind: attention, repeated: 20' \
    'name: some, kind: attention, repeated: 0, positions: [last, subject, {each_token: answer_1}]' \
    'name: weights, kind: attention, weights: true' \
    'name: sweep, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit]' \
    'name: map, kind: edges, operation: {kind: zero}'
ends 0 "$program" run "$work/c.yaml" --set "model.path=$model"
"$LENSWEEP_PYTHON" tests/reference/check_attention.py "$work/run/result.h5" "$model" || wrong 'it differs from NumPy'
"$LENSWEEP_PYTHON" tests/reference/check_weights.py "$work/run/result.h5" "$model" || wrong 'weights differ from NumPy'
ends 0 "$program" top "$work/run" --classes -n 100 --step 1
"$LENSWEEP_PYTHON" - "$work/run/result.h5" "$work/out" <<'END' || wrong 'scores beside effects are not those of the file'
import sys, h5py
import numpy as np
rank = lambda v: np.array([np.sum(v < x) + (np.sum(v == x) - 1) / 2 for x in v])
with h5py.File(sys.argv[1]) as f:
    stats = f["sweep/stats"]
    s = [i for i, step in enumerate(stats["stratum_step"][()]) if step == 1][-1]
    effect = stats["mean"][s, :, :, 0, [v.decode() for v in stats["metric"][()]].index("logit.answer_1")].ravel()
    score = {n: f[f"weights/{n}"][()].ravel() for n in ("ov_copying", "ov_self", "qk_matching")}
    score["induction"] = f["all/mean_induction"][s].ravel()
lines = open(sys.argv[2]).read().strip().split("\n")
assert lines[0].startswith("scores of each head, and what ablating it") and "step 1" in lines[0], lines[0]
heads = [(int(l.split()[0][0]) * 4 + int(l.split()[0][2]), l.split()) for l in lines[3:-1]]
names = lines[2].split()
assert [h for h, _ in heads] == np.argsort(-abs(effect), kind="stable").tolist(), heads
for name, v in score.items():
    assert all(abs(float(l[names.index(name)]) - v[h]) < 0.0051 for h, l in heads), name
    want = np.corrcoef(rank(abs(effect)), rank(v))[0, 1]
    assert f"{name} {want:+.2f}" in lines[-1], (name, want, lines[-1])
END
ends 0 "$program" verify "$work/run" --cells 1000
grep -q 'all equal' "$work/out" || wrong 'the same weights say something else'

# Without data: random tokens that stand twice, which other kinds have to ask for. On two ranks the same.
none=$work/none.yaml
printf 'model: {path: "%s"}\noutput: "%s"\nexperiments:\n' "$model" "$work/none" >"$none"
printf '  - {%s}\n' 'name: all, kind: attention' 'name: weights, kind: attention, weights: true' >>"$none"
ends 0 "$program" run "$none"
"$LENSWEEP_PYTHON" tests/reference/check_attention.py "$work/none/result.h5" "$model" || wrong 'it differs from NumPy'
"$LENSWEEP_PYTHON" - "$work/none/result.h5" <<'END' || wrong 'the queries are not tokens that stand twice'
import sys, h5py
with h5py.File(sys.argv[1]) as f:
    q = f["queries"]
    names = [n.decode() for n in q["span_name"][()]]
    for ids, span, target in zip(q["ids"][()].tolist(), q["span"][()].tolist(), q["target_id"][:, 0].tolist()):
        (a, b), (c, d) = (span[names.index(n)] for n in ("earlier", "copied"))
        assert len(ids) == 50 and ids[1:25] == ids[26:] and (a, b, c, d) == (24, 25, 25, 26) and ids[25] == target
    assert len(q["ids"]) == 16 and "weights/query" not in f
END
for command in plan status "top --json" plot report summary; do
    # shellcheck disable=SC2086
    case $command in plan) ends 0 "$program" plan "$none" ;; *) ends 0 "$program" $command "$work/none" ;; esac
done
ends 0 ranks 2 "$program" run "$none" --set "output=$work/twice"
cmp "$work/none/result.h5" "$work/twice/result.h5" || wrong 'two ranks write other bytes'
sed -i 's/kind: attention}/kind: decode}/' "$none"
ends 2 "$program" plan "$none"
has 'data.path: required, but missing (or data.sequences, for random tokens)'
ends 0 "$program" plan "$none" --set data.sequences=3

# Two heads whose output matrix is that of their values, transposed, and its negative; and the keys of
# a head above read just what they write.
"$LENSWEEP_PYTHON" - "$work/copies" <<'END' || wrong 'no model with heads that copy'
import json, os, shutil, sys
import numpy as np
shutil.copytree("tests/fixtures/models/llama-tied-f32", sys.argv[1])
os.chmod(sys.argv[1], 0o755)
path = sys.argv[1] + "/model.safetensors"
data = bytearray(open(path, "rb").read())
n = int.from_bytes(data[:8], "little")
header = json.loads(data[8 : 8 + n])
def at(name):
    e = header[f"model.{name}.weight"]
    begin, end = (8 + n + i for i in e["data_offsets"])
    return np.frombuffer(data, "<f4", (end - begin) // 4, begin).reshape(e["shape"])
c = json.load(open(sys.argv[1] + "/config.json"))
dh = c["hidden_size"] // c["num_attention_heads"]
for name in ("norm", "layers.0.input_layernorm", "layers.1.input_layernorm"):
    at(name)[:] = 1
v = np.linalg.qr(at("layers.0.self_attn.v_proj")[:dh].astype(float).T)[0].T
at("layers.0.self_attn.v_proj")[:dh] = at("layers.1.self_attn.k_proj")[:dh] = v
at("layers.0.self_attn.o_proj")[:, : 2 * dh] = np.hstack([v.T, -v.T])
os.chmod(path, 0o644)
open(path, "wb").write(data)
END
config "$work/copies.yaml" "$work/queries.jsonl" "$work/copied" 'name: weights, kind: attention, weights: true'
ends 0 "$program" run "$work/copies.yaml" --set "model.path=$work/copies"
"$LENSWEEP_PYTHON" - "$work/copied/result.h5" <<'END' || wrong 'heads that copy are not found'
import sys, h5py
import numpy as np
with h5py.File(sys.argv[1]) as f:
    g = {n: v[()] for n, v in f["weights"].items()}
near = lambda name, want: np.allclose(g[name][0, :2], want, atol=1e-5) or print(name, g[name][0, :2])
k = g["k_composition"]
own = k[0, :2, 1, 0]
others = k.copy()
others[0, :2, 1, : k.shape[1] // 2] = 0 # the heads that share those keys
fine = [near("ov_copying", [1, -1]), near("ov_positive", [1, 0]), np.all(g["ov_self"][0, :2] * [1, -1] > 1)]
assert all(fine) and np.all(own > 1.3 * np.nanmax(others)), (fine, own, np.nanmax(others))
END
"$LENSWEEP_PYTHON" tests/reference/check_weights.py "$work/copied/result.h5" "$work/copies" || wrong 'weights differ from NumPy'

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

# A file that somebody edited may have ends that the model does not have, and anything for its shape.
forged() {
    cp "$work/run/result.h5" "$work/forged.h5"
    "$LENSWEEP_PYTHON" -c 'import sys, h5py
with h5py.File(sys.argv[1], "r+") as f: g, p = f["map"], f["provenance"].attrs; exec(sys.argv[2])' "$work/forged.h5" "$1" || wrong "cannot plant: $1"
    ends 3 "$program" export "$work/forged.h5" --format mib -o "$work/forged" && has "$2"
}
for end in sender_layer sender_head receiver_layer receiver_head; do
    for value in 400000000 -2; do forged "g['$end'][3] = $value" 'a layer or head that the model does not have'; done
done
forged 'p["model_kv_heads"] = 0' 'model_kv_heads must be a number above 0'
forged 'p["model_kv_heads"] = 9' 'model_kv_heads is above model_heads'
forged 'p["model_heads"] = 1; p["model_kv_heads"] = 1' 'a layer or head that the model does not have'
cut='
for n in names:
    d = g[n][:-1]
    del g[n]
    g[n] = d'
forged "names = ['receiver', 'receiver_layer', 'receiver_head']$cut" 'do not have an effect and two ends each'
forged "names = [a + b for a in ('sender', 'receiver') for b in ('', '_layer', '_head')]$cut" 'do not have an effect and two ends each'
finish
