"""Writes the Hugging Face models of make_families.py once more as GGUF, as llama.cpp's converter does:
its names of tensors and keys, rows of Llama's q and k in its order, GPT-NeoX's heads sorted, Conv1D
turned, Gemma's norms with their 1 added.

    python3 tests/reference/families_gguf.py DIR OUT [PATTERN]

DIR is make_families.py's. Models whose config the format cannot say are left out. What
check_families.py compares with stays the same. needs numpy, gguf and safetensors.
"""

import json
import pathlib
import re
import shutil
import sys

import gguf
import numpy as np
from safetensors import safe_open

LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "self_attn.qkv_proj": "attn_qkv", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.gate_up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
    "ln_1": "attn_norm", "ln_2": "ffn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    "attention.query_key_value": "attn_qkv", "attention.dense": "attn_output",
    "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down",
}
TOP = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output", "wte": "token_embd",
       "wpe": "position_embd", "ln_f": "output_norm", "embed_in": "token_embd",
       "final_layer_norm": "output_norm", "embed_out": "output"}
ARCHS = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "gpt2": "gpt2",
         "gpt_neox": "gptneox", "gemma2": "gemma2", "gemma3_text": "gemma3", "olmo2": "olmo2",
         "olmo3": "olmo2", "phi3": "phi3"}


def tensors(folder):
    out = {}
    for f in sorted(folder.glob("*.safetensors")):
        with safe_open(f, "pt") as s:
            for name in s.keys():
                out[name] = s.get_tensor(name).float().numpy()
    return out


def rename(name, post):
    """(name in GGUF, what kind of part it is)"""
    name = re.sub(r"^(model|transformer|gpt_neox)\.", "", name)
    m = re.match(r"(?:layers|h)\.(\d+)\.(.+)\.(weight|bias)$", name)
    if not m:
        part, what = name.rsplit(".", 1)
        return f"{TOP[part]}.{what}", part
    part = m[2]
    if part == "post_attention_layernorm":
        return f"blk.{m[1]}.{'post_attention_norm' if post else 'ffn_norm'}.{m[3]}", part
    return f"blk.{m[1]}.{LAYER[part]}.{m[3]}", part


def permute(w, heads):
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def sort_heads(w, heads):
    w = w.reshape(heads, 3, -1, *w.shape[1:])
    return np.concatenate([w[:, i].reshape(-1, *w.shape[3:]) for i in range(3)])


def sizes(g, c):
    n = lambda *keys: next(c[k] for k in keys if k in c)
    d, heads = n("hidden_size", "n_embd"), n("num_attention_heads", "n_head")
    g.add_block_count(n("num_hidden_layers", "n_layer"))
    g.add_context_length(n("max_position_embeddings", "n_positions"))
    g.add_embedding_length(d)
    g.add_feed_forward_length(c.get("intermediate_size") or c.get("n_inner") or 4 * d)
    g.add_head_count(heads)
    if c.get("num_key_value_heads"):
        g.add_head_count_kv(c["num_key_value_heads"])
    if "rms_norm_eps" in c:
        g.add_layer_norm_rms_eps(c["rms_norm_eps"])
    else:
        g.add_layer_norm_eps(n("layer_norm_eps", "layer_norm_epsilon"))
    if c.get("head_dim"):
        g.add_key_length(c["head_dim"])
        g.add_value_length(c["head_dim"])
    return d, heads


def rotary(g, c, dh, arch):
    rope = c.get("rope_parameters")
    if rope is None:
        return []
    full = rope.get("full_attention", rope)
    g.add_rope_freq_base(full["rope_theta"])
    dims = int(dh * full.get("partial_rotary_factor", 1.0))
    g.add_rope_dimension_count(dims)
    kind = full.get("rope_type", "default")
    if arch == "gemma3" and rope["sliding_attention"]["rope_theta"] != 10000:
        g.add_rope_freq_base_swa(rope["sliding_attention"]["rope_theta"])
    if kind == "linear":
        g.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        g.add_rope_scaling_factor(full["factor"])
    elif kind == "yarn":
        g.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        g.add_rope_scaling_factor(full["factor"])
        g.add_rope_scaling_orig_ctx_len(full["original_max_position_embeddings"])
    elif kind == "longrope":
        old = c.get("original_max_position_embeddings", full["original_max_position_embeddings"])
        scale = c["max_position_embeddings"] / old
        g.add_rope_scaling_orig_ctx_len(old)
        g.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(scale) / np.log(old))))
        return [("rope_factors_long.weight", full["long_factor"]),
                ("rope_factors_short.weight", full["short_factor"])]
    elif kind == "llama3":
        freq = 1 / full["rope_theta"] ** (np.arange(0, dims, 2) / dims)
        turns = full["original_max_position_embeddings"] * freq / (2 * np.pi)
        low, high = full["low_freq_factor"], full["high_freq_factor"]
        mix = np.clip((turns - low) / (high - low), 0, 1)
        return [("rope_freqs.weight", 1 / ((1 - mix) / full["factor"] + mix))]
    return []


