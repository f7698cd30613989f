"""Compares the groups of kind edges of a result file with float64 NumPy (docs/methods.md 6.3).

    python3 tests/reference/check_edges.py RESULT MODEL [--atol X] [--rtol Y] [--cells N] [--data FILE...]

By definition: in the clean run one receiver reads x + (u' - u) at the named tokens, where u is what
the sender adds to the residual stream, u' what it adds where the operation has changed it;
everything else reads the clean stream, and from the receiver on the network runs on. Each cell is
a whole forward pass. --cells: only so many of each group, drawn at random (all); --data: where
counterfactuals are given. Which edges there are, and in which order, is worked out here as well.

It also checks two identities in NumPy and in the file: all edges of a sender together are the
sender patched (--identities), and edges into the logits are the direct effect.
"""

import itertools
import sys

import numpy as np

from check_ablation import Metrics, Sweep, positions_of
from check_trace import read_counterfactuals
from numpy_model import Edit, edited
from result_file import Table, choices, main, queries_of, strings

SITE = {"head": "head", "mlp": "mlp", "embedding": "residual"}
METRICS = ("logit", "logprob", "logit_difference", "recall_mass", "repetition_mass", "kl")
PER_TARGET = ("logit", "logprob")


def senders_of(model, config):
    """[(kind, layer, head)]"""
    side = config["senders"]
    layers = [c[1][0] for c in choices(side["layers"], model.L)]
    heads = [c[1][0] for c in choices(side["heads"], model.H)]
    out = [("embedding", -1, -1)] if "embedding" in side["kinds"] else []
    for l in sorted(layers):
        out += [("head", l, h) for h in sorted(heads) if "head" in side["kinds"]]
        out += [("mlp", l, -1)] if "mlp" in side["kinds"] else []
    return out


