#!/usr/bin/env python3
"""Exact edges beside what approximates them: a finished map of kind edges, whose operation patches
from the counterfactual at the last token, against numbers made here with PyTorch.

    python3 bench/edge_map.py RESULT MODEL [--group NAME] [--sample 2000] [--steps 5] [-o FILE.csv]

MODEL is of the Llama family (a Hugging Face directory or a .gguf file). Of each query that the
group computed, and the logit of its right target:

  eap      (u' - u) . gradient with respect to what the receiver reads, at the clean run
  eap_ig   the same, the gradient averaged over runs whose embeddings lie between the two prompts'
  frozen   the edge as the map has it, but the receiver's norm keeps the clean run's divisor: of
           --sample edges drawn at random and as many of the strongest
  exact    those again with the norm computed anew, which has to be the map's own number

Prints rank correlations with the map (Spearman, of effects and of their sizes), how many of the
strongest hundred are the same, and where they disagree most. Needs torch, h5py and, for a .gguf
file, gguf.
"""

import argparse
import csv
import os
import sys
import time

import h5py
import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../tests/reference"))
import numpy_model  # noqa: E402  (its reader of checkpoints alone)


class Model:
    """The last row of a Llama, with an input of its own for each receiver."""

    def __init__(self, path):
        config, weights = numpy_model.read_checkpoint(path)
        if config.get("rope_scaling") or "rope_divisors" in config:
            raise SystemExit("edge_map.py: a model with scaled rotary frequencies is not handled")
        self.w = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in weights.items()}
        self.L, self.d = config["num_hidden_layers"], config["hidden_size"]
        self.H = config["num_attention_heads"]
        self.G = config.get("num_key_value_heads") or self.H
        self.dh = config.get("head_dim") or self.d // self.H
        self.eps = config["rms_norm_eps"]
        rope = config.get("rope_parameters") or {}
        base = config.get("rope_theta") or rope.get("rope_theta") or 10000.0
        self.turn = 1.0 / base ** (torch.arange(0, self.dh, 2).double() / self.dh)
        self.out = self.w.get("lm_head.weight", self.w["model.embed_tokens.weight"])

    def of(self, layer, name):
        return self.w[f"model.layers.{layer}.{name}.weight"]

    def norm(self, x, weight, of=None):
        """of: the vector whose length divides; x itself by default."""
        by = x if of is None else of
        return x * torch.rsqrt(by.pow(2).mean(-1, keepdim=True) + self.eps) * weight

    def rotate(self, x, at):
        """x (..., heads, dh), at (...): positions."""
        angle = (at.double()[..., None] * self.turn).float()[..., None, :]
        a, b = x[..., : self.dh // 2], x[..., self.dh // 2 :]
        cos, sin = angle.cos(), angle.sin()
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def mlp(self, layer, x):
        gate = torch.nn.functional.silu(x @ self.of(layer, "mlp.gate_proj").T)
        return (gate * (x @ self.of(layer, "mlp.up_proj").T)) @ self.of(layer, "mlp.down_proj").T

    def project(self, layer, name, x, heads):
        """x (..., d) for all heads, or (..., heads, d) one for each."""
        w = self.of(layer, f"self_attn.{name}_proj").view(heads, self.dh, self.d)
        return torch.einsum("...d,hed->...he" if x.dim() < 3 else "...hd,hed->...he", x, w)

    def attend(self, layer, q, k, v):
        """q (..., H, dh) of one row, k and v (..., rows, G, dh): z (..., H, dh)."""
        share = self.H // self.G
        k, v = k.repeat_interleave(share, -2), v.repeat_interleave(share, -2)
        p = (torch.einsum("...he,...the->...ht", q, k) / self.dh**0.5).softmax(-1)
        return torch.einsum("...ht,...the->...he", p, v)

    def heads_out(self, layer, z):
        """(..., H, d): what each head adds."""
        w = self.of(layer, "self_attn.o_proj").view(self.d, self.H, self.dh)
        return torch.einsum("...he,dhe->...hd", z, w)

    def full(self, x, leaves=None):
        """All rows of one prompt from embeddings x (n, d): what its last row has. leaves: adds to
        what each receiver reads of the last row."""
        n = len(x)
        at, run = torch.arange(n), {"x": [x[-1]], "mid": [], "k": [], "v": [], "u": {}}
        run["u"]["embedding", -1, -1] = x[-1]
        mask = torch.full((n, n), float("-inf")).triu(1)
        for l in range(self.L):
            g = self.of(l, "input_layernorm")
            each = []
            for name, heads in (("q", self.H), ("k", self.G), ("v", self.G)):
                y = self.project(l, name, self.norm(x, g), heads)
                if leaves:
                    own = self.norm(x[-1] + leaves[name, l], g)  # (heads, d)
                    w = self.of(l, f"self_attn.{name}_proj").view(heads, self.dh, self.d)
                    y = torch.cat([y[:-1], torch.einsum("hd,hed->he", own, w)[None]])
                each.append(y)
            q, k, v = self.rotate(each[0], at), self.rotate(each[1], at), each[2]
            share = self.H // self.G
            score = torch.einsum("she,the->hst", q, k.repeat_interleave(share, 1)) / self.dh**0.5
            p = (score + mask).softmax(-1)
            z = torch.einsum("hst,the->she", p, v.repeat_interleave(share, 1))
            parts = self.heads_out(l, z[-1])
            x = x + z.reshape(n, -1) @ self.of(l, "self_attn.o_proj").T
            run["mid"].append(x[-1])
            g = self.of(l, "post_attention_layernorm")
            m = self.mlp(l, self.norm(x, g))
            if leaves:
                last = self.mlp(l, self.norm(x[-1] + leaves["mlp", l][0], g))
                m = torch.cat([m[:-1], last[None]])
            x = x + m
            run["x"].append(x[-1])
            run["k"].append(k)
            run["v"].append(v)
            run["q"] = run.get("q", []) + [q[-1]]
            for h in range(self.H):
                run["u"]["head", l, h] = parts[h]
            run["u"]["mlp", l, -1] = m[-1]
        read = x[-1] + (leaves["logits", self.L][0] if leaves else 0)
        run["logits"] = self.norm(read, self.w["model.norm.weight"]) @ self.out.T
        return run

    def embed(self, ids):
        return self.w["model.embed_tokens.weight"][torch.tensor(ids)]

    def leaves(self):
        """Zeros with gradients, (parts, d) for each module."""
        out = {("logits", self.L): torch.zeros(1, self.d, requires_grad=True)}
        for l in range(self.L):
            for name, parts in (("q", self.H), ("k", self.G), ("v", self.G), ("mlp", 1)):
                out[name, l] = torch.zeros(parts, self.d, requires_grad=True)
        return out

    def edited(self, clean, layer, kind, heads, change, target, frozen):
        """Logits of the target of a batch of edges into receivers of one kind and layer: receiver
        `heads[i]` reads `change[i]` more."""
        B, n = len(change), len(clean["k"][0])
        at = torch.full((B,), n - 1)
        if kind == "logits":
            old = clean["x"][-1]
            y = self.norm(old + change, self.w["model.norm.weight"], old if frozen else None)
            return y @ self.out[target]
        x = clean["x"][layer].expand(B, -1)
        for l in range(layer, self.L):
            first = l == layer
            if first and kind == "mlp":
                mid = clean["mid"][l].expand(B, -1)
            else:
                mid = x + self.attention(clean, l, x, at, kind if first else None, heads, change, frozen)
            g, read = self.of(l, "post_attention_layernorm"), mid
            if first and kind == "mlp":
                read = mid + change
            by = mid if first and kind == "mlp" and frozen else None
            x = mid + self.mlp(l, self.norm(read, g, by))
        return self.norm(x, self.w["model.norm.weight"]) @ self.out[target]

    def attention(self, clean, l, x, at, kind, heads, change, frozen):
        B, g = len(x), self.of(l, "input_layernorm")
        y = self.norm(x, g)
        part = {n: self.project(l, n, y, h) for n, h in (("q", self.H), ("k", self.G), ("v", self.G))}
        if kind:
            own = self.norm(x + change, g, x if frozen else None)
            w = self.of(l, f"self_attn.{kind}_proj").view(-1, self.dh, self.d)[heads]
            part[kind] = part[kind].clone()
            part[kind][torch.arange(B), heads] = torch.einsum("bd,bed->be", own, w)
        q, k = self.rotate(part["q"], at), self.rotate(part["k"], at)
        k = torch.cat([clean["k"][l][:-1].expand(B, -1, -1, -1), k[:, None]], 1)
        v = torch.cat([clean["v"][l][:-1].expand(B, -1, -1, -1), part["v"][:, None]], 1)
        z = self.attend(l, q, k, v)
        return z.reshape(B, -1) @ self.of(l, "self_attn.o_proj").T


def ends(group, layers):
    """[(sender, receiver)], each (kind, layer, head)."""
    columns = [[v.decode() for v in group["sender"][()]], group["sender_layer"][()], group["sender_head"][()],
               [v.decode() for v in group["receiver"][()]], group["receiver_layer"][()], group["receiver_head"][()]]  # fmt: skip
    out = []
    for s, sl, sh, r, rl, rh in zip(*columns):
        kind = r.split()[0]
        out.append(((s.split()[0], int(sl), int(sh)), (kind, layers if kind == "logits" else int(rl), int(rh))))
    return out


def gradients(model, x, target):
    leaves = model.leaves()
    run = model.full(x, leaves)
    run["logits"][target].backward()
    return {key: leaf.grad for key, leaf in leaves.items()}


def attribution(edges, change, gradient):
    table = {}
    for r in {r for _, r in edges}:
        table[r] = gradient[r[0], r[1]][max(r[2], 0)]
    return np.array([float(change[s] @ table[r]) for s, r in edges])


def run_edges(model, clean, edges, chosen, change, target, frozen, batch=256):
    out = {}
    by = {}
    for i in chosen:
        by.setdefault(edges[i][1][:2], []).append(i)
    for (kind, layer), members in by.items():
        for at in range(0, len(members), batch):
            part = members[at : at + batch]
            heads = torch.tensor([max(edges[i][1][2], 0) for i in part])
            more = torch.stack([change[edges[i][0]] for i in part])
            value = model.edited(clean, layer, kind, heads, more, target, frozen)
            out.update(zip(part, (value - clean["logits"][target]).tolist()))
    return np.array([out[i] for i in chosen])


def ranks(v):
    """Ties share their mean rank."""
    _, at, n = np.unique(v, return_inverse=True, return_counts=True)
    end = np.cumsum(n)
    return (end - (n - 1) / 2)[at]


def spearman(a, b):
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def compared(a, b, top=100):
    """What is printed of an approximation b of a."""
    first = [set(np.argsort(-np.abs(v))[:top]) for v in (a, b)]
    strong = sorted(first[0])
    return {
        "edges": len(a),
        "spearman": spearman(a, b),
        "of sizes": spearman(np.abs(a), np.abs(b)),
        f"of the {top} strongest": spearman(a[strong], b[strong]),
        f"same among {top}": len(first[0] & first[1]),
        "sign": float(np.mean(np.sign(a[strong]) == np.sign(b[strong]))),
        "slope": float(a[strong] @ b[strong] / (a[strong] @ a[strong])),
    }


class Means:
    """Of what was compared, over queries; of edges with values of all queries, their means."""

    def __init__(self):
        self.rows, self.exact, self.other = {}, {}, {}

    def add(self, name, exact, other):
        self.rows.setdefault(name, []).append(compared(exact, other))
        self.exact.setdefault(name, []).append(exact)
        self.other.setdefault(name, []).append(other)

    def show(self):
        for name, rows in self.rows.items():
            print(f"\n{name}: mean over {len(rows)} queries (least, greatest)")
            for key in rows[0]:
                v = [row[key] for row in rows]
                print(f"  {key:24} {np.mean(v):.3f} ({np.min(v):.3f}, {np.max(v):.3f})")

    def show_mean(self, name, labels, worst=10):
        a, b = (np.mean(v[name], axis=0) for v in (self.exact, self.other))
        print(f"\n{name}: of the effect averaged over queries")
        for key, value in compared(a, b).items():
            print(f"  {key:24} {value:.3f}")
        print(f"  {'edge':28} {'exact':>9} {name:>9}")
        for i in np.argsort(-np.abs(a - b))[:worst]:
            print(f"  {labels[i]:28} {a[i]:+9.4f} {b[i]:+9.4f}")
        return a, b


def main():
    parser = argparse.ArgumentParser(description="exact edges beside EAP, EAP-IG and a frozen norm")
    parser.add_argument("result")
    parser.add_argument("model")
    parser.add_argument("--group", default="map")
    parser.add_argument("--data", required=True, help="the file of the queries, for counterfactuals")
    parser.add_argument("--sample", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("-o", "--output")
    args = parser.parse_args()
    model, means = Model(args.model), Means()
    with h5py.File(args.result) as f:
        group, queries = f[args.group], f["queries"]
        labels = [v.decode() for v in group["edge"][()]]
        metrics = [v.decode() for v in group["metric"][()]]
        edges = ends(group, model.L)
        given = counterfactuals(args.data)
        spent = dict.fromkeys(("eap", "eap_ig", "frozen", "exact"), 0.0)
        for i, status in enumerate(group["status"][()]):
            ids = queries["ids"][i][: queries["n_tokens"][i]].tolist()
            if status.decode() != "ok" or tuple(ids) not in given:
                continue
            other, name, target = given[tuple(ids)]
            exact = group["effect"][i, :, 0, metrics.index(f"logit.{name}")].astype(float)
            print(f"query {i}: {group['item'][i].decode()}, {name}", file=sys.stderr)
            one_query(model, means, spent, edges, exact, ids, other, target, args)
    means.show()
    columns = [means.show_mean(name, labels) for name in ("eap", "eap_ig")]
    print("\nseconds here:", ", ".join(f"{k} {v:.1f}" for k, v in spent.items()))
    if args.output:
        with open(args.output, "w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["edge", "exact", "eap", "eap_ig"])
            writer.writerows(zip(labels, columns[0][0], columns[0][1], columns[1][1]))


def counterfactuals(path):
    """{ids: (the counterfactual's ids, name of the right target, its token)}"""
    import json

    out = {}
    for line in open(path):
        q = json.loads(line)
        if "counterfactual" in q:
            name = q.get("target") or f"answer_{q['step']}"
            out[tuple(q["ids"])] = (q["counterfactual"]["ids"], name, q["targets"][name])
    return out


def one_query(model, means, spent, edges, exact, ids, other, target, args):
    def timed(name, work):
        began = time.perf_counter()
        result = work()
        spent[name] += time.perf_counter() - began
        return result

    with torch.no_grad():
        clean, source = model.full(model.embed(ids)), model.full(model.embed(other))
        change = {s: source["u"][s] - clean["u"][s] for s in clean["u"]}
    a, b = model.embed(ids), model.embed(other)
    eap = timed("eap", lambda: attribution(edges, change, gradients(model, a, target)))

    def integrated():
        total = None
        for step in range(1, args.steps + 1):
            g = gradients(model, b + (a - b) * step / args.steps, target)
            total = g if total is None else {k: total[k] + g[k] for k in g}
        return attribution(edges, change, {k: v / args.steps for k, v in total.items()})

    means.add("eap", exact, eap)
    means.add("eap_ig", exact, timed("eap_ig", integrated))
    rng = np.random.default_rng(1)
    strong = np.argsort(-np.abs(exact))[: args.sample]
    rest = rng.choice(len(edges), min(args.sample, len(edges)), replace=False)
    chosen = np.unique(np.concatenate([strong, rest])).tolist()
    with torch.no_grad():
        for name in ("frozen", "exact"):
            v = timed(name, lambda: run_edges(model, clean, edges, chosen, change, target, name == "frozen"))
            means.add(name, exact[chosen], v)
            print(f"  {name}: largest difference {np.max(np.abs(v - exact[chosen])):.2e}", file=sys.stderr)


if __name__ == "__main__":
    main()
