"""Compares scores of weights alone (kind attention with weights: true, docs/methods.md 6.5) with float64
NumPy by definition: whole circuits of tokens by tokens, and whole matrices of the stream.

    python3 tests/reference/check_weights.py RESULT MODEL

Exit status 1 if something is beyond tolerance, 2 if there is nothing to compare. For small models.
"""

import sys

import h5py
import numpy as np

import numpy_model
from result_file import Table, experiments

ATOL, RTOL = 2e-5, 2e-5
SCORES = [(c, n) for c, same in (("ov", "copying"), ("qk", "matching")) for n in ("positive", same, "self")]


class Weights:
    """A norm is the matrix that is left of it without its divisor."""

    def __init__(self, model):
        self.m, self.plus = model, getattr(model, "plus", 0)
        self.centre = np.eye(model.d)
        if getattr(model, "centred", False):
            self.centre -= 1 / model.d
        U = model.U @ self.norm("model.norm.weight")
        self.U, self.E = U - U.mean(0), model.E - model.E.mean(0)

    def norm(self, name, scale=1):
        w = self.m.w.get(name)
        return np.eye(self.m.d) if w is None else np.diag(w + self.plus) @ self.centre

    def layer(self, layer, *names):
        """The norm that has one of these names."""
        for name in names:
            if (at := f"model.layers.{layer}.{name}.weight") in self.m.w:
                return self.norm(at)
        return np.eye(self.m.d)

    def read(self, layer, head, name):
        m, heads = self.m, self.m.H if name == "q" else self.m.G
        g = head if name == "q" else head * m.G // m.H
        w = m.weight(layer, f"self_attn.{name}_proj").reshape(heads, m.dh, m.d)[g]
        own = m.w.get(f"model.layers.{layer}.self_attn.{name}_norm.weight")
        if own is not None:
            own = own.reshape(heads, m.dh)[g] if own.size != m.dh else own
            w = (own + self.plus)[:, None] * w
        return w @ self.layer(layer, "pre_attn", "input_layernorm")

    def ov(self, layer, head):
        m = self.m
        o = m.weight(layer, "self_attn.o_proj").reshape(m.d, m.H, m.dh)[:, head]
        return self.layer(layer, "post_attn") @ o @ self.read(layer, head, "v")

    def qk(self, layer, head):
        return self.read(layer, head, "q").T @ self.read(layer, head, "k")

    def circuit(self, full, rank):
        """Of tokens by tokens: (eigenvalues that are not zero, share of positive ones ...)"""
        e = np.linalg.eigvals(full)
        e = e[np.argsort(-abs(e))][:rank]
        return (np.sum(e.real > 0) / rank, e.sum().real / abs(e).sum(),
                np.trace(full) / len(full) / np.sqrt(np.mean(full**2)))


def check_group(model, group, name):
    table, w, of = Table(name), Weights(model), np.linalg.norm
    heads = [(l, h) for l in range(model.L) for h in range(model.H)]
    ov, qk = ({at: f(*at) for at in heads} for f in (w.ov, w.qk))
    want = {f"{n}_composition": np.full((model.L, model.H) * 2, np.nan) for n in "qkv"}
    want |= {f"{c}_{n}": np.full((model.L, model.H), np.nan) for c, n in SCORES}
    for at in heads:
        for kind, full in (("ov", w.U @ ov[at] @ w.E.T), ("qk", w.E @ qk[at] @ w.E.T)):
            for (_, n), x in zip((s for s in SCORES if s[0] == kind), w.circuit(full, model.dh)):
                want[f"{kind}_{n}"][at] = x
        for up in heads:
            if up[0] > at[0]:
                by = of(qk[up]) * of(ov[at])
                want["q_composition"][at + up] = of(qk[up].T @ ov[at]) / by
                want["k_composition"][at + up] = of(qk[up] @ ov[at]) / by
                want["v_composition"][at + up] = of(ov[up] @ ov[at]) / (of(ov[up]) * of(ov[at]))
    for n, x in want.items():
        table.row(n).add_floats(group[n], x, n)
    table.queries = 1
    return table


def main():
    model = numpy_model.Model.open(sys.argv[2])
    with h5py.File(sys.argv[1]) as result:
        found = [(g, c) for g, c in experiments(result, "attention") if c.get("weights")]
        tables = [check_group(model, g, c["name"]) for g, c in found]
    if not tables:
        print("check_weights: the result has no scores of weights", file=sys.stderr)
        return 2
    return 1 if any([t.show(ATOL, RTOL) for t in tables]) else 0


if __name__ == "__main__":
    sys.exit(main())