def receivers_of(model, config):
    side = config["receivers"]
    layers = [c[1][0] for c in choices(side["layers"], model.L)]
    heads = sorted(c[1][0] for c in choices(side["heads"], model.H))
    groups = sorted({h * model.G // model.H for h in heads})
    out = []
    for l in sorted(layers):
        for kind, of in (("q", heads), ("k", groups), ("v", groups)):
            out += [(kind, l, h) for h in of if kind in side["kinds"]]
        out += [("mlp", l, -1)] if "mlp" in side["kinds"] else []
    return out + ([("logits", model.L, -1)] if "logits" in side["kinds"] else [])


def name_of(end):
    kind, layer, head = end
    if kind in ("embedding", "logits"):
        return kind
    return f"{kind} {layer}" if head < 0 else f"{kind} {layer}.{head}"


def reads(model, sender, receiver):
    beside = sender[0] == "head" and receiver[0] == "mlp" and not model.parallel
    return sender[1] < receiver[1] or (sender[1] == receiver[1] and beside)


class Edges:
    """A group of the result."""

    def __init__(self, model, group, config, queries, given, clean_runs):
        self.model, self.group, self.config = model, group, config
        self.edges = [
            (s, r)
            for r in receivers_of(model, config)
            for s in senders_of(model, config)
            if reads(model, s, r)
        ]
        self.positions = positions_of(config["positions"], queries)
        self.draws = config["operation"].get("draws", 1) if config["operation"]["kind"] in (
            "resample", "noise") else 1  # fmt: skip
        self.sweeps = {
            kind: Sweep(
                model,
                group,
                config | {"site": site, "layers": "each", "heads": "each"},
                queries,
                given,
                clean_runs,
            )
            for kind, site in SITE.items()
        }

    def change(self, query, sender, tokens, sample):
        """u' - u at the tokens, (tokens, d); None: cannot be done."""
        kind, layer, head = sender
        sweep = self.sweeps[kind]
        clean = sweep.clean(query)
        u = np.stack([sweep.row(clean, layer, t) for t in tokens])
        op = self.config["operation"]
        if op["kind"] == "zero":
            new = np.zeros_like(u)
        elif op["kind"] == "scale":
            new = op["factor"] * u
        else:
            operands = sweep.operands(query, tokens, sample)
            if operands is None:
                return None
            new = operands(layer)
        if kind != "head":
            return new - u
        z = clean.z[layer][tokens].copy()
        was = self.model.attended(layer, z)
        z[:, head] = new[:, head]
        return self.model.attended(layer, z) - was

    def edit(self, receiver, tokens, change):
        kind, layer, head = receiver
        if kind == "logits":
            return Edit("resid", "add", layers=[layer], tokens=tokens, value=change)
        if kind == "mlp":
            return Edit("read_mlp", "add", layers=[layer], tokens=tokens, value=change)
        value = change[:, None]
        return Edit(f"read_{kind}", "add", [layer], tokens, heads=[head], value=value)

    def run(self, query, edge, tokens, sample):
        """The edited logits of the last row; None where there is no number."""
        change = self.change(query, edge[0], tokens, sample)
        if change is None:
            return None
        edit = edited([self.edit(edge[1], tokens, change)])
        return self.model.forward(query.ids, edit=edit, logits="last").logits[-1]

    def effects(self, query, edge, position, labels, metrics, clean):
        tokens = self.positions[position][1](query)
        runs = [self.run(query, edge, tokens, i) for i in range(self.draws)] if tokens else []
        runs = [r for r in runs if r is not None]
        if not runs:
            return np.full(len(labels), np.nan)
        before = self.row(metrics.of(clean, clean), query, labels)
        rows = [self.row(metrics.of(clean, logits), query, labels) - before for logits in runs]
        return np.mean(rows, axis=0)

    def row(self, values, query, labels):
        out = []
        names = list(query.targets)
        for label in labels:
            name, _, target = label.partition(".")
            v = np.asarray(values[name])
            out.append(float(v[names.index(target)] if target else v))
        return np.array(out)


def check_lists(table, edges, group):
    for name, want in (
        ("sender", [name_of(s) for s, _ in edges.edges]),
        ("receiver", [name_of(r) for _, r in edges.edges]),
        ("position", [label for label, _ in edges.positions]),
    ):
        if strings(group[name]) != want:
            table.row(name).complain(f"other {name}s than expected")
    L = edges.model.L
    for name, want in (
        ("sender_layer", [s[1] for s, _ in edges.edges]),
        ("sender_head", [s[2] for s, _ in edges.edges]),
        ("receiver_layer", [-1 if r[1] == L else r[1] for _, r in edges.edges]),
        ("receiver_head", [r[2] for _, r in edges.edges]),
    ):
        if group[name].tolist() != want:
            table.row(name).complain(f"other {name}s than expected")


def check_together(table, edges, query, rng):
    """All edges of a sender in one run are the sender patched: in NumPy, for one drawn sender."""
    sender = edges.edges[rng.integers(len(edges.edges))][0]
    kind, layer, head = sender
    position = edges.positions[0][1](query)
    change = edges.change(query, sender, position, 0) if position else None
    if change is None:
        return
    every = [r for r in receivers_of(edges.model, {"receivers": {
        "kinds": ["q", "k", "v", "mlp", "logits"], "layers": "each", "heads": "each"}})
        if reads(edges.model, sender, r)]  # fmt: skip
    together = edges.model.forward(
        query.ids, edit=edited([edges.edit(r, position, change) for r in every]), logits="last"
    )
    site = {"head": "attn", "mlp": "mlp", "embedding": "resid"}[kind]
    patch = Edit(site, "add", layers=[max(layer, 0)], tokens=position, value=change)
    patched = edges.model.forward(query.ids, edit=edited([patch]), logits="last")
    table.row("all edges of a sender").add_floats(
        together.logits[-1], patched.logits[-1], f"query {query.i}, {name_of(sender)}"
    )


CLEAN_RUNS = {}  # of the one model


def check_group(model, result, group, config, args):
    queries, given = queries_of(result), read_counterfactuals(args.data)
    table, rng = Table(group.name), np.random.default_rng(7)
    edges = Edges(model, group, config, queries, given, CLEAN_RUNS)
    labels, status = strings(group["metric"]), strings(group["status"])
    check_lists(table, edges, group)
    for query in queries:
        if not query.ok or status[query.i] != "ok":
            if not np.all(np.isnan(group["effect"][query.i])):
                table.row("effect").complain(f"query {query.i}: numbers, but it was skipped")
            continue
        clean = edges.sweeps["head"].clean(query).logits[-1]
        metrics = Metrics(edges.model, query, args.atol)
        cells = list(itertools.product(range(len(edges.edges)), range(len(edges.positions))))
        if args.cells and args.cells < len(cells):
            cells = [cells[i] for i in rng.choice(len(cells), args.cells, replace=False)]
        for e, p in cells:
            want = edges.effects(query, edges.edges[e], p, labels, metrics, clean)
            got = group["effect"][query.i, e, p]
            kl = [i for i, label in enumerate(labels) if label == "kl"]
            for i in kl:  # the rounding of logits in f32
                if abs(got[i] - want[i]) < 5e-7:
                    want[i] = got[i]
            where = f"query {query.i}, {group['edge'][e]}, {edges.positions[p][0]}"
            table.row("effect").add_floats(got, want, where)
        check_together(table, edges, query, rng)
        table.queries += 1
    return table


if __name__ == "__main__":
    sys.exit(main("edges", check_group, cells=0, data=[], only=None))
