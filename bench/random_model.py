#!/usr/bin/env python3
"""Writes a Llama checkpoint of any shape with random weights in bfloat16, to measure with.

    bench/random_model.py DIRECTORY [--layers 32] [--width 4096] [--heads 32] [--kv-heads 8]
        [--ff 14336] [--vocab 128256] [--shard-gb 5] [--seed 1]

The defaults have the shape of an 8B model: 16 GB in four shards, a few minutes. Needs numpy. The
weights are normal with the standard deviation 1 / sqrt(inputs), so that logits stay in range; norms
are 1. There is no tokenizer: give data by ids. One seed gives the same bytes everywhere.
"""

import argparse
import json
import pathlib
import struct

import numpy as np

BLOCK = 1 << 24  # numbers made at a time


def tensors(o):
    """Name and shape of each tensor, in the order of the file."""
    head = o.width // o.heads
    yield "model.embed_tokens.weight", (o.vocab, o.width)
    for layer in range(o.layers):
        p = f"model.layers.{layer}."
        yield p + "input_layernorm.weight", (o.width,)
        yield p + "self_attn.q_proj.weight", (o.width, o.width)
        yield p + "self_attn.k_proj.weight", (o.kv_heads * head, o.width)
        yield p + "self_attn.v_proj.weight", (o.kv_heads * head, o.width)
        yield p + "self_attn.o_proj.weight", (o.width, o.width)
        yield p + "post_attention_layernorm.weight", (o.width,)
        yield p + "mlp.gate_proj.weight", (o.ff, o.width)
        yield p + "mlp.up_proj.weight", (o.ff, o.width)
        yield p + "mlp.down_proj.weight", (o.width, o.ff)
    yield "model.norm.weight", (o.width,)
    yield "lm_head.weight", (o.vocab, o.width)


def size(shape):
    return 2 * int(np.prod(shape, dtype=np.int64))


def shards(o):
    """The tensors of each shard: no tensor is cut."""
    part, full = [], 0
    for name, shape in tensors(o):
        if part and full + size(shape) > o.shard_gb * 1e9:
            yield part
            part, full = [], 0
        part.append((name, shape))
        full += size(shape)
    yield part


def bfloat16(x):
    """The upper halves of float32, rounded to nearest even."""
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def write_values(f, shape, rng):
    count = int(np.prod(shape, dtype=np.int64))
    if len(shape) == 1:
        f.write(bfloat16(np.ones(count, np.float32)).tobytes())
        return
    scale = np.float32(shape[1] ** -0.5)
    for begin in range(0, count, BLOCK):
        n = min(BLOCK, count - begin)
        f.write(bfloat16(rng.standard_normal(n, dtype=np.float32) * scale).tobytes())


def write_shard(path, part, rng):
    header, at = {}, 0
    for name, shape in part:
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size(shape)]}
        at += size(shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, shape in part:
            write_values(f, shape, rng)
    return at


def config(o):
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": o.width,
        "intermediate_size": o.ff,
        "num_hidden_layers": o.layers,
        "num_attention_heads": o.heads,
        "num_key_value_heads": o.kv_heads,
        "vocab_size": o.vocab,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("directory", type=pathlib.Path)
    for name, value in (("layers", 32), ("width", 4096), ("heads", 32), ("kv-heads", 8),
                        ("ff", 14336), ("vocab", 128256), ("seed", 1)):
        p.add_argument("--" + name, type=int, default=value)
    p.add_argument("--shard-gb", type=float, default=5)
    return p.parse_args()


def main():
    o = options()
    rng, where, total = np.random.default_rng(o.seed), {}, 0
    parts = list(shards(o))
    o.directory.mkdir(parents=True, exist_ok=True)
    for i, part in enumerate(parts, 1):
        name = f"model-{i:05d}-of-{len(parts):05d}.safetensors"
        total += write_shard(o.directory / name, part, rng)
        where.update({tensor: name for tensor, _ in part})
        print(f"{name}: {len(part)} tensors", flush=True)
    index = {"metadata": {"total_size": total}, "weight_map": where}
    (o.directory / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    (o.directory / "config.json").write_text(json.dumps(config(o), indent=1) + "\n")


if __name__ == "__main__":
    main()
