"""The architectures beyond Llama in float64 NumPy: numpy_model.Model with their facts (docs/methods.md 2).

    python3 tests/reference/numpy_families.py DIR

compares every model of make_families.py's DIR (Hugging Face directories) with its logits.npy.

    python3 tests/reference/numpy_families.py MODEL RESULT

compares what decode and heads say in a result file of one model: the logits that the token, the position,
each module and each head add at the last token. Exit status 1 beyond 5e-6 and 1e-4 of the largest.
"""

import math
import pathlib
import sys

import numpy as np

import numpy_model
from numpy_model import Run, rotate, silu, softmax_or_zero

GPT = {"n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads",
       "n_positions": "max_position_embeddings", "n_inner": "intermediate_size",
       "layer_norm_epsilon": "rms_norm_eps", "activation_function": "hidden_act",
       "layer_norm_eps": "rms_norm_eps", "hidden_activation": "hidden_act"}
NAMES = {  # of a layer's parts, as Llama's are called
    "attn.c_proj": "self_attn.o_proj", "attn.out_proj": "self_attn.o_proj",
    "attention.dense": "self_attn.o_proj", "attn.q_proj": "self_attn.q_proj",
    "attn.k_proj": "self_attn.k_proj", "attn.v_proj": "self_attn.v_proj", "ln_1": "pre_attn",
    "ln_2": "pre_mlp", "mlp.c_fc": "mlp.up_proj", "mlp.fc_in": "mlp.up_proj",
    "mlp.dense_h_to_4h": "mlp.up_proj", "mlp.c_proj": "mlp.down_proj", "mlp.fc_out": "mlp.down_proj",
    "mlp.dense_4h_to_h": "mlp.down_proj", "input_layernorm": "pre_attn",
    "pre_feedforward_layernorm": "pre_mlp", "post_feedforward_layernorm": "post_mlp",
}


def erf(x):
    return np.vectorize(math.erf)(x)


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS = {"silu": silu, "gelu": lambda x: x / 2 * (1 + erf(x / math.sqrt(2))),
               "gelu_new": gelu_tanh, "gelu_pytorch_tanh": gelu_tanh}


