"""Makes the small random models of tests/fixtures/models and what PyTorch computes with them.

    python3 tests/reference/make_models.py

needs torch, transformers, safetensors and gguf. Each folder holds a checkpoint (a Hugging Face
directory, or model.gguf) and expected.bin, from a float32 run of transformers on the weights as
the checkpoint stores them (dequantised). tests/unit/fixture.h describes expected.bin; it holds

    shape        L, H, G, d, dh, d_ff, V, positions, sliding window (0 = none), tied
    rms_eps      as given
    inv_freq     (dh/2) rotary frequencies
    layerL.attn_norm, layerL.mlp_norm, norm       the norms' weights (d)
    layerL.NAME.rows, embed.rows, unembed.rows    W u of each matrix, NAME = wq wk wv wo gate up
                 down, u[j] = ((7 j) mod 13 - 6) / 8: it changes when rows or columns are mixed up
    ids          (N) the prompt
    embed        (N, d)
    layerL.q     (N, H, dh) after rotary embedding; layerL.k (N, G, dh) the same
    layerL.v     (N, G, dh)
    layerL.z     (N, H, dh) the heads' outputs, before the output matrix
    layerL.attn, layerL.mlp, layerL.resid         (N, d); resid is the residual after layer L
    final_norm   (N, d), logits (N, V)
"""

import json
import pathlib
import shutil
import struct

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Type
from safetensors.torch import save_file
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "fixtures" / "models"


def llama(**kw):
    return transformers.LlamaConfig(
        attn_implementation="eager", bos_token_id=None, eos_token_id=None, **kw
    )


def mistral(**kw):
    return transformers.MistralConfig(
        attn_implementation="eager", bos_token_id=None, eos_token_id=None, **kw
    )


def random_model(config, seed, dtype):
    """Weights of std 1.5 / sqrt(fan in), rounded to dtype and computed with in float32."""
    cls = getattr(transformers, type(config).__name__.replace("Config", "ForCausalLM"))
    model = cls(config).float().eval()
    gen = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            r = torch.randn(p.shape, generator=gen)
            if p.dim() == 1:
                r = 1 + 0.1 * r
            elif "embed" not in name or config.tie_word_embeddings:
                r *= 1.5 / p.shape[1] ** 0.5
            p.copy_(r.to(dtype).float())
    return model


def run(model, ids):
    """Every intermediate of one prompt, by hooks."""
    out, cfg = {}, model.config
    n, dh = len(ids), cfg.head_dim
    hooks = []

    def keep(name, shape=None):
        def hook(_module, _inputs, output):
            x = output[0] if isinstance(output, tuple) else output
            out[name] = x[0].reshape(shape) if shape else x[0]

        return hook

    def keep_input(name, shape):
        def hook(_module, inputs):
            out[name] = inputs[0][0].reshape(shape)

        return hook

    hooks.append(model.model.embed_tokens.register_forward_hook(keep("embed")))
    hooks.append(model.model.norm.register_forward_hook(keep("final_norm")))
    for i, layer in enumerate(model.model.layers):
        a, heads, groups = layer.self_attn, cfg.num_attention_heads, cfg.num_key_value_heads
        hooks.append(a.q_proj.register_forward_hook(keep(f"layer{i}.q", (n, heads, dh))))
        hooks.append(a.k_proj.register_forward_hook(keep(f"layer{i}.k", (n, groups, dh))))
        hooks.append(a.v_proj.register_forward_hook(keep(f"layer{i}.v", (n, groups, dh))))
        hooks.append(a.o_proj.register_forward_pre_hook(keep_input(f"layer{i}.z", (n, heads, dh))))
        hooks.append(a.register_forward_hook(keep(f"layer{i}.attn")))
        hooks.append(layer.mlp.register_forward_hook(keep(f"layer{i}.mlp")))
        hooks.append(layer.register_forward_hook(keep(f"layer{i}.resid")))
    with torch.no_grad():
        out["logits"] = model(torch.tensor([ids]), use_cache=False).logits[0]
        cos, sin = model.model.rotary_emb(out["embed"][None], torch.arange(n)[None])
        for i in range(cfg.num_hidden_layers):
            q, k = out[f"layer{i}.q"], out[f"layer{i}.k"]
            q, k = apply_rotary_pos_emb(q[None], k[None], cos, sin, unsqueeze_dim=2)
            out[f"layer{i}.q"], out[f"layer{i}.k"] = q[0], k[0]
    for h in hooks:
        h.remove()
    return {name: x.numpy() for name, x in out.items()}


def times_u(w):
    u = ((7 * np.arange(w.shape[1])) % 13 - 6) / 8
    return w.detach().double().numpy() @ u


