"""Compares the groups of kind faithfulness of a result file with float64 NumPy (docs/methods.md 4).

    python3 tests/reference/check_faithfulness.py RESULT SWEEP MODEL [--atol X] [--rtol Y] [--every K]

SWEEP is the result file that the nodes were ranked by. The ranking is made anew from its statistics;
the metric of every share and sample is that of a full pass in which all other nodes are set to the
partner's values, of each K-th query; averages and ratios are made anew from the file's own metric.
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
from check_ablation import Metrics, counterpart, positions_of
from numpy_model import Edit, edited
from result_file import Group, Table, experiments, queries_of, strings

BLURRED = ("logit_difference", "repetition_mass")  # by answers that begin with the same token


def effects(stats, step, column):
    """(layer[, head]) of the stratum of this step that averages over most."""
    rows = zip(strings(stats["stratum_dataset"]), stats["stratum_template"], stats["stratum_step"])
    wide = [int(d == "") + int(t < 0) if s == step else -1 for d, t, s in rows]
    return stats["mean"][int(np.argmax(wide))][..., 0, column]


def ranking(sweep, config, queries):
    """[(site, layer, head, effect)], the strongest first."""
    nodes = []
    sites = {g.name: c["site"] for g, c in experiments(sweep, "ablation")}
    for name in config["groups"]:
        stats, labels = Group(sweep[f"{name}/stats"]), strings(sweep[f"{name}/stats"]["metric"])
        steps = sorted({q.step for q in queries})
        metric = config["metric"]
        columns = [labels.index(f"logit.answer_{s}" if metric == "logit" else metric) for s in steps]
        each = np.array([effects(stats, s, c) for s, c in zip(steps, columns)])
        known = (~np.isnan(each)).sum(axis=0)
        mean = np.where(known, np.nansum(each, axis=0) / np.maximum(known, 1), np.nan)
        for at, effect in np.ndenumerate(mean):
            layer = int(stats["layer"][at[0]])
            head = int(stats["head"][at[1]]) if len(at) > 1 else -1
            nodes.append((sites[name], layer, head, float(effect)))
    size = [-1 if math.isnan(n[3]) else abs(n[3]) for n in nodes]
    order = sorted(range(len(nodes)), key=lambda i: (-size[i], nodes[i][:3]))
    return [nodes[i] for i in order]


def check_ranking(table, group, nodes, shares):
    have = zip(strings(group["node_site"]), group["node_layer"], group["node_head"])
    if [(s, int(l), int(h)) for s, l, h in have] != [n[:3] for n in nodes]:
        table.row("node_site").complain("another ranking")
    effect = np.array([n[3] for n in nodes])
    table.row("node_effect").add_floats(group["node_effect"], effect, "ranking")
    k = [max(1, math.floor(s * len(nodes) + 0.5)) for s in shares]
    if group["k"].tolist() != k or group["share"].tolist() != shares:
        table.row("k").complain(f"{group['k'].tolist()}, expected {k}")
    return k


def resampled(model, query, partner, nodes, tokens):
    """The logits of the last token with these nodes set to the partner's."""
    run = model.forward(partner.ids)
    source = [counterpart(query, t, partner) for t in tokens]
    edits = []
    for site, layer, head, _ in nodes:
        value = run.m[layer][source] if site == "mlp" else run.z[layer][source][:, [head]]
        where = {"layers": [layer], "tokens": tokens, "heads": None if site == "mlp" else [head]}
        edits.append(Edit("mlp" if site == "mlp" else "z", "set", value=value, **where))
    return model.forward(query.ids, edit=edited(edits), logits="last").logits[-1]


def value_of(config, metrics, clean, logits):
    if config["metric"] == "logit":
        return np.nan if metrics.right is None else logits[metrics.right]
    return float(metrics.of(clean, logits)[config["metric"]])


def check_query(table, model, group, config, query, partners, nodes, kept, tokens):
    clean = model.forward(query.ids, logits="last").logits[-1]
    metrics, i = Metrics(model, query, 1e-4), query.i
    want = value_of(config, metrics, clean, clean)
    table.row("metric_clean").add_floats(group["metric_clean"][i], np.array(want), f"query {i}")
    for s, partner in enumerate(partners):
        found = {}
        by_chance = [nodes[p] for p in group["random_order"][s]]
        if sorted(by_chance) != sorted(nodes):
            table.row("random_order").complain(f"sample {s} is no order of all nodes")
        for o, order in enumerate((nodes, by_chance)):
            for k in {0, *kept}:
                found[o, k] = np.nan
                if partner:
                    logits = resampled(model, query, partner, order[k:], tokens)
                    found[o, k] = value_of(config, metrics, clean, logits)
        where = f"query {i}, sample {s}"
        want = np.array([[found[o, k] for k in kept] for o in range(2)])
        table.row("metric").add_floats(group["metric"][i, :, :, s], want, where)
        table.row("metric_none").add_floats(group["metric_none"][i, s], np.array(found[0, 0]), where)
        if partner and kept[-1] == len(nodes) and np.any(group["metric"][i, :, -1, s] != group["metric_clean"][i]):
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


def check_group(model, result, sweep, group, config, every):
    table, queries = Table(group.name), queries_of(result)
    status = strings(group["status"])
    done = [q.i for q in queries if status[q.i] == "ok"]
    used = [q for q in queries if q.ok and "where" not in status[q.i] and not status[q.i].startswith("step")]
    nodes = ranking(sweep, config, used)
    kept = check_ranking(table, group, nodes, config["shares"])
    swept = next(c for g, c in experiments(sweep, "ablation") if g.name == config["groups"][0])
    tokens = positions_of(swept["positions"], queries)[0][1]
    for i in done[::every]:
        query, partners = queries[i], group["partner"][i].tolist()
        partners = [None if p < 0 else queries[p] for p in partners]
        if any(p and (p.item == query.item or p.dataset != query.dataset) for p in partners):
            table.row("partner").complain(f"query {i}: {partners}")
        check_query(table, model, group, config, query, partners, nodes, kept, tokens(query))
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
    args = parser.parse_args()
    model = numpy_model.Model.open(args.model)
    with h5py.File(args.result) as result, h5py.File(args.sweep) as sweep:
        groups = experiments(result, "faithfulness")
        tables = [check_group(model, result, sweep, *g, args.every) for g in groups]
    if not tables:
        print("check_faithfulness: the result has no group of that kind", file=sys.stderr)
        return 2
    return 1 if any([t.show(args.atol, args.rtol) for t in tables]) else 0


if __name__ == "__main__":
    sys.exit(main())
