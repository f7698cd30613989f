"""Compares the groups of kind dump of a result file with float64 NumPy.

    python3 tests/reference/check_dump.py RESULT MODEL [--atol X] [--rtol Y]

Queries and spans are taken from the result, tokens from the labels of `position`. For every variable
it prints the largest absolute difference and the relative one (L2); exit status 1 if one is beyond
tolerance, 2 if there is nothing to compare. Needs numpy, h5py and, for a .gguf file, gguf.
"""

import re
import sys

import numpy as np

from result_file import Table, main, queries_of, strings


def tokens_of(query, label):
    """The tokens that a position's label names; none if the query lacks it."""
    spans = {"first": [0], "last": [query.n - 1]} | query.spans
    inside = {0, query.n - 1}.union(*query.spans.values())
    spans["other"] = [t for t in range(query.n) if t not in inside]
    if label == "all":
        return list(range(query.n))
    if match := re.fullmatch(r"(\d+)(?:-(\d+))?", label):
        begin, last = int(match[1]), int(match[2] or match[1])
        return list(range(begin, last + 1)) if last < query.n else []
    if match := re.fullmatch(r"(\w+)\[(\d+)\]", label):
        return list(spans.get(match[1], []))[int(match[2]) :][:1]
    return sorted({t for name in label.split("+") for t in spans.get(name, [])})


def values_of(run, site, layer):
    """(tokens, ...) of the site; a residual is the one after the layer."""
    return {"residual": run.x[layer + 1], "attn": run.a[layer], "mlp": run.m[layer],
            "head_output": run.z[layer], "q": run.flat_q[layer], "k": run.flat_k[layer],
            "v": run.v[layer], "neurons": run.hidden[layer]}[site]  # fmt: skip


def check_query(table, group, query, run):
    for p, label in enumerate(strings(group["position"])):
        tokens = tokens_of(query, label)
        for l, layer in enumerate(group["layer"].tolist()):
            for site in table.sites:
                # of heads: (layer, head, position, head_width); the others lack `head`
                headed = site in ("head_output", "q", "k", "v")
                got = np.take(group[site][query.i, l], p, axis=1 if headed else 0)
                want = np.full(got.shape, np.nan)
                if tokens:
                    want = values_of(run, site, layer)[tokens].mean(axis=0)
                table.row(site).add_floats(got, want, f"query {query.i}, {label}, layer {layer}")


def check_group(model, result, group, config, args):
    table = Table(group.name)
    table.sites = ["head_output" if s == "head" else s for s in config["sites"]]
    status = strings(group["status"])
    for query in queries_of(result):
        if query.ok and status[query.i] == "ok":
            check_query(table, group, query, model.forward(query.ids, logits="last"))
            table.queries += 1
        elif not all(np.all(np.isnan(group[site][query.i])) for site in table.sites):
            table.row(table.sites[0]).complain(f"query {query.i}: numbers, but it was skipped")
    return table


if __name__ == "__main__":
    sys.exit(main("dump", check_group, atol=5e-5, rtol=1e-5))
