"""Makes tiny random models of every architecture, and what transformers computes with them.

    python3 tests/reference/make_families.py DIR [PATTERN]     those whose names match; all of them
    python3 tests/reference/make_families.py --fixtures        makes tests/fixtures/families

needs torch, transformers, safetensors and gguf. Each folder is a checkpoint as transformers saves it
(or model.gguf, as llama.cpp's converter writes it: names, row orders, folded norms) and

    ids.npy      (N) a prompt
    logits.npy   (N, V) float32 transformers on the weights as the checkpoint stores them
    greedy.npy   (8) the tokens that follow, each the argmax of a forward pass of its own

check_families.py compares a program with that. A row of MODELS is one model: its name begins with
the architecture's, what follows says what is special.
"""

import copy
import json
import pathlib
import shutil
import sys

import numpy as np
import torch
import transformers as T

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures" / "families"
STEPS = 8

NO_IDS = dict(bos_token_id=None, eos_token_id=None, pad_token_id=None)
LLAMA = dict(vocab_size=96, hidden_size=48, intermediate_size=80, num_hidden_layers=3,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, **NO_IDS)
GPT2 = dict(vocab_size=96, n_embd=48, n_layer=3, n_head=4, n_positions=64, **NO_IDS)
NEOX = dict(vocab_size=96, hidden_size=48, intermediate_size=112, num_hidden_layers=3,
            num_attention_heads=4, max_position_embeddings=64, **NO_IDS)
GEMMA = dict(LLAMA, head_dim=16, query_pre_attn_scalar=16, sliding_window=7)


def rope(kind, **kw):
    return dict(rope_parameters=dict(rope_type=kind, **dict(dict(rope_theta=10000.0), **kw)))


def nested(full, sliding):
    return dict(rope_parameters=dict(full_attention=full, sliding_attention=sliding))


