"""Compares the groups of kind heads of a result file with float64 NumPy (docs/methods.md 3.5).

    python3 tests/reference/check_heads.py RESULT MODEL [options]

Options: --atol X and --rtol Y, the tolerances (2e-3, 1e-4); --every K, only each K-th query is
computed, of the others the file's own numbers go into the averages.

Queries, targets, controls and the settings are taken from the result. For every variable it prints
the largest absolute difference and the relative one (L2); exit status 1 if one is beyond tolerance,
2 if there is nothing to compare. A promotion or suppression that hangs on less than atol may be
counted or not: the rates must lie between. Of intervals only lo <= mean <= hi is looked at, of
standard errors that they are numbers where the mean is one.

Needs numpy, h5py and, for a .gguf file, gguf.
"""

import re
import sys

import numpy as np

from averages import Strata, check_interval
from check_decode import spread
from result_file import Table, main, queries_of, strings

CELLS = ["query", "layer", "head"]
RATES = ("promotion", "suppression")
CONTROLS = {"": "control", "subject_": "subject_control"}  # prefix of what a draw is called
FLOATS = ("logit", "vocab_mean", "vocab_std")
BY_DRAW = ("logit", "std", *RATES)


def head_outputs(model, run, projection):
    """(L, H, d) at the last token: by the head's columns, or by the rows that the authors take."""
    out = np.zeros((model.L, model.H, model.d))
    for layer in range(model.L):
        w, z = model.weight(layer, "self_attn.o_proj"), run.z[layer][-1]  # (d, H dh), (H, dh)
        for head in range(model.H):
            own = slice(head * model.dh, (head + 1) * model.dh)
            out[layer, head] = w[:, own] @ z[head] if projection == "columns" else z[head] @ w[own]
        out[layer] = model.share(layer, out[layer], run)
    return out


def beyond(value, mean, std, k, atol):
    """{rate: (surely, perhaps)} above, below: 0, 1, or NaN where there is nothing to compare."""
    out = {}
    for name, distance in (("promotion", value - mean), ("suppression", mean - value)):
        distance = distance - k * std
        bounds = [np.where(np.isnan(distance), np.nan, distance > m) for m in (atol, -atol)]
        out[name] = tuple(bounds)
    return out


def exchangeable(x, k, atol):
    """{rate: (least, most)} of controls x (..., n), each judged by the n - 1 others."""
    n = x.shape[-1]
    if n < 3:  # the others have no spread
        none = np.full(x.shape[:-1], np.nan)
        return {name: (none, none) for name in RATES}
    shares = {name: [0.0, 0.0] for name in RATES}
    for j in range(n):
        others = np.delete(x, j, axis=-1)
        found = beyond(x[..., j], others.mean(axis=-1), others.std(axis=-1, ddof=1), k, atol)
        for name, bounds in found.items():
            shares[name] = [s + b / n for s, b in zip(shares[name], bounds)]
    return {name: tuple(bounds) for name, bounds in shares.items()}


def candidates(query, queries, subjects):
    """First tokens of other items' subjects, or of their answers.

    None of them is a target of the query, or belongs to its own item at another step.
    """
    others, own = set(), set(query.tokens.tolist())
    for q in queries:
        if q.dataset == query.dataset:
            tokens = {t for name, t in q.targets.items() if (name == "subject") == subjects}
            (own if q.item == query.item else others).update(tokens)
    return sorted(others - own - {-1})


# ---------------------------------------------------------------- one query


def draws_of(table, result, query, queries, limit):
    """{"": control tokens, "subject_": those of the subject}."""
    own = result["queries/control_id"][query.i]
    own = own[own >= 0].tolist()
    may, row = candidates(query, queries, False), table.row("control_id")
    row.cells += len(own)
    if not set(own) <= set(may) or len(set(own)) != len(own) or len(own) != min(limit, len(may)):
        row.complain(f"query {query.i}: {own}, drawn from {may}")
    subjects = result["queries/subject_control_id"][query.i]
    subjects, may = subjects[subjects >= 0].tolist(), candidates(query, queries, True)
    row = table.row("subject_control_id")
    row.cells += len(subjects)
    distinct = len(set(subjects)) == len(subjects)
    if not set(subjects) <= set(may) or not distinct or len(subjects) != min(limit, len(may)):
        row.complain(f"query {query.i}: {subjects}, drawn from {may}")
    return {"": own, "subject_": subjects}


