"""A decoder of the Llama family in plain NumPy, to check the program against.

Written from docs/methods.md 2. Nothing here is clever: one prompt at a time, float64 unless said,
every intermediate kept. It needs numpy, and the package gguf where the checkpoint is a .gguf file.

    model = Model.open("models/SmolLM2-135M-Instruct.gguf")      # or a Hugging Face directory
    run = model.forward(ids)
    run.x[l]           (N, d)        residual: x[0] the embedding, x[L] what the final norm sees
    run.q[l]           (N, H, dh)    after RoPE;  run.k[l], run.v[l]  (N, G, dh)
    run.flat_q[l], run.flat_k[l]     before RoPE; run.hidden[l]       (N, d_ff)
    run.p[l]           (H, N, N)     attention pattern
    run.z[l]           (N, H, dh)    head outputs
    run.a[l], run.m[l] (N, d)        attention and MLP outputs
    run.logits         (N, V)
    model.decode(run.a[l][-1], run.var)          # (V), docs/methods.md 2
    model.forward(ids, edit=function)            # function(site, layer, value) -> value

`edit` is called with every value at the sites "resid" (layers 0 .. L), "q", "k" (before RoPE), "v",
"score" (before the softmax, -inf where the causal mask is), "pattern", "z", "attn", "neuron" (the
MLP's hidden units) and "mlp" and returns what shall be used instead; and with what each module
reads of the stream, before its norm: "read_q", "read_k", "read_v" (N, heads, d), "read_mlp" (N, d).
edited() makes such a function from a list of Edits:

    cut = Edit("pattern", "zero", layers=range(model.L), tokens=[-1], keys=[3, 4])
    model.forward(ids, edit=edited([cut]))

Run as a program it compares itself with transformers (which only this check needs, with torch):

    python3 tests/reference/numpy_model.py MODEL
"""

import dataclasses
import json
import math
import os
import struct
import sys

import numpy as np


# ---------------------------------------------------------------- checkpoints


def read_safetensors(path):
    """All tensors of one file as float32 arrays."""
    with open(path, "rb") as f:
        blob = f.read()
    (header_size,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + header_size])
    data = memoryview(blob)[8 + header_size :]
    out = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        raw = data[begin:end]
        if entry["dtype"] == "BF16":  # the upper half of a float32
            value = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            value = np.frombuffer(raw, {"F32": "<f4", "F16": "<f2"}[entry["dtype"]])
        out[name] = value.astype(np.float32).reshape(entry["shape"])
    return out


def read_hf(path):
    """(config, weights) of a Hugging Face directory."""
    with open(os.path.join(path, "config.json")) as f:
        config = json.load(f)
    index = os.path.join(path, "model.safetensors.index.json")
    if os.path.exists(index):
        with open(index) as f:
            files = sorted(set(json.load(f)["weight_map"].values()))
    else:
        files = ["model.safetensors"]
    weights = {}
    for name in files:
        weights.update(read_safetensors(os.path.join(path, name)))
    return config, weights


GGUF_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
GGUF_TOP = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}


