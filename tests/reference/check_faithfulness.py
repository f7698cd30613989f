"""Compares the groups of kind faithfulness of a result file with float64 NumPy (docs/methods.md 4).

    python3 tests/reference/check_faithfulness.py RESULT SWEEP MODEL [--atol X] [--rtol Y] [--every K] [--data FILE...]

SWEEP is the result file that the nodes were ranked by. The ranking is made anew from its statistics;
the metric of every share and sample is that of a full pass in which all other nodes are changed by
the operation, of each K-th query; averages and ratios are made anew from the file's own metric.

Of edges, by definition: a reader reads the sum of what the senders add in this very pass, of those
whose edge is not kept what the operation makes of it.
For every variable it prints the largest absolute difference and the relative one (L2); exit status 1
if one is beyond tolerance, 2 if there is nothing to compare. Needs numpy, h5py and, for a .gguf
file, gguf.
"""

import argparse
import math
import sys

import h5py
import numpy as np

import numpy_model
from averages import Strata, check_interval
from check_ablation import Metrics, Sweep, positions_of
from check_trace import read_counterfactuals
from numpy_model import apply_edit, edited
from result_file import Group, Table, experiments, queries_of, strings

BLURRED = ("logit_difference", "repetition_mass")  # by answers that begin with the same token


def effects(stats, step, column):
    """(layer[, head]) of the stratum of this step that averages over most."""
    rows = zip(strings(stats["stratum_dataset"]), stats["stratum_template"], stats["stratum_step"])
    wide = [int(d == "") + int(t < 0) if s == step else -1 for d, t, s in rows]
    return stats["mean"][int(np.argmax(wide))][..., 0, column]


def ranking(sweep, config, queries):
    """[(site, layer, head, effect)] or [(sender, receiver, effect)], the strongest first."""
    nodes = []
    sites = {g.name: c["site"] for g, c in experiments(sweep, "ablation")}
    edges = config["groups"][0] not in sites
    for name in config["groups"]:
        stats, labels = Group(sweep[f"{name}/stats"]), strings(sweep[f"{name}/stats"]["metric"])
        steps = sorted({q.step for q in queries})
        metric = config["metric"]
        columns = [labels.index(f"logit.answer_{s}" if metric == "logit" else metric) for s in steps]
        each = np.array([effects(stats, s, c) for s, c in zip(steps, columns)])
        known = (~np.isnan(each)).sum(axis=0)
        mean = np.where(known, np.nansum(each, axis=0) / np.maximum(known, 1), np.nan)
        for at, effect in np.ndenumerate(mean):
            if edges:
                nodes.append((*(strings(sweep[name][v])[at[0]] for v in ("sender", "receiver")), float(effect)))
                continue
            layer = int(stats["layer"][at[0]])
            head = int(stats["head"][at[1]]) if len(at) > 1 else -1
            nodes.append((sites[name], layer, head, float(effect)))
    size = [-1 if math.isnan(n[-1]) else abs(n[-1]) for n in nodes]
    order = sorted(range(len(nodes)), key=lambda i: (-size[i], i if edges else nodes[i][:3]))
    return [nodes[i] for i in order]


def check_ranking(table, group, nodes, shares):
    if "edge_sender" in group:
        have = list(zip(strings(group["edge_sender"]), strings(group["edge_receiver"])))
    else:
        have = zip(strings(group["node_site"]), group["node_layer"], group["node_head"])
        have = [(s, int(l), int(h)) for s, l, h in have]
    if have != [n[:-1] for n in nodes]:
        table.row("ranking").complain("another ranking")
    effect = np.array([n[-1] for n in nodes])
    name = "edge_effect" if "edge_sender" in group else "node_effect"
    table.row(name).add_floats(group[name], effect, "ranking")
    k = [max(1, math.floor(s * len(nodes) + 0.5)) for s in shares]
    if group["k"].tolist() != k or group["share"].tolist() != shares:
        table.row("k").complain(f"{group['k'].tolist()}, expected {k}")
    return k


SITE = {"head": "head", "mlp": "mlp", "embedding": "residual"}


def sweeps_of(model, group, config, queries, given, clean_runs):
    """What the operation makes of each sort of node: check_ablation's sweeps."""
    common = {"layers": "each", "heads": "each"}
    return {
        kind: Sweep(model, group, config | common | {"site": site}, queries, given, clean_runs)
        for kind, site in SITE.items()
    }