def expectations(model, ids):
    c = model.config
    window = getattr(c, "sliding_window", None) or 0
    e = {
        "shape": [c.num_hidden_layers, c.num_attention_heads, c.num_key_value_heads, c.hidden_size,
                  c.head_dim, c.intermediate_size, c.vocab_size, c.max_position_embeddings, window,
                  c.tie_word_embeddings],
        "rms_eps": [c.rms_norm_eps],
        "inv_freq": model.model.rotary_emb.inv_freq.numpy(),
        "norm": model.model.norm.weight.detach().numpy(),
        "embed.rows": times_u(model.model.embed_tokens.weight),
        "unembed.rows": times_u(model.lm_head.weight),
        "ids": ids,
    }
    for i, layer in enumerate(model.model.layers):
        a, m = layer.self_attn, layer.mlp
        e[f"layer{i}.attn_norm"] = layer.input_layernorm.weight.detach().numpy()
        e[f"layer{i}.mlp_norm"] = layer.post_attention_layernorm.weight.detach().numpy()
        for name, module in (("wq", a.q_proj), ("wk", a.k_proj), ("wv", a.v_proj),
                             ("wo", a.o_proj), ("gate", m.gate_proj), ("up", m.up_proj),
                             ("down", m.down_proj)):
            e[f"layer{i}.{name}.rows"] = times_u(module.weight)
    e.update(run(model, ids))
    return e


def write_expected(path, arrays):
    with open(path, "wb") as f:
        f.write(b"LSFX" + struct.pack("<II", 1, len(arrays)))
        for name, x in arrays.items():
            x = np.ascontiguousarray(x, dtype="<f4")
            f.write(struct.pack("<I", len(name)) + name.encode())
            f.write(struct.pack(f"<I{x.ndim}I", x.ndim, *x.shape) + x.tobytes())


def check(name, e):
    """The fixture must be able to fail: logits of size 1 to 10, attention that is not uniform."""
    size = np.abs(e["logits"]).max()
    spread = e["layer0.z"][-1].std() / e["layer0.v"].mean(0).std()
    assert 1 < size < 10 and spread > 1.05, (name, size, spread)
    print(f"{name:24} largest logit {size:.2f}")


def fresh(name):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def state_of(model, dtype):
    state = {k: v.detach().to(dtype).contiguous() for k, v in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    return state


def save_hf(name, model, dtype, ids, config=None, shards=1):
    """config: what config.json is to hold instead of what transformers writes."""
    folder, state = fresh(name), state_of(model, dtype)
    if config is None:
        model.config.architectures = [type(model).__name__]
        model.config.dtype = dtype
        model.config.save_pretrained(folder)
    else:
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    if shards == 1:
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        names, where = list(state), {}
        for i in range(shards):
            file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
            part = {k: state[k] for k in names[i::shards]}
            save_file(part, folder / file, metadata={"format": "pt"})
            where.update(dict.fromkeys(part, file))
        total = sum(v.numel() * v.element_size() for v in state.values())
        index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    e = expectations(model, ids)
    check(name, e)
    write_expected(folder / "expected.bin", e)


GGUF_NAMES = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    top = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight":
           "output_norm.weight", "lm_head.weight": "output.weight"}
    if name in top:
        return top[name]
    _, _, layer, *rest = name.split(".")
    return f"blk.{layer}.{GGUF_NAMES['.'.join(rest[:-1])]}.weight"


