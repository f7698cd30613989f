"""Makes the seeds of the fuzz targets of checkpoints: tests/fuzz/corpus/{safetensors,gguf,config}.

    python3 tests/reference/make_corpus.py

needs only Python. Files that a fuzzer found, named found-*, are kept.
"""

import json
import pathlib
import struct

OUT = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus"

U8, U32, I32, F32, BOOL, STRING, ARRAY, U64 = 0, 4, 5, 6, 7, 8, 9, 10
T_F32, T_F16, T_Q4_1, T_Q8_0 = 0, 1, 3, 8
BLOCK = {T_F32: (1, 4), T_F16: (1, 2), T_Q4_1: (32, 20), T_Q8_0: (32, 34)}


def save(folder, name, data):
    (OUT / folder).mkdir(parents=True, exist_ok=True)
    (OUT / folder / name).write_bytes(data)


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, str) else json.dumps(header)
    return struct.pack("<Q", len(text) if length is None else length) + text.encode() + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def make_safetensors():
    a, b = entry("F32", [2], 0, 8), entry("BF16", [2, 2], 8, 16)
    data = bytes(range(16))
    save("safetensors", "two", safetensors({"a": a, "b": b}, data))
    save("safetensors", "metadata", safetensors({"__metadata__": {"format": "pt"}, "a": a}, data[:8]))
    save("safetensors", "empty", safetensors({}))
    save("safetensors", "scalar", safetensors({"s": entry("F16", [], 0, 2)}, b"xy"))
    save("safetensors", "none", safetensors({"z": entry("F32", [0, 5], 0, 0)}))
    save("safetensors", "overlap", safetensors({"a": a, "b": entry("F32", [2], 4, 12)}, data[:12]))
    save("safetensors", "gap", safetensors({"a": a, "b": entry("F32", [1], 12, 16)}, data))
    save("safetensors", "past-end", safetensors({"a": entry("F32", [4], 0, 16)}, data[:8]))
    save("safetensors", "overflow", safetensors({"a": entry("F32", [2**62, 4], 0, 0)}))
    save("safetensors", "long-header", safetensors("{}", length=2**63))
    save("safetensors", "deep", safetensors("[" * 3000))
    save("safetensors", "nul", safetensors('{"a\\u0000":1}'))


def string(s):
    return struct.pack("<Q", len(s)) + s.encode()


def value(kind, v):
    if kind == STRING:
        return string(v)
    return struct.pack({U8: "<B", U32: "<I", I32: "<i", F32: "<f", BOOL: "<B", U64: "<Q"}[kind], v)


def key(name, kind, v):
    return string(name) + struct.pack("<I", kind) + value(kind, v)


def array(name, kind, items):
    head = string(name) + struct.pack("<IIQ", ARRAY, kind, len(items))
    return head + b"".join(value(kind, v) for v in items)


def gguf(keys, tensors=(), version=3, alignment=32):
    """tensors: (name, shape outermost first, type); the data are zeros."""
    infos, data = [], b""
    for name, shape, kind in tensors:
        elements, size = BLOCK[kind]
        count = 1
        for n in shape:
            count *= n
        infos.append(string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape[::-1],
                                                kind, len(data)))
        data += bytes(count // elements * size)
        data += bytes(-len(data) % alignment)
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    head += b"".join(keys) + b"".join(infos)
    return head + bytes(-len(head) % alignment) + data


def llama(extra=()):
    keys = [key("general.architecture", STRING, "llama"), key("llama.block_count", U32, 1),
            key("llama.context_length", U32, 16), key("llama.embedding_length", U32, 32),
            key("llama.feed_forward_length", U32, 32), key("llama.attention.head_count", U32, 4),
            key("llama.attention.head_count_kv", U32, 2),
            key("llama.attention.layer_norm_rms_epsilon", F32, 1e-5), *extra]
    blk = [("attn_norm", [32], T_F32), ("attn_q", [32, 32], T_Q4_1), ("attn_k", [16, 32], T_Q8_0),
           ("attn_v", [16, 32], T_F16), ("attn_output", [32, 32], T_Q4_1), ("ffn_norm", [32], T_F32),
           ("ffn_gate", [32, 32], T_Q4_1), ("ffn_up", [32, 32], T_Q4_1),
           ("ffn_down", [32, 32], T_Q4_1)]
    tensors = [("token_embd.weight", [8, 32], T_Q8_0), ("output_norm.weight", [32], T_F32)]
    return keys, tensors + [(f"blk.0.{n}.weight", s, t) for n, s, t in blk]


def make_gguf():
    save("gguf", "empty", gguf([]))
    save("gguf", "version2", gguf([key("k", BOOL, 1)], version=2))
    save("gguf", "arrays", gguf([array("s", STRING, ["one", "", "three"]),
                                 array("f", F32, [0.5, -1.0]), array("i", I32, [1, -2]),
                                 array("u", U64, [2**63])]))
    nest = string("n") + struct.pack("<IIQIQ", ARRAY, ARRAY, 1, U8, 2) + b"ab"
    save("gguf", "nested", gguf([nest]))
    save("gguf", "alignment", gguf([key("general.alignment", U32, 64)],
                                   [("a", [2, 2], T_F32), ("b", [3], T_F32)], alignment=64))
    save("gguf", "llama", gguf(*llama()))
    save("gguf", "llama-rope", gguf(*llama([
        key("llama.rope.scaling.type", STRING, "linear"), key("llama.rope.scaling.factor", F32, 2),
        key("llama.rope.dimension_count", U32, 8), key("llama.vocab_size", U32, 8)])))
    save("gguf", "long-string", gguf([string("s") + struct.pack("<IQ", STRING, 2**63)]))
    save("gguf", "long-array", gguf([string("a") + struct.pack("<IIQ", ARRAY, U64, 2**61)]))


def make_config():
    base = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32,
            "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4,
            "vocab_size": 8}
    llama3 = {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
              "original_max_position_embeddings": 64, "rope_theta": 5e5}
    for name, more in (("llama", {}), ("llama3", {"rope_parameters": llama3}),
                       ("linear", {"rope_scaling": {"type": "linear", "factor": 2.0}}),
                       ("bias", {"attention_bias": True}), ("unknown", {"mystery": [1, {}]}),
                       ("mistral", {"architectures": ["MistralForCausalLM"],
                                    "model_type": "mistral", "sliding_window": 64,
                                    "layer_types": ["full_attention"]})):
        save("config", name, json.dumps({**base, **more}).encode())


if __name__ == "__main__":
    make_safetensors()
    make_gguf()
    make_config()