LLAMA3 = rope("llama3", rope_theta=50000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
YARN = dict(factor=4.0, original_max_position_embeddings=16)


def longrope(dims, **kw):
    return rope("longrope", short_factor=[1 + 0.05 * i for i in range(dims // 2)],
                long_factor=[1.5 + 0.5 * i for i in range(dims // 2)], **kw)


# (name, config class, its arguments, what else): dtype, tokens, shards, `old`: config.json's keys as
# transformers 4 wrote them; edit: of the config.json that is saved, by hand.
MODELS = [
    ("llama", T.LlamaConfig, LLAMA, {}),
    ("llama-mha-tied-f16", T.LlamaConfig,
     dict(LLAMA, num_key_value_heads=4, tie_word_embeddings=True), dict(dtype="float16")),
    ("llama-biases-bf16", T.LlamaConfig, dict(LLAMA, attention_bias=True, mlp_bias=True),
     dict(dtype="bfloat16")),
    ("llama-head10-gelu", T.LlamaConfig, dict(LLAMA, head_dim=10, hidden_act="gelu"), {}),
    ("llama-linear", T.LlamaConfig, dict(LLAMA, **rope("linear", factor=3.0)), {}),
    ("llama-llama3", T.LlamaConfig, dict(LLAMA, **LLAMA3), {}),
    ("llama-dynamic-short", T.LlamaConfig, dict(LLAMA, **rope("dynamic", factor=2.0)), {}),
    ("llama-dynamic-long", T.LlamaConfig,
     dict(LLAMA, max_position_embeddings=16, **rope("dynamic", factor=4.0)), dict(fresh=True)),
    ("llama-yarn", T.LlamaConfig, dict(LLAMA, **rope("yarn", **YARN)), {}),
    ("llama-yarn-exact", T.LlamaConfig,
     dict(LLAMA, **rope("yarn", truncate=False, beta_fast=24.0, beta_slow=2.0, **YARN)), {}),
    ("llama-yarn-factor", T.LlamaConfig,
     dict(LLAMA, **rope("yarn", attention_factor=1.3, **YARN)), {}),
    ("llama-yarn-mscale", T.LlamaConfig,
     dict(LLAMA, **rope("yarn", mscale=1.2, mscale_all_dim=0.7, **YARN)), {}),
    ("llama-longrope", T.LlamaConfig,
     dict(LLAMA, **longrope(12, factor=4.0, original_max_position_embeddings=16)), {}),
    ("llama-sharded", T.LlamaConfig, LLAMA, dict(shard="20KB", dtype="bfloat16")),
    ("mistral-window", T.MistralConfig, dict(LLAMA, sliding_window=5), {}),
    ("mistral-head20", T.MistralConfig, dict(LLAMA, head_dim=20, sliding_window=None), {}),
    ("qwen2", T.Qwen2Config, LLAMA, {}),
    ("qwen2-tied-f16", T.Qwen2Config, dict(LLAMA, tie_word_embeddings=True),
     dict(dtype="float16")),
    ("qwen2-window", T.Qwen2Config,
     dict(LLAMA, use_sliding_window=True, sliding_window=6, max_window_layers=1), {}),
    ("qwen2-types", T.Qwen2Config,
     dict(LLAMA, use_sliding_window=True, sliding_window=6,
          layer_types=["full_attention", "sliding_attention", "full_attention"]), {}),
    ("qwen2-yarn-bf16", T.Qwen2Config, dict(LLAMA, **rope("yarn", rope_theta=1e6, **YARN)),
     dict(dtype="bfloat16")),
    ("qwen2-old", T.Qwen2Config, dict(LLAMA, **rope("default", rope_theta=1e6)),
     dict(edit=lambda c: c.update(rope_theta=c.pop("rope_parameters")["rope_theta"], use_mrope=False))),
    ("qwen3", T.Qwen3Config, dict(LLAMA, head_dim=16), {}),
    ("qwen3-bias-tied", T.Qwen3Config,
     dict(LLAMA, head_dim=10, attention_bias=True, tie_word_embeddings=True), {}),
    ("qwen3-window", T.Qwen3Config,
     dict(LLAMA, head_dim=24, use_sliding_window=True, sliding_window=4, max_window_layers=2), {}),
    ("qwen3-bf16", T.Qwen3Config, dict(LLAMA, head_dim=16), dict(dtype="bfloat16", shard="30KB")),
    ("gpt2", T.GPT2Config, GPT2, {}),
    ("gpt2-head5-inner", T.GPT2Config, dict(GPT2, n_embd=20, n_inner=36), {}),
    ("gpt2-depth", T.GPT2Config, dict(GPT2, scale_attn_by_inverse_layer_idx=True), {}),
    ("gpt2-unscaled-gelu", T.GPT2Config,
     dict(GPT2, scale_attn_weights=False, activation_function="gelu", reorder_and_upcast_attn=True),
     {}),
    ("gpt2-untied-f16", T.GPT2Config, dict(GPT2, tie_word_embeddings=False), dict(dtype="float16")),
    ("gpt2-bare", T.GPT2Config, GPT2, dict(bare=True)),
    ("gpt_neox", T.GPTNeoXConfig, NEOX, {}),
    ("gpt_neox-f16", T.GPTNeoXConfig, NEOX, dict(dtype="float16")),
    ("gpt_neox-serial", T.GPTNeoXConfig, dict(NEOX, use_parallel_residual=False), {}),
    ("gpt_neox-unbiased-tied", T.GPTNeoXConfig,
     dict(NEOX, attention_bias=False, tie_word_embeddings=True, hidden_act="gelu_new"), {}),
    ("gpt_neox-whole", T.GPTNeoXConfig,
     dict(NEOX, **rope("default", partial_rotary_factor=1.0)), {}),
    ("gpt_neox-odd", T.GPTNeoXConfig,
     dict(NEOX, num_attention_heads=3, hidden_size=39, **rope("default", partial_rotary_factor=0.25)),
     {}),
    ("gpt_neox-linear", T.GPTNeoXConfig,
     dict(NEOX, **rope("linear", factor=2.0, partial_rotary_factor=0.5)), {}),
    ("gpt_neox-old", T.GPTNeoXConfig,
     dict(NEOX, **rope("default", rope_theta=2000.0, partial_rotary_factor=0.5)),
     dict(edit=lambda c: c.update(rotary_emb_base=2000, rotary_pct=0.5) or c.pop("rope_parameters"))),
    ("gptj", T.GPTJConfig, dict(GPT2, rotary_dim=6), {}),
    ("gptj-whole-f16", T.GPTJConfig, dict(GPT2, rotary_dim=12, n_inner=60), dict(dtype="float16")),
    ("gptj-tied", T.GPTJConfig, dict(GPT2, rotary_dim=4, tie_word_embeddings=True), {}),
    ("gemma2", T.Gemma2Config, GEMMA, {}),
    ("gemma2-caps", T.Gemma2Config,
     dict(GEMMA, attn_logit_softcapping=3.0, final_logit_softcapping=2.0), {}),
    ("gemma2-uncapped", T.Gemma2Config,
     dict(GEMMA, attn_logit_softcapping=None, final_logit_softcapping=None, num_key_value_heads=4),
     {}),
    ("gemma2-scalar-bias", T.Gemma2Config,
     dict(GEMMA, head_dim=10, query_pre_attn_scalar=24, attention_bias=True), dict(dtype="bfloat16")),
    ("gemma2-untied", T.Gemma2Config, dict(GEMMA, tie_word_embeddings=False), {}),
    ("gemma3", T.Gemma3TextConfig, GEMMA, {}),
    ("gemma3-mixed", T.Gemma3TextConfig,
     dict(GEMMA, layer_types=["sliding_attention", "full_attention", "sliding_attention"],
          **nested(dict(rope_type="linear", rope_theta=1e5, factor=8.0),
                   dict(rope_type="default", rope_theta=1e3))), {}),
    ("gemma3-pattern-old", T.Gemma3TextConfig,
     dict(GEMMA, layer_types=["sliding_attention", "full_attention", "sliding_attention"],
          **nested(dict(rope_type="linear", rope_theta=1e6, factor=8.0),
                   dict(rope_type="default", rope_theta=1e4))),
     dict(edit=lambda c: c.update(sliding_window_pattern=2, rope_theta=1e6, rope_local_base_freq=1e4,
                                  rope_scaling=dict(rope_type="linear", factor=8.0))
          or c.pop("rope_parameters") and c.pop("layer_types"))),
    ("gemma3-capped-bf16", T.Gemma3TextConfig,
     dict(GEMMA, final_logit_softcapping=3.0, num_hidden_layers=6), dict(dtype="bfloat16")),
    ("gemma3-nested", T.Gemma3Config,
     dict(text_config=GEMMA, vision_config=dict(
         hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
         image_size=14, patch_size=14)), {}),
    ("olmo2", T.Olmo2Config, LLAMA, {}),
    ("olmo2-mha-bias", T.Olmo2Config, dict(LLAMA, num_key_value_heads=4, attention_bias=True),
     dict(dtype="bfloat16")),
    ("olmo2-tied", T.Olmo2Config, dict(LLAMA, tie_word_embeddings=True), {}),
    ("olmo3", T.Olmo3Config, dict(LLAMA, sliding_window=5, num_hidden_layers=4), {}),
    ("olmo3-yarn", T.Olmo3Config,
     dict(LLAMA, sliding_window=5, num_hidden_layers=4,
          **nested(dict(rope_type="yarn", rope_theta=5e5, **YARN),
                   dict(rope_type="default", rope_theta=5e5))), {}),
    ("olmo3-old", T.Olmo3Config,
     dict(LLAMA, sliding_window=6, num_hidden_layers=4,
          **nested(dict(rope_type="yarn", rope_theta=5e5, attention_factor=1.2, **YARN),
                   dict(rope_type="default", rope_theta=5e5))),
     dict(edit=lambda c: c.update(rope_theta=5e5, rope_scaling={
         k: v for k, v in c.pop("rope_parameters")["full_attention"].items()
         if k != "rope_theta"}) or c.pop("layer_types"))),
    ("phi3", T.Phi3Config, LLAMA, {}),
    ("phi3-window-tied", T.Phi3Config, dict(LLAMA, sliding_window=6, tie_word_embeddings=True), {}),
    ("phi3-partial-bf16", T.Phi3Config,
     dict(LLAMA, hidden_size=64, **rope("default", partial_rotary_factor=0.75)),
     dict(dtype="bfloat16")),
    ("phi3-longrope-short", T.Phi3Config,
     dict(LLAMA, original_max_position_embeddings=40, **longrope(12)), {}),
    ("phi3-longrope-long", T.Phi3Config,
     dict(LLAMA, original_max_position_embeddings=8, **longrope(12)), {}),
    ("phi3-longrope-partial", T.Phi3Config,
     dict(LLAMA, hidden_size=64, original_max_position_embeddings=8,
          **longrope(12, partial_rotary_factor=0.75)), {}),
]


TINY = dict(vocab_size=40, hidden_size=24, intermediate_size=32, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, **NO_IDS)
TINY_GPT = dict(vocab_size=40, n_embd=24, n_layer=2, n_head=4, n_positions=64, n_inner=32, **NO_IDS)
TINY_NEOX = {k: v for k, v in TINY.items() if k != "num_key_value_heads"}
BOTH = ["sliding_attention", "full_attention"]
SMALL = dict(dtype="float16", tokens=14)

# One of each architecture, in the repository: all their facts in little room.
COMMITTED = [
    ("llama", T.LlamaConfig,
     dict(TINY, attention_bias=True, mlp_bias=True, **rope("yarn", attention_factor=1.3, **YARN)), SMALL),
    ("mistral", T.MistralConfig, dict(TINY, head_dim=10, sliding_window=5), SMALL),
    ("qwen2", T.Qwen2Config,
     dict(TINY, use_sliding_window=True, sliding_window=4, max_window_layers=1,
          tie_word_embeddings=True), SMALL),
    ("qwen3", T.Qwen3Config, dict(TINY, head_dim=8), SMALL),
    ("gpt2", T.GPT2Config, dict(TINY_GPT, scale_attn_by_inverse_layer_idx=True), SMALL),
    ("gpt_neox", T.GPTNeoXConfig,
     dict(TINY_NEOX, **rope("linear", factor=2.0, partial_rotary_factor=0.67)), SMALL),
    ("gptj", T.GPTJConfig, dict(TINY_GPT, rotary_dim=4), SMALL),
    ("gemma2", T.Gemma2Config,
     dict(TINY, head_dim=8, query_pre_attn_scalar=24, sliding_window=5, attn_logit_softcapping=3.0,
          final_logit_softcapping=4.0), SMALL),
    ("gemma3", T.Gemma3TextConfig,
     dict(TINY, head_dim=8, query_pre_attn_scalar=8, sliding_window=5, layer_types=BOTH,
          **nested(dict(rope_type="linear", rope_theta=1e5, factor=8.0),
                   dict(rope_type="default", rope_theta=1e3))), SMALL),
    ("olmo2", T.Olmo2Config, TINY, SMALL),
    ("olmo3", T.Olmo3Config,
     dict(TINY, sliding_window=4, layer_types=BOTH,
          **nested(dict(rope_type="yarn", rope_theta=5e5, **YARN),
                   dict(rope_type="default", rope_theta=5e5))), SMALL),
    ("phi3", T.Phi3Config, dict(TINY, original_max_position_embeddings=8, **longrope(6)), SMALL),
]


def fill(model, seed):
    """Weights that make attention far from uniform and logits of size about 3; biases and norms that
    show."""
    gen = torch.Generator().manual_seed(seed)
    plus = any("Gemma" in type(m).__name__ for m in model.modules())
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            r = torch.randn(p.shape, generator=gen)
            if "norm" in name.lower() or ".ln_" in name:
                p.copy_(0.2 * r + (0 if plus or name.endswith("bias") else 1))
            elif p.ndim == 1:
                p.copy_(0.3 * r)
            elif any(s in name for s in ("embed", "wte", "wpe")) and "out" not in name:
                p.copy_((0.4 if plus else 1.0) * r)
            else:
                fan = p.shape[0] if "c_attn" in name or "c_proj" in name or "c_fc" in name else p.shape[-1]
                p.copy_(1.5 * r / fan**0.5)


def class_of(config):
    name = type(config).__name__
    if name == "Gemma3Config":
        return T.Gemma3ForConditionalGeneration
    return T.AutoModelForCausalLM


def logits_of(model, ids, fresh):
    model = copy.deepcopy(model) if fresh else model  # dynamic frequencies remember longer prompts
    with torch.no_grad():
        return model(torch.tensor(ids)[None], use_cache=False).logits[0].float().numpy()


def expect(model, vocab, out, tokens, fresh):
    gen = torch.Generator().manual_seed(tokens)
    ids = torch.randint(0, vocab, (tokens,), generator=gen).tolist()
    logits = logits_of(model, ids, fresh)
    said, greedy = list(ids), []
    for _ in range(STEPS):
        greedy.append(int(logits_of(model, said, fresh)[-1].argmax()))
        said.append(greedy[-1])
    np.save(out / "ids.npy", np.array(ids, np.int32))
    np.save(out / "logits.npy", logits.astype(np.float32))
    np.save(out / "greedy.npy", np.array(greedy, np.int32))


def bare_names(out):
    """As the first GPT-2 files are: no prefix, causal masks stored."""
    from safetensors.torch import load_file, save_file

    state = {k.replace("transformer.", ""): v for k, v in load_file(out / "model.safetensors").items()}
    for l in range(3):
        state[f"h.{l}.attn.bias"] = torch.tril(torch.ones(1, 1, 64, 64))
        state[f"h.{l}.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(state, out / "model.safetensors", metadata=dict(format="pt"))


def make(out, row, seed):
    name, cls, kw, more = row
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    config = cls(**copy.deepcopy(kw))
    dtype = getattr(torch, more.get("dtype", "float32"))
    model_class = class_of(config)
    model = (model_class.from_config(config) if model_class is T.AutoModelForCausalLM
             else model_class(config)).float().eval()
    fill(model, seed)
    model.to(dtype).save_pretrained(out, max_shard_size=more.get("shard", "1GB"))
    for stray in out.glob("generation_config.json"):
        stray.unlink()
    model = model_class.from_pretrained(out, dtype=torch.float32, attn_implementation="eager").eval()
    text = config.get_text_config()
    expect(model, text.vocab_size, out, more.get("tokens", 24), more.get("fresh", False))
    if more.get("bare"):
        bare_names(out)
    if "edit" in more:
        path = out / "config.json"
        with open(path) as f:
            c = json.load(f)
        more["edit"](c)
        with open(path, "w") as f:
            json.dump(c, f, indent=2)
        again = model_class.from_pretrained(out, dtype=torch.float32, attn_implementation="eager")
        ids = np.load(out / "ids.npy").tolist()
        assert (logits_of(again.eval(), ids, True) == np.load(out / "logits.npy")).all(), name


def main():
    committed = sys.argv[1] == "--fixtures"
    out = FIXTURES if committed else pathlib.Path(sys.argv[1])
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    T.logging.set_verbosity_error()
    for i, row in enumerate(COMMITTED if committed else MODELS):
        if pattern in row[0]:
            make(out / row[0], row, 100 + i)
            print(row[0], flush=True)


if __name__ == "__main__":
    main()