class Nodes:
    """A pass with some nodes changed."""

    def __init__(self, model, sweeps, query, tokens, sample, dropped):
        edits = []
        for kind, layer, head, _ in dropped:
            heads = None if kind == "mlp" else [head]
            edits.append(sweeps[kind].edits(query, [layer], heads, tokens, sample))
        self.edit = None if None in edits else edited(sum(edits, []))


def end_of(name):
    """("head", 3, 1) of "head 3.1"; ("mlp", 4, -1); ("embedding", -1, -1)"""
    kind, _, place = name.partition(" ")
    layer, _, head = place.partition(".")
    return kind, int(layer or -1), int(head or -1)


class Edges:
    """A pass in which some readers read something else of some senders."""

    def __init__(self, model, sweeps, query, tokens, sample, dropped):
        self.model, self.tokens = model, tokens
        self.cut, self.edits, self.change = {}, {}, {}
        for sender, receiver, _ in dropped:
            kind, layer, head = end_of(sender)
            self.cut.setdefault(end_of(receiver), []).append((kind, layer, head))
            heads = [head] if kind == "head" else None
            edits = sweeps[kind].edits(query, [layer], heads, tokens, sample)
            self.edits[kind, layer, head] = edits
        self.edit = None if None in self.edits.values() else self.at_site

    def note(self, kind, layer, head, value, adds):
        """u' - u of a sender, whose value is this in the pass."""
        new = value
        for e in self.edits.get((kind, layer, head), []):
            new = apply_edit(e, max(layer, 0), new)
        self.change[kind, layer, head] = (adds(new) - adds(value))[self.tokens]

    def read(self, receiver, rows):
        """rows (tokens, d) as the receiver reads them. Where nothing is left, rounding is not."""
        left = rows + sum(self.change[s] for s in self.cut.get(receiver, []))
        return np.where(np.abs(left) < 1e-12 * np.abs(rows).max(), 0, left)

    def at_site(self, site, layer, value):
        value = value.copy()
        if site == "resid" and layer == 0:
            self.note("embedding", -1, -1, value, lambda v: v)
        elif site == "resid" and layer == self.model.L:
            value[self.tokens] = self.read(("logits", -1, -1), value[self.tokens])
        elif site == "z":
            for head in range(self.model.H):
                self.note("head", layer, head, value, lambda z: self.model.attended(layer, z))
        elif site == "mlp":
            self.note("mlp", layer, -1, value, lambda v: v)
        elif site == "read_mlp":
            value[self.tokens] = self.read(("mlp", layer, -1), value[self.tokens])
        elif site in ("read_q", "read_k", "read_v"):
            for h in range(value.shape[1]):
                rows = value[self.tokens, h]
                value[self.tokens, h] = self.read((site[-1], layer, h), rows)
        return value


def value_of(config, metrics, clean, logits):
    if config["metric"] == "logit":
        return np.nan if metrics.right is None else logits[metrics.right]
    return float(metrics.of(clean, logits)[config["metric"]])


def here(group, i, s):
    """Has the query so many partners, if it has any?"""
    return "partner" not in group or group["partner"][i, s] >= 0


def check_query(table, model, group, config, query, sweeps, nodes, kept, tokens):
    clean = model.forward(query.ids, logits="last").logits[-1]
    metrics, i = Metrics(model, query, 1e-4), query.i
    want = value_of(config, metrics, clean, clean)
    table.row("metric_clean").add_floats(group["metric_clean"][i], np.array(want), f"query {i}")
    for s in range(len(group["sample"])):
        found, passes = {}, Edges if "edge_sender" in group else Nodes
        by_chance = [nodes[p] for p in group["random_order"][s]]
        if sorted(by_chance) != sorted(nodes):
            table.row("random_order").complain(f"sample {s} is not an order of all nodes")
        for o, order in enumerate((nodes, by_chance)):
            for k in {0, *kept}:
                found[o, k] = np.nan
                edit = passes(model, sweeps, query, tokens, s, order[k:]).edit if here(group, i, s) else None
                if edit:
                    logits = model.forward(query.ids, edit=edit, logits="last").logits[-1]
                    found[o, k] = value_of(config, metrics, clean, logits)
        where = f"query {i}, sample {s}"
        want = np.array([[found[o, k] for k in kept] for o in range(2)])
        table.row("metric").add_floats(group["metric"][i, :, :, s], want, where)
        table.row("metric_none").add_floats(group["metric_none"][i, s], np.array(found[0, 0]), where)
        if here(group, i, s) and kept[-1] == len(nodes) and np.any(group["metric"][i, :, -1, s] != group["metric_clean"][i]):
            if not np.isnan(group["metric_clean"][i]):
                table.row("metric").complain(f"{where}: all kept, and not the clean run")