def interleave(w, heads):
    """The order in which GGUF's llama files store the rows of q and k: pair by pair."""
    return w.reshape(heads, 2, -1, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


def deinterleave(w, heads):
    return w.reshape(heads, -1, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


def heads_of(name, config):
    if "q_proj" in name:
        return config.num_attention_heads
    return config.num_key_value_heads if "k_proj" in name else 0


def llama3_divisors(config):
    plain = 1.0 / config.rope_parameters["rope_theta"] ** (
        torch.arange(0, config.head_dim, 2).float() / config.head_dim)
    scaled = transformers.models.llama.modeling_llama.LlamaRotaryEmbedding(config).inv_freq
    return (plain / scaled).numpy()


def save_gguf(name, model, types, ids):
    """types(name) is the type a matrix is stored in; the model is run with what that leaves."""
    folder, c = fresh(name), model.config
    w = gguf.GGUFWriter(folder / "model.gguf", "llama")
    w.add_name(name)
    w.add_block_count(c.num_hidden_layers)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    w.add_rope_dimension_count(c.head_dim)
    w.add_rope_freq_base(c.rope_parameters["rope_theta"])
    w.add_vocab_size(c.vocab_size)
    if c.rope_parameters["rope_type"] == "llama3":
        w.add_tensor("rope_freqs.weight", llama3_divisors(c))
    with torch.no_grad():
        for key, p in model.named_parameters():
            x, heads = p.numpy(), heads_of(key, c)
            kind = types(key) if x.ndim == 2 else Type.F32
            data = gguf.quants.quantize(interleave(x, heads) if heads else x, kind)
            w.add_tensor(gguf_name(key), data, raw_dtype=kind)
            back = gguf.quants.dequantize(data, kind).astype(np.float32).reshape(x.shape)
            p.copy_(torch.from_numpy(deinterleave(back, heads) if heads else back))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    e = expectations(model, ids)
    check(name, e)
    write_expected(folder / "expected.bin", e)


def mixed(name):
    if "embed" in name or "lm_head" in name or "o_proj" in name:
        return Type.Q8_0
    return Type.F16 if "v_proj" in name else Type.Q4_1


LLAMA3 = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 256}


def frequencies():
    """Rotary frequencies of full-size configs, for test_model.c's table of the same names."""
    real = {"rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192, "rope_theta": 500000.0}
    specs = {
        "llama-2": (128, {"rope_type": "default", "rope_theta": 10000.0}),
        "llama-3": (128, {"rope_type": "default", "rope_theta": 500000.0}),
        "llama-3.1": (128, {**real, "factor": 8.0}),
        "llama-3.2": (64, {**real, "factor": 32.0}),
        "mistral-0.2": (128, {"rope_type": "default", "rope_theta": 1000000.0}),
        "linear": (96, {"rope_type": "linear", "factor": 3.0, "rope_theta": 10000.0}),
    }
    arrays = {}
    for name, (dh, rope) in specs.items():
        config = llama(hidden_size=dh, num_attention_heads=1, rope_parameters=rope)
        rotary = transformers.models.llama.modeling_llama.LlamaRotaryEmbedding(config)
        arrays[name] = rotary.inv_freq.numpy()
    write_expected(OUT / "frequencies.bin", arrays)


def main():
    torch.set_num_threads(1)
    frequencies()
    prompt = [3, 17, 42, 5, 5, 63, 8, 21, 42, 1, 30, 9]

    config = llama(hidden_size=32, intermediate_size=64, num_hidden_layers=2, vocab_size=96,
                   num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
                   rms_norm_eps=1e-5, tie_word_embeddings=True)
    save_hf("llama-tied-f32", random_model(config, 1, torch.float32), torch.float32, prompt)

    config = llama(hidden_size=48, intermediate_size=80, num_hidden_layers=3, vocab_size=128,
                   num_attention_heads=4, num_key_value_heads=2, head_dim=16,
                   max_position_embeddings=2048, rms_norm_eps=1e-5, rope_parameters=dict(LLAMA3))
    save_hf("llama3-sharded-bf16", random_model(config, 2, torch.bfloat16), torch.bfloat16,
            prompt[:11], shards=2)

    # As the first Mistral's config.json was written.
    config = mistral(hidden_size=32, intermediate_size=72, num_hidden_layers=2, vocab_size=64,
                     num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=128,
                     sliding_window=64, rms_norm_eps=1e-5)
    save_hf("mistral-mha-f16", random_model(config, 3, torch.float16), torch.float16, prompt[:9],
            config={"architectures": ["MistralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2,
                    "hidden_act": "silu", "hidden_size": 32, "initializer_range": 0.02,
                    "intermediate_size": 72, "max_position_embeddings": 128,
                    "model_type": "mistral", "num_attention_heads": 4, "num_hidden_layers": 2,
                    "num_key_value_heads": 4, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
                    "sliding_window": 64, "tie_word_embeddings": False, "torch_dtype": "float16",
                    "transformers_version": "4.34.0", "use_cache": True, "vocab_size": 64})

    # As old Llama configs were written: no number of key/value heads, "type".
    config = llama(hidden_size=32, intermediate_size=64, num_hidden_layers=2, vocab_size=64,
                   num_attention_heads=2, max_position_embeddings=128, rms_norm_eps=1e-6,
                   rope_parameters={"rope_type": "linear", "factor": 2.5, "rope_theta": 10000.0})
    save_hf("llama-linear-f32", random_model(config, 4, torch.float32), torch.float32, prompt,
            config={"architectures": ["LlamaForCausalLM"], "hidden_act": "silu",
                    "hidden_size": 32, "intermediate_size": 64, "max_position_embeddings": 128,
                    "model_type": "llama", "num_attention_heads": 2, "num_hidden_layers": 2,
                    "pad_token_id": 0, "pretraining_tp": 1, "rms_norm_eps": 1e-06,
                    "rope_scaling": {"type": "linear", "factor": 2.5},
                    "tie_word_embeddings": False, "torch_dtype": "float32", "vocab_size": 64})

    shape = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, vocab_size=96,
                 num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
                 rms_norm_eps=1e-5)
    config = llama(**shape, tie_word_embeddings=True, rope_parameters=dict(LLAMA3))
    save_gguf("gguf-f32", random_model(config, 5, torch.float32), lambda name: Type.F32, prompt)
    config = llama(**shape)
    save_gguf("gguf-mixed", random_model(config, 5, torch.float32), mixed, prompt)


if __name__ == "__main__":
    main()