def unsaid(c, kind):
    """What the format has no key for."""
    rope = c.get("rope_parameters") or {}
    full = rope.get("full_attention", rope)
    return (full.get("rope_type") == "dynamic" or "attention_factor" in full or "mscale" in full
            or "beta_fast" in full or c.get("scale_attn_by_inverse_layer_idx")
            or c.get("scale_attn_weights") is False or c.get("activation_function") == "gelu"
            or c.get("hidden_act") in ("gelu_new",) or (kind == "llama" and c["hidden_act"] != "silu")
            or c.get("query_pre_attn_scalar", c.get("head_dim")) != c.get("head_dim")
            or (kind.startswith("qwen") and c.get("use_sliding_window"))
            or (kind == "llama" and full.get("rope_type") == "longrope")
            or (kind == "gemma2" and not c["final_logit_softcapping"])
            or (kind in ("gemma2", "olmo2") and c["tie_word_embeddings"] is False and kind == "gemma2"))


def write(folder, out, dtype):
    with open(folder / "config.json") as f:
        c = json.load(f)
    kind = c["model_type"]
    if kind not in ARCHS or unsaid(c, kind) or "rope_theta" in c or "rotary_pct" in c:
        return False
    arch = ARCHS[kind]
    g = gguf.GGUFWriter(str(out / "model.gguf"), arch)
    d, heads = sizes(g, c)
    extra = rotary(g, c, c.get("head_dim") or d // heads, arch)
    kv = c.get("num_key_value_heads") or heads
    if kind == "gpt_neox":
        g.add_parallel_residual(c["use_parallel_residual"])
    if kind == "gemma2":
        g.add_attn_logit_softcapping(c["attn_logit_softcapping"])
    if c.get("final_logit_softcapping"):
        g.add_final_logit_softcapping(c["final_logit_softcapping"])
    if c.get("sliding_window") and kind != "qwen2" and kind != "qwen3":
        g.add_sliding_window(c["sliding_window"])
        if "layer_types" in c:
            g.add_sliding_window_pattern([t == "sliding_attention" for t in c["layer_types"]])
    for name, w in tensors(folder).items():
        if name.endswith((".attn.bias", ".masked_bias")):
            continue
        new, part = rename(name, kind.startswith(("gemma", "olmo")))
        if part.endswith("norm") and kind.startswith("gemma"):
            w = w + 1
        if part in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj") and w.ndim == 2:
            w = w.T
        if part == "attention.query_key_value":
            w = sort_heads(w, heads)
        if arch == "llama" and part in ("self_attn.q_proj", "self_attn.k_proj"):
            w = permute(w, heads if part.endswith("q_proj") else kv)
        kept = dtype if w.ndim == 2 else np.float32
        g.add_tensor(new, np.ascontiguousarray(w.astype(kept)))
    for name, v in extra:
        g.add_tensor(name, np.array(v, np.float32))
    g.write_header_to_file()
    g.write_kv_data_to_file()
    g.write_tensors_to_file()
    g.close()
    return True


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    pattern = sys.argv[3] if len(sys.argv) > 3 else ""
    for f in sorted(p.parent for p in folder.glob("*/ids.npy")):
        if pattern not in f.name:
            continue
        to = out / f.name
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir(parents=True)
        if not write(f, to, np.float16 if f.name.endswith("f16") else np.float32):
            to.rmdir()
            continue
        for name in ("ids.npy", "logits.npy", "greedy.npy"):
            shutil.copy(f / name, to / name)
        print(f.name)


if __name__ == "__main__":
    main()
