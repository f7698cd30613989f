"""Compares the groups of kind knockout of a result file with float64 NumPy (docs/methods.md 3.4).

    python3 tests/reference/check_knockout.py RESULT MODEL [options]

Options: --atol X and --rtol Y, the tolerances (2e-3, 1e-4); --every K, only each K-th query is
computed; --draws N, see below.

Queries, targets, spans and the experiments' settings are taken from the result. For every variable
it prints the largest absolute difference and the relative one (L2); exit status 1 if one is beyond
tolerance, 2 if there is nothing to compare. A rank or argmax fails when the float64 logits do not
give it even if each is moved by atol.

The tokens of a set random_SPAN are drawn and the file does not say which they are. So every subset
of `other` that has the span's size is tried: one must explain all numbers. If there are more than N
subsets (--draws, 200) the set is skipped. Needs numpy, h5py and, for a .gguf file, gguf.
"""

import itertools
import math
import re
import sys

import numpy as np

import numpy_model
from check_decode import rank_bounds, spread
from result_file import Table, choices, main, queries_of, strings

CONTROLS = {"control_logit": "control_id", "subject_control_logit": "subject_control_id"}
FLOATS = ("mlp_logit", "out_logit", "out_logprob", "kl", "final_rms", *CONTROLS)
INTEGERS = ("out_rank", "argmax")
REST = {  # dimensions after query, cut_layer and cut_head
    "mlp_logit": ["layer", "token_set", "target"],
    "out_logit": ["token_set", "target"],
    "out_logprob": ["token_set", "target"],
    "out_rank": ["token_set", "target"],
    "kl": ["token_set"],
    "final_rms": ["token_set"],
    "argmax": ["token_set"],
    **{name: ["token_set"] for name in CONTROLS},
}


def token_sets(query, name):
    """What the set may be: one list of tokens, more if it is drawn, none if there is none."""
    inside = {0, query.n - 1}.union(*query.spans.values())
    other = [t for t in range(query.n) if t not in inside]
    if name.startswith("random_"):
        span = name[len("random_") :]
        size = len(query.spans.get(span if span in query.spans else re.sub("_[0-9]+$", "", span), ()))
        return list(itertools.combinations(other, size)) if size else []
    fixed = {"first": [0], "last": [query.n - 1], "other": other} | query.spans
    return [fixed[name]] if fixed.get(name) else []


def of_controls(last, query):
    """{variable: the mean logit over the query's control tokens}"""
    return {name: np.array(last[ids].mean() if len(ids) else np.nan) for name, ids in query.controls.items()}


def one_cut(model, query, clean, run, atol):
    """{variable: value}; out_rank and argmax as what they may be at least, and at most."""
    last = run.logits[-1]
    m = np.stack([m[-1] for m in run.m])  # (L, d)
    said = model.said(last)
    best = np.flatnonzero(said >= said.max() - 2 * atol)
    low, high = rank_bounds(said, query.tokens, atol)
    return {
        "mlp_logit": spread(model.decode(m, run.var)[:, query.tokens], query.present, np.nan),
        "out_logit": spread(last[query.tokens], query.present, np.nan),
        "out_logprob": spread(
            numpy_model.log_softmax(model.said(last))[query.tokens], query.present, np.nan
        ),
        "kl": np.array(numpy_model.kl_divergence(model.said(clean.logits[-1]), model.said(last))),
        "final_rms": np.array(math.sqrt(run.var + model.eps)),
        "out_rank": (spread(low, query.present, -1), spread(high, query.present, -1)),
        "argmax": best,
        **of_controls(last, query),
    }


def distance(got, want):
    """How far the file is from one expectation: for the choice among drawn sets."""
    diff = np.abs(got["out_logit"] - want["out_logit"])
    return float(np.nanmax(diff)) if np.any(~np.isnan(diff)) else np.inf


def check_cell(table, got, want, where):
    for name in FLOATS:
        if name in got:
            table.row(name).add_floats(got[name], want[name], where)
    table.row("out_rank").add_ranks(got["out_rank"], *want["out_rank"], where)
    table.row("argmax").add_choice(int(got["argmax"]), want["argmax"], where)


def check_missing(table, got, where):
    for name in got:
        filled = got[name] == -1 if name in INTEGERS else np.isnan(got[name])
        if not np.all(filled):
            table.row(name).complain(f"{where}: a number where there is no such set")