def of_draw(x, k, atol):
    """What a group has of a query's controls, x (L, H, n) their logits."""
    n, none = x.shape[-1], np.full(x.shape[:-1], np.nan)
    return {
        "logit": x.mean(axis=-1) if n else none,
        "std": x.std(axis=-1, ddof=1) if n > 1 else none,
        **exchangeable(x, k, atol),
    }


def stored(group, prefix, i):
    """The same from the file."""
    out = {v: group[f"{prefix}control_{v}"][i].astype(np.float64) for v in BY_DRAW}
    return out | {name: (out[name], out[name]) for name in RATES}


def from_file(group, i):
    out = {"logit": group["logit"][i].astype(np.float64)}
    return out | {prefix: stored(group, prefix, i) for prefix in CONTROLS}


def computed(model, group, config, query, draws, atol):
    """One query's numbers: {variable: array, prefix of a draw: {variable: array}}."""
    run = model.forward(query.ids, logits="last")
    full = model.decode(head_outputs(model, run, config["head_projection"]), run.var)  # (L, H, V)
    out = {
        "logit": spread(full[..., query.tokens], query.present, np.nan),
        "vocab_mean": full.mean(axis=-1),
        "vocab_std": full.std(axis=-1),
    }
    for prefix, tokens in draws.items():
        out[prefix] = of_draw(full[..., tokens], config["k"], atol)
    return out


def add_rates(row, got, low, high, where):
    """Rates that lie between; f4 rounds them."""
    got = np.asarray(got, np.float64)
    if got.shape != low.shape:
        row.complain(f"{where}: shape {got.shape}, expected {low.shape}")
        return
    if np.any(np.isnan(got) != np.isnan(low)):
        row.complain(f"{where}: NaN where a number belongs, or the reverse")
    outside = np.fmax(low - got, got - high)
    outside = outside[~np.isnan(outside)].clip(0)
    row.cells += outside.size
    row.worst = max(row.worst, float(outside.max(initial=0)))
    if np.any(outside > 1e-6):
        row.complain(f"{where}: a rate that the logits do not give")


def check_query(table, group, query, want):
    where = f"query {query.i}"
    for name in FLOATS:
        if name in group:
            table.row(name).add_floats(group[name][query.i], want[name], where)
    for prefix in CONTROLS:
        for name in BY_DRAW:
            variable = f"{prefix}control_{name}"
            if variable not in group:
                table.row(variable).complain("is missing")
            elif name in RATES:
                got = group[variable][query.i]
                add_rates(table.row(variable), got, *want[prefix][name], where)
            else:
                table.row(variable).add_floats(group[variable][query.i], want[prefix][name], where)


# ---------------------------------------------------------------- averages


def against_controls(group, wants, config, atol):
    """{variable: (least, most)} of every query, (queries, L, H, targets)."""
    names = strings(group["target"])
    out = {f"{r}{c}": ([], []) for r in RATES for c in ("", "_chance")}
    for want in wants:
        by_target = {name: [] for name in out}
        for t, name in enumerate(names):
            draw = want["subject_" if name == "subject" else ""]
            value = want["logit"][..., t]
            found = beyond(value, draw["logit"], draw["std"], config["k"], atol)
            for rate in RATES:
                by_target[rate].append(found[rate])
                absent = np.isnan(value)
                chance = tuple(np.where(absent, np.nan, b) for b in draw[rate])
                by_target[f"{rate}_chance"].append(chance)
        for variable, bounds in by_target.items():
            for side in (0, 1):
                out[variable][side].append(np.stack([b[side] for b in bounds], axis=-1))
    return {name: tuple(np.stack(side) for side in sides) for name, sides in out.items()}