def frequencies(rope, dims, width, config, n):
    """(angles per position, factor of cosines and sines) for a prompt of n tokens."""
    kind, theta = rope.get("rope_type", "default"), rope.get("rope_theta", 10000.0)
    old = config.get("original_max_position_embeddings",
                     rope.get("original_max_position_embeddings", config["max_position_embeddings"]))
    e = np.arange(0, dims, 2) / width
    if kind == "dynamic":
        most = max(n, config["max_position_embeddings"])
        theta *= (rope["factor"] * most / config["max_position_embeddings"] - rope["factor"] + 1) ** (
            width / (width - 2))
    if kind == "yarn":
        turns = lambda r: width * math.log(old / (r * 2 * math.pi)) / (2 * math.log(theta))
        lo, hi = turns(rope.get("beta_fast") or 32), turns(rope.get("beta_slow") or 1)
        if rope.get("truncate", True):
            lo, hi = math.floor(lo), math.ceil(hi)
        lo, hi = max(lo, 0), min(hi, width - 1)
        plain = 1 - np.clip((np.arange(dims // 2) - lo) / (hi - lo if hi != lo else 0.001), 0, 1)
        scale = lambda m: 0.1 * m * math.log(rope["factor"]) + 1
        factor = rope.get("attention_factor") or (
            scale(rope["mscale"]) / scale(rope["mscale_all_dim"]) if rope.get("mscale") else scale(1))
        return theta**-e * (plain + (1 - plain) / rope["factor"]), factor
    if kind == "longrope":
        by = rope["long_factor" if n > old else "short_factor"]
        times = rope.get("factor") or config["max_position_embeddings"] / old
        own = math.sqrt(1 + math.log(times) / math.log(old)) if times > 1 else 1
        return theta**-e / np.array(by), rope.get("attention_factor") or own
    if kind in ("linear", "llama3"):
        return numpy_model.rotary_frequencies({"rope_parameters": rope, "rope_theta": theta}, width), 1
    return theta**-e, 1


class Family(numpy_model.Model):
    def __init__(self, config, weights, dtype=np.float64):
        config = config.get("text_config", config)
        config = {GPT.get(k, k): v for k, v in config.items()}
        kind = self.kind = config["model_type"]
        config["intermediate_size"] = config.get("intermediate_size") or 4 * config["hidden_size"]
        post = kind.startswith(("gemma", "olmo"))
        weights = {n: v for n, v in weights.items() if not n.endswith(("masked_bias", ".attn.bias"))
                   and not n.startswith(("vision_tower", "multi_modal"))}
        weights = dict(self.renamed(weights, config, post))
        rope = ("rope_parameters", "rope_scaling", "sliding_window")
        super().__init__({k: v for k, v in config.items() if k not in rope}, weights, dtype)
        self.config = config
        self.sliding = config.get("sliding_window") or 0
        if kind.startswith("qwen") and not config["use_sliding_window"]:
            self.sliding = 0
        self.centred = kind.startswith("gpt")
        self.plus = 1 if kind.startswith("gemma") else 0
        self.parallel = kind == "gptj" or (kind == "gpt_neox" and config["use_parallel_residual"])
        self.act = ACTIVATIONS[config["hidden_act"]]
        self.scale = math.sqrt(self.d) if kind.startswith("gemma") else 1
        self.cap = config.get("final_logit_softcapping") or 0
        self.score_cap = (config.get("attn_logit_softcapping") or 0) if kind == "gemma2" else 0
        self.adjacent = kind == "gptj"

    def renamed(self, weights, c, post):
        heads = c.get("num_attention_heads")
        kv = c.get("num_key_value_heads") or heads
        dh = c.get("head_dim") or c["hidden_size"] // heads
        for name, v in weights.items():
            for prefix in ("language_model.model.", "model.", "transformer.", "gpt_neox."):
                name = name.removeprefix(prefix)
            part, what = name.rsplit(".", 1)
            top = {"wte": "embed_tokens", "embed_in": "embed_tokens", "ln_f": "norm",
                   "final_layer_norm": "norm", "wpe": "wpe"}
            if part in ("lm_head", "embed_out"):
                yield f"lm_head.{what}", v
                continue
            if not part.startswith(("h.", "layers.")):
                yield f"model.{top.get(part, part)}.{what}", v
                continue
            _, layer, part = part.split(".", 2)
            at = f"model.layers.{layer}."
            if part in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj") and v.ndim == 2:
                v = v.T
            if part in ("attn.c_attn", "self_attn.qkv_proj", "attention.query_key_value"):
                if part.startswith("attention"):
                    v = v.reshape(heads, 3, dh, -1).swapaxes(0, 1).reshape(v.shape)
                for n, w in zip("qkv", np.split(v, [heads * dh, (heads + kv) * dh])):
                    yield f"{at}self_attn.{n}_proj.{what}", w
            elif part == "mlp.gate_up_proj":
                for n, w in zip(("gate", "up"), np.split(v, 2)):
                    yield f"{at}mlp.{n}_proj.{what}", w
            else:
                new = NAMES.get(part, part)
                if part == "post_attention_layernorm":
                    new = "post_attn" if post else "pre_mlp"
                yield f"{at}{new}.{what}", v
                if part == "ln_1" and c["model_type"] == "gptj":
                    yield f"{at}pre_mlp.{what}", v

    def linear(self, layer, name, x):
        y = x @ self.weight(layer, name).T
        return y + self.w.get(f"model.layers.{layer}.{name}.bias", 0)

    def norm(self, x, w, b=None, centred=False):
        x = x - x.mean(-1, keepdims=True) if centred else x
        y = (w + self.plus) * x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps)
        return y if b is None else y + b

    def layer_norm(self, layer, name, x):
        at = f"model.layers.{layer}.{name}."
        if at + "weight" not in self.w:
            return x
        return self.norm(x, self.w[at + "weight"], self.w.get(at + "bias"), self.centred)

    def window_of(self, layer):
        c, types = self.sliding, self.config.get("layer_types")
        if types:
            return c if types[layer] == "sliding_attention" else 0
        if self.kind in ("mistral", "phi3"):
            return c
        if self.kind.startswith("qwen"):
            return c if layer >= self.config["max_window_layers"] else 0
        own = {"gemma2": 2, "olmo3": 4}.get(self.kind, 6)
        every = self.config.get("sliding_window_pattern", own)
        return c if (layer + 1) % every and self.kind.startswith(("gemma", "olmo3")) else 0

    def turns(self, layer, n):
        c, rope = self.config, self.config.get("rope_parameters") or {}
        if "full_attention" in rope or "sliding_attention" in rope:
            rope = rope["sliding_attention" if self.window_of(layer) else "full_attention"]
        if self.kind == "gptj":
            width = c["rotary_dim"]
        else:
            width = int(self.dh * rope.get("partial_rotary_factor", 1.0))
        dims = (width + 1) // 2 * 2
        freq, factor = frequencies(rope, dims, width, c, n)
        angle = np.arange(n)[:, None] * freq
        return dims, factor * np.cos(angle), factor * np.sin(angle)

    def turned(self, layer, x):
        if "model.wpe.weight" in self.w:
            return x
        dims, cos, sin = self.turns(layer, x.shape[0])
        head = x[..., :dims]
        if self.adjacent:
            head = np.concatenate([head[..., ::2], head[..., 1::2]], -1)
        head = rotate(head, cos, sin)
        if self.adjacent:
            head = np.stack([head[..., : dims // 2], head[..., dims // 2 :]], -1).reshape(head.shape)
        return np.concatenate([head, x[..., dims:]], -1)

    def read(self, layer, name, heads, x, edit):
        seen = edit(f"read_{name}", layer, np.repeat(x[:, None], heads, axis=1))
        h = self.layer_norm(layer, "pre_attn", seen)
        w = self.weight(layer, f"self_attn.{name}_proj").reshape(heads, self.dh, self.d)
        b = self.w.get(f"model.layers.{layer}.self_attn.{name}_proj.bias")
        y = np.einsum("thd,hed->the", h, w)
        return y if b is None else y + b.reshape(heads, self.dh)

    def qk_norm(self, layer, name, x):
        w = self.w.get(f"model.layers.{layer}.self_attn.{name}_norm.weight")
        if w is None:
            return x
        whole = w.shape[0] != self.dh
        return self.norm(x.reshape(len(x), -1) if whole else x, w).reshape(x.shape)

    def attention(self, layer, x, run, edit):
        n, c = x.shape[0], self.config
        q = edit("q", layer, self.read(layer, "q", self.H, x, edit))
        k = edit("k", layer, self.read(layer, "k", self.G, x, edit))
        v = edit("v", layer, self.read(layer, "v", self.G, x, edit))
        run.flat_q.append(q)
        run.flat_k.append(k)
        q = self.turned(layer, self.qk_norm(layer, "q", q))
        k = self.turned(layer, self.qk_norm(layer, "k", k))
        scale = 1 / math.sqrt(c.get("query_pre_attn_scalar") or self.dh)
        scale = 1 if c.get("scale_attn_weights") is False else scale
        scale /= layer + 1 if c.get("scale_attn_by_inverse_layer_idx") else 1
        window = self.window_of(layer) or n
        seen = np.tril(np.ones((n, n), bool)) & ~np.tril(np.ones((n, n), bool), -window)
        score = np.stack([q[:, h] @ k[:, h * self.G // self.H].T * scale for h in range(self.H)])
        if self.score_cap:
            score = self.score_cap * np.tanh(score / self.score_cap)
        p = edit("pattern", layer, softmax_or_zero(edit("score", layer, np.where(seen, score, -np.inf))))
        z = np.stack([p[h] @ v[:, h * self.G // self.H] for h in range(self.H)], 1)
        z = edit("z", layer, z)
        for kept, value in ((run.q, q), (run.k, k), (run.v, v), (run.p, p), (run.z, z)):
            kept.append(value)
        run.raw.append(self.linear(layer, "self_attn.o_proj", z.reshape(n, -1)))
        return self.attended(layer, z)

    def attended(self, layer, z):
        raw = self.linear(layer, "self_attn.o_proj", z.reshape(len(z), -1))
        return self.layer_norm(layer, "post_attn", raw)

    def mlp(self, layer, y, run, edit):
        h = self.layer_norm(layer, "pre_mlp", edit("read_mlp", layer, y))
        up = self.linear(layer, "mlp.up_proj", h)
        gated = f"model.layers.{layer}.mlp.gate_proj.weight" in self.w
        hidden = self.act(self.linear(layer, "mlp.gate_proj", h)) * up if gated else self.act(up)
        run.hidden.append(edit("neuron", layer, hidden))
        return self.layer_norm(layer, "post_mlp", self.linear(layer, "mlp.down_proj", run.hidden[-1]))

    def variance(self, x):
        return float(np.var(x) if self.centred else np.mean(x**2))

    def embedding(self, token):
        return self.scale * self.E[token]

    def embed(self, ids):
        x = self.embedding(np.asarray(ids))
        return x + self.w["model.wpe.weight"][: len(ids)] if "model.wpe.weight" in self.w else x

    def forward(self, ids, edit=None, logits="all"):
        edit = edit or (lambda site, layer, value: value)
        run = Run()
        run.ids, run.raw = ids, []
        x = edit("resid", 0, self.embed(ids))
        run.x.append(x)
        for layer in range(self.L):
            a = edit("attn", layer, self.attention(layer, x, run, edit))
            m = edit("mlp", layer, self.mlp(layer, x if self.parallel else x + a, run, edit))
            x = edit("resid", layer + 1, x + a + m)
            for kept, value in ((run.a, a), (run.m, m), (run.x, x)):
                kept.append(value)
        run.var = self.variance(x[-1])
        run.logits = self.lens(x if logits == "all" else x[-1:])
        return run

    def said(self, logits):
        return self.cap * np.tanh(logits / self.cap) if self.cap else logits

    def decode(self, r, var):
        r = r - r.mean(-1, keepdims=True) if self.centred else r
        return ((self.w_final + self.plus) * r / math.sqrt(var + self.eps)) @ self.U.T

    def bias_logit(self):
        b = self.w.get("lm_head.bias", np.zeros(self.V))
        return b + self.U @ self.w["model.norm.bias"] if "model.norm.bias" in self.w else b

    def lens(self, x):
        y = self.norm(x, self.w_final, self.w.get("model.norm.bias"), self.centred) @ self.U.T
        return y + self.w.get("lm_head.bias", 0)

    def bias_of_attention(self, layer, run):
        b = self.w.get(f"model.layers.{layer}.self_attn.o_proj.bias", np.zeros(self.d))
        return self.share(layer, b, run)

    def share(self, layer, v, run):
        w = self.w.get(f"model.layers.{layer}.post_attn.weight")
        if w is None:
            return v
        raw = run.raw[layer][-1]
        return (w + self.plus) * v / math.sqrt(np.mean(raw**2) + self.eps)


def far(have, want):
    return float(np.abs(have - want).max() / np.abs(want).max())


def compare_logits(folder):
    worst = 0
    for folder in sorted(p.parent for p in pathlib.Path(folder).glob("*/ids.npy")):
        config, weights = numpy_model.read_hf(folder)
        c = config.get("text_config", config)
        if "rope_parameters" not in c and c["model_type"] not in ("gpt2", "gptj"):
            continue  # as transformers 4 wrote it
        model = Family(config, weights)
        run = model.forward(np.load(folder / "ids.npy").tolist())
        own = far(model.said(run.logits), np.load(folder / "logits.npy"))
        worst = max(worst, own)
        print(f"{folder.name:28s} {own:.1e}")
    return worst < 5e-6


def compare_result(folder, result):
    import h5py

    model = Family(*numpy_model.read_hf(pathlib.Path(folder)))
    worst = {}
    with h5py.File(result) as f:
        q = f["queries"]
        kinds = {str(g.attrs["kind"]): g for n, g in f.items() if g.attrs.get("kind") in (n, "heads")}
        for i, ids in enumerate(q["ids"]):
            run = model.forward(ids[: q["n_tokens"][i]].tolist(), logits="last")
            for kind, g in kinds.items():
                for name, want in parts(model, run, kind, ids[q["n_tokens"][i] - 1]).items():
                    if name in g:
                        have = g[name][i][:, :2] if (kind, name) == ("decode", "logit") else g[name][i]
                        want = want[..., q["target_id"][i]]
                        worst[f"{kind} {name}"] = max(worst.get(f"{kind} {name}", 0), far(have, want))
        name = f["decode/logit"].attrs["long_name"]
        named = str(name).endswith("before the model's cap") == bool(model.cap)
    for name, w in worst.items():
        print(f"{name:28s} {w:.1e}")
    return len(worst) > 2 and max(worst.values()) < 1e-4 and named


def parts(model, run, kind, token):
    """Of the variables: what the file's must be, (..., V)."""
    said = lambda r: model.decode(np.asarray(r), run.var)
    if kind == "decode":
        modules = np.stack([said([run.a[l][-1], run.m[l][-1]]) for l in range(model.L)])
        own = model.embedding(token)
        return {"logit": modules, "embed_logit": said(own), "bias_logit": model.bias_logit(),
                "position_logit": said(run.x[0][-1] - own)}
    o = [model.weight(l, "self_attn.o_proj").reshape(model.d, model.H, model.dh) for l in range(model.L)]
    each = [np.einsum("he,dhe->hd", run.z[l][-1], o[l]) for l in range(model.L)]
    each = np.stack([said(model.share(l, v, run)) for l, v in enumerate(each)])
    bias = np.stack([said(model.bias_of_attention(l, run)) for l in range(model.L)])
    return {"logit": each, "bias_logit": bias}


if __name__ == "__main__":
    fine = compare_logits(sys.argv[1]) if len(sys.argv) == 2 else compare_result(*sys.argv[1:3])
    sys.exit(not fine)
