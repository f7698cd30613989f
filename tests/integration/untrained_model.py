"""A random model and random queries, for untrained_nothing_found.sh and false_findings.sh.

    python3 untrained_model.py DIR SEED [argmax | SHAPE]

DIR/model is a Hugging Face directory of a small decoder with random weights, DIR/queries.jsonl has 36
items at two steps whose answers and subjects are random words. argmax: each query's target is what
the model itself says, of the words that no other item has, so that there is something to find.
A SHAPE makes the same data about nothing harder to judge:

    unequal   two datasets of 2 and 60 items
    paper     three datasets of 12, 26 and 128 items, one step
    missing   30 items of which 2 have answer_2
    one, few  one item; three
    repeated  a third of all targets are one and the same token
    shared    every target is that of two items
"""

import json
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../reference"))
import numpy_model  # noqa: E402

V, D, F, L, H, G = 1200, 32, 48, 3, 4, 2
SIZES = {"unequal": (2, 60), "paper": (12, 26, 128), "missing": (30,), "one": (1,), "few": (3,)}


def save_model(path, rng):
    def matrix(rows, columns, scale):
        return (rng.standard_normal((rows, columns)) * scale / np.sqrt(columns)).astype("<f4")

    dh = D // H
    weights = {"model.embed_tokens.weight": matrix(V, D, np.sqrt(D)),
               "lm_head.weight": matrix(V, D, 1.5), "model.norm.weight": np.ones(D, "<f4")}
    shapes = {"self_attn.q_proj": (D, D), "self_attn.k_proj": (G * dh, D), "self_attn.v_proj": (G * dh, D),
              "self_attn.o_proj": (D, D), "mlp.gate_proj": (F, D), "mlp.up_proj": (F, D), "mlp.down_proj": (D, F)}
    for layer in range(L):
        at = f"model.layers.{layer}."
        for name, shape in shapes.items():
            weights[f"{at}{name}.weight"] = matrix(*shape, 1.5)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{at}{name}.weight"] = np.ones(D, "<f4")
    header, offset = {}, 0
    for name, value in weights.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header).encode()
    with open(f"{path}/model.safetensors", "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for value in weights.values():
            f.write(value.tobytes())
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": D,
              "intermediate_size": F, "num_hidden_layers": L, "num_attention_heads": H,
              "num_key_value_heads": G, "vocab_size": V, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
              "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": False}
    with open(f"{path}/config.json", "w", encoding="utf-8") as f:
        json.dump(config, f)


def answers_of(words, item, shape):
    """Three words of an item; by shape those of another one."""
    if shape == "repeated" and item % 3 == 0:
        item = 0
    if shape == "shared":
        item -= item % 2
    return words[4 * item + 1 : 4 * item + 4]


def lines(rng, model, shape):
    """`1 word relation subject ... 1. answer 2.`; all words differ."""
    words = rng.permutation(np.arange(20, V)).tolist()
    said = set()
    datasets = [d for d, n in enumerate(SIZES.get(shape, (36,))) for _ in range(n)]
    for item, dataset in enumerate(datasets):
        subject, answers = words[4 * item], answers_of(words, item, shape)
        ids, spans = [5, 6, 7, subject, 8, 1, 2], {"relation": [1, 3], "subject": [3, 4]}
        for step in (1,) if shape == "paper" else (1, 2):
            targets = {f"answer_{i + 1}": t for i, t in enumerate(answers)} | {"subject": subject}
            if model:
                order = np.argsort(-model.forward(ids, logits="last").logits[-1])
                targets[f"answer_{step}"] = next(int(t) for t in order if (step, int(t)) not in said)
                said.add((step, targets[f"answer_{step}"]))
            if shape == "missing" and item > 1:
                del targets["answer_2"]
            right = {"target": f"answer_{step}"} if f"answer_{step}" in targets else {}
            yield {"ids": ids, "item": f"item {item}", "subject": f"item {item}", "dataset": f"words {dataset}", "template": 1,
                   "step": step, "spans": dict(spans), "targets": targets, **right}
            spans["answer_1"] = [len(ids), len(ids) + 1]
            ids = ids + [answers[0], 3, 2]


def main():
    folder, seed = sys.argv[1], int(sys.argv[2])
    rng = np.random.default_rng(seed)
    os.makedirs(f"{folder}/model")
    save_model(f"{folder}/model", rng)
    model = numpy_model.Model.open(f"{folder}/model") if "argmax" in sys.argv else None
    with open(f"{folder}/queries.jsonl", "w", encoding="utf-8") as f:
        for line in lines(rng, model, (sys.argv + [""])[3]):
            f.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