def against_layer(wants, strata, config, atol):
    """The authors' way: (bounds as above but (queries, L, H), thresholds (queries, L))."""
    logits = np.stack([want["logit"] for want in wants])  # (queries, L, H, targets)
    level = {v: np.full(logits.shape[:2], np.nan) for v in ("threshold_mean", "threshold_std")}
    for key in set(strata.of_query):
        rows = strata.members(key)
        level["threshold_mean"][rows] = np.nanmean(logits[rows], axis=(0, 2, 3))
        level["threshold_std"][rows] = np.nanstd(logits[rows], axis=(0, 2, 3))  # ddof 0
    mean, std = (level[v][:, :, None, None] for v in ("threshold_mean", "threshold_std"))
    found = beyond(logits, mean, std, config["k"], atol)
    rates = {}
    for name, sides in found.items():
        some = ~np.all(np.isnan(logits), axis=3)
        rates[name] = tuple(np.where(some, np.nansum(b, axis=3) > 0, np.nan) for b in sides)
    return rates, level


def check_strata(table, group, strata, rates, level, intervals):
    for key in strata.missing():
        table.row("stratum").complain(f"{key} is missing")
    for s, key in enumerate(strata.keys):
        where = f"stratum {key}"
        for name, (low, high) in rates.items():
            low_mean, high_mean = strata.mean(key, low), strata.mean(key, high)
            add_rates(table.row(name), group[name][s], low_mean, high_mean, where)
            n = strata.count(key, low)
            table.row(f"{name}_n").add_ranks(group[f"{name}_n"][s], n, n, where)
        for name, values in level.items():
            table.row(name).add_floats(group[name][s], strata.mean(key, values), where)
            n = strata.count(key, values)
            table.row(f"{name}_n").add_ranks(group[f"{name}_n"][s], n, n, where)
        for name in rates if intervals else []:
            check_interval(table, group, name, s)


# ---------------------------------------------------------------- one group


def check_labels(table, group, config, model):
    for dim, n in (("layer", model.L), ("head", model.H)):
        if group[dim].tolist() != list(range(n)):
            table.row(dim).complain(f"{group[dim].tolist()}")
    rate = ["stratum", "layer", "head"] + ["target"] * (config["classify"] == "controls")
    dims = {"logit": [*CELLS, "target"]} | {name: rate for name in RATES}
    dims |= {name: ["stratum", "layer"] for name in ("threshold_mean", "threshold_std")}
    for name, want in dims.items():
        if name in group and group.dims[name] != want:
            table.row(name).complain(f"dimensions {group.dims[name]}")
    for name in ("vocab_mean", "vocab_std"):
        if (name in group) != config["vocab_stats"]:
            table.row(name).complain("is there or not against what was asked for")


def check_skipped(table, group, i):
    for name in group.arrays:
        of_query = group.dims[name][:3] == CELLS
        if of_query and not np.all(np.isnan(group[name][i])):
            table.row(name).complain(f"query {i}: skipped, yet has numbers")


def setting(result, key):
    """A whole number of the sections `data` and `statistics`."""
    text = result["provenance"].attrs["config"]
    text = text.decode() if isinstance(text, bytes) else text
    return int(re.search(rf"^  {key}: (\d+)$", text, re.MULTILINE)[1])


def check_group(model, result, group, config, args):
    table = Table(group.name)
    check_labels(table, group, config, model)
    queries, status = queries_of(result), strings(group["status"])
    limit = setting(result, "controls")
    wants = {}
    for query in queries:
        if not query.ok or status[query.i] != "ok":
            check_skipped(table, group, query.i)
        elif query.i % args.every:
            wants[query.i] = from_file(group, query.i)
        else:
            draws = draws_of(table, result, query, queries, limit)
            want = computed(model, group, config, query, draws, args.atol)
            check_query(table, group, query, want)
            wants[query.i] = want
            table.queries += 1
    if wants:
        strata, rows = Strata(group, wants, config["average"], "heads"), list(wants.values())
        if config["classify"] == "controls":
            rates, level = against_controls(group, rows, config, args.atol), {}
        else:
            rates, level = against_layer(rows, strata, config, args.atol)
        check_strata(table, group, strata, rates, level, setting(result, "bootstrap") > 1)
    return table


if __name__ == "__main__":
    sys.exit(main("heads", check_group, every=1))
