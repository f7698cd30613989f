"""Compares decode's wider variables with float64 NumPy (docs/methods.md 6.1).

    python3 tests/reference/check_decode_wide.py RESULT MODEL

Groups of kind decode with a dimension `position`: logits of the targets at every position, each under
its own row's final norm, the strongest tokens, and entropy and KL(final || lens) of the residual
stream. Exit status 1 if something is beyond tolerance, 2 if there is nothing to compare.
"""

import sys

import numpy as np

import numpy_model
from check_dump import tokens_of
from result_file import Table, main, queries_of, strings

ATOL, RTOL = 2e-4, 1e-5


def check_place(table, group, model, query, run, p, t):
    where = f"query {query.i}, position {p}"
    x = np.stack([x[t] for x in run.x])
    var = model.variance(x[-1])
    want = np.stack(
        [
            model.decode(np.stack([a[t] for a in run.a]), var),
            model.decode(np.stack([m[t] for m in run.m]), var),
            model.lens(x[1:]),
        ],
        axis=1,
    )  # (layer, component, V)
    present = query.present
    got = group["logit"][query.i, p][..., present]
    table.row("logit").add_floats(got, want[..., query.tokens], where)
    said = model.said(want[:, 2])
    logprob = numpy_model.log_softmax(said)
    entropy = -(np.exp(logprob) * logprob).sum(axis=-1)
    table.row("entropy").add_floats(group["entropy"][query.i, p], entropy, where)
    kl = [numpy_model.kl_divergence(said[-1], lens) for lens in said]
    table.row("kl_final").add_floats(group["kl_final"][query.i, p], np.array(kl), where)
    if "top_id" not in group:
        return
    top = group["top_id"][query.i, p]
    best = -np.sort(-want, axis=-1)[..., : top.shape[-1]]
    table.row("top_logit").add_floats(group["top_logit"][query.i, p], best, where)
    named = np.take_along_axis(want, top, axis=-1)  # equal ones may stand in another order
    table.row("top_id").add_floats(named, best, where)
    if any(len(set(row)) < len(row) for row in top.reshape(-1, top.shape[-1]).tolist()):
        table.row("top_id").complain(f"{where}: a token twice")


def check_group(model, result, group, config, args):
    table = Table(group.name)
    for query in queries_of(result):
        if not query.ok or strings(group["status"])[query.i] != "ok":
            continue
        run = model.forward(query.ids)
        for p, label in enumerate(strings(group["position"])):
            tokens = tokens_of(query, label)
            if tokens:
                check_place(table, group, model, query, run, p, tokens[-1])
            elif not np.all(np.isnan(group["logit"][query.i, p])):
                table.row("logit").complain(f"query {query.i}: {label} is not there")
        table.queries += 1
    return table


if __name__ == "__main__":
    sys.exit(main("decode", check_group, ATOL, RTOL, wanted=lambda group: "position" in group))
