"""The paper's own prompts for a small random model, into a folder that is thrown away.

    LENSWEEP_PAPER_DATA=FOLDER python3 tests/reference/make_paper.py llama|mistral DIR

Of each dataset and step a few lines, whose token ids are numbered anew in order of appearance, so that
a model of a few hundred tokens will do: DIR/model (random weights; grouped heads and llama3's RoPE
scaling, or Mistral's form) and DIR/data in the released layout, with made-up second and third
templates (other lines of the same files). The first token of the answer asked for becomes what the
model itself says, so that every query can be traced. DIR/model/tokenizer.json spells the digits and
the dot, which the roles of tokens need, and a made-up word for every other id. Prints the ids of
1, 2, 3 and the dot for check_averages.py --digits.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import numpy_model

FAMILIES = {
    "llama": ("meta-llama/Meta-Llama-3-8B-Instruct", dict(
        architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=48, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, rope_theta=500000.0,
        rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                      "original_max_position_embeddings": 32})),
    "mistral": ("mistralai/Mistral-7B-Instruct-v0.2", dict(
        architectures=["MistralForCausalLM"], model_type="mistral", hidden_size=32, num_attention_heads=4,
        num_key_value_heads=1, rope_theta=1000000.0, sliding_window=None)),
}
TEMPLATES = {1: slice(0, 5), 2: slice(5, 7), 3: slice(6, 9)}
LISTS = ("query_input_ids", "target_answer_tokens", "subject_token_list")


def read(family):
    root = Path(os.environ["LENSWEEP_PAPER_DATA"])
    for path in sorted(root.glob(f"*/{FAMILIES[family][0]}/prompt_template_1/*.jsonl")):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        for template, which in TEMPLATES.items():
            yield path.name, template, lines[which]


def find_digits(files):
    """{"1": id, ..., ".": id}: how prompts end that are spelled so."""
    found = {k: Counter() for k in "123"}
    for _, _, lines in files:
        for line in lines:
            k = str(line["target_answer_idx"])
            if line["query"].endswith(f" {k}."):
                found[k][tuple(line["query_input_ids"][-2:])] += 1
    pairs = {k: counts.most_common(1)[0][0] for k, counts in found.items()}
    dots = {pair[1] for pair in pairs.values()}
    assert len(dots) == 1, pairs
    return {k: pair[0] for k, pair in pairs.items()} | {".": dots.pop()}


class Renumber(dict):
    def __missing__(self, token):
        self[token] = len(self) + 1  # 0 is left free
        return self[token]


def renumbered(line, new):
    out = dict(line)
    for key in LISTS:
        out[key] = [new[t] for t in line[key]]
    out["three_answers_token_list"] = [[new[t] for t in tokens] for tokens in line["three_answers_token_list"]]
    return out


def save_model(path, config, rng):
    d, f, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    dh = config.get("head_dim", d // heads)
    groups = config["num_key_value_heads"] * dh
    shapes = {"self_attn.q_proj": (heads * dh, d), "self_attn.k_proj": (groups, d), "self_attn.v_proj": (groups, d),
              "self_attn.o_proj": (d, heads * dh), "mlp.gate_proj": (f, d), "mlp.up_proj": (f, d),
              "mlp.down_proj": (d, f)}
    weights = {"model.embed_tokens.weight": rng.standard_normal((config["vocab_size"], d)),
               "lm_head.weight": 1.5 * rng.standard_normal((config["vocab_size"], d)) / np.sqrt(d),
               "model.norm.weight": 1 + 0.1 * rng.standard_normal(d)}
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        for name, (rows, columns) in shapes.items():
            weights[f"{at}{name}.weight"] = 1.5 * rng.standard_normal((rows, columns)) / np.sqrt(columns)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{at}{name}.weight"] = 1 + 0.1 * rng.standard_normal(d)
    header, blobs, offset = {}, [], 0
    for name, value in weights.items():
        blobs.append(value.astype("<f4").tobytes())
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + len(blobs[-1])]}
        offset += len(blobs[-1])
    text = json.dumps(header).encode()
    (path / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))
    (path / "config.json").write_text(json.dumps(config))


def save_tokenizer(path, digits, n):
    names = {i: f"w{chr(97 + i // 26 % 26)}{chr(97 + i % 26)}{'z' * (i // 676)}" for i in range(n)}
    names |= {i: name for name, i in digits.items()}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
             "vocab": {name: i for i, name in names.items()}, "merges": []}
    (path / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level, "model": model}))


def main():
    family, folder = sys.argv[1], Path(sys.argv[2])
    files, new = list(read(family)), Renumber()
    digits = {name: new[token] for name, token in find_digits(files).items()}
    files = [(name, template, [renumbered(line, new) for line in lines]) for name, template, lines in files]
    config = FAMILIES[family][1] | dict(intermediate_size=56, num_hidden_layers=3, vocab_size=len(new) + 1,
                                        max_position_embeddings=128, rms_norm_eps=1e-5, hidden_act="silu",
                                        tie_word_embeddings=False)
    (folder / "model").mkdir(parents=True)
    save_model(folder / "model", config, np.random.default_rng(8))
    save_tokenizer(folder / "model", digits, config["vocab_size"])
    model = numpy_model.Model.open(folder / "model")
    for name, template, lines in files:
        path = folder / "data" / name[: -len("_1.jsonl")] / FAMILIES[family][0] / f"prompt_template_{template}"
        path.mkdir(parents=True, exist_ok=True)
        for line in lines:
            best = int(model.forward(line["query_input_ids"], logits="last").logits[-1].argmax())
            line["three_answers_token_list"][line["target_answer_idx"] - 1][0] = best
            line["target_answer_tokens"][0] = best
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (path / name).write_text(text, encoding="utf-8")
    print(",".join(f"{name}={token}" for name, token in digits.items()))


if __name__ == "__main__":
    main()
