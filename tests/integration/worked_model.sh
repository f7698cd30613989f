#!/usr/bin/env bash
# docs/models.md's worked example, word for word, in a copy of the tree: an architecture is one row, and its
# logits are those of a few lines of NumPy.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with numpy"
copy_tree
table=$copy/src/model/arch.c
block models.md "An architecture from beginning to end" 1 >"$work/names"
block models.md "An architecture from beginning to end" 2 >"$work/row"
at=$(grep -n '^const struct arch archs' "$table" | cut -d: -f1)
end=$(awk -v at="$at" 'NR > at && /^};/ {print NR; exit}' "$table")
{
    head -n $((at - 1)) "$table"
    cat "$work/names"
    sed -n "${at},$((end - 1))p" "$table"
    cat "$work/row"
    tail -n "+$end" "$table"
} >"$work/arch.c" && mv "$work/arch.c" "$table"
n=$(sed -n 's/^enum { ARCHS = \([0-9]*\) };/\1/p' src/model/arch.h)
sed -i "s/^enum { ARCHS = $n };/enum { ARCHS = $((n + 1)) };/" "$copy/src/model/arch.h"

build_copy

cat >"$work/pocket.py" <<'EOF'
import json, pathlib, struct, sys
import numpy as np

out = pathlib.Path(sys.argv[1])
D, H, DH, FF, V, L, N = 16, 4, 4, 24, 30, 2, 9
rng = np.random.default_rng(3)
w = {"pocket.tokens.weight": rng.normal(size=(V, D)), "head.weight": rng.normal(size=(V, D)) / 4,
     "pocket.last_norm.weight": 1 + rng.normal(size=D) / 5}
for l in range(L):
    for name, shape in (("mix.qkv", (3 * D, D)), ("mix.out", (D, D)), ("feed.up", (FF, D)), ("feed.down", (D, FF))):
        w[f"pocket.blocks.{l}.{name}.weight"] = rng.normal(size=shape) / shape[1] ** 0.5
    w[f"pocket.blocks.{l}.norm.weight"] = 1 + rng.normal(size=D) / 5
w = {k: v.astype("<f4") for k, v in w.items()}
head, at = {}, 0
for name, v in w.items():
    head[name] = {"dtype": "F32", "shape": list(v.shape), "data_offsets": [at, at + v.nbytes]}
    at += v.nbytes
text = json.dumps(head).encode()
(out / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(v.tobytes() for v in w.values()))
(out / "config.json").write_text(json.dumps({
    "architectures": ["PocketForCausalLM"], "model_type": "pocket", "hidden_size": D, "intermediate_size": FF,
    "num_hidden_layers": L, "num_attention_heads": H, "vocab_size": V, "hidden_act": "gelu_new"}))

w = {k: v.astype(float) for k, v in w.items()}
norm = lambda x, g: g * x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)
ids = rng.integers(0, V, N)
x = w["pocket.tokens.weight"][ids]
angle = np.arange(N)[:, None] * 10000.0 ** -np.array([0.0])
def turn(v):
    a, b = v[:, :1], v[:, 1:2]
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle), v[:, 2:]], 1)
for l in range(L):
    p = f"pocket.blocks.{l}."
    h = norm(x, w[p + "norm.weight"])
    q, k, v = np.split(h @ w[p + "mix.qkv.weight"].T, 3, 1)
    z = []
    for i in range(H):
        s = slice(i * DH, (i + 1) * DH)
        score = np.where(np.tri(N, dtype=bool), turn(q[:, s]) @ turn(k[:, s]).T / DH ** 0.5, -np.inf)
        e = np.exp(score - score.max(1, keepdims=True))
        z.append(e / e.sum(1, keepdims=True) @ v[:, s])
    up = h @ w[p + "feed.up.weight"].T
    up = up / 2 * (1 + np.tanh((2 / np.pi) ** 0.5 * (up + 0.044715 * up ** 3)))
    x = x + np.concatenate(z, 1) @ w[p + "mix.out.weight"].T + up @ w[p + "feed.down.weight"].T
np.save(out / "want.npy", norm(x, w["pocket.last_norm.weight"]) @ w["head.weight"].T)
print(*ids)
EOF
mkdir "$work/pocket"
ids=$("$LENSWEEP_PYTHON" "$work/pocket.py" "$work/pocket")
ends 0 "$program" inspect "$work/pocket"
has 'attention and MLP in parallel' "$work/out"
has '2 of 4 numbers of a head' "$work/out"
ends 0 "$program" logits "$work/pocket" --ids "$ids" --top 0 --npy "$work/have.npy"
"$LENSWEEP_PYTHON" -c 'import sys
import numpy as np
have, want = np.load(sys.argv[1]), np.load(sys.argv[2])
far = np.abs(have - want).max() / np.abs(want).max()
print(f"largest difference {far:.1e}")
sys.exit(not far < 2e-6)' "$work/have.npy" "$work/pocket/want.npy" || wrong 'the logits are others'
finish
