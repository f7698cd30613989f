"""Compares the groups of kind attention of a result file with float64 NumPy (docs/methods.md 6.5);
check_weights.py those of weights alone.

    python3 tests/reference/check_attention.py RESULT MODEL

Exit status 1 if something is beyond tolerance, 2 if there is nothing to compare.
"""

import sys

import numpy as np

from check_dump import tokens_of
from result_file import Table, main, queries_of, strings

ATOL, RTOL = 5e-6, 1e-5


def keys_of(key, query, t):
    """The tokens that a key is for row t; None if the row sees none of it."""
    named = {"first": [0], "self": [t], "previous": [t - 1]}
    tokens = named.get(key, list(query.spans.get(key, [])))
    return [s for s in tokens if s <= t] if tokens and 0 <= tokens[0] <= t else None


def check_rows(table, group, query, pattern, p, tokens):
    """pattern (L, H, N, N)"""
    where = f"query {query.i}, position {p}"
    rows = pattern[:, :, tokens]
    terms = np.where(rows > 0, rows * np.log(np.maximum(rows, 1e-300)), 0)
    entropy = -terms.sum(axis=-1).mean(axis=-1)
    table.row("entropy").add_floats(group["entropy"][query.i, :, :, p], entropy, where)
    for k, key in enumerate(strings(group["key"])):
        masses = [
            pattern[:, :, t, seen].sum(axis=-1)
            for t in tokens
            if (seen := keys_of(key, query, t)) is not None
        ]
        want = np.mean(masses, axis=0) if masses else np.full(entropy.shape, np.nan)
        table.row("mass").add_floats(group["mass"][query.i, :, :, p, k], want, f"{where}, {key}")


def check_repeated(table, group, model, query):
    ids = group["sequence_id"][query.i].tolist()
    n = (len(ids) - 1) // 2
    if ids[0] != query.ids[0] or ids[1 : n + 1] != ids[n + 1 :]:
        table.row("sequence_id").complain(f"query {query.i}: not a sequence that stands twice")
    pattern = np.stack(model.forward(ids).p)
    second = np.arange(n + 1, 2 * n + 1)
    for name, rows, back in (
        ("induction", second, n - 1),
        ("previous_token", np.arange(1, 2 * n + 1), 1),
        ("duplicate_token", second, n),
    ):
        want = pattern[:, :, rows, rows - back].mean(axis=-1)
        table.row(name).add_floats(group[name][query.i], want, f"query {query.i}")


def check_group(model, result, group, config, args):
    table = Table(group.name)
    for query in queries_of(result):
        if not query.ok or strings(group["status"])[query.i] != "ok":
            continue
        pattern = np.stack(model.forward(query.ids).p)
        for p, label in enumerate(strings(group["position"])):
            if tokens := tokens_of(query, label):
                check_rows(table, group, query, pattern, p, tokens)
            elif not np.all(np.isnan(group["entropy"][query.i, :, :, p])):
                table.row("entropy").complain(f"query {query.i}: {label} is not there")
        if config["repeated"]:
            check_repeated(table, group, model, query)
        table.queries += 1
    return table


if __name__ == "__main__":
    sys.exit(main("attention", check_group, ATOL, RTOL, wanted=lambda group: "entropy" in group))