def unpermute(w, n_heads):
    """Rows of Q or K as the original has them.

    A llama file interleaves the two halves of each head (row 2i is component i, row 2i + 1 is
    component i + dh/2), since its RoPE turns neighbours; ours turns component i with i + dh/2.
    """
    dh = w.shape[0] // n_heads
    return w.reshape(n_heads, dh // 2, 2, -1).swapaxes(1, 2).reshape(w.shape)


def read_gguf(path):
    """(config, weights) of a GGUF file, names and rows as a Hugging Face directory has them."""
    import gguf

    reader = gguf.GGUFReader(path)

    def meta(key, default=None):
        field = reader.get_field(key)
        return default if field is None else field.contents()

    arch = meta("general.architecture")
    if arch != "llama":
        raise ValueError(f"{path}: architecture {arch!r} is not handled")
    raw = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in reader.tensors}
    raw = {name: value.astype(np.float32) for name, value in raw.items()}
    n_heads = meta("llama.attention.head_count")
    n_kv = meta("llama.attention.head_count_kv", n_heads)
    weights = {}
    for name, value in raw.items():
        part = name.split(".")
        if name in GGUF_TOP:
            weights[GGUF_TOP[name]] = value
        elif part[0] == "blk" and part[2] in GGUF_LAYER:
            if part[2] == "attn_q":
                value = unpermute(value, n_heads)
            if part[2] == "attn_k":
                value = unpermute(value, n_kv)
            weights[f"model.layers.{part[1]}.{GGUF_LAYER[part[2]]}.weight"] = value
        elif name != "rope_freqs.weight":
            raise ValueError(f"{path}: tensor {name!r} is not handled")
    d = meta("llama.embedding_length")
    config = {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": d,
        "intermediate_size": meta("llama.feed_forward_length"),
        "num_hidden_layers": meta("llama.block_count"),
        "num_attention_heads": n_heads,
        "num_key_value_heads": n_kv,
        "head_dim": meta("llama.attention.key_length", d // n_heads),
        "max_position_embeddings": meta("llama.context_length"),
        "rms_norm_eps": meta("llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": meta("llama.rope.freq_base", 10000.0),
        "vocab_size": raw["token_embd.weight"].shape[0],
        "tie_word_embeddings": "output.weight" not in raw,
    }
    if meta("llama.rope.scaling.type", "none") == "linear":
        config["rope_scaling"] = {
            "rope_type": "linear",
            "factor": meta("llama.rope.scaling.factor"),
        }
    if "rope_freqs.weight" in raw:  # llama3's scaling, worked out: frequencies are divided by it
        config["rope_divisors"] = raw["rope_freqs.weight"].astype(np.float64)
    return config, weights


def read_checkpoint(path):
    return read_gguf(path) if os.fspath(path).endswith(".gguf") else read_hf(path)


# ---------------------------------------------------------------- the model


ROPE = ("default", "linear", "llama3")  # that this model knows


def rotary_frequencies(config, dh):
    """(dh/2) angles per position."""
    scaling = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = config.get("rope_theta") or scaling.get("rope_theta", 10000.0)
    freq = 1.0 / float(theta) ** (np.arange(0, dh, 2, dtype=np.float64) / dh)
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "linear":
        freq = freq / scaling["factor"]
    elif kind == "llama3":
        original = scaling["original_max_position_embeddings"]
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        turns = original * freq / (2 * math.pi)  # over the original context
        mix = np.clip((turns - low) / (high - low), 0, 1)  # 0 = slowed down fully, 1 = left alone
        freq = (1 - mix) * freq / scaling["factor"] + mix * freq
    elif kind != "default":
        raise ValueError(f"rope scaling {kind!r} is not handled")
    if "rope_divisors" in config:
        freq = freq / config["rope_divisors"]
    return freq


def rmsnorm(x, w, eps):
    return w * x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps)


def rotate(x, cos, sin):
    """x (N, heads, dh), cos and sin (N, dh/2): component i turns with component i + dh/2."""
    half = x.shape[-1] // 2
    lo, hi = x[..., :half], x[..., half:]
    c, s = cos[:, None, :], sin[:, None, :]
    return np.concatenate([lo * c - hi * s, hi * c + lo * s], axis=-1)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_or_zero(score):
    """(..., to, from); a row in which every score is -inf, all its keys being masked, is 0."""
    p = np.zeros_like(score)
    rows = np.any(score > -np.inf, axis=-1)
    p[rows] = softmax(score[rows])
    return p


def silu(x):
    return x / (1 + np.exp(-x))


def logsumexp(x):
    top = x.max(axis=-1, keepdims=True)
    return (top + np.log(np.exp(x - top).sum(axis=-1, keepdims=True)))[..., 0]


def log_softmax(x):
    return x - logsumexp(x)[..., None]


def rank(logits, token):
    """0 = argmax: how many logits are strictly greater than the token's."""
    return int(np.count_nonzero(logits > logits[token]))


class Run:
    """One forward pass; the module's text says what each list holds."""

    def __init__(self):
        self.x, self.q, self.k, self.v, self.p, self.z, self.a, self.m = ([] for _ in range(8))
        self.flat_q, self.flat_k, self.hidden = [], [], []
        self.logits = None
        self.var = None  # var_c of docs/methods.md 2: eps is added by the user of it


class Model:
    parallel = False  # attention and MLP read the same stream

    def __init__(self, config, weights, dtype=np.float64):
        self.config = config
        self.L = config["num_hidden_layers"]
        self.H = config["num_attention_heads"]
        self.G = config.get("num_key_value_heads") or self.H
        self.d = config["hidden_size"]
        self.dh = config.get("head_dim") or self.d // self.H
        self.f = config["intermediate_size"]
        self.eps = float(config["rms_norm_eps"])
        self.window = config.get("sliding_window") or 0
        self.w = {name: value.astype(dtype) for name, value in weights.items()}
        self.dtype = dtype
        self.E = self.w["model.embed_tokens.weight"]  # (V, d)
        tied = config.get("tie_word_embeddings", False) or "lm_head.weight" not in self.w
        self.U = self.E if tied else self.w["lm_head.weight"]  # (V, d)
        self.w_final = self.w["model.norm.weight"]  # (d)
        self.freq = rotary_frequencies(config, self.dh)
        self.V = self.U.shape[0]

    @classmethod
    def open(cls, path, dtype=np.float64):
        config, weights = read_checkpoint(path)
        rope = (config.get("rope_parameters") or config.get("rope_scaling") or {}).get("rope_type")
        plain = config.get("model_type", "llama") in ("llama", "mistral") and rope in (None, *ROPE)
        plain &= config.get("model_type") != "mistral" or not config.get("sliding_window")
        if plain or os.fspath(path).endswith(".gguf"):
            return cls(config, weights, dtype=dtype)
        from numpy_families import Family  # which is made of this class

        return Family(config, weights, dtype=dtype)

    def weight(self, layer, name):
        return self.w[f"model.layers.{layer}.{name}.weight"]

    def read(self, layer, name, heads, x, edit):
        """(N, heads, dh): each head's projection of what it reads of the stream x (N, d)."""
        norm = self.weight(layer, "input_layernorm")
        w = self.weight(layer, f"self_attn.{name}_proj").reshape(heads, self.dh, self.d)
        seen = edit(f"read_{name}", layer, np.repeat(x[:, None], heads, axis=1))
        return np.einsum("thd,hed->the", rmsnorm(seen, norm, self.eps), w)

    def attention(self, layer, x, run, edit):
        """x (N, d), the stream; appends q, k, v, p, z and returns a_l (N, d)."""
        n = x.shape[0]
        angle = np.arange(n)[:, None] * self.freq
        cos, sin = np.cos(angle).astype(self.dtype), np.sin(angle).astype(self.dtype)
        q = edit("q", layer, self.read(layer, "q", self.H, x, edit))
        k = edit("k", layer, self.read(layer, "k", self.G, x, edit))
        v = edit("v", layer, self.read(layer, "v", self.G, x, edit))
        run.flat_q.append(q)
        run.flat_k.append(k)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        seen = np.tril(np.ones((n, n), bool))  # (to, from)
        score = np.zeros((self.H, n, n), self.dtype)
        for head in range(self.H):
            s = q[:, head] @ k[:, head * self.G // self.H].T / math.sqrt(self.dh)
            score[head] = np.where(seen, s, -np.inf)
        score = edit("score", layer, score)
        p = edit("pattern", layer, softmax_or_zero(score))
        z = np.zeros((n, self.H, self.dh), self.dtype)
        for head in range(self.H):
            z[:, head] = p[head] @ v[:, head * self.G // self.H]
        z = edit("z", layer, z)
        for kept, value in ((run.q, q), (run.k, k), (run.v, v), (run.p, p), (run.z, z)):
            kept.append(value)
        return self.attended(layer, z)

    def attended(self, layer, z):
        """a_l (N, d) of the head outputs z (N, H, dh)."""
        return z.reshape(len(z), -1) @ self.weight(layer, "self_attn.o_proj").T

    def mlp(self, layer, y, run, edit):
        """y (N, d), the stream; appends the hidden units and returns m_l (N, d)."""
        seen = edit("read_mlp", layer, y)
        h = rmsnorm(seen, self.weight(layer, "post_attention_layernorm"), self.eps)
        gate = h @ self.weight(layer, "mlp.gate_proj").T
        up = h @ self.weight(layer, "mlp.up_proj").T
        run.hidden.append(edit("neuron", layer, silu(gate) * up))
        return run.hidden[-1] @ self.weight(layer, "mlp.down_proj").T

    def forward(self, ids, edit=None, logits="all"):
        """logits: "all" rows, or only the "last" one, (1, V)."""
        if self.window and len(ids) > self.window:
            raise ValueError(f"{len(ids)} tokens do not fit the sliding window of {self.window}")
        edit = edit or (lambda site, layer, value: value)
        run = Run()
        run.ids = ids
        x = edit("resid", 0, self.E[np.asarray(ids)])  # (N, d)
        run.x.append(x)
        for layer in range(self.L):
            a = edit("attn", layer, self.attention(layer, x, run, edit))
            y = x + a
            m = edit("mlp", layer, self.mlp(layer, y, run, edit))
            x = edit("resid", layer + 1, y + m)
            run.a.append(a)
            run.m.append(m)
            run.x.append(x)
        run.var = self.variance(x[-1])
        rows = x if logits == "all" else x[-1:]
        run.logits = rmsnorm(rows, self.w_final, self.eps) @ self.U.T
        return run

    def decode(self, r, var):
        """r (..., d), a part of the last row's residual of a run with this var; logits (..., V)."""
        return (self.w_final * r / math.sqrt(var + self.eps)) @ self.U.T

    def variance(self, x):
        """var of the final norm, of one row x (d)."""
        return float(np.mean(x**2))

    def embedding(self, token):
        """(d), without its position."""
        return self.E[token]

    def share(self, layer, v, run):
        """Of v (..., d), a part of attention's output in the last row: what it adds to the stream."""
        return v

    def bias_of_attention(self, layer, run):
        """(d): what no head adds to the last row's stream."""
        return np.zeros(self.d)

    def said(self, logits):
        """The logits that ranks and probabilities are of."""
        return logits

    def lens(self, x):
        """The logit lens: residuals x (..., d), each with its own norm; logits (..., V)."""
        return rmsnorm(x, self.w_final, self.eps) @ self.U.T


# ---------------------------------------------------------------- edits


@dataclasses.dataclass
class Edit:
    """What is done to some entries of one site, in each of the layers.

    site   "resid" (layer l is x_l), "attn", "mlp", "read_mlp": rows; "z", "q", "k", "v", "neuron",
           "read_q", "read_k", "read_v": rows and heads (key and value heads, hidden units);
           "score", "pattern": heads, rows (to) and keys (from)
    op     "zero"; "scale" by factor; "set" to the operand; "add" factor times the operand; "mask"
           (site "score"): no attention, the rest of the row sums to 1
    heads  None = all
    value  the operand; not given: what `run` has at this place
    """

    site: str
    op: str
    layers: object
    tokens: object
    heads: object = None
    keys: object = None
    value: object = None
    run: object = None
    factor: float = 1.0


KEPT = {
    "resid": "x",
    "attn": "a",
    "mlp": "m",
    "z": "z",
    "q": "flat_q",
    "k": "flat_k",
    "v": "v",
    "neuron": "hidden",
}
BY_HEAD = ("z", "q", "k", "v", "neuron", "read_q", "read_k", "read_v")


def apply_edit(e, layer, value):
    out = value.copy()
    if e.site in ("score", "pattern"):
        heads = range(out.shape[0]) if e.heads is None else e.heads
        where = np.ix_(list(heads), list(e.tokens), list(e.keys))
    elif e.site in BY_HEAD:
        heads = range(out.shape[1]) if e.heads is None else e.heads
        where = np.ix_(list(e.tokens), list(heads))
    else:
        where = np.ix_(list(e.tokens))
    operand = e.value
    if e.run is not None:
        operand = getattr(e.run, KEPT[e.site])[layer][where]
    if e.op == "zero":
        out[where] = 0
    elif e.op == "mask":
        out[where] = -np.inf
    elif e.op == "scale":
        out[where] = out[where] * e.factor
    elif e.op == "add":
        out[where] = out[where] + e.factor * operand
    elif e.op == "set":
        out[where] = operand
    else:
        raise ValueError(f"operation {e.op!r}")
    return out


def edited(edits):
    """The `edit` argument of forward(): the edits one after the other."""

    def edit(site, layer, value):
        for e in edits:
            if e.site == site and layer in e.layers:
                value = apply_edit(e, layer, value)
        return value

    return edit


# ------------------------------------------------------ docs/methods.md 3.1

COMPONENTS = ("attn", "mlp", "resid")


def decoded_logits(model, run):
    """(L, 3, V): what attention, MLP and residual of every layer say at the last token."""
    out = np.zeros((model.L, len(COMPONENTS), model.V), model.dtype)
    out[:, 0] = model.decode(np.stack([a[-1] for a in run.a]), run.var)
    out[:, 1] = model.decode(np.stack([m[-1] for m in run.m]), run.var)
    out[:, 2] = model.lens(np.stack([x[-1] for x in run.x[1:]]))
    return out


def early_decoding(model, run, targets, controls):
    """The variables of a decode group for one query; targets and controls are token ids."""
    full = decoded_logits(model, run)
    said = model.said(full)
    logprob = log_softmax(said)
    rank_of = [(said > said[..., t : t + 1]).sum(axis=-1) for t in targets]
    return {
        "logit": full[..., targets],
        "logprob": logprob[..., targets],
        "rank": np.stack(rank_of, axis=-1),
        "vocab_mean": full.mean(axis=-1),
        "vocab_std": full.std(axis=-1),  # over the whole vocabulary: ddof 0
        "control_logit": full[..., controls].mean(axis=-1) if len(controls) else None,
        "embed_logit": model.decode(model.embedding(run.ids[-1]), run.var)[targets],
        "full": full,
    }


# ------------------------------------------------------ docs/methods.md 3.2


def noise_edits(span, level, samples, d):
    """An edit for each sample. All queries with spans of this length have the same draws."""
    n = np.random.RandomState(1).randn(samples, len(span), d)
    return [Edit("resid", "add", layers=[0], tokens=span, value=level * sample) for sample in n]


def window_of(layer, width, L):
    """[layer - floor(w/2), layer + ceil(w/2)), as much of it as there is."""
    return range(max(0, layer - width // 2), min(L, layer + (width + 1) // 2))


def trace_edit(site, token, layer, width, L, run):
    """At one token, the run's outputs instead: of a window of layers, or x after one layer."""
    if site == "residual":
        return Edit("resid", "set", layers=[layer + 1], tokens=[token], run=run)
    return Edit(site, "set", layers=window_of(layer, width, L), tokens=[token], run=run)


# ------------------------------------------------------ docs/methods.md 3.4


def knockout(model, ids, keys, layers, heads, renormalise):
    """The run in which the last row's attention to the keys is cut."""
    cut = Edit("pattern", "zero", layers=layers, heads=heads, tokens=[len(ids) - 1], keys=keys)
    if renormalise:
        cut = dataclasses.replace(cut, site="score", op="mask")
    return model.forward(ids, edit=edited([cut]), logits="last")


def kl_divergence(clean, other):
    """KL(clean || other) of the next token, from logits."""
    p, q = log_softmax(clean), log_softmax(other)
    return float(np.sum(np.exp(p) * (p - q)))


# ---------------------------------------------------------------- self-check


def self_check(path):
    import torch

    import torch_model

    config, weights = read_checkpoint(path)
    model = Model(config, weights, dtype=np.float32)
    peer = torch_model.build(config, weights)
    rng = np.random.default_rng(1)
    ids = rng.integers(0, model.V, size=24)
    run = model.forward(ids)
    with torch.no_grad():
        out = peer(torch.tensor(ids)[None], output_hidden_states=True)
    worst = float(np.abs(run.logits - out.logits[0].numpy()).max())
    resid = max(
        float(np.abs(run.x[l] - out.hidden_states[l][0].numpy()).max()) for l in range(model.L)
    )
    parts = model.decode(run.x[0][-1] + sum(run.a)[-1] + sum(run.m)[-1], run.var)
    whole = float(np.abs(parts - run.logits[-1]).max())
    print(f"float32 against transformers: logits {worst:.2e}, residuals {resid:.2e}")
    print(f"decoded parts against the whole: {whole:.2e}")
    return 0 if worst < 2e-3 and whole < 2e-3 else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: numpy_model.py MODEL")
    sys.exit(self_check(sys.argv[1]))