def mean_of_samples(values):
    n = (~np.isnan(values)).sum(axis=-1)
    return np.where(n, np.nansum(values, axis=-1) / np.maximum(n, 1), np.nan)


def widths(share):
    """What each point counts for in an area by the trapezoidal rule."""
    step = np.diff(share) / 2
    return np.append(step, 0) + np.append(0, step)


def check_averages(table, result, group, config, done):
    spoilt = np.array(result["queries/target_collision"])[done] == 1
    if config["metric"] not in BLURRED:
        spoilt[:] = False
    some, none = (mean_of_samples(group[v][done].astype(float)) for v in ("metric", "metric_none"))
    clean = group["metric_clean"][done].astype(float)
    for values in (some, none, clean):
        values[spoilt] = np.nan
    strata = Strata(group, set(done))
    for key in strata.missing():
        table.row("stratum").complain(f"{key} is missing")
    for s, key in enumerate(strata.keys):
        where = f"stratum {key}"
        with np.errstate(invalid="ignore"):
            below = strata.mean(key, (clean - none)[:, None, None])
            ratio = strata.mean(key, some - none[:, None, None]) / np.where(below == 0, np.nan, below)
        table.row("recovered").add_floats(group["recovered"][s], ratio, where)
        for name, values in (("metric", some), ("metric_none", none), ("metric_clean", clean)):
            table.row(f"mean_{name}").add_floats(group[f"mean_{name}"][s], np.array(strata.mean(key, values)), where)
            check_interval(table, group, f"mean_{name}", s)
        if len(group["share"]) > 1:
            width = widths(np.array(group["share"]))
            table.row("cpr").add_floats(group["cpr"][s], ratio @ width, where)
            table.row("cmd").add_floats(group["cmd"][s], np.abs(1 - ratio) @ width, where)
            for name in ("cpr", "cmd"):
                check_interval(table, group, name, s)
        whole = group["share"] == 1
        if not np.all(np.isnan(ratio[:, whole]) | (group["recovered"][s][:, whole] == 1)):
            table.row("recovered").complain(f"{where}: all nodes recover {group['recovered'][s][:, whole]}")
        low, high = group["recovered_lo"][s], group["recovered_hi"][s]
        if np.any(np.isnan(ratio) & ~np.isnan(low)) or np.any(low > high):
            table.row("recovered").complain(f"{where}: an interval without a ratio, or upside down")


def check_group(model, result, sweep, group, config, every, given, clean_runs):
    table, queries = Table(group.name), queries_of(result)
    status = strings(group["status"])
    done = [q.i for q in queries if status[q.i] == "ok"]
    used = [q for q in queries if q.ok and "where" not in status[q.i] and not status[q.i].startswith("step")]
    nodes = ranking(sweep, config, used)
    kept = check_ranking(table, group, nodes, config["shares"])
    swept = [*experiments(sweep, "ablation"), *experiments(sweep, "edges")]
    config["positions"] = next(c for g, c in swept if g.name == config["groups"][0])["positions"]
    tokens = positions_of(config["positions"], queries)[0][1]
    sweeps = sweeps_of(model, group, config, queries, given, clean_runs)
    for i in done[::every]:
        query = queries[i]
        partners = group["partner"][i].tolist() if "partner" in group else []
        partners = [None if p < 0 else queries[p] for p in partners]
        if any(p and (p.item == query.item or p.dataset != query.dataset) for p in partners):
            table.row("partner").complain(f"query {i}: {partners}")
        check_query(table, model, group, config, query, sweeps, nodes, kept, tokens(query))
        table.queries += 1
    check_averages(table, result, group, config, done)
    return table


def main():
    parser = argparse.ArgumentParser(description="compares faithfulness with float64 NumPy")
    parser.add_argument("result")
    parser.add_argument("sweep")
    parser.add_argument("model")
    parser.add_argument("--atol", type=float, default=5e-5)
    parser.add_argument("--rtol", type=float, default=1e-5)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--data", nargs="*", default=[], help="where counterfactuals are given")
    args = parser.parse_args()
    model = numpy_model.Model.open(args.model)
    with h5py.File(args.result) as result, h5py.File(args.sweep) as sweep:
        groups, runs = experiments(result, "faithfulness"), {}
        given = read_counterfactuals(args.data)
        tables = [check_group(model, result, sweep, *g, args.every, given, runs) for g in groups]
    if not tables:
        print("check_faithfulness: the result has no group of that kind", file=sys.stderr)
        return 2
    return 1 if any([t.show(args.atol, args.rtol) for t in tables]) else 0


if __name__ == "__main__":
    sys.exit(main())