def cells_of(group, i, s, cuts):
    """What the file has of query i and token set s: one {variable: values} for each cut."""
    out = []
    for at in np.ndindex(*cuts):
        cell = {}
        for name in FLOATS + INTEGERS:
            if name in group:
                value = group[name][(i, *at)]
                cell[name] = np.take(value, s, axis=REST[name].index("token_set"))
        out.append(cell)
    return out


def check_query(table, model, group, config, query, args):
    clean = model.forward(query.ids, logits="last")
    layers = choices(config["layers"], model.L)
    heads = choices(config["heads"], model.H)
    # there is a dimension for each of the two, unless it is the plain `all`
    cuts = [len(c) for c, key in ((layers, "layers"), (heads, "heads")) if config[key] != "all"]
    if "mlp_logit_clean" in group:
        m = np.stack([m[-1] for m in clean.m])
        want = spread(model.decode(m, clean.var)[:, query.tokens], query.present, np.nan)
        table.row("mlp_logit_clean").add_floats(
            group["mlp_logit_clean"][query.i], want, f"query {query.i}"
        )
    last = clean.logits[-1]
    logprob = numpy_model.log_softmax(model.said(last))
    for name, values in (("out_logit_clean", last), ("out_logprob_clean", logprob)):
        want = spread(values[query.tokens], query.present, np.nan)
        table.row(name).add_floats(group[name][query.i], want, f"query {query.i}")
    for name, want in of_controls(last, query).items():
        table.row(f"{name}_clean").add_floats(group[f"{name}_clean"][query.i], want, f"query {query.i}")
    for s, name in enumerate(strings(group["token_set"])):
        got, where = cells_of(group, query.i, s, cuts), f"query {query.i}, {name}"
        sets = token_sets(query, name)
        if len(sets) > args.draws:
            table.skipped += 1
            continue
        found = []
        for keys in sets:
            want = []
            for (_, l), (_, h) in itertools.product(layers, heads):
                run = numpy_model.knockout(model, query.ids, keys, l, h, config["renormalise"])
                want.append(one_cut(model, query, clean, run, args.atol))
            found.append((max(distance(g, w) for g, w in zip(got, want)), want))
        for n, cell in enumerate(got):
            if found:
                check_cell(table, cell, min(found, key=lambda f: f[0])[1][n], f"{where}, cut {n}")
            else:
                check_missing(table, cell, where)


def in_words(selector, of):
    """A configuration of layers or heads, as its label has it: 3, 5-9, 1+4."""
    if isinstance(selector, dict) and "together" in selector:
        return "+".join(map(str, of))
    return str(of[0]) if len(of) == 1 else f"{of[0]}-{of[-1]}"


def check_labels(table, group, config, model):
    """cut_layer and cut_head are there if asked for, and say which."""
    for key, dim, n in (("layers", "cut_layer", model.L), ("heads", "cut_head", model.H)):
        want = [label for label, _ in choices(config[key], n)]
        have = group[dim][()].tolist() if dim in group else [-1]
        if (dim in group) != (config[key] != "all") or have != want:
            table.row(dim).complain(f"{have}, expected {want}")
        words = [in_words(config[key], of) for _, of in choices(config[key], n)]
        if dim in group and strings(group[dim + "_label"]) != words:
            table.row(dim + "_label").complain(f"{strings(group[dim + '_label'])}, expected {words}")
    cuts = [dim for dim in ("cut_layer", "cut_head") if dim in group]
    for name, rest in REST.items():
        if name in group and group.dims[name] != ["query", *cuts, *rest]:
            table.row(name).complain(f"dimensions {group.dims[name]}")
    asked = config["mlp_logit"] or config["layers"] == config["heads"] == "all"
    if ("mlp_logit" in group) != asked:
        table.row("mlp_logit").complain("is missing" if asked else "nobody asked for it")
    if strings(group["token_set"]) != config["sets"]:
        table.row("token_set").complain(f"{strings(group['token_set'])}, not {config['sets']}")


def check_group(model, result, group, config, args):
    table = Table(group.name)
    check_labels(table, group, config, model)
    status = strings(group["status"])
    for query in queries_of(result)[:: args.every]:
        if query.ok and status[query.i] == "ok":
            ids = {name: result["queries"][of][query.i] for name, of in CONTROLS.items()}
            query.controls = {name: v[v >= 0] for name, v in ids.items()}
            check_query(table, model, group, config, query, args)
            table.queries += 1
    return table


if __name__ == "__main__":
    sys.exit(main("knockout", check_group, every=1, draws=200))
