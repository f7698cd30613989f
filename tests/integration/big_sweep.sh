#!/usr/bin/env bash
# A sweep of ten million cells on a tiny model: it is planned, and no rank holds more than a
# part of it. Takes minutes. QUERIES=1000 in the environment makes a small one.
# shellcheck source=SCRIPTDIR/lib.bash
. tests/integration/lib.bash
[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
n_queries=${QUERIES:-20000}
n_cells=$((n_queries * 512))

# 4 layers of 32 heads, width 8; queries of 6 tokens at three steps.
"$LENSWEEP_PYTHON" - "$work" "$n_queries" <<'END' || wrong "no model"
import json, pathlib, sys
import numpy as np
sys.path.append("tests/reference")
from make_planted import write_checkpoint
folder, n = pathlib.Path(sys.argv[1]), int(sys.argv[2])
L, H, G, DH, D, FF, V = 4, 32, 4, 2, 8, 8, 32
rng = np.random.default_rng(5)
draw = lambda *shape: rng.standard_normal(shape) / shape[-1] ** 0.5
tensors = {"model.embed_tokens.weight": draw(V, D) * 4, "model.norm.weight": np.ones(D)}
for layer in range(L):
    shapes = {"self_attn.q_proj": (H * DH, D), "self_attn.k_proj": (G * DH, D),
              "self_attn.v_proj": (G * DH, D), "self_attn.o_proj": (D, H * DH),
              "mlp.gate_proj": (FF, D), "mlp.up_proj": (FF, D), "mlp.down_proj": (D, FF)}
    for name, shape in shapes.items():
        tensors[f"model.layers.{layer}.{name}.weight"] = draw(*shape)
    for name in ("input_layernorm", "post_attention_layernorm"):
        tensors[f"model.layers.{layer}.{name}.weight"] = np.ones(D)
write_checkpoint(folder / "model", tensors, L, H, G, DH, D, FF, V, tie=True)
with open(folder / "data.jsonl", "w") as f:
    for i in range(n):
        ids = rng.integers(0, V, 6).tolist()
        targets = dict(zip(("answer_1", "answer_2", "answer_3"), rng.permutation(V).tolist()))
        print(json.dumps({"ids": ids, "item": f"item {i // 3}", "dataset": "big", "template": 1,
                          "step": 1 + i % 3, "spans": {"subject": [2, 4], "relation": [1, 2]},
                          "targets": targets, "target": f"answer_{1 + i % 3}"}), file=f)
END
cat >"$work/config.yaml" <<END
model: {path: "$work/model"}
data: {path: "$work/data.jsonl"}
output: "$work/big"
experiments:
  - name: sweep
    kind: ablation
    site: head
    operation: {kind: zero}
    positions: [first, subject, relation, last]
    metrics: [logit_difference, kl]
run: {threads: 1}
END

# measured NAME COMMAND...: its output to $work/NAME; sets $seconds, $cpu (seconds of its processes)
# and $peak, the MiB of the largest of them.
measured() {
    read -r seconds cpu peak < <(
        "$LENSWEEP_PYTHON" - "$work/$1" "${@:2}" <<'END'
import resource, subprocess, sys, time
start = time.time()
with open(sys.argv[1], "w") as out:
    status = subprocess.call(sys.argv[2:], stdout=out, stderr=out)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{time.time() - start:.1f} {used.ru_utime + used.ru_stime:.1f} {used.ru_maxrss // 1024}")
sys.exit(status)
END
    )
    wait $! || wrong "$1"
    tail -n 12 "$work/$1"
    echo "$1: $n_cells cells, $seconds s, $cpu s of processors, at most $peak MiB in a rank"
}

measured plan "$program" plan "$work/config.yaml"
has "$n_cells" "$work/plan"
measured run "${mpirun[@]}" -n 2 "$program" run "$work/config.yaml"
[ "$peak" -lt 512 ] || wrong "a rank had $peak MiB"
echo "$(du -m "$work/big/result.h5" | cut -f 1) MiB of results"
finish
